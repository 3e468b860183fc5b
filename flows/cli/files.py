"""Commands about delivered files: what they are taken for, and which formats are known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.exits import DONE, FAILED, Home, Json, read_settings, tell, tell_json, usage_errors
from flows.cli.help_page import Commands

commands = Commands("Data")


@commands.command(epilog="Example: hearth check gas.csv")
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files as they would be delivered.")],
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Say how a run would read files, without a run.

    Exits 1 if one of them would not be taken in.
    """
    from flows.operations.files import check_files, describe_checked

    settings = read_settings(home=home)
    with usage_errors():
        checked = check_files(files, settings)
    if as_json:
        tell_json([file.model_dump(mode="json") for file in checked])
    else:
        tell(describe_checked(checked))
    good = all(file.outcome in {"accepted", "the same content"} for file in checked)
    raise typer.Exit(DONE if good else FAILED)


@commands.command(epilog="Example: hearth feeds --write")
def feeds(
    home: Home = None,
    write: Annotated[
        bool, typer.Option("--write", help="Write the suggestions of the readings into hearth.toml.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Say how each feed is read, and what has to be declared."""
    from flows.operations.files import describe_feeds, read_feeds_taken, write_suggestions

    settings = read_settings(home=home)
    found = read_feeds_taken(settings)
    if as_json:
        tell_json([feed.model_dump(mode="json") for feed in found])
    else:
        tell(describe_feeds(found))
    if write:
        tell(write_suggestions(found, settings), err=as_json)


@commands.command(epilog="Example: hearth formats")
def formats() -> None:
    """List the known formats, with two lines of each."""
    from flows.operations.files import describe_formats

    tell(describe_formats())
