"""The command line: words in, exit codes out.

Here: commands, their options and examples, and how errors are shown.
Not here: the work of a command, which is a function of another folder.
"""
