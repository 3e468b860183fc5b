"""The command line: `hearth COMMAND`.

What a command needs is imported when it runs, so that `hearth --help` and `hearth sql` stay quick.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flows.settings import Settings

DONE, FAILED, WRONG_USAGE = 0, 1, 2

app = typer.Typer(
    name="hearth", no_args_is_help=True, pretty_exceptions_enable=False, context_settings={"help_option_names": ["-h", "--help"]},
    help="Half-hourly gas readings in, hourly heat profiles and the levelised cost of heat out.",
    epilog="Start with `hearth sample --out landing` and `hearth run --landing landing`.",
)  # fmt: skip

Home = Annotated[Path | None, typer.Option("--home", help="Folder of lake, warehouse and reports [HEARTH_HOME].")]


def main() -> None:
    """Run the command line."""
    app()


@app.command(epilog="Example: hearth sample --out landing --households 60")
def sample(
    out: Annotated[Path, typer.Option(help="Folder to write to.")],
    households: Annotated[int, typer.Option(min=1, help="Homes of the trial.")] = 600,
    start: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="First day.")] = datetime(2009, 1, 1),  # noqa: DTZ001 - a day
    end: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Day after the last.")] = datetime(2010, 1, 1),  # noqa: DTZ001
    seed: Annotated[int, typer.Option(min=0, help="Seed; the same seed gives the same files.")] = 1,
    faults: Annotated[
        Literal["none", "typical", "all"],
        typer.Option(
            help="none: clean; typical: meter faults at measured rates; all: also homes that only cook or stand empty, "
            "coarse and exchanged meters, dead and stuck ones, estimates, wrong units, gaps that go with cold."
        ),
    ] = "typical",
    file_format: Annotated[
        Literal["edrp", "canonical"], typer.Option("--format", help="Format of the readings.")
    ] = "edrp",
) -> None:
    """Write a made-up EDRP-style trial with its truth beside it; no real reading is in it."""
    from flows.sample import write_sample

    with usage_errors():
        summary = write_sample(
            out=out,
            households=households,
            start=start.date(),
            end=end.date(),
            seed=seed,
            faults=faults,
            file_format=file_format,
        )
    typer.echo(str(summary))


@app.command(epilog="Example: hearth run --landing /data/UKDA-7591-CSV")
def run(
    home: Home = None,
    landing: Annotated[
        Path | None, typer.Option(help="Folder of delivered files; read in place, never written.")
    ] = None,
    fail_on_refused: Annotated[bool, typer.Option("--fail-on-refused", help="Exit 1 if a file is refused.")] = False,
) -> None:
    """Ingest what is new, rebuild what changed, judge, publish, report: the nightly flow."""
    quiet = 0 if landing is not None else None  # who names a folder knows that its files are whole
    settings = read_settings(home=home, landing=landing, landing_quiet_seconds=quiet)
    if not settings.landing_folder.is_dir():
        stop(
            f"no landing folder {settings.landing_folder}; name one with --landing, or try `hearth sample --out {settings.landing_folder}`",
            WRONG_USAGE,
        )
    finish(run_flow(settings, kind="nightly"), settings, fail_on_refused=fail_on_refused)


@app.command(epilog="Example: hearth backfill --from 2009-01 --to 2009-03 --reason 'new thresholds' --dry-run")
def backfill(
    first: Annotated[str, typer.Option("--from", help="First month, YYYY-MM.")],
    last: Annotated[str, typer.Option("--to", help="Last month, YYYY-MM.")],
    home: Home = None,
    reason: Annotated[str | None, typer.Option(help="Why; kept with the run.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print what would be done.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Also rebuild months that are up to date.")] = False,
) -> None:
    """Rebuild a span of months from the lake, with today's code and rules."""
    from flows.settings import parse_month

    settings = read_settings(home=home)
    with usage_errors():
        if parse_month(first) > parse_month(last):
            raise ValueError(f"the span ends before it starts: --from {first} --to {last}")
    if dry_run:
        from flows.backfill import preview_backfill

        typer.echo(preview_backfill(settings, first, last, force=force))
        return
    finish(
        run_flow(settings, kind="backfill", reason=reason, first_month=first, last_month=last, force=force), settings
    )


@app.command(epilog="Example: hearth report")
def report(home: Home = None) -> None:
    """Write the report site anew from the published warehouse."""
    from flows.report import write_report

    with usage_errors():
        typer.echo(write_report(read_settings(home=home), anew=True))


@app.command(epilog="Example: hearth status --json")
def status(
    home: Home = None, *, as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False
) -> None:
    """Tell of runs, sources, ledger, freshness and gate."""
    from flows.status import describe_status, read_status

    state = read_status(read_settings(home=home))
    typer.echo(state.model_dump_json(indent=1) if as_json else describe_status(state))


@app.command(
    epilog="Example: hearth households --from edrp_metadata.xlsx --id Hhold_ID --type dwelling --out landing/households.csv"
)
def households(
    source: Annotated[Path, typer.Option("--from", help="Workbook or CSV with one row per home.")],
    home: Home = None,
    id_column: Annotated[str | None, typer.Option("--id", help="Column of the home's id.")] = None,
    type_column: Annotated[str | None, typer.Option("--type", help="Column of the dwelling type.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="File to write; by default households.csv in the landing folder.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Write households.csv from a workbook or CSV such as EDRP's metadata."""
    from flows.households import write_households

    target = out or read_settings(home=home).landing_folder / "households.csv"
    with usage_errors():
        typer.echo(write_households(source, target, id_column=id_column, type_column=type_column, force=force))


@app.command(epilog='Example: hearth sql "SELECT dwelling_type, heat_kwh_mean FROM heat_demand_annual" --format csv')
def sql(
    statement: Annotated[str, typer.Argument(help="One SELECT.")],
    home: Home = None,
    output_format: Annotated[str, typer.Option("--format", help="table, csv, json or parquet.")] = "table",
) -> None:
    """Query the published warehouse, read-only, with no access to files or network."""
    from flows.sql import run_sql

    with usage_errors():
        run_sql(published(home), statement, output_format, sys.stdout)


@app.command(epilog="Example: hearth lcoh --demand-kwh 12000 --dwellings 750 --set ashp.capital_gbp=9000")
def lcoh(
    scenario: Annotated[
        str, typer.Option(help="Set of prices: paper_fit, eep2018, eep2019, desnz2023 or your own.")
    ] = "paper_fit",
    convention: Annotated[
        str, typer.Option(help="How the cost model is read: wang2018, rival, best_practice, best_practice_private ...")
    ] = "wang2018",
    demand_kwh: Annotated[
        float | None, typer.Option(help="Heat per home and year [kWh]; by default the paper's.")
    ] = None,
    discount_rate: Annotated[float | None, typer.Option(help="Discount rate per year, 0.035 for 3.5 %.")] = None,
    dwellings: Annotated[int | None, typer.Option(help="Homes of one network; by default the five scales.")] = None,
    overrides: Annotated[list[str] | None, typer.Option("--set", help="item.parameter=value; may be repeated.")] = None,
    own_files: Annotated[
        list[Path] | None,
        typer.Option("--assumptions", help="CSV of your own assumptions or scenario rules; may be repeated."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs, unrounded.")] = False,
    explain: Annotated[
        str | None,
        typer.Option(metavar="SYSTEM", help="Cash flow behind one number: gas_boiler, ashp, gshp or network."),
    ] = None,
    dwelling_type: Annotated[str | None, typer.Option(help="With --explain: whose demand; by default all.")] = None,
    scale: Annotated[str | None, typer.Option(help="With --explain network: which of the five scales.")] = None,
    out: Annotated[Path | None, typer.Option(help="With --explain: also save as .xlsx with live formulas.")] = None,
) -> None:
    """Compute the levelised cost of heat alone, any assumption overridden."""
    from flows.lcoh import run_lcoh, show_lcoh

    if explain:
        from flows.lcoh_explain import explain_lcoh, show_explanation, write_workbook

        with usage_errors():
            found = explain_lcoh(
                explain, dwelling_type=dwelling_type, scale=scale, scenario=scenario, convention=convention,
                demand_kwh=demand_kwh, discount_rate=discount_rate, dwellings=dwellings,
                overrides=overrides or [], own_files=own_files or [],
            )  # fmt: skip
            if out:
                write_workbook(found, out)
        typer.echo(show_explanation(found, as_json=as_json))
        if out:
            typer.echo(f"saved {out}", err=True)
        return
    with usage_errors():
        if given := [
            name for name, value in (("--dwelling-type", dwelling_type), ("--scale", scale), ("--out", out)) if value
        ]:
            raise ValueError(f"{', '.join(given)} goes with --explain SYSTEM")
        answer = run_lcoh(
            scenario=scenario, convention=convention, demand_kwh=demand_kwh, discount_rate=discount_rate,
            dwellings=dwellings, overrides=overrides or [], own_files=own_files or [],
        )  # fmt: skip
    typer.echo(show_lcoh(answer, as_json=as_json))
    for note in answer.notes if as_json else ():
        typer.echo(note, err=True)


@app.command(epilog="Example: hearth quarantine --lift supplier_a/2009-03.csv")
def quarantine(
    home: Home = None,
    lift: Annotated[
        str | None, typer.Option(metavar="SOURCE", help="Take a source in again: its file name or source id.")
    ] = None,
    accept: Annotated[
        str | None, typer.Option(metavar="SOURCE", help="Take it in as it is: its level and flags stop nothing.")
    ] = None,
    put: Annotated[str | None, typer.Option(metavar="SOURCE", help="Put a source aside by hand.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """List the sources that are left out and why, or decide about one; the next run acts on it."""
    import json

    from flows.quarantine import State, decide, describe_decisions, list_decisions

    settings = read_settings(home=home)
    given: dict[State, str | None] = {"lifted": lift, "accepted": accept, "quarantined": put}
    asked = [(source, state) for state, source in given.items() if source]
    with usage_errors():
        if len(asked) > 1:
            raise ValueError("name one of --lift, --accept and --put at a time")
        for source, state in asked:
            typer.echo(decide(settings, source, state))
    if not asked:
        found = list_decisions(settings)
        rows = [decision.model_dump(mode="json") for decision in found]
        typer.echo(json.dumps(rows, indent=1) if as_json else describe_decisions(found))


@app.command(epilog="Example: hearth config")
def config(home: Home = None) -> None:
    """Print every setting, its value and where it came from."""
    from flows.settings import explain_settings

    with usage_errors():
        rows = explain_settings(home=home)
    for name, value, origin, meaning in rows:
        typer.echo(f"{name} = {value}\n    from {origin}; {meaning}")


def run_flow(settings: Settings, **parameters: Any) -> dict[str, Any]:
    """Run the flow on a Prefect server: the configured one, or one of our own that starts while the rest is imported."""
    from flows.server import start_server, without_heartbeats

    try:
        with start_server(settings.home / "prefect") as server:
            from flows.nightly import nightly

            server.wait_ready()
            given = settings.model_dump(mode="json", exclude_unset=True)
            with without_heartbeats() if server.is_embedded else nullcontext():
                log: dict[str, Any] = nightly(settings_given=given, **parameters)
    except Exception as error:  # noqa: BLE001 - whatever ended the run is told in one line; the run's log has it too
        stop(f"the run failed: {type(error).__name__}: {error}", FAILED)
    return log


def finish(log: dict[str, Any], settings: Settings, *, fail_on_refused: bool = False) -> NoReturn:
    """Tell how a run ended and exit accordingly."""
    from flows.status import describe_run

    typer.echo(describe_run(log, settings))
    good = log["outcome"] in {"published", "unchanged"} and not (fail_on_refused and log["files_refused"])
    raise typer.Exit(DONE if good else FAILED)


def published(home: Path | None) -> Path:
    """Return the published warehouse."""
    return read_settings(home=home).home / "warehouse" / "current.duckdb"


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
    except (ValueError, FileNotFoundError, FileExistsError) as error:
        stop(str(error), WRONG_USAGE)


def stop(message: str, code: int) -> NoReturn:
    """Print a message on standard error and exit."""
    typer.echo(f"hearth: {message}", err=True)
    raise typer.Exit(code)
