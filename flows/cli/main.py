"""The command line: `hearth COMMAND`.

Each command imports what it needs when it runs, so that `hearth --help` and `hearth sql` are quick.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from flows.cli import areas as area_commands
from flows.cli import data as data_commands
from flows.cli import files as file_commands
from flows.cli import results as result_commands
from flows.cli import upkeep as upkeep_commands
from flows.cli.exits import CONFIG, DONE, failures_in_words
from flows.cli.help_page import Commands
from warehouse.writing import keep_others_from_writing

ABOUT = "Gas readings in, cost of heat out. First: hearth sample --out landing"

app = Commands(
    "Upkeep",
    name="hearth",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in (data_commands, file_commands, result_commands, area_commands, upkeep_commands):
    app.add_typer(group.commands)


def main() -> None:
    """Run the command line."""
    keep_others_from_writing()
    with failures_in_words():
        app()


@app.callback(help=ABOUT)
def hearth(
    *,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Read this file, not hearth.toml in the data folder."),
    ] = None,
    version: bool = typer.Option(  # noqa: ARG001 - its callback prints the version
        False, "--version", is_eager=True, callback=lambda given: _tell_version(given=given), help="Print the version."
    ),
) -> None:
    """Read the options that hold for every command."""
    named = config or os.environ.get(CONFIG)
    if named:
        os.environ[CONFIG] = str(Path(named).absolute())


def _tell_version(*, given: bool) -> None:
    if given:
        from importlib.metadata import version

        typer.echo(f"hearth {version('hearth')}")
        raise typer.Exit(DONE)
