"""What all commands share: the option --home, exit codes, and how errors are shown."""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer

from flows.printable import escape_controls, show_name

if TYPE_CHECKING:
    from flows.settings import Settings

DONE, FAILED, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130
CONFIG = "HEARTH_CONFIG"  # the variable that names a hearth.toml, as flows/settings.py reads it

Home = Annotated[
    Path | None,
    typer.Option(
        "--home",
        metavar="FOLDER",
        help="The data folder.",
        show_default="HEARTH_HOME or hearth-data",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

NEXT_STEP: Final = {
    errno.ENOSPC: "free some space, or name a home on another disk with --home",
    errno.EDQUOT: "free some space, or name a home on another disk with --home",
    errno.EFBIG: "raise the limit of the size of files (`ulimit -f`)",
    errno.EIO: "look at the disk: it could not read or write",
    errno.EACCES: "give yourself the right to it, or name another folder",
    errno.EPERM: "give yourself the right to it, or name another folder",
    errno.EROFS: "name a home on a disk that can be written with --home",
    errno.ENOTDIR: "name a folder",
    errno.EISDIR: "name a file",
    errno.ENOENT: "check the name",
}


def tell(text: str, *, err: bool = False) -> None:
    """Print a text; characters that could control the terminal are shown as escapes."""
    typer.echo(escape_controls(text), err=err)


def tell_json(value: object) -> None:
    """Print a value as JSON, in ASCII."""
    typer.echo(json.dumps(value, indent=1))


def read_settings(**flags: Any) -> Settings:
    """Return the settings or exit 2 with what is wrong."""
    from flows.settings import find_ignored_config, load_settings

    with usage_errors():
        settings = load_settings(**flags)
    if ignored := find_ignored_config(settings):
        tell(
            f"hearth: {ignored} in this folder is not read; put it into {settings.home}, or name it: hearth --config {ignored} ...",
            err=True,
        )
    return settings


@contextmanager
def usage_errors() -> Iterator[None]:
    """Turn an error that the caller can correct into one line and exit code 2."""
    try:
        yield
    except (ValueError, FileNotFoundError, FileExistsError, IsADirectoryError, NotADirectoryError) as error:
        stop(tell_os_error(error) if isinstance(error, OSError) and error.strerror else str(error), WRONG_USAGE)


@contextmanager
def failures_in_words() -> Iterator[None]:
    """Turn an unexpected error of the file system into one line with the next step, and exit code 1."""
    try:
        yield
    except OSError as error:
        if is_of_configuration(error):
            tell(f"hearth: {error}", err=True)
            sys.exit(WRONG_USAGE)
        is_ours = isinstance(
            error, FileNotFoundError
        )  # not a name that the user wrote: commands check those themselves
        if is_ours or error.errno not in NEXT_STEP:
            raise
        tell(f"hearth: {tell_os_error(error)}", err=True)
        sys.exit(FAILED)


def is_of_configuration(error: BaseException) -> bool:
    """Say whether an error is about the store or the workers that the settings name; its message says what to do."""
    return isinstance(error, OSError) and type(error).__module__.startswith(("warehouse.buckets", "flows.runs.workers"))


def tell_os_error(error: OSError) -> str:
    """Return an error of the operating system as text: the file, the reason, and what to do."""
    where = f"{show_name(str(error.filename))}: " if error.filename else ""
    step = f"; {NEXT_STEP[error.errno]}" if error.errno in NEXT_STEP else ""
    return f"{where}{error.strerror.lower() if error.strerror else error}{step}"


def stop(message: str, code: int) -> NoReturn:
    """Print a message on standard error and exit."""
    tell(f"hearth: {message}", err=True)
    raise typer.Exit(code)
