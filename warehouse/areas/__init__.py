"""Published data on London's areas: the built-in tables, and a folder of the user's own files with more detail.

Here: reading, checking and fingerprinting the files.
Not here: what is computed from them (transforms/areas).
"""
