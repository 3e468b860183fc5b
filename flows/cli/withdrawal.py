"""The command that takes a delivered file back for good."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.cli.exits import Home, Json, read_settings, usage_errors
from flows.cli.help_page import Commands

commands = Commands("Data")


@commands.command(epilog="Example: hearth withdraw supplier_a/2009-03.csv --reason 'sent by mistake'")
def withdraw(
    source: Annotated[
        str | None,
        typer.Argument(metavar="SOURCE", help="File name, or how its source id begins.", show_default="list"),
    ] = None,
    home: Home = None,
    *,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Why; kept in the ledger, not published.")] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take it in again.")] = False,
    as_json: Json = False,
) -> None:
    """Take a delivered file back for good, or list those that are."""
    import json

    from flows.operations import withdrawal

    settings = read_settings(home=home)
    with usage_errors():
        if source is not None:
            act = withdrawal.undo if undo else withdrawal.withdraw
            typer.echo(act(settings, source, reason=reason))
            return
        if undo or reason:
            raise ValueError("name the file: hearth withdraw SOURCE; `hearth withdraw` alone lists what is withdrawn")
    found = withdrawal.list_withdrawn(settings)
    rows = [decision.model_dump(mode="json") for decision in found]
    typer.echo(json.dumps(rows, indent=1) if as_json else withdrawal.describe_withdrawn(found))
