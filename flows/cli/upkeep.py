"""Commands that look after an installation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.exits import DONE, FAILED, Home, Json, read_settings, stop, usage_errors
from flows.cli.help_page import Commands

commands = Commands("Upkeep")


@commands.command(epilog="Example: hearth status --json")
def status(home: Home = None, *, as_json: Json = False) -> None:
    """Tell of runs, files, ledger, freshness and gate."""
    from flows.operations.status import describe_status, read_status

    with usage_errors():
        state = read_status(read_settings(home=home))
    typer.echo(state.model_dump_json(indent=1) if as_json else describe_status(state))


@commands.command(epilog="Example: HEARTH_WORKERS=4 hearth config")
def config(home: Home = None) -> None:
    """Print every setting, its value and where it came from."""
    from flows.settings import explain_settings

    with usage_errors():
        rows = explain_settings(home=home)
    for name, value, origin, meaning in rows:
        typer.echo(f"{name} = {value}\n    from {origin}; {meaning}")


@commands.command(epilog="Example: hearth doctor --server")
def doctor(
    home: Home = None,
    *,
    server: Annotated[bool, typer.Option("--server", help="Also start Prefect's server (some seconds).")] = False,
    as_json: Json = False,
) -> None:
    """Check this installation and say what to do about faults."""
    from flows.operations import doctor as examination

    found = examination.examine(home, start_server=server)
    typer.echo(examination.as_json(found) if as_json else examination.describe_findings(found))
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
