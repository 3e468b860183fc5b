"""`hearth export`: the hourly load of a mix of homes, from the tables of the last release."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from flows.settings import Settings
from transforms.climate.weather_normal import NormalWeather
from transforms.electric.export import ExportError, hourly_load
from transforms.lcoh.assumptions.scenarios import scenario_figures
from transforms.tables.heat import HEAT_PROFILE
from transforms.tables.weather import WEATHER_FIT
from warehouse.cost_figures import read_assumptions
from warehouse.figures import read_figures

WRITERS: Final = {".csv": "write_csv", ".parquet": "write_parquet"}


def export_load(settings: Settings, homes: Sequence[str], out: Path, *, period: str | None = None) -> str:
    """Write the hourly load of a mix of homes to a new file and say what it holds.

    Parameters
    ----------
    settings
        Settings, which name the releases; these passed disclosure control.
    homes
        The mix, as words `type=number`.
    out
        A new file, `.csv` or `.parquet`.
    period
        Study period; by default the latest.

    Raises
    ------
    ExportError
        If the mix or the file cannot be used, nothing is published, or the release hides a type.

    """
    mix = _read_mix(homes)
    if out.suffix.lower() not in WRITERS:
        message = f"{out.name} is neither .csv nor .parquet"
        raise ExportError(message)
    if out.exists():
        message = f"{out} exists already: name a new file"
        raise ExportError(message)
    latest = settings.folders.releases.latest()
    shown = {} if latest is None else latest.shown
    if not {HEAT_PROFILE.name, WEATHER_FIT.name} <= set(shown):
        message = "no release shows a profile: hearth run publishes one"
        raise ExportError(message)
    profile, fit = shown[HEAT_PROFILE.name], shown[WEATHER_FIT.name]
    period = period or str(profile["period"].max())
    figures = scenario_figures(read_assumptions(), settings.scenario)
    load = hourly_load(
        mix,
        profile.filter(period=period),
        fit.filter(period=period),
        figures,
        NormalWeather.from_tables(read_figures, years=settings.normal_weather),
    )
    getattr(load, WRITERS[out.suffix.lower()])(out)
    heat = load["heat_kwh"]
    return (
        f"{out}: {load.height:,} hours of {period}, {sum(mix.values()):,.0f} homes, {heat.sum() / 1000:,.1f} MWh of heat, "
        f"highest hour {heat.to_numpy().max():,.1f} kW as the mean of many homes; few homes peak higher (table diversity)"
    )


def _read_mix(homes: Sequence[str]) -> dict[str, float]:
    mix: dict[str, float] = {}
    for word in homes:
        name, _, number = word.partition("=")
        if not number.isdigit() or int(number) == 0 or name in mix:
            message = f"{word!r}: write each dwelling type once with its number of homes, such as flat=20"
            raise ExportError(message)
        mix[name] = float(number)
    return mix
