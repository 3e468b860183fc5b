"""What every command shares: the home, exit codes, and how what went wrong is told."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer

if TYPE_CHECKING:
    from flows.settings import Settings

DONE, FAILED, WRONG_USAGE = 0, 1, 2

Home = Annotated[
    Path | None,
    typer.Option(
        "--home",
        metavar="FOLDER",
        help="Where all is kept.",
        show_default="HEARTH_HOME or hearth-data",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="For programs.")]

NEXT_STEP: Final = {
    errno.ENOSPC: "free some space, or name a home on another disk with --home",
    errno.EDQUOT: "free some space, or name a home on another disk with --home",
    errno.EACCES: "give yourself the right to it, or name another folder",
    errno.EPERM: "give yourself the right to it, or name another folder",
    errno.EROFS: "name a home on a disk that can be written with --home",
    errno.ENOTDIR: "name a folder",
    errno.EISDIR: "name a file",
    errno.ENOENT: "check the name",
}


def published(home: Path | None) -> Path:
    """Return the published warehouse."""
    return read_settings(home=home).folders.published


def read_settings(**flags: Any) -> Settings:
    """Return the settings or exit 2 with what is wrong."""
    from flows.settings import load_settings

    with usage_errors():
        return load_settings(**flags)


@contextmanager
def usage_errors() -> Iterator[None]:
    """Turn an error that the caller can mend into one line and exit code 2."""
    try:
        yield
    except (ValueError, FileNotFoundError, FileExistsError, IsADirectoryError, NotADirectoryError) as error:
        stop(tell_os_error(error) if isinstance(error, OSError) and error.strerror else str(error), WRONG_USAGE)


@contextmanager
def told_failures() -> Iterator[None]:
    """Turn trouble with files that no command expects into one line with the next step, and exit code 1."""
    try:
        yield
    except OSError as error:
        is_ours = isinstance(
            error, FileNotFoundError
        )  # no name that the user gave: those are checked where they are used
        if is_ours or error.errno not in NEXT_STEP:
            raise
        typer.echo(f"hearth: {tell_os_error(error)}", err=True)
        sys.exit(FAILED)


def tell_os_error(error: OSError) -> str:
    """Return what the operating system refused, where, and what to do about it."""
    where = f"{error.filename}: " if error.filename else ""
    step = f"; {NEXT_STEP[error.errno]}" if error.errno in NEXT_STEP else ""
    return f"{where}{(error.strerror or str(error)).lower()}{step}"


def stop(message: str, code: int) -> NoReturn:
    """Print a message on standard error and exit."""
    typer.echo(f"hearth: {message}", err=True)
    raise typer.Exit(code)
