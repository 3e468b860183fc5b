"""Text for a terminal: what would command it, such as an escape in the name of a delivered file, is shown instead."""

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
