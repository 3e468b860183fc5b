"""The demands that are costed: by dwelling type, study period and basis (measured homes, or the paper's)."""

from __future__ import annotations

from typing import Final, Literal, get_args

import polars as pl

from transforms.heat.demand import WEATHER_NORMAL
from transforms.lcoh.assumptions.parameters import NETWORK, PAPER_DEMAND_ITEM, SCALE_ITEM
from transforms.lcoh.assumptions.refusals import AssumptionError
from transforms.lcoh.assumptions.scenarios import ScenarioFigures
from transforms.lcoh.model.places import ALL_HOMES, Place

DEMAND_KEY: Final = ("demand_basis", "period", "dwelling_type")
OF_WEATHER: Final = {"weather": pl.String, "demand_measured_kwh": pl.Float64}  # known of measured homes alone
OF_SAMPLE: Final = {
    "demand_kwh_ci_low": pl.Float64,
    "demand_kwh_ci_high": pl.Float64,
}  # the same: ends of the interval of the demand
OF_HOMES: Final = OF_WEATHER | OF_SAMPLE
CostWeather = Literal["normal", "measured"]
NORMAL_WEATHER, MEASURED_WEATHER = get_args(CostWeather)
OF_NORMAL_WEATHER: Final = (*WEATHER_NORMAL, "normal_correction_kwh")
IN_NORMAL_WEATHER: Final = pl.col("heat_kwh_weather_normal").is_not_null().all().over("period")
"""Whether costs of a period rest on normal weather: all of its demands must be known in it."""
NETWORK_DEMAND: Final = ("stock", ALL_HOMES)  # the demand that a network serves: the first of these that is known
PLACE: Final = "place"  # scale of a network that serves a place of its own


def paper_demand(assumptions: pl.DataFrame) -> pl.DataFrame:
    """Return the demands of the paper by dwelling type and on average, in the shape that `lcoh_table` reads."""
    return assumptions.filter(pl.col("item") == PAPER_DEMAND_ITEM).select(
        dwelling_type="parameter", period=pl.lit("paper"), demand_basis=pl.lit("paper"), demand_kwh="value"
    )


def measured_demand(demand: pl.DataFrame, *, end: str = "") -> pl.DataFrame:
    """Return the demands of measured homes in the shape that `lcoh_table` reads, in normal weather where that is known.

    A system serves for decades, so its cost rests on a year of normal weather. If some demand of a period is not known
    in normal weather, all demands of that period are the measured ones.

    Parameters
    ----------
    demand
        Rows of `HEAT_DEMAND_ANNUAL`.
    end
        `_ci_low` or `_ci_high` for an end of the interval of each demand, in place of the demand.

    """
    known = demand.filter(pl.col("heat_kwh_mean") > 0).with_columns(in_normal=IN_NORMAL_WEATHER)
    return known.select(
        "dwelling_type",
        "period",
        demand_basis=pl.lit("measured"),
        demand_kwh=_costed_heat(end),
        **{name: _costed_heat(name.removeprefix("demand_kwh")) for name in OF_SAMPLE},
        weather=pl.when("in_normal").then(pl.lit(NORMAL_WEATHER)).otherwise(pl.lit(MEASURED_WEATHER)),
        demand_measured_kwh="heat_kwh_mean",
    ).filter(pl.col("demand_kwh") > 0)


def in_cost_weather(rows: pl.DataFrame, weather: CostWeather) -> pl.DataFrame:
    """Return rows of homes or of types as costs take them: without normal weather where the measured year is chosen."""
    if weather == NORMAL_WEATHER:
        return rows
    return rows.with_columns(pl.lit(None, pl.Float64).alias(name) for name in OF_NORMAL_WEATHER if name in rows.columns)


def _costed_heat(end: str) -> pl.Expr:
    """Return the heat on which costs rest, or an end of its interval [kWh/yr]."""
    measured = f"heat_kwh{end}" if end else "heat_kwh_mean"
    return pl.when("in_normal").then(f"heat_kwh_weather_normal{end}").otherwise(measured)


def check_demand(demand: pl.DataFrame, place: Place | None = None) -> pl.DataFrame:
    """Return the rows with a known demand; for a place with homes by type, those of its types and of its mean home.

    Parameters
    ----------
    demand
        Columns `DEMAND_KEY` and demand_kwh [kWh/yr], of measured homes also `OF_HOMES`.
    place
        A place whose homes' types are known: `all` is then the mean of its homes, sum_k n_k D_k / sum_k n_k.

    Raises
    ------
    AssumptionError
        If a demand is not above zero, two rows have one key, or a type of the place has no demand.

    """
    lacking = [pl.lit(None, dtype).alias(name) for name, dtype in OF_HOMES.items() if name not in demand.columns]
    known = (
        demand.with_columns(pl.col("demand_kwh").cast(pl.Float64), *lacking)
        .select(*DEMAND_KEY, "demand_kwh", *OF_HOMES)
        .drop_nulls("demand_kwh")
    )
    wrong = known.filter(~(pl.col("demand_kwh").is_finite() & (pl.col("demand_kwh") > 0)))
    if wrong.height:
        message = (
            f"{wrong.height} rows of demand are not above zero (e.g. {wrong['demand_kwh'][0]} kWh/yr of "
            f"{wrong['dwelling_type'][0]} in {wrong['period'][0]}): a cost per MWh needs heat"
        )
        raise AssumptionError(message)
    twice = known.filter(pl.struct(DEMAND_KEY).is_duplicated())
    if twice.height:
        message = (
            f"{twice.height} rows of demand share a key (e.g. {' / '.join(twice.select(DEMAND_KEY).row(0))}): "
            "give one row for each basis, period and dwelling type"
        )
        raise AssumptionError(message)
    return known if place is None or set(place.homes) == {ALL_HOMES} else _of_place(known, place)


def _of_place(known: pl.DataFrame, place: Place) -> pl.DataFrame:
    homes = pl.DataFrame(
        {"dwelling_type": list(place.homes), "homes": [float(number) for number in place.homes.values()]}
    )
    of_types = known.join(homes, on="dwelling_type", maintain_order="left")
    share = pl.col("homes") / pl.col("homes").sum()
    of_mean = of_types.group_by("demand_basis", "period", maintain_order=True).agg(
        types=pl.col("dwelling_type"),
        demand_kwh=(pl.col("demand_kwh") * share).sum(),
        weather=pl.col("weather").first(),
        demand_measured_kwh=pl.when(pl.col("demand_measured_kwh").is_not_null().all()).then(
            (pl.col("demand_measured_kwh") * share).sum()
        ),
        **{name: pl.lit(None, dtype) for name, dtype in OF_SAMPLE.items()},
    )
    for row in of_mean.iter_rows(named=True):
        if lacking := sorted(set(place.homes) - set(row["types"])):
            message = f"the place has {', '.join(lacking)}, whose demand in {row['period']} is not known: add it"
            raise AssumptionError(message)
    mean = of_mean.with_columns(dwelling_type=pl.lit(ALL_HOMES)).select(*DEMAND_KEY, "demand_kwh", *OF_HOMES)
    return pl.concat([of_types.drop("homes"), mean])


def network_keys(known: pl.DataFrame, figures: ScenarioFigures, place: Place | None = None) -> pl.DataFrame:
    """Return a row for each network and the demand that it serves, with the homes that take heat from it.

    Parameters
    ----------
    known
        Rows as `check_demand` returns them.
    figures
        The scenario's values, among them the scales of networks.
    place
        The one place that is served, in place of networks of every scale.

    """
    sizes = figures.items(SCALE_ITEM) if place is None else {PLACE: float(place.dwellings)}
    scales = pl.DataFrame(
        {"scale": list(sizes), "dwellings": list(sizes.values())},
        schema={"scale": pl.String, "dwellings": pl.Float64},
    ).sort("dwellings")
    return (
        served_demand(known).join(scales, how="cross", maintain_order="left_right").with_columns(system=pl.lit(NETWORK))
    )


def served_demand(known: pl.DataFrame) -> pl.DataFrame:
    """Return for each basis and period the demand that a network serves: that of `stock`, or of `all`."""
    order = {name: i for i, name in enumerate(NETWORK_DEMAND)}
    return (
        known.filter(pl.col("dwelling_type").is_in(NETWORK_DEMAND))
        .sort(pl.col("dwelling_type").replace_strict(order))
        .unique(["demand_basis", "period"], keep="first", maintain_order=True)
    )
