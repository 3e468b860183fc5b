"""Every figure that the cost model can be given: its name, its unit and the values that it may take."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeAlias, get_type_hints

import numpy as np
from numpy.typing import NDArray

from transforms.tables import DWELLING_TYPES

Floats: TypeAlias = float | NDArray[np.float64]
Carrier: TypeAlias = Literal["gas", "electricity"]

ANY: Final = "*"  # stands for every parameter of an item whose parameters are rows of data


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Unit of one figure and the values that it may take."""

    unit: str
    at_least: float = 0.0
    above: float = -math.inf
    at_most: float = math.inf
    below: float = math.inf
    whole: bool = False
    by_year: bool = False  # may be a series with one row a year; year 0 holds always

    @property
    def bounds(self) -> str:
        """What the figure must be, in words."""
        words = [f"at least {self.at_least:g}"] if self.above < self.at_least else [f"above {self.above:g}"]
        words += [f"at most {self.at_most:g}"] if self.at_most < math.inf else []
        words += [f"below {self.below:g}"] if self.below < math.inf else []
        return " and ".join(words) + ("" if self.unit == "1" else f" {self.unit}")


def figures_of(record: type) -> dict[str, Figure]:
    """Return the declared figures of a record such as `HeatNetwork`, by field name."""
    return {name: hint.__metadata__[0] for name, hint in get_type_hints(record, include_extras=True).items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class IndividualSystem:
    """A heating system in one home. `efficiency` is useful heat over purchased energy, of a heat pump its SPF."""

    capital_gbp: Annotated[Floats, Figure(unit="GBP")]
    om_gbp_per_year: Annotated[Floats, Figure(unit="GBP/yr")]
    efficiency: Annotated[Floats, Figure(unit="1", above=0, at_most=15)]
    lifetime_years: Annotated[int, Figure(unit="yr", at_least=1, at_most=100, whole=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatNetwork:
    """A heat network with one large heat pump; `_per_mwh` costs recur with the heat, the others once or by year."""

    lifetime_years: Annotated[int, Figure(unit="yr", at_least=1, at_most=100, whole=True)]
    distribution_loss_share: Annotated[Floats, Figure(unit="1", below=1)]
    parasitic_electricity_share: Annotated[Floats, Figure(unit="1", at_most=1)]
    heat_pump_capital_gbp_per_kw: Annotated[Floats, Figure(unit="GBP/kW")]
    heat_pump_om_gbp_per_kw_year: Annotated[Floats, Figure(unit="GBP/kW/yr")]
    heat_pump_om_share_of_capital: Annotated[Floats, Figure(unit="1/yr", at_most=1)]
    heat_pump_lifetime_years: Annotated[int, Figure(unit="yr", at_least=1, at_most=100, whole=True)]
    heat_pump_spf: Annotated[Floats, Figure(unit="1", above=0, at_most=15)]
    heat_pump_kw_per_dwelling: Annotated[Floats, Figure(unit="kW")]
    substation_kw_per_dwelling: Annotated[Floats, Figure(unit="kW")]
    substation_gbp_per_kw: Annotated[Floats, Figure(unit="GBP/kW")]
    main_pipe_m: Annotated[Floats, Figure(unit="m")]
    main_pipe_m_per_dwelling: Annotated[Floats, Figure(unit="m")]
    main_pipe_gbp_per_m: Annotated[Floats, Figure(unit="GBP/m")]
    internal_pipe_m_per_dwelling: Annotated[Floats, Figure(unit="m")]
    internal_pipe_gbp_per_m: Annotated[Floats, Figure(unit="GBP/m")]
    hiu_gbp_per_dwelling: Annotated[Floats, Figure(unit="GBP")]
    dwelling_meter_gbp: Annotated[Floats, Figure(unit="GBP")]
    building_meter_gbp: Annotated[Floats, Figure(unit="GBP")]
    building_meters: Annotated[Floats, Figure(unit="1")]
    pipe_om_gbp_per_mwh: Annotated[Floats, Figure(unit="GBP/MWh")]
    hiu_om_gbp_per_mwh: Annotated[Floats, Figure(unit="GBP/MWh")]
    meter_om_gbp_per_mwh: Annotated[Floats, Figure(unit="GBP/MWh")]
    labour_gbp_per_mwh: Annotated[Floats, Figure(unit="GBP/MWh")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """What holds for every system: the social discount rate and the first year of operation."""

    discount_rate: Annotated[Floats, Figure(unit="1/yr", at_most=1)]
    start_year: Annotated[int, Figure(unit="yr", at_least=1990, at_most=2100, whole=True)]


INDIVIDUAL_SYSTEMS: Final[dict[str, Carrier]] = {"gas_boiler": "gas", "ashp": "electricity", "gshp": "electricity"}
TARIFFS: Final = ("residential", "services", "industrial")

PRICE: Final = "price_gbp_per_mwh"
CARBON_PRICE: Final = "price_gbp_per_tonne"
CARBON_INTENSITY: Final = "carbon_intensity_kg_per_kwh"
SCALE_ITEM: Final = "network_scale"
PAPER_DEMAND_ITEM: Final = "paper_demand"
STOCK_SHARE_ITEM: Final = "stock_share"


def _known_figures() -> dict[tuple[str, str], Figure]:
    price = Figure(unit="GBP/MWh", by_year=True)
    intensity = Figure(unit="kg/kWh", by_year=True)
    demand = Figure(unit="kWh/yr", above=0)
    share = Figure(unit="1", at_most=1)
    records = {"network": HeatNetwork, "study": Study} | dict.fromkeys(INDIVIDUAL_SYSTEMS, IndividualSystem)
    carriers = sorted(set(INDIVIDUAL_SYSTEMS.values()))
    return (
        {(item, name): figure for item, record in records.items() for name, figure in figures_of(record).items()}
        | {(f"{carrier}_{tariff}", PRICE): price for carrier in carriers for tariff in TARIFFS}
        | {(carrier, CARBON_INTENSITY): intensity for carrier in carriers}
        | {("carbon", CARBON_PRICE): Figure(unit="GBP/t", by_year=True)}
        | {("boiler_stock", "efficiency"): Figure(unit="1", above=0, at_most=1)}
        | {(PAPER_DEMAND_ITEM, dwelling_type): demand for dwelling_type in (*DWELLING_TYPES, "all")}
        | {(STOCK_SHARE_ITEM, dwelling_type): share for dwelling_type in DWELLING_TYPES}
        | {(SCALE_ITEM, ANY): Figure(unit="dwellings", at_least=1, whole=True)}
    )


KNOWN_FIGURES: Final = _known_figures()

# Units that are understood beside the declared ones: (written, declared) -> factor.
UNIT_FACTORS: Final[dict[tuple[str, str], float]] = {
    ("%", "1"): 0.01,
    ("%", "1/yr"): 0.01,
    ("1", "1/yr"): 1,
    ("%/yr", "1/yr"): 0.01,
    ("kGBP", "GBP"): 1e3,
    ("GBP/dwelling", "GBP"): 1,
    ("GBP/MW", "GBP/kW"): 1e-3,
    ("p/kWh", "GBP/MWh"): 10,
    ("GBP/kWh", "GBP/MWh"): 1e3,
    ("GBP/kg", "GBP/t"): 1e3,
    ("g/kWh", "kg/kWh"): 1e-3,
    ("t/MWh", "kg/kWh"): 1,
    ("km", "m"): 1e3,
    ("W", "kW"): 1e-3,
    ("MW", "kW"): 1e3,
    ("MWh/yr", "kWh/yr"): 1e3,
    ("years", "yr"): 1,
}
