"""The cost box: costs of heat from the published components, at the values of the scenario or at a reader's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from reports import palette, text
from reports.figures.cost import PARTS
from reports.figures.exhibit import ordered
from reports.inputs import Published
from transforms.lcoh.model.conventions import find_convention
from transforms.lcoh.results.components import ASKED
from transforms.tables.published import LCOH_CAPITAL, LCOH_COMPONENT, LCOH_ENERGY
from transforms.tables.words import PROFILE_GROUPS, SYSTEMS

LENSES: Final = {  # by perspective: who pays, and what it costs them
    "social": ("To society", "With carbon dioxide at its appraisal value, without taxes, at the Treasury's discount rate"),
    "private": ("To the household", "With the prices on the bill and VAT, without a cost of carbon dioxide, at a commercial discount rate"),
}  # fmt: skip
PENCE = 10.0  # GBP/MWh for each penny per kWh


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One system of a lens at the values of the scenario: its name, and the four parts of its cost [GBP/MWh]."""

    name: str
    ink: palette.Ink
    parts: tuple[float, ...]

    @property
    def cost(self) -> float:
        """The levelised cost of heat [GBP/MWh]."""
        return sum(self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lens:
    """The same systems as one party counts them."""

    key: str
    name: str
    says: str
    scenario: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """The contents of the cost box: lenses at the values of the scenario, and the numbers from which a browser computes costs."""

    lenses: tuple[Lens, ...]
    homes: tuple[tuple[str, str, float], ...]  # key, name and demand [kWh/yr] of the dwelling types
    asked_kwh: tuple[int, ...]
    numbers: dict[str, Any]
    says: str

    @property
    def widest(self) -> float:
        """The highest cost of all lenses, which is the full length of a bar [GBP/MWh]."""
        return max(bar.cost for lens in self.lenses for bar in lens.bars)


def cost_box(published: Published) -> Box | None:
    """Return the cost box of a release, or None if it has no components of costs."""
    components = published[LCOH_COMPONENT].frame
    if components.is_empty():
        return None
    homes = _homes(components)
    lenses = [
        _lens(published, scenario, convention, homes[-1][0])
        for scenario, convention in components.select("scenario", "convention").unique(maintain_order=True).iter_rows()
    ]
    asked = components.filter(period=ASKED)["demand_kwh"].unique().sort().cast(pl.Int64).to_list()
    numbers = {
        "homes": {key: kwh for key, _, kwh in homes},
        "lenses": [_numbers(published, lens) for lens in lenses],
    }
    return Box(lenses=tuple(lenses), homes=homes, asked_kwh=tuple(asked), numbers=numbers, says=order_of_lenses(lenses))


def order_of_lenses(lenses: Sequence[Lens]) -> str:
    """Return one sentence on the cheapest system by each lens, and whether the lenses agree on the order."""
    found = {lens.name: sorted(lens.bars, key=lambda bar: bar.cost) for lens in lenses}
    cheapest = "; ".join(
        f"{name[:1].lower() + name[1:]}: {_article(bars[0].name)}, {text.gbp(bars[0].cost)} per MWh"
        for name, bars in found.items()
    )
    orders = {tuple(bar.name for bar in bars) for bars in found.values()}
    lead = f"Cheapest {cheapest}."
    if len(found) == 1:
        return lead
    return f"{lead} The order of the systems {'is the same for both' if len(orders) == 1 else 'differs'}."


def _article(name: str) -> str:
    lower = name[:1].lower() + name[1:]
    return f"{'an' if lower[0] in 'aeiou' else 'a'} {lower}"


def _homes(components: pl.DataFrame) -> tuple[tuple[str, str, float], ...]:
    """Return the dwelling types with a published demand, in the order of the figures."""
    rows = components.filter(pl.col("period") != ASKED, scale="individual").unique("dwelling_type", maintain_order=True)
    known = ordered(rows, "dwelling_type", PROFILE_GROUPS).select("dwelling_type", "demand_kwh")
    return tuple((str(name), text.name_of(str(name)), float(kwh)) for name, kwh in known.iter_rows())


def _lens(published: Published, scenario: str, convention: str, home: str) -> Lens:
    perspective = find_convention(convention).perspective
    name, says = LENSES.get(perspective, (text.name_of(perspective), f"convention {convention}"))
    of_home = published[LCOH_COMPONENT].frame.filter(
        pl.col("period") != ASKED, scenario=scenario, convention=convention
    )
    options = _options(of_home)
    bars = tuple(
        Bar(
            name=_option_name(row),
            ink=palette.SYSTEM[row["system"]],
            parts=cost_parts(published, row | {"scenario": scenario, "convention": convention}),
        )
        for row in options.filter((pl.col("dwelling_type") == home) | (pl.col("system") == "network")).iter_rows(
            named=True
        )
    )
    return Lens(key=convention, name=name, says=says, scenario=scenario, bars=bars)


def _options(components: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of systems in one home, and those of the smallest and the largest network."""
    sizes = components.filter(system="network")["dwellings"]
    ends = [sizes.min(), sizes.max()]
    rows = components.filter((pl.col("system") != "network") | pl.col("dwellings").is_in(ends))
    return rows.sort(pl.col("system").cast(pl.Enum(SYSTEMS)), "dwellings", maintain_order=True)


def _option_name(row: dict[str, Any]) -> str:
    if row["system"] != "network":
        return text.name_of(row["system"])
    return f"Network, {row['dwellings']:,}\N{NO-BREAK SPACE}homes"


def cost_parts(published: Published, row: dict[str, Any]) -> tuple[float, ...]:
    r"""Return capital, upkeep, fuel and carbon of one row of components at the values of the scenario [GBP/MWh].

    The cost is :math:`v (\sum_t d_t K_t + \sum_t d_t (O + E_t + C_t)) / \sum_t d_t Q`; the browser uses the same formula.
    """
    of_reading = {"scenario": row["scenario"], "convention": row["convention"]}
    buyer = "network" if row["system"] == "network" else "home"
    energy = published[LCOH_ENERGY].frame.filter(**of_reading, buyer=buyer)
    keys = {name: row[name] for name in LCOH_COMPONENT.key}
    factor = energy.unique("year").select("year", "discount_factor")
    years = pl.concat([factor, pl.DataFrame({"year": [0], "discount_factor": [1.0]})])
    capital = published[LCOH_CAPITAL].frame.filter(**keys).join(years, on="year")
    discounted_years = float(factor["discount_factor"].sum())
    bought = pl.col("carrier").replace_strict(
        {"gas": row["gas_kwh_per_year"], "electricity": row["electricity_kwh_per_year"]}, return_dtype=pl.Float64
    ) / 1000  # fmt: skip
    price = pl.col("price_factor") * pl.col("price_gbp_per_mwh") - pl.col("price_deducted_gbp_per_mwh")
    carbon = pl.col("co2_kg_per_mwh") * pl.col("carbon_gbp_per_tonne") / 1000
    sums = energy.select(
        fuel=(pl.col("discount_factor") * bought * price).sum(),
        carbon=(pl.col("discount_factor") * bought * carbon).sum(),
    ).row(0)
    amounts = (
        float((capital["capital_gbp"] * capital["discount_factor"]).sum()),
        float(row["om_gbp_per_year"]) * discounted_years,
        *(float(amount) for amount in sums),
    )
    heat_mwh = row["demand_kwh"] / 1000 * discounted_years
    return tuple(float(row["vat_factor"]) * amount / heat_mwh for amount in amounts)


def _numbers(published: Published, lens: Lens) -> dict[str, Any]:
    """Return the numbers of one lens as lists: prices by year, and by system and demand the amounts of each input."""
    of_lens = {"scenario": lens.scenario, "convention": lens.key}
    energy = published[LCOH_ENERGY].frame.filter(**of_lens).sort("year")
    series = {
        f"{buyer} {carrier}": {
            "price": of["price_gbp_per_mwh"].round(6).to_list(),
            "factor": of["price_factor"][0],
            "deducted": of["price_deducted_gbp_per_mwh"].round(6).to_list(),
            "co2": of["co2_kg_per_mwh"].round(6).to_list(),
            "carbon": of["carbon_gbp_per_tonne"].round(6).to_list(),
        }
        for (buyer, carrier), of in energy.group_by("buyer", "carrier", maintain_order=True)
    }
    discount = energy.unique("year", maintain_order=True).sort("year")["discount_factor"].to_list()
    capital = published[LCOH_CAPITAL].frame.filter(**of_lens)
    spent = {
        key: list(of.select("year", "capital_gbp").iter_rows())
        for key, of in capital.group_by("system", "scale", "period", "dwelling_type", "demand_kwh", maintain_order=True)
    }
    options: dict[str, dict[str, Any]] = {}
    for row in _options(published[LCOH_COMPONENT].frame.filter(**of_lens)).iter_rows(named=True):
        name = _option_name(row)
        option = options.setdefault(name, {"name": name, "system": row["system"], "vat": row["vat_factor"], "at": {}})
        key = (row["system"], row["scale"], row["period"], row["dwelling_type"], row["demand_kwh"])
        asked = row["period"] == ASKED
        option["at"][f"{row['demand_kwh']:.0f}" if asked else row["dwelling_type"]] = [
            round(row["demand_kwh"], 6), round(row["om_gbp_per_year"], 6), round(row["electricity_kwh_per_year"], 6),
            round(row["gas_kwh_per_year"], 6), [[year, round(gbp, 4)] for year, gbp in spent.get(key, [])],
        ]  # fmt: skip
    return {
        "key": lens.key, "name": lens.name, "energy": series, "discount": discount, "start": int(energy["calendar_year"].min()),  # type: ignore[arg-type]
        "options": list(options.values()),
    }  # fmt: skip


def shown_values(published: Published) -> dict[str, str]:
    """Return for each input of the box its values in the scenario, in the first and in the last year."""
    energy = published[LCOH_ENERGY].frame.sort("year")
    found = {}
    for name, buyer, carrier in (("electricity", "home", "electricity"), ("gas", "home", "gas"), ("network", "network", "electricity")):  # fmt: skip
        prices = energy.filter(buyer=buyer, carrier=carrier)["price_gbp_per_mwh"] / PENCE
        if len(prices):
            found[name] = _span(prices, 1)
    carbon = energy.filter(pl.col("carbon_gbp_per_tonne") > 0).filter(convention=pl.col("convention").first())[
        "carbon_gbp_per_tonne"
    ]
    if len(carbon):
        found["carbon"] = _span(carbon, 0)
    return found


def _span(values: pl.Series, decimals: int) -> str:
    first, last = (text.number(float(values[end]), decimals) for end in (0, -1))
    return first if first == last else f"{first} to {last}"


def parts_named() -> list[tuple[str, palette.Ink]]:
    """Return the parts of a cost with their colours, in the order of `cost_parts`."""
    keys = [part.removesuffix("_gbp_per_mwh") for part in PARTS]
    return [(text.name_of(key), palette.COST_PART[key]) for key in keys]
