"""Text for a terminal: numbers with their nouns, and names of which nothing can command it, such as an escape."""

from __future__ import annotations

LINES = "\n\t"


def escape_controls(text: str) -> str:
    """Return a text of several lines with every other character that does not print written as Python writes it."""
    return "".join(character if character in LINES else _escape(character) for character in text)


def show_name(name: str) -> str:
    """Return the name of a file on one line, as `escape_controls`."""
    return "".join(map(_escape, name))


def _escape(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")


def count(number: int, what: str) -> str:
    """Return a number with its noun."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
