"""Commands for whoever keeps an installation running: snapshots, the way back, alerts."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.cli.exits import FAILED, WRONG_USAGE, Home, Json, read_settings, stop, usage_errors
from flows.cli.help_page import Commands

commands = Commands("Upkeep")


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(commands)


@commands.command(epilog="Example: hearth snapshots")
def snapshots(home: Home = None, *, as_json: Json = False) -> None:
    """List the published warehouses that are kept, and why."""
    import json

    from flows.operations.snapshots import describe_snapshots, list_snapshots

    settings = read_settings(home=home)
    states = list_snapshots(settings)
    rows = [state.model_dump(mode="json") for state in states]
    typer.echo(json.dumps(rows, indent=1) if as_json else describe_snapshots(states, settings))


@commands.command(
    epilog="Example: hearth rollback 20261122T2109 --reason 'wrong tariff file'\n\n"
    "Runs publish nothing until: hearth rollback --resume"
)
def rollback(
    snapshot: Annotated[str | None, typer.Argument(metavar="SNAPSHOT", help="Snapshot id, or how it begins.")] = None,
    home: Home = None,
    *,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Why; kept with the run.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Let the next run publish again.")] = False,
) -> None:
    """Publish an earlier snapshot again, and keep it published."""
    from flows.operations import snapshots as kept

    settings = read_settings(home=home)
    with usage_errors():
        if resume == (snapshot is not None):
            raise ValueError("give either a snapshot, as `hearth snapshots` lists them, or --resume")
        typer.echo(kept.resume(settings) if snapshot is None else kept.roll_back(settings, snapshot, reason=reason))


@commands.command(epilog="Example: hearth alerts --test")
def alerts(
    home: Home = None,
    *,
    test: Annotated[bool, typer.Option("--test", help="Post an alert that says that it is a test.")] = False,
    as_json: Json = False,
) -> None:
    """List what stands and was told to the webhook, or test it."""
    from flows.operations.alerts import describe_book, read_book, send_test

    settings = read_settings(home=home)
    if test:
        if settings.alert_url is None:
            stop("alert_url is not set; name a webhook in hearth.toml or as HEARTH_ALERT_URL", WRONG_USAGE)
        trouble = send_test(settings)
        if trouble is not None:
            stop(f"the alert was not delivered: {trouble}", FAILED)
        typer.echo("the webhook took a test alert")
        return
    book = read_book(settings.folders.alerts)
    typer.echo(book.model_dump_json(indent=1) if as_json else describe_book(book))
