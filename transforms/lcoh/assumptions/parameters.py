"""Every parameter of the cost model: its name, its unit and its bounds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Final, Literal, TypeAlias, get_type_hints

import numpy as np
from numpy.typing import NDArray

from transforms.tables.words import DWELLING_TYPES, PROFILE_GROUPS

Floats: TypeAlias = float | NDArray[np.float64]
Carrier: TypeAlias = Literal["gas", "electricity"]

ANY: Final = "*"  # stands for every parameter of an item whose parameters are rows of data


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Unit and bounds of one parameter."""

    unit: str
    at_least: float = 0.0
    above: float = -math.inf
    at_most: float = math.inf
    below: float = math.inf
    whole: bool = False
    by_year: bool = False  # may be a series with one row a year; year 0 means all years

    @property
    def bounds(self) -> str:
        """The bounds in words."""
        words = [f"at least {self.at_least:g}"] if self.above < self.at_least else [f"above {self.above:g}"]
        words += [f"at most {self.at_most:g}"] if self.at_most < math.inf else []
        words += [f"below {self.below:g}"] if self.below < math.inf else []
        return " and ".join(words) + ("" if self.unit == "1" else f" {self.unit}")


def figures_of(record: type) -> dict[str, Limit]:
    """Return the declared parameters of a record such as `HeatNetwork`, by field name."""
    return _declared(record)


@cache  # reading annotations takes longer than costing a network
def _declared(record: type) -> dict[str, Limit]:
    return {name: hint.__metadata__[0] for name, hint in get_type_hints(record, include_extras=True).items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class IndividualSystem:
    """A heating system in one home. `efficiency` is useful heat over purchased energy, of a heat pump its SPF."""

    capital_gbp: Annotated[Floats, Limit(unit="GBP")]
    om_gbp_per_year: Annotated[Floats, Limit(unit="GBP/yr")]
    efficiency: Annotated[Floats, Limit(unit="1", above=0, at_most=15)]
    lifetime_years: Annotated[int, Limit(unit="yr", at_least=1, at_most=100, whole=True)]
    capital_gbp_per_kw: Annotated[Floats, Limit(unit="GBP/kW")] = 0.0
    """Capital of each kW above or below the size that `capital_gbp` buys."""
    least_kw: Annotated[Floats, Limit(unit="kW")] = 0.0
    """The smallest size on sale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignLoad:
    """Temperatures for which a system in one home is sized, and the demand of the home whose system costs `capital_gbp`."""

    indoor_c: Annotated[Floats, Limit(unit="degC", at_least=-50, at_most=50)]
    outdoor_c: Annotated[Floats, Limit(unit="degC", at_least=-50, at_most=50)]
    reference_demand_kwh: Annotated[Floats, Limit(unit="kWh/yr", above=0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatNetwork:
    """A heat network with one large heat pump; `_per_mwh` costs recur with the heat, the others once or by year."""

    lifetime_years: Annotated[int, Limit(unit="yr", at_least=1, at_most=100, whole=True)]
    distribution_loss_share: Annotated[Floats, Limit(unit="1", below=1)]
    parasitic_electricity_share: Annotated[Floats, Limit(unit="1", at_most=1)]
    heat_pump_capital_gbp_per_kw: Annotated[Floats, Limit(unit="GBP/kW")]
    heat_pump_om_gbp_per_kw_year: Annotated[Floats, Limit(unit="GBP/kW/yr")]
    heat_pump_om_share_of_capital: Annotated[Floats, Limit(unit="1/yr", at_most=1)]
    heat_pump_lifetime_years: Annotated[int, Limit(unit="yr", at_least=1, at_most=100, whole=True)]
    heat_pump_spf: Annotated[Floats, Limit(unit="1", above=0, at_most=15)]
    heat_pump_kw_per_dwelling: Annotated[Floats, Limit(unit="kW")]
    substation_kw_per_dwelling: Annotated[Floats, Limit(unit="kW")]
    substation_gbp_per_kw: Annotated[Floats, Limit(unit="GBP/kW")]
    main_pipe_m: Annotated[Floats, Limit(unit="m")]
    main_pipe_m_per_dwelling: Annotated[Floats, Limit(unit="m")]
    main_pipe_gbp_per_m: Annotated[Floats, Limit(unit="GBP/m")]
    internal_pipe_m_per_dwelling: Annotated[Floats, Limit(unit="m")]
    internal_pipe_gbp_per_m: Annotated[Floats, Limit(unit="GBP/m")]
    hiu_gbp_per_dwelling: Annotated[Floats, Limit(unit="GBP")]
    dwelling_meter_gbp: Annotated[Floats, Limit(unit="GBP")]
    building_meter_gbp: Annotated[Floats, Limit(unit="GBP")]
    building_meters: Annotated[Floats, Limit(unit="1")]
    pipe_om_gbp_per_mwh: Annotated[Floats, Limit(unit="GBP/MWh")]
    hiu_om_gbp_per_mwh: Annotated[Floats, Limit(unit="GBP/MWh")]
    meter_om_gbp_per_mwh: Annotated[Floats, Limit(unit="GBP/MWh")]
    labour_gbp_per_mwh: Annotated[Floats, Limit(unit="GBP/MWh")]
    connection_lifetime_years: Annotated[int, Limit(unit="yr", at_least=1, at_most=100, whole=True)]
    """Life of the heat interface unit and the heat meter of a home."""
    optimism_bias_share: Annotated[Floats, Limit(unit="1", at_most=5)]
    """Capital that early estimates leave out, over the estimate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSource:
    """Where a network's heat pump takes its heat from, and the ideal COP of the conditions that its SPF is stated for."""

    rated_lorenz_cop: Annotated[Floats, Limit(unit="1", above=1, at_most=100)]
    source_cooling_k: Annotated[Floats, Limit(unit="K", at_most=30)]
    source_c_of_heat: Annotated[Floats, Limit(unit="degC", at_least=-30, at_most=60)]
    """Mean temperature of the source over the hours, weighed by the heat that homes take."""
    source_c_of_loss: Annotated[Floats, Limit(unit="degC", at_least=-30, at_most=60)]
    """The same, weighed by what pipes lose: all hours alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantSizing:
    """Size of a network's heat pump."""

    heat_pump_share_of_peak: Annotated[Floats, Limit(unit="1", at_most=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakPlant:
    """A boiler of a network for the heat above its heat pump's output; `efficiency` is heat over purchased energy."""

    capital_gbp_per_kw: Annotated[Floats, Limit(unit="GBP/kW")]
    om_share_of_capital: Annotated[Floats, Limit(unit="1/yr", at_most=1)]
    efficiency: Annotated[Floats, Limit(unit="1", above=0, at_most=1.1)]
    lifetime_years: Annotated[int, Limit(unit="yr", at_least=1, at_most=100, whole=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThermalStore:
    """A tank of hot water beside a network's plant."""

    hours_of_heat_pump: Annotated[Floats, Limit(unit="h", at_most=24)]
    capital_gbp_per_kwh: Annotated[Floats, Limit(unit="GBP/kWh of store")]
    lifetime_years: Annotated[int, Limit(unit="yr", at_least=1, at_most=100, whole=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PipeLaw:
    """Temperatures, insulation, soil, diameter and cost of a network's buried pipes."""

    flow_c: Annotated[Floats, Limit(unit="degC", at_most=180)]
    return_c: Annotated[Floats, Limit(unit="degC", at_most=180)]
    ground_c: Annotated[Floats, Limit(unit="degC", at_least=-20, at_most=40)]
    insulation_w_per_m_k: Annotated[Floats, Limit(unit="W/m/K", above=0)]
    soil_w_per_m_k: Annotated[Floats, Limit(unit="W/m/K", above=0)]
    depth_m: Annotated[Floats, Limit(unit="m", above=0)]
    gap_m: Annotated[Floats, Limit(unit="m")]
    diameter_m_per_log: Annotated[Floats, Limit(unit="m")]
    diameter_m_at_1_gj_per_m: Annotated[Floats, Limit(unit="m")]
    least_gj_per_m: Annotated[Floats, Limit(unit="GJ/m", above=0)]
    least_diameter_m: Annotated[Floats, Limit(unit="m", above=0)]
    gbp_per_m: Annotated[Floats, Limit(unit="GBP/m")]
    gbp_per_m2: Annotated[Floats, Limit(unit="GBP/m2")]
    branch_diameter_m: Annotated[Floats, Limit(unit="m", above=0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PipeSize:
    """One size of pre-insulated pipe."""

    inner_m: Annotated[Floats, Limit(unit="m", above=0)]
    steel_m: Annotated[Floats, Limit(unit="m", above=0)]
    casing_m: Annotated[Floats, Limit(unit="m", above=0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadFigures:
    """Diversity, design winter and heat loss of many homes, beside their load by day."""

    profile_homes: Annotated[Floats, Limit(unit="homes", at_least=1)]
    diversity_settled_share: Annotated[Floats, Limit(unit="1", above=0, at_most=1)]
    diversity_exponent: Annotated[Floats, Limit(unit="1", above=0)]
    design_over_year_peak: Annotated[Floats, Limit(unit="1", above=0)]
    heat_loss_w_per_k_per_mwh: Annotated[Floats, Limit(unit="W/K/MWh", above=0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class CopCurve:
    """COP of a heat pump on the test stand, a parabola of the lift from source to sink, and its field correction."""

    at_no_lift: Annotated[Floats, Limit(unit="1", above=0)]
    fall_per_k: Annotated[Floats, Limit(unit="1/K", above=0)]
    curvature_per_k2: Annotated[Floats, Limit(unit="1/K2", above=0)]
    least_lift_k: Annotated[Floats, Limit(unit="K")]
    field_correction: Annotated[Floats, Limit(unit="1", above=0, at_most=1.5)]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatPumpSink:
    """Temperature of the water that leaves a heat pump: by the weather for space heating, constant for hot water."""

    space_flow_at_0_c: Annotated[Floats, Limit(unit="degC", above=0, at_most=90)]
    space_flow_fall_per_k: Annotated[Floats, Limit(unit="1", at_most=5)]
    hot_water_c: Annotated[Floats, Limit(unit="degC", above=0, at_most=90)]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundSource:
    """Depth and properties of the ground around a ground-source heat pump."""

    depth_m: Annotated[Floats, Limit(unit="m", at_most=200)]
    diffusivity_m2_per_s: Annotated[Floats, Limit(unit="m2/s", above=0)]
    brine_below_ground_k: Annotated[Floats, Limit(unit="K", at_most=20)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceLoad:
    """The heat load that stands in where none was measured: degree days and hot water."""

    base_temperature_c: Annotated[Floats, Limit(unit="degC", above=0, at_most=30)]
    hot_water_share: Annotated[Floats, Limit(unit="1", below=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cooking:
    """Gas of a home's hob, which a gas meter does not separate from the gas of its boiler."""

    gas_kwh_per_year: Annotated[Floats, Limit(unit="kWh/yr", at_most=10_000)]
    gas_stays_share: Annotated[Floats, Limit(unit="1", at_most=1)]
    """Share of homes that keep a gas hob, and pay the standing charge, after their heating has left gas."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """Values for every system: the paper's discount rate, the first year of operation and the price year."""

    discount_rate: Annotated[Floats, Limit(unit="1/yr", at_most=1)]
    start_year: Annotated[int, Limit(unit="yr", at_least=1990, at_most=2100, whole=True)]
    price_base_year: Annotated[int, Limit(unit="yr", at_least=1955, at_most=2100, whole=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class GreenBook:
    """The social time preference rate, which steps down with the years after the investment."""

    rate_to_year_30: Annotated[Floats, Limit(unit="1/yr", at_most=1)]
    rate_to_year_75: Annotated[Floats, Limit(unit="1/yr", at_most=1)]
    rate_after_year_75: Annotated[Floats, Limit(unit="1/yr", at_most=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateFinance:
    """Discount rate of private investors, in real terms before tax."""

    commercial_rate: Annotated[Floats, Limit(unit="1/yr", at_most=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkFinance:
    """How fast homes join a network that is built as an investment."""

    connection_years: Annotated[int, Limit(unit="yr", at_least=1, at_most=50, whole=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vat:
    """Value added tax of homes, as a share of the price without it."""

    on_energy: Annotated[Floats, Limit(unit="1", at_most=1)]
    on_heat: Annotated[Floats, Limit(unit="1", at_most=1)]
    on_gas_boiler: Annotated[Floats, Limit(unit="1", at_most=1)]
    on_ashp: Annotated[Floats, Limit(unit="1", at_most=1)]
    on_gshp: Annotated[Floats, Limit(unit="1", at_most=1)]
    on_upkeep: Annotated[Floats, Limit(unit="1", at_most=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetailRule:
    """Retail prices of the year that derived ones start from, without VAT and standing charge, in parts where known."""

    anchor_year: Annotated[int, Limit(unit="yr", at_least=1990, at_most=2100, whole=True)]
    electricity_residential_other: Annotated[Floats, Limit(unit="GBP/MWh")]
    """Networks, levies and margin."""
    electricity_residential_commodity: Annotated[Floats, Limit(unit="GBP/MWh")]
    """Energy and capacity."""
    gas_residential: Annotated[Floats, Limit(unit="GBP/MWh")]
    electricity_services: Annotated[Floats, Limit(unit="GBP/MWh")]
    gas_services: Annotated[Floats, Limit(unit="GBP/MWh")]


INDIVIDUAL_SYSTEMS: Final[dict[str, Carrier]] = {"gas_boiler": "gas", "ashp": "electricity", "gshp": "electricity"}
HEAT_PUMPS: Final = tuple(system for system, carrier in INDIVIDUAL_SYSTEMS.items() if carrier == "electricity")
NETWORK: Final = "network"
NETWORK_SOURCE: Final = "network_source"
COOKING: Final = "cooking"
TARIFFS: Final = ("residential", "services", "industrial")
CARBON_VALUES: Final = ("low", "central", "high")

PRICE: Final = "price_gbp_per_mwh"
GRANT: Final = "grant_gbp"  # paid towards the first heat pump of a home
STANDING_CHARGE: Final = "standing_charge_gbp_per_year"
RETAIL_RULE: Final = "retail_rule"
CARBON_PRICE: Final = "price_gbp_per_tonne"
HOURLY_SPF: Final = "hourly_spf"  # of a heat pump whose COP follows the hours, with the load of all homes
SPF_ITEMS: Final = {pump: f"{pump}_hourly_spf" for pump in HEAT_PUMPS}  # the same by dwelling type, where measured
CARBON_INTENSITY: Final = "carbon_intensity_kg_per_kwh"
MARGINAL_INTENSITY: Final = "carbon_intensity_marginal_kg_per_kwh"  # of one kWh more, in the long run
SUPPLY_CARBON_ITEM: Final = "carbon_electricity_supply"  # what generators pay, and electricity prices contain
LEVY: Final = ("climate_change_levy", "levy_gbp_per_mwh")
DEFLATOR: Final = ("gdp_deflator", "index")
SCALE_ITEM: Final = "network_scale"
PAPER_DEMAND_ITEM: Final = "paper_demand"
STOCK_SHARE_ITEM: Final = "stock_share"
PEAK_PLANTS: Final[dict[str, Carrier]] = {"electric_boiler": "electricity", "gas_boiler": "gas"}
PIPE_SIZES: Final = tuple(f"pipe_dn_{dn:03d}" for dn in (20, 25, 32, 40, 50, 65, 80, 100, 125, 150, 200, 250, 300))
LOAD_DAYS: Final = tuple(f"load_day_{n:02d}" for n in range(1, 15))  # groups of like days, the highest load first
HIGHEST_HOURS: Final = tuple(f"highest_{rank:02d}" for rank in range(1, 25))  # hours of a day by their load
SINGLE_GROUPS: Final = tuple(name for name in PROFILE_GROUPS if name != "all")


def _known_figures() -> dict[tuple[str, str], Limit]:
    price = Limit(unit="GBP/MWh", by_year=True)
    intensity = Limit(unit="kg/kWh", by_year=True)
    demand = Limit(unit="kWh/yr", above=0)
    share = Limit(unit="1", at_most=1)
    carbon = Limit(unit="GBP/t", by_year=True)
    records: dict[str, type] = {
        NETWORK: HeatNetwork,
        "study": Study,
        COOKING: Cooking,
        "green_book": GreenBook,
        "private": PrivateFinance,
        "network_finance": NetworkFinance,
        "heat_pump_cop_air": CopCurve,
        "heat_pump_cop_ground": CopCurve,
        "heat_pump_sink": HeatPumpSink,
        "ground_source": GroundSource,
        "reference_load": ReferenceLoad,
        "vat": Vat,
        "design_load": DesignLoad,
        NETWORK_SOURCE: NetworkSource,
        "network_plant": PlantSizing,
        "network_store": ThermalStore,
        "pipe": PipeLaw,
        "load": LoadFigures,
        RETAIL_RULE: RetailRule,
    }
    records |= dict.fromkeys(INDIVIDUAL_SYSTEMS, IndividualSystem) | dict.fromkeys(PIPE_SIZES, PipeSize)
    records |= {f"network_{plant}": PeakPlant for plant in PEAK_PLANTS}
    carriers = sorted(set(INDIVIDUAL_SYSTEMS.values()))
    return (
        {(item, name): figure for item, record in records.items() for name, figure in figures_of(record).items()}
        | {(f"{carrier}_{tariff}", PRICE): price for carrier in carriers for tariff in TARIFFS}
        | {(f"wholesale_{carrier}", PRICE): price for carrier in carriers}
        | {(system, GRANT): Limit(unit="GBP") for system in HEAT_PUMPS}
        | {("gas_residential", STANDING_CHARGE): Limit(unit="GBP/yr", by_year=True)}
        | {(carrier, CARBON_INTENSITY): intensity for carrier in carriers}
        | {("electricity", MARGINAL_INTENSITY): intensity}
        | {("carbon", CARBON_PRICE): carbon, (SUPPLY_CARBON_ITEM, CARBON_PRICE): carbon}
        | {(f"carbon_value_{level}", CARBON_PRICE): carbon for level in CARBON_VALUES}
        | {LEVY: Limit(unit="GBP/MWh"), DEFLATOR: Limit(unit="1", above=0, by_year=True)}
        | {("boiler_stock", "efficiency"): Limit(unit="1", above=0, at_most=1)}
        | {("boiler_stock", "remaining_life_years"): Limit(unit="yr", at_most=100, whole=True)}
        | {(f"field_trial_{source}", ANY): Limit(unit="1", above=0, at_most=15) for source in ("air", "ground")}
        | {(system, HOURLY_SPF): Limit(unit="1", above=0, at_most=15) for system in SPF_ITEMS}
        | {(item, of): Limit(unit="1", above=0, at_most=15) for item in SPF_ITEMS.values() for of in SINGLE_GROUPS}
        | {(PAPER_DEMAND_ITEM, dwelling_type): demand for dwelling_type in (*DWELLING_TYPES, "all")}
        | {(STOCK_SHARE_ITEM, dwelling_type): share for dwelling_type in DWELLING_TYPES}
        | {(day, "days_per_year"): Limit(unit="d/yr", above=0) for day in LOAD_DAYS}
        | {(day, hour): Limit(unit="1") for day in LOAD_DAYS for hour in HIGHEST_HOURS}
        | {(SCALE_ITEM, ANY): Limit(unit="dwellings", at_least=1, whole=True)}
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
