"""Commands of the heat map: the reference of areas, what others contribute, and the search around a site."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from flows.cli.exits import FAILED, tell, usage_errors
from flows.cli.help_page import Commands

commands = Commands("Results")


@commands.command(epilog="Example: hearth reference check reference/london")
def reference(
    action: Annotated[
        Literal["check"],
        typer.Argument(metavar="check", help="check: what each file gives, and what is wrong.", show_default=False),
    ],
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder that holds the files of areas.", show_default=False)
    ],
) -> None:
    """Check a folder of published figures of areas."""
    from flows.operations.reference import check_reference, show_reference

    del action  # there is one so far
    with usage_errors():
        found = check_reference(folder)
    tell(show_reference(found))
    if not found.is_whole:
        raise typer.Exit(FAILED)
