"""Commands that look after an installation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.exits import DONE, FAILED, WRONG_USAGE, Home, Json, read_settings, stop, tell, tell_json, usage_errors
from flows.cli.help_page import Commands

commands = Commands("Upkeep")


@commands.command(epilog="Example: hearth status --json")
def status(
    home: Home = None,
    *,
    verbose: Annotated[bool, typer.Option("--verbose", help="All runs and files.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="For monitoring: one line; exit 0 for OK, 1 for WARN, 2 for FAIL.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show runs, files, ledger, freshness and gate."""
    from flows.operations.status import describe_status, read_status

    with usage_errors():
        state = read_status(read_settings(home=home))
    if check:
        tell(state.health.describe())
        raise typer.Exit(state.health.exit_code)
    tell_json(state.model_dump(mode="json")) if as_json else tell(describe_status(state, verbose=verbose))


@commands.command(epilog="Example: HEARTH_WORKERS=4 hearth config")
def config(home: Home = None) -> None:
    """Print every setting with its value and origin."""
    from flows.settings import explain_settings

    read_settings(home=home)
    rows = explain_settings(home=home)
    for name, value, origin, meaning in rows:
        tell(f"{name} = {value}\n    from {origin}; {meaning}")


@commands.command(epilog="Example: hearth doctor --server")
def doctor(
    home: Home = None,
    *,
    server: Annotated[bool, typer.Option("--server", help="Also start Prefect's server (some seconds).")] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Read and check every stored byte.")] = False,
    repair: Annotated[bool, typer.Option("--repair", help="Put damaged files aside, and build them again.")] = False,
    as_json: Json = False,
) -> None:
    """Check this installation and say what to do."""
    from flows.operations import doctor as examination

    found = examination.examine(home, start_server=server, verify=verify, repair=repair)
    tell(examination.as_json(found) if as_json else examination.describe_findings(found))
    raise typer.Exit(DONE if examination.is_sound(found) else FAILED)


@commands.command(epilog="Example: hearth up --home /srv/hearth --landing deliveries")
def up(
    home: Home = None,
    landing: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Delivered files; read in place, never written.")
    ] = None,
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="Port of the server on this machine; 0: a free one.")
    ] = 4200,
) -> None:
    """Run every night until Ctrl-C: server, schedule and worker."""
    from flows.server.files import ServerError
    from flows.server.up import DeployError, keep_up

    settings = read_settings(home=home, landing=landing)
    try:
        keep_up(settings, port=port)
    except (ServerError, DeployError) as error:
        stop(str(error), FAILED)


@commands.command(epilog="Example: hearth snapshots")
def snapshots(home: Home = None, *, as_json: Json = False) -> None:
    """List the stored warehouses, and why each is kept."""
    from flows.operations.snapshots import describe_snapshots, list_snapshots

    settings = read_settings(home=home)
    states = list_snapshots(settings)
    rows = [state.model_dump(mode="json") for state in states]
    tell_json(rows) if as_json else tell(describe_snapshots(states, settings))


@commands.command(
    epilog="Example: hearth rollback 20261122T2109 --reason 'wrong tariff file'\n\n"
    "Runs publish nothing until: hearth rollback --resume"
)
def rollback(
    snapshot: Annotated[str | None, typer.Argument(metavar="SNAPSHOT", help="Snapshot id, or its beginning.")] = None,
    home: Home = None,
    *,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Reason; stored with the run.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Let the next run publish again.")] = False,
) -> None:
    """Publish an earlier snapshot again, and keep it published."""
    from flows.operations import snapshots as kept

    settings = read_settings(home=home)
    with usage_errors():
        if resume == (snapshot is not None):
            raise ValueError("give either a snapshot, as `hearth snapshots` lists them, or --resume")
        tell(kept.resume(settings) if snapshot is None else kept.roll_back(settings, snapshot, reason=reason))


@commands.command(epilog="Example: hearth alerts --test")
def alerts(
    home: Home = None,
    *,
    test: Annotated[bool, typer.Option("--test", help="Post a test alert.")] = False,
    as_json: Json = False,
) -> None:
    """List the alerts that still hold, or test the webhook."""
    from flows.operations.alerts import describe_book, read_book, send_test

    settings = read_settings(home=home)
    if test:
        if settings.alert_url is None:
            stop("alert_url is not set; name a webhook in hearth.toml or as HEARTH_ALERT_URL", WRONG_USAGE)
        trouble = send_test(settings)
        if trouble is not None:
            stop(f"the alert was not delivered: {trouble}", FAILED)
        tell("the webhook took a test alert")
        return
    book = read_book(settings.folders.alerts)
    tell_json(book.model_dump(mode="json")) if as_json else tell(describe_book(book))
