"""A network sized by its load, once more: plain loops over days and hours, one number at a time."""

import math
from collections.abc import Callable
from dataclasses import dataclass

Get = Callable[[str, str], float]  # item and parameter to the figure in prices of 2018
SIZES = (20, 25, 32, 40, 50, 65, 80, 100, 125, 150, 200, 250, 300)


@dataclass
class Plain:
    """Results of the second implementation: capital by part and life, heat and energy of a year."""

    capital: dict[str, tuple[float, int]]  # GBP, years
    upkeep_gbp: float
    loss_kw: float
    peak_kw: float
    heat_pump_kw: float
    heat_pump_mwh: float
    peak_plant_mwh: float


def between(x: float, xs: list[float], ys: list[float]) -> float:
    if x <= xs[0]:
        return ys[0]
    for i in range(1, len(xs)):
        if x <= xs[i]:
            return ys[i - 1] + (ys[i] - ys[i - 1]) * (x - xs[i - 1]) / (xs[i] - xs[i - 1])
    return ys[-1]


def loss_of_a_metre(get: Get, inner_m: float) -> float:
    """Flow and return pipe, W/m."""
    inner = [get(f"pipe_dn_{dn:03d}", "inner_m") for dn in SIZES]
    steel = between(inner_m, inner, [get(f"pipe_dn_{dn:03d}", "steel_m") for dn in SIZES])
    casing = between(inner_m, inner, [get(f"pipe_dn_{dn:03d}", "casing_m") for dn in SIZES])
    foam, soil, depth = get("pipe", "insulation_w_per_m_k"), get("pipe", "soil_w_per_m_k"), get("pipe", "depth_m")
    resistance = math.log(casing / steel) / (2 * math.pi * foam) + math.log(4 * depth / casing) / (2 * math.pi * soil)
    resistance += math.log(1 + (2 * depth / (casing + get("pipe", "gap_m"))) ** 2) / (4 * math.pi * soil)
    flow, back, ground = get("pipe", "flow_c"), get("pipe", "return_c"), get("pipe", "ground_c")
    return ((flow - ground) + (back - ground)) / resistance


def days_of(get: Get) -> list[tuple[float, list[float]]]:
    """Days a year of each group and its hourly loads, scaled so that the mean of the year is one."""
    groups = [
        (
            get(f"load_day_{n:02d}", "days_per_year"),
            [get(f"load_day_{n:02d}", f"highest_{h:02d}") for h in range(1, 25)],
        )
        for n in range(1, 15)
    ]
    mean = sum(days * sum(load) for days, load in groups) / sum(24 * days for days, _ in groups)
    return [(days, [x / mean for x in load]) for days, load in groups]


def build(
    get: Get,
    dwellings: float,
    demand_kwh: float,
    *,
    boiler: str = "electric_boiler",
    trench_m: float | None = None,
    run_kwh: float | None = None,
) -> Plain:
    """Size a network for its demand and run it for a year, at `run_kwh` if another; `trench_m` is main pipe and link together."""
    heat_kwh = demand_kwh * dwellings
    mean_kw = heat_kwh / 8760
    main_m = get("network", "main_pipe_m_per_dwelling") * dwellings if trench_m is None else trench_m
    gj_per_m = heat_kwh / 1000 * 3.6 / max(main_m, 1)
    wide_m = get("pipe", "least_diameter_m")
    if gj_per_m >= get("pipe", "least_gj_per_m"):
        fitted = get("pipe", "diameter_m_per_log") * math.log(gj_per_m) + get("pipe", "diameter_m_at_1_gj_per_m")
        wide_m = max(wide_m, fitted)
    branch_m = get("network", "internal_pipe_m_per_dwelling") * dwellings
    loss_kw = (
        main_m * loss_of_a_metre(get, wide_m) + branch_m * loss_of_a_metre(get, get("pipe", "branch_diameter_m"))
    ) / 1000

    days = days_of(get)
    highest = max(max(load) for _, load in days)
    settled, homes = get("load", "diversity_settled_share"), get("load", "profile_homes")
    spread = (settled + (1 - settled) / dwellings) / (settled + (1 - settled) / homes)
    peak_kw = highest * spread * get("load", "design_over_year_peak") * mean_kw
    heat_pump_kw = get("network_plant", "heat_pump_share_of_peak") * (peak_kw + loss_kw)
    store_kwh = get("network_store", "hours_of_heat_pump") * heat_pump_kw

    cold = next(load for _, load in days if max(load) == highest)
    cold_kw = sorted((peak_kw * x / highest for x in cold), reverse=True)
    firm_kw = sum(cold_kw) / 24
    for j in range(1, 25):
        firm_kw = max(firm_kw, (sum(cold_kw[:j]) - store_kwh) / j)
    peak_plant_kw = max(firm_kw + loss_kw - heat_pump_kw, 0)

    if run_kwh is not None:
        heat_kwh, mean_kw = run_kwh * dwellings, run_kwh * dwellings / 8760
    spare_kw = max(heat_pump_kw - loss_kw, 0)
    unserved_kwh = 0.0
    for n, load in days:
        above = sum(max(x * mean_kw - spare_kw, 0) for x in load)
        free = sum(max(spare_kw - x * mean_kw, 0) for x in load)
        unserved_kwh += n * (above - min(above, free, store_kwh))
    year_kwh = sum(n * sum(load) for n, load in days) * mean_kw
    made_mwh = (min(loss_kw, heat_pump_kw) * 8760 + (1 - unserved_kwh / year_kwh) * heat_kwh) / 1000
    produced_mwh = heat_kwh / 1000 + loss_kw * 8.76

    per_metre = get("pipe", "gbp_per_m") + get("pipe", "gbp_per_m2") * wide_m
    peak_gbp = peak_plant_kw * get(f"network_{boiler}", "capital_gbp_per_kw")
    pump_gbp = heat_pump_kw * get("network", "heat_pump_capital_gbp_per_kw")
    connections = (get("network", "hiu_gbp_per_dwelling") + get("network", "dwelling_meter_gbp")) * dwellings
    connections += get("network", "building_meters") * get("network", "building_meter_gbp")
    lasting = main_m * per_metre + branch_m * get("network", "internal_pipe_gbp_per_m")
    lasting += peak_kw * get("network", "substation_gbp_per_kw")
    dearer = 1 + get("network", "optimism_bias_share")
    return Plain(
        capital={
            "lasting": (lasting * dearer, int(get("network", "lifetime_years"))),
            "heat_pump": (pump_gbp * dearer, int(get("network", "heat_pump_lifetime_years"))),
            "connections": (connections * dearer, int(get("network", "connection_lifetime_years"))),
            "peak_plant": (peak_gbp * dearer, int(get(f"network_{boiler}", "lifetime_years"))),
            "store": (
                store_kwh * get("network_store", "capital_gbp_per_kwh") * dearer,
                int(get("network_store", "lifetime_years")),
            ),
        },
        upkeep_gbp=get("network", "heat_pump_om_share_of_capital") * pump_gbp
        + get(f"network_{boiler}", "om_share_of_capital") * peak_gbp,
        loss_kw=loss_kw,
        peak_kw=peak_kw,
        heat_pump_kw=heat_pump_kw,
        heat_pump_mwh=made_mwh,
        peak_plant_mwh=produced_mwh - made_mwh,
    )
