"""Text for a terminal: numbers with their nouns, and names without characters that control it, such as an escape."""

from __future__ import annotations

LINES = "\n\t"


def escape_controls(text: str) -> str:
    """Return a text with line feeds and tabs; other characters that do not print become Python's escapes."""
    return "".join(character if character in LINES else _escape(character) for character in text)


def show_name(name: str) -> str:
    """Return the name of a file on one line; all characters that do not print become escapes."""
    return "".join(map(_escape, name))


def _escape(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")


def count(number: int, what: str) -> str:
    """Return a number with its noun."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
