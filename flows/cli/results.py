"""Commands that give results: the site, the warehouse, the cost model."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from flows.cli.exits import Home, Json, read_settings, tell, tell_json, usage_errors
from flows.cli.help_page import Commands

ONE_NUMBER = "One number, year by year"
ONE_PLACE = "One place, with its pipes and its heat"

commands = Commands("Results")


@commands.command(epilog="Example: hearth report --zip hearth-report.zip")
def report(
    home: Home = None,
    to_zip: Annotated[
        Path | None, typer.Option("--zip", metavar="FILE", help="Also pack the site into one file to mail.")
    ] = None,
    images: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Also draw each figure as PNG and SVG (needs chromium).")
    ] = None,
    summary: Annotated[
        Path | None, typer.Option(metavar="FILE.pdf", help="Also print the summary, one page of A4 (needs chromium).")
    ] = None,
) -> None:
    """Write the site anew from the published warehouse."""
    from flows.pipeline.report import write_report, write_summary

    settings = read_settings(home=home)
    with usage_errors():
        tell(str(write_report(settings, anew=True, images=images)))
        if to_zip is not None:
            from flows.pipeline.downloads import zip_report

            tell(str(zip_report(settings, to_zip)))
        if summary is not None:
            tell(str(write_summary(settings, summary)))


@commands.command(epilog='Example: hearth sql "SELECT * FROM heat_demand_annual" --format csv')
def sql(
    statement: Annotated[str, typer.Argument(metavar="SELECT", help="One statement that reads.")],
    home: Home = None,
    output_format: Annotated[
        Literal["table", "csv", "json", "parquet"],
        typer.Option("--format", metavar="FORMAT", help="table (fits the terminal), csv, json or parquet."),
    ] = "table",
) -> None:
    """Query the published warehouse, and half-hours as half_hour."""
    from flows.answers.sql import run_sql
    from flows.answers.sql_bounds import Bounds

    settings = read_settings(home=home)
    bounds = Bounds(seconds=settings.sql_seconds, memory_gb=settings.sql_memory_gb)
    with usage_errors():
        run_sql(
            settings.folders.published, statement, output_format, sys.stdout, bounds=bounds, lake=settings.folders.lake
        )


@commands.command(epilog="Example: hearth diff 20261122T2109 20261123T0200")
def diff(
    before: Annotated[
        str | None,
        typer.Argument(metavar="BEFORE", help="Snapshot id, or its beginning.", show_default="before the published"),
    ] = None,
    after: Annotated[
        str | None, typer.Argument(metavar="AFTER", help="Snapshot id, or its beginning.", show_default="published")
    ] = None,
    home: Home = None,
    *,
    as_json: Json = False,
) -> None:
    """Show what moved between two published warehouses."""
    from flows.answers.diff import compare_warehouses, find_snapshots

    settings = read_settings(home=home)
    with usage_errors():
        found = compare_warehouses(*find_snapshots(settings, before, after), settings)
    tell_json(found.model_dump(mode="json")) if as_json else tell(found.describe())


@commands.command(epilog="Example: hearth export detached=10 flat=20 --out load.csv")
def export(
    homes: Annotated[list[str], typer.Argument(metavar="TYPE=N...", help="The mix, such as flat=20.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="A new .csv or .parquet.")],
    period: Annotated[str | None, typer.Option(metavar="YEAR", help="Study period.", show_default="the latest")] = None,
    home: Home = None,
) -> None:
    """Write the hourly load of a mix of homes for network tools."""
    from flows.answers.export import export_load

    settings = read_settings(home=home)
    with usage_errors():
        tell(export_load(settings, homes, out, period=period))


@commands.command(epilog="Example: hearth trace heat_demand_annual dwelling_type=all period=2009")
def trace(
    table: Annotated[str, typer.Argument(metavar="TABLE", help="A published table, such as lcoh.")],
    key: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="KEY...", help="Its row: column=value, or values in the order of the key.", show_default=False
        ),
    ] = None,
    home: Home = None,
    *,
    as_json: Json = False,
) -> None:
    """Follow a published number back to its files, code and assumptions."""
    from flows.answers import trace as walk
    from flows.answers import trace_text

    settings = read_settings(home=home)
    with usage_errors():
        found = walk.trace(settings, table, key or [])
    tell(trace_text.as_json(found) if as_json else trace_text.show_trace(found))


def _complete_scenario() -> list[str]:
    import csv

    import warehouse

    with (Path(warehouse.__file__).parent / "assumptions" / "scenario_rule.csv").open(encoding="utf-8") as rules:
        return sorted({name for row in csv.DictReader(rules) for name in row["scenario"].split()} - {"all"})


def _complete_convention() -> list[str]:
    from transforms.lcoh.model.conventions import CONVENTIONS

    return list(CONVENTIONS)


@commands.command(epilog="Example: hearth lcoh --demand-kwh 12000 --set ashp.capital_gbp=9000")
def lcoh(
    scenario: Annotated[
        str,
        typer.Option(metavar="NAME", autocompletion=_complete_scenario, help="Prices: current2026, desnz2023, eep2019, paper_fit or your own."),
    ] = "current2026",
    convention: Annotated[
        str,
        typer.Option(metavar="NAME", autocompletion=_complete_convention, help="Convention: best_practice (with the cost to homes), wang2018 ..."),
    ] = "best_practice",
    demand_kwh: Annotated[
        float | None, typer.Option(metavar="KWH", help="Heat per home and year.", show_default="the paper's")
    ] = None,
    discount_rate: Annotated[
        float | None, typer.Option(metavar="RATE", help="Per year, 0.035 for 3.5 %.", show_default="the convention's")
    ] = None,
    dwellings: Annotated[
        int | None, typer.Option(metavar="N", help="Homes of one network.", show_default="five scales")
    ] = None,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="X=VALUE", help="Any item.parameter; may be repeated.")
    ] = None,
    own_files: Annotated[
        list[Path] | None, typer.Option("--assumptions", metavar="FILE", help="Your own CSV; may be repeated.")
    ] = None,
    connection_share: Annotated[
        float | None, typer.Option("--connect", metavar="SHARE", rich_help_panel=ONE_PLACE, help="Share of homes, 0.5 for half.", show_default="all")
    ] = None,
    main_pipe_m: Annotated[
        float | None, typer.Option("--main-pipe", metavar="METRES", rich_help_panel=ONE_PLACE, help="For best_practice_mapped.")
    ] = None,
    link_pipe_m: Annotated[
        float | None, typer.Option("--link-pipe", metavar="METRES", rich_help_panel=ONE_PLACE, help="From the plant to the main pipe.")
    ] = None,
    heat_price: Annotated[
        float | None, typer.Option(metavar="GBP", rich_help_panel=ONE_PLACE, help="Per MWh of heat that the network buys.")
    ] = None,
    heat_co2: Annotated[
        float | None, typer.Option(metavar="KG", rich_help_panel=ONE_PLACE, help="Per MWh of that heat.")
    ] = None,
    as_json: Json = False,
    explain: Annotated[
        str | None,
        typer.Option(
            metavar="SYSTEM", autocompletion=lambda: ["gas_boiler", "ashp", "gshp", "network"],
            rich_help_panel=ONE_NUMBER, help="gas_boiler, ashp, gshp or network.",
        ),
    ] = None,
    dwelling_type: Annotated[
        str | None, typer.Option(metavar="TYPE", rich_help_panel=ONE_NUMBER, help="Whose demand.", show_default="all")
    ] = None,
    scale: Annotated[
        str | None, typer.Option(metavar="SCALE", rich_help_panel=ONE_NUMBER, help="Of the network: one of the five.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", rich_help_panel=ONE_NUMBER, help="Also save as .xlsx with live formulas."),
    ] = None,
) -> None:  # fmt: skip
    """Compute the levelised cost of heat, with any assumption replaced."""
    from flows.answers.lcoh import Question, list_unread, run_lcoh, show_lcoh

    question = Question(
        scenario=scenario, convention=convention, demand_kwh=demand_kwh, discount_rate=discount_rate,
        dwellings=dwellings, connection_share=connection_share, main_pipe_m=main_pipe_m, link_pipe_m=link_pipe_m,
        heat_price_gbp_per_mwh=heat_price, heat_co2_kg_per_mwh=heat_co2,
        overrides=tuple(overrides or ()), own_files=tuple(own_files or ()),
    )  # fmt: skip
    if explain:
        from flows.answers.lcoh_explain import explain_lcoh, show_explanation, write_workbook

        with usage_errors():
            found = explain_lcoh(explain, question, dwelling_type=dwelling_type, scale=scale)
            unread = list_unread(question)
            if out:
                write_workbook(found, out)
        tell(show_explanation(found, as_json=as_json))
        for note in unread:
            tell(note, err=True)
        if out:
            tell(f"saved {out}", err=True)
        return
    with usage_errors():
        if given := [
            name for name, value in (("--dwelling-type", dwelling_type), ("--scale", scale), ("--out", out)) if value
        ]:
            raise ValueError(f"{', '.join(given)} goes with --explain SYSTEM")
        answer = run_lcoh(question)
    tell(show_lcoh(answer, as_json=as_json))
    for note in answer.notes if as_json else ():
        tell(note, err=True)
