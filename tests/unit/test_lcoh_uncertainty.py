"""Ranges, Sobol indices and Monte Carlo: against analytic functions, a case worked by hand, and the model itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy import stats

from transforms.lcoh.assumptions.overrides import override
from transforms.lcoh.assumptions.refusals import AssumptionError
from transforms.lcoh.assumptions.scenarios import scenario_figures
from transforms.lcoh.model.cash_flows import Yearly
from transforms.lcoh.model.conventions import BEST_PRACTICE, find_convention
from transforms.lcoh.model.demands import paper_demand
from transforms.lcoh.model.places import Place
from transforms.lcoh.model.what_if import Case, Change, build
from transforms.lcoh.results.probability import draw, probability_table
from transforms.lcoh.results.published import CostChoices, cost_means
from transforms.lcoh.results.table import lcoh_table
from transforms.lcoh.results.uncertainty import (
    LIFETIME,
    Sampling,
    Uncertain,
    check_ranges,
    cost_of_draws,
    ranges_of,
    sampled_homes,
)
from transforms.lcoh.results.variance import sobol_indices, sobol_table
from transforms.tables.cost_analysis import LCOH_SOBOL
from transforms.tables.heat import HEAT_DEMAND_ANNUAL
from warehouse.cost_figures import read_assumptions
from warehouse.figures import read_figures

ASSUMPTIONS = read_assumptions()
DEMAND = paper_demand(ASSUMPTIONS)
RAW = read_figures("uncertainty_range")
RANGES = check_ranges(RAW)
CHOICE = {"scenario": "eep2019", "convention": "best_practice"}


def uniform(parameter: str, low: float, high: float, *systems: str) -> Uncertain:
    return Uncertain(
        parameter=parameter, systems=systems, distribution="uniform", low=low, high=high, unit="1", source="a test"
    )


def sampled(ranges: Sequence[Uncertain], *, seed: int = 1, **sizes: int) -> Sampling:
    return Sampling(ranges=tuple(ranges), seed=seed, **sizes)


def ishigami(x: Yearly) -> Yearly:
    return np.stack([np.sin(x[0]) + 7 * np.sin(x[1]) ** 2 + 0.1 * x[2] ** 4 * np.sin(x[0])])


def on_a_circle(probability: Yearly) -> Yearly:
    return np.pi * (2 * probability - 1)


def test_the_indices_of_the_ishigami_function_are_the_analytic_ones() -> None:
    found = sobol_indices(ishigami, [on_a_circle] * 3, samples=8192, seed=1)
    a, b = 7.0, 0.1
    v1, v2 = (1 + b * np.pi**4 / 5) ** 2 / 2, a**2 / 8
    v13 = b**2 * np.pi**8 * (1 / 18 - 1 / 50)
    all_of_it = v1 + v2 + v13
    assert found.first_order[0] == pytest.approx([v1 / all_of_it, v2 / all_of_it, 0.0], abs=0.01)
    assert found.total_order[0] == pytest.approx([(v1 + v13) / all_of_it, v2 / all_of_it, v13 / all_of_it], abs=0.01)
    for index, (low, high) in (
        (found.first_order, found.first_order_ends),
        (found.total_order, found.total_order_ends),
    ):
        assert ((low < index) & (index < high)).all()
        assert (high - low < 0.1).all()


def test_the_intervals_are_as_wide_as_those_of_scipy_s_own_bootstrap() -> None:
    samples = 256
    found = sobol_indices(ishigami, [on_a_circle] * 3, samples=samples, resamples=2000, seed=3)
    theirs = stats.sobol_indices(
        func=ishigami, n=samples, dists=[stats.uniform(-np.pi, 2 * np.pi)] * 3, rng=np.random.default_rng(3)
    )
    assert found.first_order[0] == pytest.approx(theirs.first_order)
    assert found.total_order[0] == pytest.approx(theirs.total_order)
    drawn = theirs.bootstrap(n_resamples=500)
    for ours, scipys in (
        (found.first_order_ends, drawn.first_order),
        (found.total_order_ends, drawn.total_order),
    ):
        spread = np.quantile(scipys.bootstrap_distribution, 0.975, axis=-1) - np.quantile(
            scipys.bootstrap_distribution, 0.025, axis=-1
        )
        assert (ours[1] - ours[0])[0] == pytest.approx(spread, rel=0.2)


def test_a_linear_cost_has_the_indices_worked_out_by_hand() -> None:
    """LCOH = sum of elements times their factors: S_i = (element_i x width_i)^2 / sum, and no interactions."""
    widths = {"capital": 0.8, "om": 1.0, "gas_price": 0.75, "carbon": 0.4}
    ranges = [uniform(name, 1 - width / 2, 1 + width / 2, "gas_boiler") for name, width in widths.items()]
    found = sobol_table(ASSUMPTIONS, sampled(ranges), demand_kwh=15_200.0, **CHOICE)
    row = lcoh_table(DEMAND.filter(dwelling_type="all"), ASSUMPTIONS, **CHOICE).row(0, named=True)
    elements = [row[f"{name}_gbp_per_mwh"] for name in ("capital", "om", "fuel", "carbon")]
    variances = (np.array(elements) * np.array(list(widths.values()))) ** 2
    shares = variances / variances.sum()
    assert found["parameter"].to_list() == list(widths)
    assert found["first_order"].to_list() == pytest.approx(shares, abs=0.01)
    assert found["total_order"].to_list() == pytest.approx(shares, abs=0.01)
    assert set(found["system"]) == {"gas_boiler"}


def test_the_shipped_ranges_give_a_row_for_each_that_a_system_depends_on() -> None:
    found = sobol_table(ASSUMPTIONS, sampled(RANGES, base_samples=256), demand_kwh=15_200.0, **CHOICE)
    of_system = {
        system: sum(system in uncertain.systems for uncertain in RANGES)
        for system in ("gas_boiler", "ashp", "gshp", "network")
    }
    assert found.height == sum(count * (5 if system == "network" else 1) for system, count in of_system.items())
    assert max(of_system.values()) <= 9
    sums = found.group_by("system", "scale").agg(pl.col("first_order").sum(), pl.col("total_order").sum())
    assert sums["first_order"].is_between(0.85, 1.1).all()
    assert (found["total_order"] > found["first_order"] - 0.1).all()


def test_each_draw_has_the_cost_of_a_case_with_its_values() -> None:
    values = {
        "discount_rate": np.array([0.02, 0.06]),
        "spf": np.array([2.5, 3.5]),
    }
    figures = scenario_figures(ASSUMPTIONS, "eep2019")
    case = Case(
        figures=figures,
        convention=BEST_PRACTICE,
        system="network",
        demand_kwh=np.array([[15_200.0]]),
        place=Place.of_homes(np.array([[300.0]])),
    )
    found = cost_of_draws(case, values, draws=2)
    for place in range(2):
        rate, spf = values["discount_rate"][place], values["spf"][place]
        settings = [
            f"heat_pump_spf={spf}",
            *(f"green_book.rate_{k}={rate}" for k in ("to_year_30", "to_year_75", "after_year_75")),
        ]
        changed = override(ASSUMPTIONS, settings, scenario="eep2019")
        table = lcoh_table(DEMAND.filter(dwelling_type="all"), changed, **CHOICE)
        assert found[0, place] == pytest.approx(table.filter(scale="medium")["lcoh_gbp_per_mwh"].item(), rel=1e-9)


def test_a_home_s_demand_draw_is_a_home_of_its_own_size() -> None:
    figures = scenario_figures(ASSUMPTIONS, "eep2019")
    case = Case(figures=figures, convention=BEST_PRACTICE, system="gas_boiler", demand_kwh=np.array([[10_000.0]]))
    found = cost_of_draws(case, {"demand_factor": np.array([0.5, 2.0])}, draws=2)
    homes = DEMAND.head(2).with_columns(dwelling_type=pl.Series(["flat", "detached"]), demand_kwh=pl.Series([5e3, 2e4]))
    table = lcoh_table(homes, ASSUMPTIONS, **CHOICE).filter(system="gas_boiler")
    assert found[0] == pytest.approx(table["lcoh_gbp_per_mwh"].to_list())


def test_shares_of_a_choice_add_up_to_one_and_a_seed_repeats() -> None:
    found = probability_table(DEMAND, ASSUMPTIONS, sampled(RANGES, seed=7, draws=2000), **CHOICE)
    choices = found.group_by("dwelling_type", "alternatives").agg(pl.col("cheapest_share").sum(), pl.len())
    assert choices["cheapest_share"].to_list() == pytest.approx([1.0] * choices.height)
    assert choices.filter(dwelling_type="flat")["len"].to_list() == [3]
    of_all = choices.filter(dwelling_type="all")
    assert dict(of_all.select("alternatives", "len").iter_rows()) == {
        "individual": 3, "small": 4, "medium": 4, "large": 4, "single_development": 4, "multi_development": 4,
    }  # fmt: skip
    assert found.equals(probability_table(DEMAND, ASSUMPTIONS, sampled(RANGES, seed=7, draws=2000), **CHOICE))
    assert not found.equals(probability_table(DEMAND, ASSUMPTIONS, sampled(RANGES, seed=8, draws=2000), **CHOICE))
    ends = found.select(((pl.col("lcoh_p05") < pl.col("lcoh_p50")) & (pl.col("lcoh_p50") < pl.col("lcoh_p95"))).all())
    assert ends.item()


def test_nothing_uncertain_gives_the_cost_of_the_table_and_one_cheapest_system() -> None:
    rate = 0.035
    narrow = [uniform("capital", 1 - 1e-9, 1, "gas_boiler", "ashp", "gshp", "network")]
    private = {"scenario": "eep2019", "convention": "best_practice_private"}
    flat = override(ASSUMPTIONS, [f"private.commercial_rate={rate}"], scenario="eep2019")
    found = probability_table(DEMAND, flat, sampled(narrow, draws=50), **private)
    table = lcoh_table(DEMAND, flat, **private)
    both = found.join(table, on=["dwelling_type", "system", "scale"])
    assert both.height == found.height
    assert both["lcoh_p50"].to_list() == pytest.approx(both["lcoh_gbp_per_mwh"].to_list(), rel=1e-6)
    assert set(found["cheapest_share"]) == {0.0, 1.0}


def test_systems_share_the_draws_of_common_parameters() -> None:
    """A draw that is common to two systems moves both: no share of a coin toss between equal systems."""
    both = [uniform("capital", 0.5, 2.0, "ashp", "gshp")]
    same = override(
        ASSUMPTIONS,
        [f"{s}.{p}={v}" for s in ("ashp", "gshp") for p, v in (("capital_gbp", 9000), ("om_gbp_per_year", 90), ("efficiency", 3.2), ("lifetime_years", 20))],
        scenario="eep2019",
    )  # fmt: skip
    found = probability_table(
        DEMAND, same, sampled(both, draws=500), scenario="eep2019", convention="wang2018_delivered"
    ).filter(alternatives="individual")
    twins = (
        found.filter(pl.col("system") != "gas_boiler")
        .group_by("dwelling_type")
        .agg(pl.col("cheapest_share").n_unique())
    )
    assert twins["cheapest_share"].to_list() == [1] * 6


@pytest.mark.parametrize("convention", ["wang2018"])
def test_a_convention_per_heat_produced_is_refused(convention: str) -> None:
    with pytest.raises(AssumptionError, match="cannot be compared: take one that divides by the heat delivered"):
        probability_table(DEMAND, ASSUMPTIONS, sampled(RANGES, draws=10), scenario="paper_fit", convention=convention)
    with pytest.raises(AssumptionError, match="cannot be compared"):
        sobol_table(ASSUMPTIONS, sampled(RANGES), scenario="paper_fit", convention=convention, demand_kwh=1e4)


def test_demands_of_two_bases_are_refused() -> None:
    mixed = pl.concat([DEMAND, DEMAND.with_columns(demand_basis=pl.lit("measured"))])
    with pytest.raises(AssumptionError, match="measured and paper are mixed"):
        probability_table(mixed, ASSUMPTIONS, sampled(RANGES, draws=10), **CHOICE)


def test_quantiles_are_those_of_the_declared_distribution() -> None:
    lognormal = next(u for u in RANGES if u.parameter == "demand" and "ashp" in u.systems)
    assert lognormal.quantile(np.array([0.05, 0.95])) == pytest.approx([lognormal.low, lognormal.high])
    drawn = draw([lognormal, uniform("om", 0.5, 1.5, "ashp")], draws=10_000, seed=1)
    assert drawn[0].mean() == pytest.approx(1.0, abs=0.01)
    assert drawn[0].std() == pytest.approx(0.56, abs=0.02)
    assert drawn[1].min() > 0.5
    assert drawn[1].mean() == pytest.approx(1.0, abs=1e-3)


def test_choices_are_never_drawn() -> None:
    assert {"discount_rate", "scenario", "perspective"}.isdisjoint(one.parameter for one in RANGES)
    with pytest.raises(AssumptionError, match="parameter 'discount_rate' is none of demand"):
        check_ranges(RAW.with_columns(parameter=pl.lit("discount_rate")))


@pytest.mark.parametrize(
    ("system", "parameter"), [("ashp", "ashp.lifetime_years"), ("network", "network.heat_pump_lifetime_years")]
)
@pytest.mark.parametrize("convention", ["best_practice", "best_practice_private"])
def test_a_drawn_life_has_the_cost_of_a_system_with_that_life(system: str, parameter: str, convention: str) -> None:
    lives = np.array([11.6, 12.4, 16.0, 20.0, 25.0, 33.0, 60.0])
    capital = np.array([1.0, 0.8, 1.3, 1.0, 0.9, 1.1, 1.0])
    case = Case(
        figures=scenario_figures(ASSUMPTIONS, "current2026"), convention=find_convention(convention), system=system,
        demand_kwh=np.array([[9_000.0], [15_200.0]]), place=Place.of_homes(np.array([[300.0], [3000.0]])),
    )  # fmt: skip
    found = cost_of_draws(case, {LIFETIME: lives, "capital_factor": capital}, draws=len(lives))
    for nth, years in enumerate((12, 12, 16, 20, 25, 33, 60)):
        of_life = override(ASSUMPTIONS, [f"{parameter}={years}"], scenario="current2026")
        alone = replace(case, figures=scenario_figures(of_life, "current2026"))
        expected = build(alone).cost(Change(capital_factor=capital[nth])).total
        assert found[:, nth] == pytest.approx(np.ravel(expected), rel=1e-12)


def test_prices_of_gas_and_electricity_have_the_declared_correlation() -> None:
    names = [one.parameter for one in RANGES]
    drawn = np.log(draw(RANGES, draws=10_000, seed=3))
    gas, electricity, carbon = (names.index(name) for name in ("gas_price", "electricity_price", "carbon"))
    assert RANGES[electricity].correlation == 0.8
    assert np.corrcoef(drawn[gas], drawn[electricity])[0, 1] == pytest.approx(0.8, abs=0.02)
    assert abs(np.corrcoef(drawn[gas], drawn[carbon])[0, 1]) < 0.03
    low, high = RANGES[electricity].low, RANGES[electricity].high
    assert np.exp(np.quantile(drawn[electricity], [0.05, 0.95])) == pytest.approx([low, high], rel=0.02)


SHARES_BELOW_BASE = {"all draws": RANGES, "the mean home": [one for one in RANGES if one.parameter != "demand"]}


@pytest.mark.parametrize("convention", ["best_practice", "best_practice_private"])
@pytest.mark.parametrize("scenario", ["current2026", "desnz2023", "eep2019"])
def test_each_published_base_lies_in_the_middle_of_its_draws(scenario: str, convention: str) -> None:
    mean_home = DEMAND.filter(dwelling_type="all")
    base = lcoh_table(mean_home, ASSUMPTIONS, scenario=scenario, convention=convention)
    costs = dict(base.select(pl.concat_str("system", "scale", separator=" "), "lcoh_gbp_per_mwh").iter_rows())
    case = Case(
        figures=scenario_figures(ASSUMPTIONS, scenario), convention=find_convention(convention), system="",
        demand_kwh=np.full((1, 1), 15_200.0),
    )  # fmt: skip
    biased = {}
    for name, ranges in SHARES_BELOW_BASE.items():
        drawn = draw(ranges, draws=4_000, seed=1)
        for system in ("gas_boiler", "ashp", "gshp", "network"):
            values = {ranges[n].field: drawn[n] for n in ranges_of(ranges, system)}
            of_system = replace(case, system=system, place=Place.of_homes(np.full((1, 1), 3000.0)))
            scale = "single_development" if system == "network" else "individual"
            share = float((cost_of_draws(of_system, values, draws=4_000)[0] < costs[f"{system} {scale}"]).mean())
            if not 0.4 <= share <= 0.6:
                biased[name, system] = share
    # the middle home uses less than the mean home, so that homes' costs lie above the cost of the mean home
    assert not [key for key in biased if key[0] == "the mean home"], biased
    assert all(share > 0.36 for share in biased.values()), biased
    stated = next(one for one in RANGES if one.parameter == "demand" and "ashp" in one.systems)
    assert "the median cost of homes lies above the cost at their mean demand" in stated.source


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"correlates_with": "wind", "correlation": 0.5}, "correlates_with 'wind' and correlation 0.5 are no pair"),
        ({"correlates_with": "capital", "correlation": 1.0}, "are no pair"),
        ({"correlates_with": None, "correlation": 0.5}, "are no pair"),
        (
            {"correlates_with": "capital", "correlation": 0.5},
            r"row 2: demand correlates with capital, .* \(4 have it\)",
        ),
        ({"correlates_with": "electricity_price", "correlation": 0.5}, r"\(1 have it\) and correlate with no other"),
        ({"parameter": "wind"}, "row 2 of the uncertain values: parameter 'wind' is none of demand"),
        ({"applies_to": "ashp stove"}, "applies_to names stove: write some of gas_boiler"),
        ({"applies_to": ""}, "applies_to names nothing"),
        ({"distribution": "normal"}, "distribution 'normal' is neither uniform nor lognormal"),
        ({"low": 3.0}, "low 3.0 and high 2.06 are no range"),
        ({"low": 0.0}, "low 0.0 must be above 0"),
        ({"parameter": "loss", "distribution": "uniform"}, "a loss of 2.06 leaves no heat"),
        ({"source": ""}, "unit or source is empty"),
        ({"applies_to": "network"}, "row 3: demand of network is in row 2 too"),
    ],
)
def test_a_bad_range_is_refused_by_row_and_reason(change: dict[str, object], message: str) -> None:
    bad = RAW.with_columns(
        pl.when(pl.int_range(pl.len()) == 0).then(pl.lit(value)).otherwise(name).alias(name)
        for name, value in change.items()
    )
    with pytest.raises(AssumptionError, match=message):
        check_ranges(bad)
    assert check_ranges(RAW) == RANGES
    with pytest.raises(AssumptionError, match="lacks unit; it needs parameter"):
        check_ranges(RAW.drop("unit"))


# --- which homes were measured ------------------------------------------------------------------------------

TODAY = {"scenario": "current2026", "convention": "best_practice"}


def of_measured_homes(demand_kwh: float, low: float | None, high: float | None) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "dwelling_type": ["all"], "period": ["2009"], "demand_basis": ["measured"], "demand_kwh": [demand_kwh],
            "demand_kwh_ci_low": [low], "demand_kwh_ci_high": [high],
        },
        schema_overrides={"demand_kwh_ci_low": pl.Float64, "demand_kwh_ci_high": pl.Float64},
    )  # fmt: skip


def test_sampling_of_homes_alone_gives_the_interval_of_the_cost() -> None:
    """Half of the draws of a 95 % interval of demand lie where the costs at its ends say, to both sides."""
    demand = of_measured_homes(15_000.0, 13_500.0, 16_700.0)
    found = probability_table(demand, ASSUMPTIONS, sampled([], draws=20_000), **TODAY)
    tail = stats.norm.ppf(0.95) / stats.norm.ppf(0.975)
    middle, half = np.sqrt(13_500 * 16_700), np.log(16_700 / 13_500) / 2 * tail
    for end, quantile in ((1, "lcoh_p05"), (-1, "lcoh_p95")):
        at = demand.with_columns(demand_kwh=pl.lit(middle * np.exp(end * half)))
        expected = lcoh_table(at, ASSUMPTIONS, **TODAY).select("system", "scale", "lcoh_gbp_per_mwh")
        both = found.filter(pl.col("alternatives") == pl.col("scale")).join(expected, on=["system", "scale"])
        assert set(both["system"]) == {"gas_boiler", "ashp", "gshp", "network"}
        assert both[quantile].to_list() == pytest.approx(both["lcoh_gbp_per_mwh"].to_list(), rel=1e-3)


def test_sampling_explains_less_with_more_homes_and_nothing_without_an_interval() -> None:
    def width(low: float | None, high: float | None) -> float:
        rows = probability_table(of_measured_homes(15_000.0, low, high), ASSUMPTIONS, sampled([], draws=500), **TODAY)
        row = rows.filter(system="ashp", alternatives="individual")
        return float((row["lcoh_p95"] - row["lcoh_p05"]).item())

    assert width(14_000.0, 16_000.0) > 5 * width(14_900.0, 15_100.0) > 0
    assert width(None, None) == 0


def test_the_variance_names_the_part_of_the_sampled_homes() -> None:
    """With one other uncertain parameter of known spread, both shares follow from the slopes of the cost."""
    of_homes = sampled_homes(0.9, 1 / 0.9)
    found = sobol_table(
        ASSUMPTIONS,
        sampled([uniform("carbon", 0.9, 1.1, "gas_boiler", "ashp", "gshp", "network"), of_homes]),
        demand_kwh=15_200.0,
        **TODAY,
    )
    of_networks = found.filter(system="network", parameter="sampled_homes")
    assert of_networks.height == 5
    assert (of_networks["first_order"] > 0.9).all()  # little of their cost is carbon
    row = (
        lcoh_table(DEMAND.filter(dwelling_type="all"), ASSUMPTIONS, **TODAY)
        .filter(system="gas_boiler")
        .row(0, named=True)
    )
    fixed = row["capital_gbp_per_mwh"] + row["om_gbp_per_mwh"]
    spread = fixed * np.log(1 / 0.9) / stats.norm.ppf(0.975), row["carbon_gbp_per_mwh"] * 0.2 / np.sqrt(12)
    share = spread[0] ** 2 / (spread[0] ** 2 + spread[1] ** 2)
    of_gas = dict(found.filter(system="gas_boiler").select("parameter", "first_order").iter_rows())
    assert of_gas["sampled_homes"] == pytest.approx(share, abs=0.02)
    assert of_gas["carbon"] == pytest.approx(1 - share, abs=0.02)


def test_no_table_gives_the_range_of_the_sampled_homes() -> None:
    with pytest.raises(AssumptionError, match="parameter 'sampled_homes' is none of demand"):
        check_ranges(RAW.with_columns(parameter=pl.lit("sampled_homes")))


def test_a_run_draws_its_homes_and_the_paper_has_none() -> None:
    annual = {"dwelling_type": "all", "period": "2009", "households": 100, "heat_kwh_mean": 14_000.0}
    normal = {
        "heat_kwh_weather_normal": 15_000.0,
        "heat_kwh_weather_normal_ci_low": 14_000.0,
        "heat_kwh_weather_normal_ci_high": 16_100.0,
    }
    measured = HEAT_DEMAND_ANNUAL.conform(
        pl.DataFrame(
            [{**dict.fromkeys(HEAT_DEMAND_ANNUAL.schema), **annual, **normal}], schema=HEAT_DEMAND_ANNUAL.schema
        )
    )
    choices = CostChoices(
        scenario="current2026", convention="best_practice", seed=1, bootstrap_replicates=0, sobol_samples=256
    )
    of_run, of_paper = (
        cost_means(demand, ASSUMPTIONS, RANGES, choices)[LCOH_SOBOL] for demand in (measured, measured.clear())
    )
    row = of_run.filter(parameter="sampled_homes", system="ashp").row(0, named=True)
    assert row["low"] == pytest.approx((14 * 16.1) ** 0.5 / 15 * (14 / 16.1) ** (0.5 * 1.644854 / 1.959964), rel=1e-6)
    assert 0 < row["total_order"] < 0.05
    assert "sampled_homes" not in set(of_paper["parameter"])
