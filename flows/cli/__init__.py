"""The command line: words in, exit codes out.

Here: commands, their options and examples, what a person reads of an error.
Not here: any work of theirs; a command calls one function of another folder.
"""
