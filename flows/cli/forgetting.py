"""The command that takes a home out of everything."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli.exits import FAILED, Home, read_settings, stop, usage_errors
from flows.cli.help_page import Commands

if TYPE_CHECKING:
    from flows.settings import Settings

REASON = "a home was forgotten"
STDIN = "-"

commands = Commands("Data")


@commands.command(epilog="Example: hearth forget 10482 --reason 'consent ended'")
def forget(
    household: Annotated[
        str | None,
        typer.Argument(metavar="HOUSEHOLD", help="Id of the home; - reads it from standard input.", show_default=False),
    ] = None,
    home: Home = None,
    *,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Why; kept, so without the id.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for the id again.")] = False,
    finish: Annotated[bool, typer.Option("--finish", help="Go on with what was interrupted.")] = False,
) -> None:
    """Take a home out of everything that is kept, for good."""
    settings = read_settings(home=home)
    with usage_errors():
        if finish == (household is not None):
            raise ValueError("give either the id of a home or --finish")
    named = sys.stdin.readline().strip() if household == STDIN else household
    if named is not None and household != STDIN and not yes:
        again = typer.prompt("This cannot be undone. The id once more", err=True)
        if again != named:
            stop("the two ids differ; nothing was done", FAILED)
    from flows.operations import forgetting

    try:
        with usage_errors():
            done = (
                forgetting.finish(settings, run=_run)
                if named is None
                else forgetting.forget(settings, named, reason=reason, run=_run)
            )
    except forgetting.NotFinishedError as error:
        stop(f"not finished: {error}", FAILED)
    typer.echo(done.describe())


def _run(settings: Settings) -> dict[str, Any]:
    """Publish what the lake gives, with its report; that figures move without the home is wanted."""
    from flows.cli.run_here import run_flow
    from flows.operations.forgetting import NotFinishedError

    try:
        return run_flow(
            settings.model_copy(update={"accept_drift": True, "report_after_run": True}), kind="backfill", reason=REASON
        )
    except typer.Exit:  # it has said why
        raise NotFinishedError(
            "its rows are gone, figures still rest on it; once runs work again, `hearth forget --finish`"
        ) from None
