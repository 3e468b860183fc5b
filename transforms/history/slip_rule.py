"""The factors between the units of suppliers, and the bounds by which a change of a home's level is a slip of units."""

from __future__ import annotations

from dataclasses import dataclass

from transforms.readings.declaration import GasConversion
from transforms.tables.rules import bound

KWH_PER_M3 = GasConversion().kwh_per_m3
M3_PER_100_FT3 = 2.8316846592
FACTORS = (KWH_PER_M3, M3_PER_100_FT3, 100.0, 1000.0)  # m3 as kWh, 100 ft3 as m3, 10 Wh and Wh as kWh


@dataclass(frozen=True, slots=True, kw_only=True)
class SlipRule:
    """When a change of level is a slip of units; tolerances are of natural logarithms."""

    days: int = bound(
        14, unit="d", status="own choice", source="days before and from a change: enough that one odd week is none"
    )
    active_days_min: int = bound(
        7, unit="d", status="own choice", source="days with gas among them: a level needs something to be told by"
    )
    tolerance: float = bound(
        0.4,
        unit="1",
        status="own choice",
        source="a fortnight's ratio of bursty days scatters by 0.15; 300 Flemish homes, docs/decisions/0009",
    )
    witnessed_tolerance: float = bound(
        0.8, unit="1", status="own choice", source="where the step tells the factor; summer's fortnights scatter more"
    )
    step_tolerance: float = bound(
        0.15, unit="1", status="own choice", source="steps are written to 0.001 kWh: 0.0112 may read 0.011 or 0.012"
    )
    resolution_kwh: float = bound(
        0.001, unit="kWh", status="own choice", source="digits of the deliveries: a step below two of them is not told"
    )
    unwitnessed_factor_min: float = bound(
        11, unit="1", status="own choice", source="real homes triple their use often, and change it elevenfold rarely"
    )
    crushing_factor_min: float = bound(
        100, unit="1", status="own choice", source="such a factor leaves readings too small to be written down"
    )
    crushed_kwh: float = bound(
        0.02, unit="kWh", status="own choice", source="largest reading of a day of them: a thousandth of 20 kWh"
    )
    same_change_days: int = bound(14, unit="d", status="own choice", source="as long as the window that sees a change")
    common_step_tolerance: float = bound(
        0.05,
        unit="1",
        status="own choice",
        source="parts the steps of metric and imperial meters, and 0.010 from 0.011",
    )
    common_step_share: float = bound(
        0.05, unit="1", status="own choice", source="share of homes that make a meter's step one of the trial's"
    )
    level_log_sd: float = bound(
        0.6, unit="1", status="derived", source="between homes of a type, SERL 0.50 to 0.61; Flemish meters 0.70"
    )
    wrong_share: float = bound(0.02, unit="1", status="own choice", source="of homes, that start in a wrong unit")
    wrong_days: float = bound(200, unit="d", status="own choice", source="mean time until a wrong unit is put right")
    homes_min: int = bound(10, unit="1", status="own choice", source="homes that a usual level or step rests on")


SLIP = SlipRule()
