"""Figures of peaks and costs that are no single number: bands, spreads, and the rules that stand beside them."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from quality.disclosure.rule import FLOOR
from reports import palette, text
from reports.figures.diversity import draw_diversity
from reports.figures.ranges import draw_cost_ranges, draw_distribution
from reports.inputs import Published
from tests.example_analyses import OWN, make_analyses, published
from tests.example_site import RUN, chart_of, with_frame, with_tables, without
from transforms.public.public import PublicTable
from transforms.tables.cost import ASSUMPTION
from transforms.tables.cost_analysis import DIVERSITY, LCOH_DISTRIBUTION, LCOH_PROBABILITY
from transforms.tables.heat import HEAT_DEMAND_ANNUAL
from transforms.tables.published import LCOH_QUANTILE


@pytest.fixture(scope="module")
def inputs() -> Published:
    """Give a site with a few rows of every analysis."""
    return make_analyses()


def test_the_extrapolated_part_is_dashed_and_begins_where_measuring_ends(inputs: Published) -> None:
    chart = chart_of(draw_diversity(inputs, RUN)[0])
    low, high, measured, beyond, short, *_ = chart.data
    assert (list(low.y), list(high.y)) == ([8.5, 5.5, 4.5], [9.5, 6.5, 5.5])
    assert (list(measured.x), list(beyond.x)) == ([1, 100], [100, 1000])
    assert (measured.line.dash, beyond.line.dash) == ("solid", "dash")
    assert (short.name, list(short.x), list(short.y)) == ("Median over 30 minutes", [1], [12.0])
    assert chart.layout.xaxis.type == "log"


def test_published_rules_stand_beside_the_measured_peak(inputs: Published) -> None:
    exhibit = draw_diversity(inputs, RUN)[0]
    factor, alone, together = chart_of(exhibit).data[-3:]
    heat = inputs[HEAT_DEMAND_ANNUAL].frame.filter(dwelling_type="all")["heat_kwh_mean"].item()
    assert list(factor.y) == pytest.approx([9.0 * (0.62 + 0.38 / n) for n in (1, 100, 1000)])
    assert list(alone.y) == pytest.approx([21.84 + 0.000342535 * heat] * 3)
    assert list(together.y) == pytest.approx([(21.84 + 0.000342535 * heat) * (0.62 + 0.38 / n) for n in (1, 100, 1000)])
    assert "London Heat Map" in exhibit.notes[0]
    without = inputs[ASSUMPTION].frame.filter(pl.col("item") != "thermos_diversity")
    bare = draw_diversity(with_frame(inputs, ASSUMPTION, without), RUN)[0]
    assert not [trace.name for trace in chart_of(bare).data if "London" in str(trace.name)]


def test_a_peak_without_a_band_is_drawn_without_one(inputs: Published) -> None:
    few = pl.col("dwellings") < 100
    frame = inputs[DIVERSITY].frame
    frame = frame.with_columns(pl.when(~few).then(name).alias(name) for name in ("peak_kw_p05", "peak_kw_p95"))
    table = PublicTable("diversity", frame, pl.DataFrame(), FLOOR)
    exhibit = draw_diversity(with_tables(inputs, table), RUN)[0]
    low, high, measured, *_ = chart_of(exhibit).data
    assert (list(low.x), list(high.x)) == ([100, 1000], [100, 1000])
    assert list(measured.x) == [1, 100]
    assert exhibit.tables[0].rows[0][3:6] == (text.NOTHING, "9.00", text.NOTHING)


def test_the_mean_of_homes_stands_beside_the_cost_at_mean_demand(inputs: Published) -> None:
    exhibit = draw_distribution(inputs, RUN)[0]
    at_mean, mean = chart_of(exhibit).data
    assert (list(at_mean.x), list(mean.x)) == ([150.0], [172.0])
    assert at_mean.marker.color == palette.PAGE.light
    assert "Flat, Air source heat\N{NO-BREAK SPACE}pump: £172 against £150" in exhibit.alternative
    assert "mean of the homes' costs exceeds" in exhibit.notes[0]


def test_a_mean_that_is_hidden_leaves_the_cost_at_mean_demand(inputs: Published) -> None:
    table = LCOH_DISTRIBUTION
    frame = inputs[table].frame.with_columns(
        lcoh_mean_gbp_per_mwh=pl.lit(None, pl.Float64), gap_expected_gbp_per_mwh=pl.lit(None, pl.Float64)
    )
    hidden = PublicTable(table.name, frame, pl.DataFrame(), FLOOR)
    full = [
        {**row, "lcoh_at_mean_ci_low": 140.0, "lcoh_at_mean_ci_high": 165.0, "demand_variation": None}
        for row in frame.to_dicts()
    ]
    hidden = replace(hidden, frame=pl.DataFrame(full, schema=table.schema))
    exhibit = draw_distribution(with_tables(inputs, hidden), RUN)[0]
    at_mean, _ = chart_of(exhibit).data
    assert list(at_mean.error_x.array) == [15.0]
    assert list(at_mean.error_x.arrayminus) == [10.0]
    assert "Filled" not in exhibit.shows
    assert list(exhibit.notes) == []


def test_the_spread_of_homes_reaches_from_the_lowest_to_the_highest_cost_shown(inputs: Published) -> None:
    at = {**OWN, "system": "ashp", "period": "2009", "dwelling_type": "flat", "households": 110}
    rows = [
        {**at, "quantile": q, "demand_kwh": 9000.0, "lcoh_gbp_per_mwh": cost}
        for q, cost in ((0.1, 230.0), (0.5, 160.0), (0.9, 120.0))
    ]
    quantiles = published(LCOH_QUANTILE, rows)
    exhibit = draw_distribution(with_tables(inputs, quantiles), RUN)[0]
    assert list(chart_of(exhibit).data[0].x) == [120.0, 230.0, None]
    assert len(exhibit.tables[1].rows) == 3


def test_costs_lie_between_their_ends_and_types_apart(inputs: Published) -> None:
    (exhibit,) = draw_cost_ranges(inputs, RUN)
    gas_line, gas, ashp_line, ashp = chart_of(exhibit).data
    assert list(gas_line.x) == [90.0, 190.0, None, 90.0, 190.0, None]
    assert list(gas.x) == [120.0, 120.0]
    assert list(ashp_line.x) == [90.0, 190.0, None]
    assert ashp.y[0] - gas.y[1] == pytest.approx(0.24)
    assert "Flat, Gas boiler: £90 to £190, median £120" in exhibit.alternative
    assert draw_cost_ranges(without(inputs, LCOH_PROBABILITY), RUN) == []
