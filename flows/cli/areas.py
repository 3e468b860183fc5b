"""Commands of the heat map: the reference of areas, contributions of others, and the search around a site."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from flows.cli.exits import FAILED, Home, Json, read_settings, tell, usage_errors
from flows.cli.help_page import Commands

if TYPE_CHECKING:
    from flows.settings import Settings

commands = Commands("Results")


@commands.command(epilog="Example: hearth reference check reference/london")
def reference(
    action: Annotated[
        Literal["check"],
        typer.Argument(metavar="check", help="check: the content of each file, and its errors.", show_default=False),
    ],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder with the files of areas.", show_default=False)],
) -> None:
    """Check a folder of published files about areas."""
    from flows.operations.reference import check_reference, show_reference

    del action  # `check` is the only one so far
    with usage_errors():
        found = check_reference(folder)
    tell(show_reference(found))
    if not found.is_whole:
        raise typer.Exit(FAILED)


@commands.command(epilog="Example: hearth near --lat 51.52 --lon -0.1 --dwellings flat=200 --build new")
def near(
    lat: Annotated[float | None, typer.Option(metavar="DEG", help="Latitude (WGS84).")] = None,
    lon: Annotated[float | None, typer.Option(metavar="DEG", help="Longitude (WGS84).")] = None,
    easting: Annotated[float | None, typer.Option(metavar="M", help="On the National Grid.")] = None,
    northing: Annotated[float | None, typer.Option(metavar="M", help="On the National Grid.")] = None,
    radius: Annotated[float, typer.Option(metavar="M", help="Of the circle, 100 to 5000.")] = 500.0,
    dwellings: Annotated[
        list[str] | None, typer.Option(metavar="TYPE=N", help="Homes of the site; may be repeated.")
    ] = None,
    build: Annotated[
        Literal["existing", "new"], typer.Option(metavar="KIND", help="existing or new homes.")
    ] = "existing",
    connect: Annotated[float, typer.Option(metavar="SHARE", help="Share of homes that join a network.")] = 1.0,
    heat_price: Annotated[float | None, typer.Option(metavar="GBP", help="Price of a MWh of bought heat.")] = None,
    without: Annotated[
        list[str] | None, typer.Option(metavar="SYSTEM", help="System that homes cannot have, such as ashp.")
    ] = None,
    home: Home = None,
    as_json: Json = False,
    geojson: Annotated[bool, typer.Option("--geojson", help="For maps.")] = False,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Also save as .xlsx.")] = None,
) -> None:
    """Show the heat around a site, and its cost."""
    from flows.answers import near as answers
    from transforms.areas.search import Site

    settings = read_settings(home=home)
    with usage_errors():
        place = answers.find_site(lat=lat, lon=lon, easting=easting, northing=northing)
        site = Site(
            easting=place[0],
            northing=place[1],
            radius_m=radius,
            dwellings=answers.parse_dwellings(dwellings or ()),
            new=build == "new",
            connection_share=connect,
            heat_price_gbp_per_mwh=heat_price,
            without=tuple(without or ()),
        )
        answer = answers.ask(settings, site)
        if out:
            answers.write_workbook(answer, out)
    show = answers.as_json if as_json else answers.as_geojson if geojson else answers.show_answer
    tell(show(answer))


@commands.command(epilog="Example: hearth contribute check loads.xlsx")
def contribute(
    action: Annotated[
        Literal["template", "check", "add", "withdraw", "log"],
        typer.Argument(metavar="ACTION", help="template, check, add, withdraw or log.", show_default=False),
    ],
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="XLSX, CSV, GeoJSON or GeoParquet; to withdraw, its name or hash."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File for the rows with their problems (check).")
    ] = None,
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Who adds it; by default the user.")] = None,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Why it is withdrawn.")] = None,
    home: Home = None,
) -> None:
    """Check and store loads, supplies and networks of others."""
    settings = read_settings(home=home)
    with usage_errors():
        if action == "log":
            from flows.operations.contributions import show_log

            tell(show_log(settings.folders.contributions))
            return
        if file is None:
            message = f"hearth contribute {action} needs a FILE"
            raise ValueError(message)
        whole = {
            "template": lambda: _write_template(file),
            "withdraw": lambda: _withdraw(settings, file, reason),
            "check": lambda: _check(file, out),
            "add": lambda: _add(settings, file, by),
        }[action]()
    if not whole:
        raise typer.Exit(FAILED)


def _write_template(file: Path) -> bool:
    from warehouse.areas.contributions import write_template

    write_template(file)
    tell(f"wrote {file}")
    return True


def _withdraw(settings: Settings, file: Path, reason: str | None) -> bool:
    from flows.operations.contributions import withdraw_contribution

    if not reason:
        raise ValueError("say why with --reason")
    taken = withdraw_contribution(settings, str(file), because=reason)
    tell(f"withdrawn: {taken.file_name} ({taken.sha256[:8]}), {len(taken.accepted)} rows; the next run takes them out")
    return True


def _check(file: Path, out: Path | None) -> bool:
    from flows.operations.contributions import check_contributions, write_problems

    checked = check_contributions(file)
    target = write_problems(checked, file, out)
    for at, problem in enumerate(checked.judged.problems, start=1):
        if problem:
            tell(f"row {at}: {problem}")
    tell(f"{len(checked.rows) - checked.rejected} of {len(checked.rows)} rows can be used; wrote {target}")
    return checked.rejected == 0


def _add(settings: Settings, file: Path, by: str | None) -> bool:
    from flows.operations.contributions import add_contributions

    checked, added = add_contributions(settings, file, by=by)
    for problem in added.problems:
        tell(problem)
    tell(f"kept {len(added.accepted)} of {added.rows} rows as {added.sha256[:8]}; the next run or report shows them")
    return checked.rejected == 0
