"""Retail prices that no publisher projects: today's price plus the change of the wholesale price."""

from __future__ import annotations

from typing import Final

import polars as pl

from transforms.lcoh.assumptions.parameters import DEFLATOR, PRICE, RETAIL_RULE
from transforms.lcoh.assumptions.refusals import AssumptionError
from transforms.lcoh.assumptions.scenarios import ALL_SCENARIOS, seen_rows

WITH_VAT: Final = "residential"  # the tariff whose price is printed with VAT
ANCHORS: Final[dict[str, tuple[str, ...]]] = {  # retail price -> the parts of its price in the anchor year
    "electricity_residential": ("electricity_residential_other", "electricity_residential_commodity"),
    "gas_residential": ("gas_residential",),
    "electricity_services": ("electricity_services",),
    "gas_services": ("gas_services",),
}
LEADERS: Final[dict[str, tuple[str, ...]]] = {  # carrier -> series that its retail prices move with, the first known
    "electricity": ("wholesale_electricity",),
    "gas": ("wholesale_gas", "gas_industrial"),
}


def add_retail_prices(rows: pl.DataFrame) -> pl.DataFrame:
    r"""Add to each scenario the retail prices that follow from its wholesale prices (`ASSUMPTION`).

    .. math:: p_t = v\,(\textstyle\sum_k a_k + w_t - w_0)

    A price is derived for the years of the series :math:`w` after the last given year. A scenario is not changed if it
    has no such series of its own, or if it gives one price of the item for all years.

    Parameters
    ----------
    rows
        The table `assumption` before rules are applied: parts :math:`a_k` of the retail price in the anchor year 0, and
        the price :math:`w_t` of year t that it follows [GBP/MWh]. :math:`v` adds VAT where the tariff is printed with
        it. All are converted to the price year of the series.

    Raises
    ------
    AssumptionError
        If the series lacks the anchor year, or a part is in prices that the deflator cannot bring to those of the
        series.

    """
    scenarios = [str(name) for name in rows["scenario"].unique().sort() if name != ALL_SCENARIOS]
    derived = [
        frame
        for scenario in scenarios
        for item in ANCHORS
        if (frame := _derive(rows, scenario=scenario, item=item)) is not None
    ]
    return pl.concat([rows, *derived])


def _derive(rows: pl.DataFrame, *, scenario: str, item: str) -> pl.DataFrame | None:
    own = rows.filter(pl.col("scenario") == scenario, pl.col("parameter") == PRICE)
    given = own.filter(pl.col("item") == item)["year"]
    leader = _leader(own, carrier=item.partition("_")[0])
    if leader is None or 0 in given:
        return None
    seen = seen_rows(rows, scenario)
    base = str(leader["price_base"][0])
    anchor = _one(seen, RETAIL_RULE, "anchor_year", base=base)
    at_anchor = leader.filter(pl.col("year") == int(anchor))["value"]
    if at_anchor.is_empty():
        message = (
            f"scenario {scenario}: {item} moves with {leader['item'][0]}, which has no value for {int(anchor)}, the "
            f"year that retail prices are anchored in: add that row, or set {RETAIL_RULE}.anchor_year"
        )
        raise AssumptionError(message)
    retail = sum(_one(seen, RETAIL_RULE, part, base=base) for part in ANCHORS[item])
    vat = 1.0 + _one(seen, "vat", "on_energy", base=base) if item.endswith(WITH_VAT) else 1.0
    last_given = int(given.max()) if len(given) else 0  # type: ignore[arg-type]
    return leader.filter(pl.col("year") > last_given).with_columns(
        item=pl.lit(item),
        value=vat * (retail + pl.col("value") - at_anchor[0]),
        status=pl.lit("derived"),
        source=pl.format(
            "{} x ({} in {} + change of {} since then), no series of any publisher, without standing charge; {}",
            pl.lit(f"{vat:g}"),
            pl.lit(" + ".join(f"{RETAIL_RULE}.{part}" for part in ANCHORS[item])),
            pl.lit(str(int(anchor))),
            "item",
            "source",
        ),
    )


def _leader(own: pl.DataFrame, *, carrier: str) -> pl.DataFrame | None:
    """Return the series that the retail prices of a carrier follow, if the scenario has one of its own."""
    known = (own.filter(pl.col("item") == item, pl.col("year") > 0) for item in LEADERS[carrier])
    return next((series for series in known if series.height), None)


def _one(seen: pl.DataFrame, item: str, parameter: str, *, base: str) -> float:
    """Return a value that holds in all years, money in prices of `base`."""
    row = seen.filter(pl.col("item") == item, pl.col("parameter") == parameter)
    if row.is_empty():
        message = f"retail prices need {item}.{parameter}: add a row for it"
        raise AssumptionError(message)
    value, of_year = float(row["value"][0]), str(row["price_base"][0])
    if of_year in ("none", base):
        return value
    index = seen.filter(pl.col("item") == DEFLATOR[0], pl.col("year").is_in([int(of_year), int(base)]))
    by_year = dict(index.select("year", "value").iter_rows())
    if len(by_year) < len({of_year, base}):
        message = f"{item}.{parameter} is in prices of {of_year} and cannot be brought to {base}: add rows of {'.'.join(DEFLATOR)}"
        raise AssumptionError(message)
    return value * float(by_year[int(base)]) / float(by_year[int(of_year)])
