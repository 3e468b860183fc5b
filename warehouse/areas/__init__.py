"""What is published of London's areas: the built-in tables, and a folder of the user's own that goes further.

Here: reading, checking and fingerprinting the files.
Not here: what is made of them (transforms/areas).
"""
