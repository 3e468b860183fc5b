"""Costs of areas: networks by mapped pipe, systems in homes, the price that bought heat may have, and clusters."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.example_areas import ASSUMPTIONS, FIGURES, NO_MEANS, PAPER, means, measured, write_area_folder
from transforms.areas.costs import (
    FREE_HEAT,
    AreaLens,
    NetworkCost,
    cheapest,
    cost_in_homes,
    cost_networks,
    load_of_mix,
    main_pipe_gbp_per_mwh,
)
from transforms.areas.demand import HomeDemand
from transforms.areas.heat import peak_kw
from transforms.areas.tables import make_area_tables
from transforms.lcoh.assumptions.scenarios import scenario_figures
from transforms.lcoh.model.conventions import find_convention
from transforms.lcoh.model.load_shape import LoadShape
from transforms.lcoh.model.places import BoughtHeat, Place
from transforms.lcoh.model.what_if import Case, Change, build
from transforms.tables.areas import AREA_CLUSTER, AREA_HEAT, AREA_HOME_DEMAND, AREA_LCOH, AREA_TABLES
from transforms.tables.words import DWELLING_TYPES
from warehouse.areas.folder import read_area_folder
from warehouse.cost_figures import read_assumptions

VALUES = scenario_figures(ASSUMPTIONS, "eep2019")
LENS = AreaLens.with_mapped_pipe(VALUES, scenario="eep2019", convention="best_practice")
LONDON_MIX = np.array([208_111, 636_030, 727_677, 0, 1_852_023]) / 3_423_841


def place(homes: float, *, link_m: float = 0.0, main_m_per_home: float = 3.9) -> Place:
    """Return a place with a main pipe of so many metres a home."""
    count = np.array([[[float(homes)]]])
    return Place(homes={"all": count}, main_pipe_m=main_m_per_home * count, link_pipe_m=link_m)


def highest_price(homes: float, *, link_m: float, main_m_per_home: float = 3.9) -> float:
    """Return the highest price of bought heat for London's mix of homes."""
    mix = LONDON_MIX[None, :] * homes
    network = cost_networks(LENS, mix, PAPER, place(homes, link_m=link_m, main_m_per_home=main_m_per_home))
    return float(network.highest_heat_price(cheapest(cost_in_homes(LENS, mix, PAPER))[0]).item())


def tables_of(folder: Path, **given: object) -> dict[str, pl.DataFrame]:
    """Return all tables of the areas of a folder."""
    reference = read_area_folder(write_area_folder(folder)).reference
    found = make_area_tables(
        reference, given.get("of", NO_MEANS), ASSUMPTIONS, FIGURES, scenario="eep2019", convention="best_practice"
    )
    return {table.name: frame for table, frame in found.items()}


def test_at_the_highest_heat_price_both_cost_the_same() -> None:
    homes = 500
    mix = LONDON_MIX[None, :] * homes
    where = place(homes, link_m=800)
    network = cost_networks(LENS, mix, PAPER, where)
    reference = cheapest(cost_in_homes(LENS, mix, PAPER))[0]
    price = float(network.highest_heat_price(reference).item())
    buys = replace(
        where, load=load_of_mix(mix, PAPER), bought_heat=BoughtHeat(price_gbp_per_mwh=price, co2_kg_per_mwh=0.0)
    )
    kwh = float(PAPER.heat_kwh @ LONDON_MIX)
    cost = build(Case(figures=VALUES, convention=LENS.convention, system="network", demand_kwh=kwh, place=buys)).cost()
    assert float(np.asarray(cost.total).item()) == pytest.approx(float(reference[0]), abs=1e-6)
    assert price > 0


def test_the_highest_heat_price_falls_with_distance_and_rises_with_homes() -> None:
    by_distance = [highest_price(300, link_m=metres) for metres in (0, 500, 1000, 3000, 10_000)]
    assert by_distance == sorted(by_distance, reverse=True)
    assert len(set(by_distance)) == 5
    by_homes = [highest_price(homes, link_m=1000) for homes in (100, 300, 1000, 5000)]
    assert by_homes == sorted(by_homes)
    dense = [highest_price(homes, link_m=1000, main_m_per_home=1.6) for homes in (100, 1000)]
    assert dense == pytest.approx([35, 45], abs=2.5)


@cache
def one_km_away(number: int, *choices: tuple[str, str], base_year: int = 2018) -> dict[str, float]:
    """Return the highest price of heat from 1 km away, and its parts [GBP/MWh], by the convention with some changes."""
    given = read_assumptions(settings=[f"study.price_base_year={base_year}"], scenario="eep2019")
    lens = replace(
        LENS, figures=scenario_figures(given, "eep2019"), convention=replace(LENS.convention, **dict(choices))
    )
    mix, where = LONDON_MIX[None, :] * number, place(number, link_m=1000, main_m_per_home=1.6)
    network = cost_networks(lens, mix, PAPER, where)
    reference = float(cheapest(cost_in_homes(lens, mix, PAPER))[0].item())
    bought = replace(where, load=load_of_mix(mix, PAPER), bought_heat=FREE_HEAT)
    kwh = np.array([[[float(PAPER.heat_kwh @ LONDON_MIX)]]])
    case = Case(figures=lens.figures, convention=lens.convention, system="network", demand_kwh=kwh, place=bought)
    built = build(case)
    in_homes = build(replace(case, system="ashp", demand_kwh=PAPER.heat_kwh, dwelling_types=DWELLING_TYPES))
    weight = PAPER.heat_kwh * LONDON_MIX / kwh.item()
    bill = float(weight @ in_homes.value(in_homes.flows()).fuel) - float(built.value(built.flows()).fuel.item())
    made = float(network.per_gbp_of_heat_price.item())
    gbp_per_m = np.asarray(built.own.trench_gbp_per_m).item()
    return {
        "price": (reference - float(network.with_free_heat.item())) / made,
        "link": float(network.main_pipe_gbp_per_mwh.item()) * 1000 / (1.6 * number),
        "gbp_per_m": gbp_per_m,
        "loss": made - 1,
        "spf": float(np.mean(in_homes.own.efficiency)),
        "electricity": 0.1 * bill / made,
    }


def test_the_page_names_the_highest_price_of_heat_from_1_km_away_and_its_reasons() -> None:
    page = " ".join((Path(__file__).parents[2] / "docs" / "heat-map.md").read_text(encoding="utf-8").split())
    few, many = one_km_away(100), one_km_away(1000)
    paper = (("pipe_cost", "per_metre"), ("loss_rule", "share_of_produced"))
    flat = [one_km_away(number, *paper) for number in (100, 1000)]
    even = [one_km_away(number, ("spf", "constant")) for number in (100, 1000)]
    moves = [one["price"] - ours["price"] for one, ours in zip(even, (few, many), strict=True)]
    today = [one_km_away(number, base_year=2025)["price"] for number in (100, 1000)]
    for sentence in (
        f"may cost {few['price']:.1f} GBP/MWh for 100 homes and {many['price']:.1f} for 1,000",
        f"electricity 10 % dearer by +{few['electricity']:.1f} and +{many['electricity']:.1f}",
        f"an SPF of {even[0]['spf']:.1f} in homes in place of {few['spf']:.2f} by {moves[0]:.1f} and {moves[1]:.1f}",
        f"money of 2025 to {today[0]:.1f} and {today[1]:.1f}",
        f"the link is {few['link']:.1f} GBP/MWh for 100 homes and {many['link']:.1f} for 1,000",
        f"at {few['gbp_per_m']:.0f} and {many['gbp_per_m']:.0f} GBP/m by its diameter",
        f"pipes lose {few['loss']:.2f} and {many['loss']:.2f} MWh for each MWh delivered",
        f"the numbers are {flat[0]['price']:.1f} and {flat[1]['price']:.1f}",
        f"{flat[1]['price'] - flat[0]['price']:.1f} apart in place of our {many['price'] - few['price']:.1f}",
    ):
        assert sentence in page


def test_the_grant_closes_the_gap() -> None:
    mix = LONDON_MIX[None, :] * 400
    network = cost_networks(LENS, mix, PAPER, place(400))
    reference = cheapest(cost_in_homes(LENS, mix, PAPER))[0]
    grant = float(network.grant_to_match(reference).item())
    where = replace(place(400), load=load_of_mix(mix, PAPER))
    kwh = float(PAPER.heat_kwh @ LONDON_MIX)
    built = build(Case(figures=VALUES, convention=LENS.convention, system="network", demand_kwh=kwh, place=where))
    with_grant = built.cost(Change(grant_gbp_per_dwelling=grant)).total
    assert float(np.asarray(with_grant).item()) == pytest.approx(float(reference[0]), abs=1e-6)
    assert float(network.grant_to_match(np.array([[[1e6]]])).item()) == 0.0


@pytest.mark.parametrize(
    ("convention", "published"),
    [("wang2018_delivered", (13.1, 2.6, 0.44, 0.07)), ("wang2018", (10.5, 2.1, 0.35, 0.05))],
)
def test_the_papers_fixed_thousand_metres(convention: str, published: tuple[float, ...]) -> None:
    case = Case(
        figures=scenario_figures(ASSUMPTIONS, "paper_fit"),
        convention=find_convention(convention),
        system="network",
        demand_kwh=np.full(4, 15_200.0),
        place=Place.of_homes(np.array([100.0, 500, 3000, 20_000])),
    )
    shown = [round(float(value), 1 if value > 1 else 2) for value in main_pipe_gbp_per_mwh(build(case))]
    assert shown == list(published)


def test_the_mapped_pipe_costs_its_metres() -> None:
    short, long = (
        cost_networks(LENS, LONDON_MIX[None, :] * 1000, PAPER, place(1000, main_m_per_home=metres))
        for metres in (2.0, 8.0)
    )
    assert float(long.main_pipe_gbp_per_mwh.item()) > 2 * float(short.main_pipe_gbp_per_mwh.item())
    assert float(long.lcoh.item()) - float(short.lcoh.item()) > float(
        (long.main_pipe_gbp_per_mwh - short.main_pipe_gbp_per_mwh).item()
    )  # longer pipes lose more heat too


def test_plant_is_sized_by_the_peak_of_the_areas_own_mix() -> None:
    demand = measured()
    mixes = np.array([[500.0, 0, 0, 0, 0], [0, 0, 0, 0, 500.0]])
    mean_kw = mixes @ demand.heat_kwh / 8760
    shape = load_of_mix(mixes, demand)
    over_mean = np.asarray(shape.peak_over_mean(np.full((2, 1, 1), 500.0))).ravel() * shape.design_over_year_peak
    assert over_mean * mean_kw == pytest.approx(peak_kw(mixes, demand)[1])


def seasonal_demand() -> HomeDemand:
    """Return measured demands with other hours for each type: flats are even, houses peak in winter, all with noise."""
    hours = np.arange(365 * 24)
    draw = np.random.default_rng(16)
    reach = np.array([0.9, 0.8, 0.7, 0.85, 0.1])
    load = 1 + reach * np.cos(2 * np.pi * hours[:, None] / len(hours)) + draw.uniform(0, 1, (len(hours), 5))
    known = measured()
    return replace(known, hours_kwh=load / load.sum(axis=0) * known.heat_kwh)


def test_the_load_of_each_area_is_that_of_its_own_mix() -> None:
    demand = seasonal_demand()
    mixes = np.array([[500.0, 20, 0, 0, 0], [0, 0, 0, 0, 500.0], [30, 60, 90, 5, 200]])
    together = load_of_mix(mixes, demand)
    capacity, store = np.array([[[0.6, 1.4]]]), np.array([[[0.0, 2.0]]])
    for at, mix in enumerate(mixes):
        alone = LoadShape.from_hours(demand.hours_kwh @ mix)
        assert together.load[at, 0, 0] == pytest.approx(alone.load)
        shares = together.covered_share(capacity, store_hours=store)[at]
        assert shares == pytest.approx(alone.covered_share(capacity, store_hours=store)[0])
        firm = together.firm_capacity(capacity * 3, store_hours=store)[at]
        assert firm == pytest.approx(alone.firm_capacity(capacity * 3, store_hours=store)[0])
    houses, flats, _ = together.covered_share(1.4)[:, 0, 0]
    assert flats - houses > 0.02


def test_types_that_peak_at_other_hours_peak_together_as_by_hand() -> None:
    """200 flats that peak in the morning and 100 detached houses in the evening: 700 kW, below the 600 and 500 of each."""
    flat, detached = np.ones(24), np.ones(24)
    flat[7], detached[18] = 3.0, 5.0
    hours = np.ones((24, len(DWELLING_TYPES)))
    hours[:, DWELLING_TYPES.index("flat")], hours[:, DWELLING_TYPES.index("detached")] = flat, detached
    hours = np.tile(hours, (365, 1))
    demand = replace(
        measured(),
        hours_kwh=hours,
        heat_kwh=hours.sum(axis=0),
        hours_of=tuple(str(n) for n in range(len(DWELLING_TYPES))),
    )
    mix = np.array([[{"flat": 200.0, "detached": 100.0}.get(name, 0.0) for name in DWELLING_TYPES]])
    shape = load_of_mix(mix, demand)
    mean_kw = (200 * 26 + 100 * 28) / 24
    assert shape.load.max() == pytest.approx(700 / mean_kw)
    peak = float(np.asarray(shape.peak_over_mean(300.0)).item())
    assert peak == pytest.approx(700 / mean_kw * float(demand.peak.at(np.array(300.0))[1]))
    where = Place(homes={"all": np.array([[[300.0]]])}, main_pipe_m=3_000.0, load=shape)
    heat_kwh = (mix @ demand.heat_kwh / 300.0)[:, None, None]
    case = Case(figures=VALUES, convention=LENS.convention, system="network", demand_kwh=heat_kwh, place=where)
    own = build(case).own
    assert np.asarray(own.substation_kw).item() == pytest.approx(peak * mean_kw * shape.design_over_year_peak)


def test_areas_costed_together_have_the_cost_of_each_alone() -> None:
    demand = seasonal_demand()
    mixes = np.array([[500.0, 20, 0, 0, 0], [0, 0, 0, 0, 500.0], [30, 60, 90, 5, 200]])
    number = mixes.sum(axis=1)[:, None, None]
    together = cost_networks(LENS, mixes, demand, Place(homes={"all": number}, main_pipe_m=4 * number))
    alone = [cost_networks(LENS, mix[None, :], demand, place(mix.sum(), main_m_per_home=4)) for mix in mixes]
    for name in NetworkCost.__dataclass_fields__:
        assert getattr(together, name).ravel() == pytest.approx([getattr(one, name).item() for one in alone]), name


def test_one_profile_of_all_types_is_one_load_through_the_year() -> None:
    mixes = np.array([[500.0, 20, 0, 0, 0], [0, 0, 0, 0, 500.0]])
    assert load_of_mix(mixes, PAPER).load.shape[:3] == (1, 1, 1)
    assert load_of_mix(mixes, measured()).load.shape[:3] == (2, 1, 1)


def test_systems_in_homes_are_weighed_by_heat() -> None:
    one = {name: cost_in_homes(LENS, np.eye(5)[[k]], PAPER)["ashp"] for k, name in enumerate(DWELLING_TYPES)}
    mixed = cost_in_homes(LENS, np.array([[10.0, 0, 0, 0, 30.0]]), PAPER)["ashp"]
    heat = {"detached": 10 * 18_600, "flat": 30 * 10_400}
    expected = sum(heat[name] * float(one[name].lcoh[0]) for name in heat) / sum(heat.values())
    assert float(mixed.lcoh[0]) == pytest.approx(expected)
    assert float(mixed.capital_gbp[0]) == pytest.approx(
        (10 * float(one["detached"].capital_gbp[0]) + 30 * float(one["flat"].capital_gbp[0])) / 40
    )


def test_the_cheapest_system_can_be_asked_for_without_some() -> None:
    costs = cost_in_homes(LENS, LONDON_MIX[None, :], PAPER)
    assert cheapest(costs)[1] == ["ashp"]
    lowest, names = cheapest(costs, without=["ashp"])
    assert names == ["gshp"]
    assert lowest[0] > cheapest(costs)[0][0]
    with pytest.raises(ValueError, match="no system in a home is left"):
        cheapest(costs, without=list(costs))


def test_every_area_is_costed_by_every_rule_and_share(tmp_path: Path) -> None:
    tables = tables_of(tmp_path)
    assert set(tables) == {table.name for table in AREA_TABLES}
    costs = tables["area_lcoh"]
    assert len(costs) == 12 * (3 + 2 * 3)
    networks = costs.filter(system="network")
    assert networks["convention"].unique().to_list() == ["best_practice_mapped"]
    assert networks["cheapest_in_home"].unique().to_list() == ["ashp"]
    at_full, at_a_third = (
        networks.filter(connection_share=share).sort("area_id", "width_rule") for share in (1.0, 0.3)
    )
    assert (at_full["lcoh_gbp_per_mwh"] < at_a_third["lcoh_gbp_per_mwh"]).all()
    gap = networks["lcoh_gbp_per_mwh"] - networks.join(
        costs.filter(system="ashp").select("level", "area_id", own="lcoh_gbp_per_mwh"), on=["level", "area_id"], maintain_order="left"
    )["own"]  # fmt: skip
    assert networks["gap_gbp_per_mwh"].to_list() == pytest.approx(gap.to_list())
    assert (networks["gap_without_ashp_gbp_per_mwh"] < networks["gap_gbp_per_mwh"]).all()


def test_measured_demands_take_the_place_of_the_papers_where_there_are_any(tmp_path: Path) -> None:
    tables = tables_of(tmp_path, of=means(without=("bungalow",), held=("flat",)))
    assert set(tables["area_heat"]["demand_basis"]) == {"paper", "measured"}
    assert set(tables["area_lcoh"]["demand_basis"]) == {"measured"}
    rows = tables["area_heat"].filter(demand_basis="measured")
    assert rows["types_not_published"].unique().to_list() == ["bungalow"]
    assert rows["types_held"].unique().to_list() == ["flat"]
    states = dict(
        tables["area_home_demand"].filter(demand_basis="measured").select("dwelling_type", "state").iter_rows()
    )
    assert (states["flat"], states["bungalow"], states["terraced"]) == ("held", "assumed", "measured")
    assert AREA_HOME_DEMAND.conform(tables["area_home_demand"]).equals(tables["area_home_demand"])


def test_a_scenario_that_cannot_price_gas_leaves_the_boiler_out() -> None:
    lens = AreaLens.with_mapped_pipe(
        scenario_figures(ASSUMPTIONS, "paper_fit"), scenario="paper_fit", convention="wang2018_delivered"
    )
    assert lens.can_cost_networks
    assert set(lens.systems) <= {"gas_boiler", "ashp", "gshp"}
    assert FREE_HEAT.price_gbp_per_mwh == 0


def test_clusters_are_neighbours_above_a_threshold(tmp_path: Path) -> None:
    low = replace(FIGURES, thresholds=FIGURES.thresholds | {"denmark_gwh_per_km2": 5.0})
    reference = read_area_folder(write_area_folder(tmp_path)).reference
    found = make_area_tables(reference, NO_MEANS, ASSUMPTIONS, low, scenario="eep2019", convention="best_practice")
    heat = found[AREA_HEAT].filter(level="lsoa").sort("area_id")
    above = [area for area, density in heat.select("area_id", "density_gwh_per_km2").iter_rows() if density >= 5]
    clusters = found[AREA_CLUSTER].filter(threshold="denmark_gwh_per_km2")
    members = [ids.split(",") for ids in clusters["area_ids"]]
    assert sorted(area for ids in members for area in ids) == above
    assert all(int(b[-1]) - int(a[-1]) == 1 for ids in members for a, b in pairwise(ids))
    assert 1 <= len(members) < len(above)
    first = clusters.row(0, named=True)
    own = heat.filter(pl.col("area_id").is_in(members[0]))
    assert first["heat_mwh"] == pytest.approx(own["heat_mwh"].sum())
    assert first["peak_mw"] <= own["peak_mw_p50"].sum() + 1e-9
    assert first["main_pipe_m_low"] <= first["main_pipe_m_high"]
    assert first["lcoh_gbp_per_mwh_low"] <= first["lcoh_gbp_per_mwh_high"]
    assert first["highest_heat_price_gbp_per_mwh_low"] <= first["highest_heat_price_gbp_per_mwh_high"]
    assert AREA_LCOH.conform(found[AREA_LCOH]).height > 0
