"""The short answers of the first page: heat, cost, and how sure they are."""

from __future__ import annotations

import re
from dataclasses import replace

import polars as pl
import pytest

from reports.headlines import Headline, answers
from reports.inputs import Published
from tests.example_release import make_release
from tests.example_site import RUN, make_inputs, with_frame, with_tables
from transforms.tables.cost import LCOH
from transforms.tables.cost_analysis import LCOH_PROBABILITY
from transforms.tables.heat import HEAT_DEMAND_ANNUAL
from transforms.tables.lineage import FLAG_COUNT
from transforms.tables.words import PROFILE_GROUPS


@pytest.fixture(scope="module")
def inputs() -> Published:
    """Give a site with every table that a release may have."""
    return make_release()


@pytest.fixture(scope="module")
def told(inputs: Published) -> list[Headline]:
    """Give the answers of that site."""
    return answers(inputs, RUN)


def test_heat_is_told_with_its_interval_its_weather_its_peak_and_its_homes(
    inputs: Published, told: list[Headline]
) -> None:
    row = inputs[HEAT_DEMAND_ANNUAL].frame.filter(dwelling_type="all").row(0, named=True)
    heat = told[0]
    assert heat.short == f"{row['heat_kwh_mean']:,.0f} kWh in 2009."
    assert f"{row['heat_kwh_ci_low']:,.0f} to {row['heat_kwh_ci_high']:,.0f} kWh" in heat.says[0]
    assert heat.says[1].endswith("+3.0 %.")
    assert heat.says[2] == "Highest hour of the mean home: 7.5 kWh, from 6 January 2009, 17:00 UTC."
    assert heat.says[3] == "From the readings of 590 of 990 homes (rounded to 10)."
    assert len(heat.charts[0].bars) == len(set(inputs[HEAT_DEMAND_ANNUAL].frame["dwelling_type"]) & set(PROFILE_GROUPS))


def test_bars_are_as_long_as_their_numbers_and_lie_within_their_intervals(told: list[Headline]) -> None:
    heat = told[0].charts[0].bars
    values = [float(bar.cells[0].replace(",", "")) for bar in heat]
    scale = {round(bar.length / value, 6) for bar, value in zip(heat, values, strict=True)}
    assert max(scale) - min(scale) < 1e-5
    for bar in (*heat, *told[1].charts[0].bars):
        assert bar.low is not None
        assert bar.high is not None
        assert 0 < bar.low < bar.length < bar.high <= 100


def test_the_cheapest_option_comes_first_and_networks_stand_together(inputs: Published, told: list[Headline]) -> None:
    cost = told[1]
    rows = inputs.costs(RUN, ["gas_boiler", "ashp", "gshp"]).filter(dwelling_type="stock").sort("lcoh_gbp_per_mwh")
    of_home = inputs.costs(RUN, ["gas_boiler", "ashp", "gshp"], convention="best_practice_private")
    least = of_home.filter(dwelling_type="stock")["lcoh_gbp_per_mwh"].to_numpy().min()
    assert cost.short.replace("\N{NO-BREAK SPACE}", " ") == (
        f"Cheapest to society: an air source heat pump, £{rows['lcoh_gbp_per_mwh'][0]:,.0f} per MWh; "
        f"to the household: a gas boiler, £{least:,.0f} per MWh."
    )
    assert cost.says[0].startswith("The order depends on who pays: to society, from the cheapest: an air source heat")
    assert re.search(r"To society, a tonne of CO₂ costs £\d+ in \d{4}", cost.says[1])
    assert "that of the homes in a year of normal weather" in cost.says[2]
    assert f"for systems bought from {rows['start_year'][0]} on" in cost.says[3]
    in_2009 = rows["lcoh_measured_year_gbp_per_mwh"][0]
    assert cost.says[4].startswith("In the weather of 2009, with 15,210")
    assert f"the cheapest costs £{in_2009:,.0f} per MWh instead of £{rows['lcoh_gbp_per_mwh'][0]:,.0f}" in cost.says[4]
    society, household = cost.charts
    assert society.caption.startswith("Cost of heat delivered to society; lines: 90 % of draws")
    assert household.caption.startswith("Cost of heat delivered to the household")
    networks = inputs.costs(RUN, ["network"], convention="best_practice_private").sort("dwellings")["lcoh_gbp_per_mwh"]
    cost_the_same = f"{networks[0]:.0f}" == f"{networks[-1]:.0f}"
    assert (len(society.bars), len(household.bars)) == (5, 4 if cost_the_same else 5)
    assert society.bars[0].length < 100 * rows["lcoh_gbp_per_mwh"].to_numpy().max()
    gas = {chart.caption: next(bar for bar in chart.bars if bar.name == "Gas boiler") for chart in cost.charts}
    scales = {round(bar.length / float(bar.cells[0][1:]), 2) for bar in gas.values()}
    assert len(scales) == 1  # both lenses are drawn on one scale


def test_networks_that_cost_the_same_stand_in_one_row(inputs: Published) -> None:
    costs = inputs[LCOH].frame
    level = pl.when(pl.col("system") == "network").then(200.0).otherwise("lcoh_gbp_per_mwh")
    same = answers(with_frame(inputs, LCOH, costs.with_columns(lcoh_gbp_per_mwh=level)), RUN)[1]
    for chart in same.charts:
        named = [bar.name.replace("\N{NO-BREAK SPACE}", " ") for bar in chart.bars if bar.name.startswith("Network")]
        assert named == ["Network, 100 to 20,000 homes"]


def test_what_a_newer_delivery_replaced_is_counted_apart(inputs: Published, told: list[Headline]) -> None:
    counts = inputs[FLAG_COUNT].frame
    before = answers(make_inputs(), RUN)[2].short
    assert before in (told[2].short, *told[2].says)
    replaced = counts.head(1).with_columns(flag=pl.lit("superseded"), readings=pl.lit(4_000_000, pl.Int64))
    more = with_frame(make_inputs(), FLAG_COUNT, pl.concat([counts.filter(pl.col("flag") != "superseded"), replaced]))
    without = with_frame(make_inputs(), FLAG_COUNT, counts.filter(pl.col("flag") != "superseded"))
    assert answers(more, RUN)[2].short == f"{answers(without, RUN)[2].short} A newer delivery replaced 4,000,000 more."


def test_the_order_of_the_systems_is_called_open_until_nearly_every_draw_agrees(
    inputs: Published, told: list[Headline]
) -> None:
    assert told[2].short.startswith("The order of the systems is open: an air source heat")
    assert "53\N{NO-BREAK SPACE}% of 10,000 draws" in told[2].short
    drawn = inputs[LCOH_PROBABILITY]
    assert drawn is not None
    sure = pl.when(pl.col("system") == "gshp").then(0.97).otherwise(0.01)
    certain = replace(drawn, frame=drawn.frame.with_columns(cheapest_share=sure))
    short = answers(with_tables(inputs, certain), RUN)[2].short
    assert short.startswith("The order of the systems is firm: a ground source heat")


def test_without_draws_the_readings_and_the_checks_tell_how_sure_it_is() -> None:
    sure = answers(make_inputs(), RUN)[2]
    assert "readings are good" in sure.short
    assert sure.says[0] == "3 of 3 checks before publication passed."


def test_few_homes_give_no_heat_and_the_papers_costs() -> None:
    few = make_inputs({"flat": 3})
    heat, cost, _ = answers(few, RUN)
    assert heat.short == "Not shown: rests on fewer than 10 homes."
    assert heat.charts == ()
    assert "From the readings of fewer than 10 of fewer than 10 homes." in heat.says
    paper = few.costs(RUN, ["ashp"], basis="paper").filter(dwelling_type="all")["lcoh_gbp_per_mwh"].item()
    assert f"£{paper:,.0f}" in [bar.cells[0] for bar in cost.charts[0].bars]
    assert "published by Wang 2018" in cost.says[-2]
