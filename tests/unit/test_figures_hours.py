"""Figures of the hours of a year, of how complete they are, of networks by size, of the gate and of what changed."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quality.disclosure.rule import FLOOR
from reports import palette
from reports.figures.changes import draw_demand_change
from reports.figures.completeness import draw_completeness, draw_lost_readings
from reports.figures.cost import draw_networks
from reports.figures.duration import POINTS, draw_load_duration, sort_hours, thin
from reports.figures.gate import draw_gate
from reports.figures.hours import draw_day_map, draw_weeks
from reports.figures.scale import draw_trench
from reports.inputs import Published
from tests.example_release import make_release
from tests.example_site import HOMES, PEAK_KWH, RUN, chart_of, make_inputs, with_frame
from transforms.public.public import PublicTable
from transforms.tables.areas import AREA_LCOH
from transforms.tables.cost import ASSUMPTION, LCOH
from transforms.tables.heat import HEAT_PROFILE
from transforms.tables.lineage import BUILD_MONTH
from transforms.tables.published import DEMAND_CHANGE, GATE_RUN
from transforms.tables.schema import Table

TYPES = ["All homes", "Detached", "Semi-detached", "Terraced", "Bungalow", "Flat"]


@pytest.fixture(scope="module")
def inputs() -> Published:
    """Give a site of 591 homes of five types."""
    return make_inputs()


def published(table: Table, frame: pl.DataFrame) -> PublicTable:
    """Return rows of a declared table as published, nothing hidden."""
    return PublicTable(table.name, table.conform(frame), pl.DataFrame(), FLOOR)


def profile_with(inputs: Published, keep: pl.Expr) -> Published:
    """Return the inputs with the hours that `keep` names, the others hidden."""
    frame = inputs[HEAT_PROFILE].frame
    lost = frame.filter(~keep).select(*HEAT_PROFILE.key, pl.lit("few_homes").alias("because"))
    return with_frame(inputs, HEAT_PROFILE, frame.filter(keep), suppressed=lost)


@given(st.integers(min_value=1, max_value=9000))
def test_a_thinned_line_keeps_both_ends_and_few_points(hours: int) -> None:
    ranks = thin(hours)
    assert (ranks[0], ranks[-1]) == (1, hours)
    assert (np.diff(ranks) > 0).all()
    assert len(ranks) <= 2 * POINTS


def test_the_load_duration_curve_has_the_exact_peak_and_lowest_hour_of_each_type(inputs: Published) -> None:
    exhibit = draw_load_duration(inputs, RUN)
    lines = chart_of(exhibit).data
    assert [line.name for line in lines] == TYPES
    of_group = sort_hours(inputs[HEAT_PROFILE].frame)
    for line, group in zip(lines, ("all", *HOMES), strict=True):
        heat = of_group[group]
        own = inputs[HEAT_PROFILE].frame.filter(dwelling_type=group)["heat_kwh_mean"].to_numpy()
        assert (line.x[0], line.x[-1]) == (1, 8760)
        assert line.y[0] == pytest.approx(own.max(), rel=1e-6)
        assert line.y[-1] == pytest.approx(own.min(), rel=1e-6)
        assert (np.diff(line.y) <= 0).all()
        every_hour = np.interp(np.arange(1, 8761), line.x, line.y)
        assert np.abs(every_hour - heat).max() < 0.02 * heat[0], "no hour is lost between the points"
        assert every_hour.sum() == pytest.approx(own.sum(), rel=0.002)
    assert lines[0].y[0] == pytest.approx(PEAK_KWH)
    (table,) = exhibit.tables
    assert table.rows[0][2] == f"{PEAK_KWH:.2f}"
    assert "All homes 7.46" in exhibit.alternative
    assert exhibit.data is not None
    assert set(exhibit.data["dwelling_type"]) == {"all", *HOMES}


def test_lines_of_types_differ_by_more_than_colour(inputs: Published) -> None:
    lines = chart_of(draw_load_duration(inputs, RUN)).data
    assert len({line.line.dash for line in lines}) == len(lines)


def test_a_type_whose_hours_are_hidden_in_part_is_named(inputs: Published) -> None:
    cold_flats = (pl.col("dwelling_type") == "flat") & (pl.col("hour_start_utc").dt.month() == 1)
    part = profile_with(inputs, ~cold_flats)
    for draw in (draw_load_duration, draw_weeks, draw_completeness):
        assert any(note.startswith("Shown in part: Flat") for note in draw(part, RUN).notes), draw.__name__
    none = profile_with(inputs, pl.col("dwelling_type") != "flat")
    for draw in (draw_load_duration, draw_weeks, draw_completeness):
        exhibit = draw(none, RUN)
        assert any(note.startswith("Not shown: Flat") for note in exhibit.notes), draw.__name__
        assert "Flat" not in f"{chart_of(exhibit).to_json()}{exhibit.tables}"
    january = draw_completeness(part, RUN)
    assert january.tables[0].rows[4][0:3] == ("Flat", "110", "–")  # noqa: RUF001 - what a table shows for nothing


def test_the_map_holds_each_hour_of_the_local_day_once(inputs: Published) -> None:
    exhibit = draw_day_map(inputs, RUN)
    (cells,) = chart_of(exhibit).data
    z = np.asarray(cells.z)
    assert z.shape == (24, 365)
    assert np.nanmax(z) == pytest.approx(PEAK_KWH, abs=0.001)
    spring = (dt.date(2009, 3, 29) - dt.date(2009, 1, 1)).days
    assert np.argwhere(np.isnan(z)).tolist() == [[1, spring]], "only the hour that the clock skips is blank"
    heat = dict(
        inputs[HEAT_PROFILE].frame.filter(dwelling_type="all").select("hour_start_utc", "heat_kwh_mean").iter_rows()
    )
    assert z[18, 0] == pytest.approx(heat[dt.datetime(2009, 1, 1, 18)], abs=0.001)
    assert z[18, 181] == pytest.approx(heat[dt.datetime(2009, 7, 1, 17)], abs=0.001), "an hour behind in summer"
    twice = [heat[dt.datetime(2009, 10, 25, hour)] for hour in (0, 1)]
    assert z[1, 297] == pytest.approx(np.mean(twice), abs=0.001)
    assert "on 6 January" not in exhibit.alternative
    assert f"{PEAK_KWH:.2f} kWh on " in exhibit.alternative
    assert [stop[1] for stop in cells.colorscale] == [ink.light for ink in palette.SCALE]
    assert len(exhibit.tables[0].rows) == 24


def test_the_mean_weeks_hold_168_hours_of_four_seasons_for_each_type(inputs: Published) -> None:
    exhibit = draw_weeks(inputs, RUN)
    lines = chart_of(exhibit).data
    assert len(lines) == 4 * len(TYPES)
    assert all(len(line.y) == 168 for line in lines)
    assert [choice.name for choice in exhibit.choices] == TYPES
    assert [line.name for line in lines[:4]] == ["Winter", "Spring", "Summer", "Autumn"]
    noon_on_mondays = inputs[HEAT_PROFILE].frame.filter(
        pl.col("hour_start_utc").dt.weekday() == 1, pl.col("hour_start_utc").dt.hour() == 12,
        pl.col("hour_start_utc").dt.month().is_in([12, 1, 2]), dwelling_type="all",
    )  # fmt: skip
    assert lines[0].y[12] == pytest.approx(noon_on_mondays["heat_kwh_mean"].mean(), rel=1e-5)
    assert (
        len(
            {
                tuple(axis["range"])
                for name, axis in chart_of(exhibit).to_dict()["layout"].items()
                if name.startswith("yaxis")
            }
        )
        == 1
    )
    seasons, hours = exhibit.tables
    assert (len(seasons.rows), len(hours.rows)) == (24, 168)
    assert hours.rows[0][0] == "Monday 00:00"


def test_a_period_of_one_season_draws_that_season_alone(inputs: Published) -> None:
    winter = profile_with(inputs, pl.col("hour_start_utc").dt.month().is_in([1, 2]))
    lines = chart_of(draw_weeks(winter, RUN)).data
    assert {line.name for line in lines} == {"Winter"}
    few_days = profile_with(inputs, pl.col("hour_start_utc") < dt.datetime(2009, 1, 3))
    line = chart_of(draw_weeks(few_days, RUN)).data[0]
    assert np.isnan(np.asarray(line.y, dtype=float)).sum() == 168 - 48, "days that are not there leave a gap"


def test_completeness_is_the_share_of_homes_in_the_mean_hour_of_a_month(inputs: Published) -> None:
    exhibit = draw_completeness(inputs, RUN)
    (cells,) = chart_of(exhibit).data
    z = np.asarray(cells.z)
    assert z.shape == (6, 12)
    assert list(cells.y) == [*TYPES[1:], TYPES[0]]
    march = (
        inputs[HEAT_PROFILE]
        .frame.filter(pl.col("hour_start_utc").dt.month() == 3, dwelling_type="all")["households"]
        .mean()
    )
    assert z[5, 2] == pytest.approx(100 * march / 590, abs=0.05)
    assert z[5, 0] == 100
    assert cells.text[5][0] == ""
    assert cells.text[5][2] == f"{z[5, 2]:.0f}"
    assert exhibit.notes[0].startswith(
        "Homes are counted in tens, so a share may be off by 8 points among 60 homes and 1 point among 590"
    )
    assert "Lowest: " in exhibit.alternative


def test_lost_readings_are_those_that_are_not_ok(inputs: Published) -> None:
    exhibit = draw_lost_readings(inputs, RUN)
    (bars,) = chart_of(exhibit).data
    assert list(bars.y) == pytest.approx([100 * (1_052_000 - 962_000) / 1_052_000] * 12, abs=0.001)
    assert exhibit.tables[0].rows[0] == ("2009-01", "1,052,000", "962,000", "90,000", "8.56")
    more = inputs[BUILD_MONTH].frame.with_columns(ok_half_hours=pl.col("readings") + 5)
    assert set(chart_of(draw_lost_readings(with_frame(inputs, BUILD_MONTH, more), RUN)).data[0].y) == {0}
    none = inputs[BUILD_MONTH].frame.with_columns(readings=pl.lit(0, pl.Int64))
    nothing = draw_lost_readings(with_frame(inputs, BUILD_MONTH, none), RUN)
    assert (nothing.chart, nothing.missing) == (None, "not shown: no readings yet")


def with_network_costs(inputs: Published, costs: dict[int, float], single: float) -> Published:
    """Return a site whose networks cost what is given by their number of homes, and each system in a home `single`."""
    cost = pl.col("dwellings").replace_strict(costs, default=single, return_dtype=pl.Float64)
    priced = pl.when(pl.col("system") == "network").then(cost).otherwise(single)
    return with_frame(inputs, LCOH, inputs[LCOH].frame.with_columns(lcoh_gbp_per_mwh=priced))


@pytest.mark.parametrize(
    ("costs", "single", "told"),
    [
        (
            {100: 180.0, 300: 170.0, 1000: 160.0, 3000: 150.0, 20_000: 140.0}, 130.0,
            ["Larger networks cost less: a network of 20,000 homes costs £140 per MWh, one of 100 homes £180.", "cheaper than networks of any of these sizes."],
        ),
        (
            {100: 140.0, 300: 150.0, 1000: 160.0, 3000: 170.0, 20_000: 180.0}, 190.0,
            ["Larger networks cost more: a network of 20,000 homes costs £180 per MWh, one of 100 homes £140.", "dearer than networks of any of these sizes."],
        ),
        (
            {100: 180.0, 300: 170.0, 1000: 160.0, 3000: 150.0, 20_000: 140.0}, 165.0,
            ["Larger networks cost less: a network of 20,000 homes costs £140 per MWh, one of 100 homes £180.", "dearer than networks from 1,000 homes on."],
        ),
        (
            dict.fromkeys((100, 300, 1000, 3000, 20_000), 160.0), 159.0,
            ["Size hardly matters: networks of 100 and of 20,000 homes cost £160 per MWh.", "cheaper than networks of any of these sizes."],
        ),
    ],
)  # fmt: skip
def test_the_notes_on_networks_follow_their_costs_by_size(
    inputs: Published, costs: dict[int, float], single: float, told: list[str]
) -> None:
    notes = draw_networks(with_network_costs(inputs, costs, single), RUN).notes
    assert told[0] in notes
    (beside,) = [note for note in notes if note.startswith("A gas boiler, an air source heat")]
    assert beside.endswith(f"heat\N{NO-BREAK SPACE}pump are {told[1]}")


def test_networks_say_what_is_in_their_cost_and_what_stands_for_the_rest(inputs: Published) -> None:
    (missing,) = [note for note in draw_networks(inputs, RUN).notes if note.startswith("The cost of a network")]
    assert missing.endswith("It holds no energy centre, no electrical connection and no design fees.")
    is_bias = (pl.col("parameter") == "optimism_bias_share") & (pl.col("scenario") == "all")
    raised = inputs[ASSUMPTION].frame.with_columns(value=pl.when(is_bias).then(0.2).otherwise("value"))
    (stands,) = [
        note
        for note in draw_networks(with_frame(inputs, ASSUMPTION, raised), RUN).notes
        if note.startswith("The cost of a network")
    ]
    assert (
        "energy centre, an electrical connection or design fees is at hand: 20 % more on all capital"
        in stands.replace("\N{NO-BREAK SPACE}", " ")
    )


def test_networks_stand_by_neighbourhood_connection_and_trench() -> None:
    release = make_release()
    (exhibit,) = draw_trench(release, RUN)
    frame = release[AREA_LCOH].frame.filter(level="msoa")
    networks = frame.filter(system="network")
    traces = chart_of(exhibit).data
    assert len(traces) == networks.select("connection_share", "width_rule").n_unique() + 3
    full = networks.filter(connection_share=1.0, width_rule="2011")["lcoh_gbp_per_mwh"].to_numpy()
    assert list(traces[0].x) == pytest.approx(list(np.quantile(full, [0.1, 0.5, 0.9])))
    assert traces[0].y[0] == "All homes,<br>shorter trench"
    assert [trace.x[0] <= trace.x[1] <= trace.x[2] for trace in traces] == [True] * len(traces)
    medians = [trace.x[1] for trace in traces if trace.y[0].endswith("shorter trench")]
    assert medians == sorted(medians)  # the fewer connect, the dearer
    assert f"{full.size:,} neighbourhoods" in exhibit.shows
    assert draw_trench(with_frame(release, AREA_LCOH, frame.clear()), RUN) == []


def gate_runs(failed: list[int]) -> PublicTable:
    """Return one published run for each number of failed warnings."""
    rows = [
        {
            "run_id": f"run-{n}", "kind": "nightly", "published_at_utc": dt.datetime(2026, 11, 1 + n, 3), "checks": 650, "passed": 650 - warnings,
            "failed_warnings": warnings, "failed_critical": 0, "code_fingerprint": "a" if n < 2 else "b",
        }
        for n, warnings in enumerate(failed)
    ]  # fmt: skip
    return published(GATE_RUN, pl.DataFrame(rows, schema=GATE_RUN.schema))


def test_the_history_of_the_gate_draws_failed_checks_by_run() -> None:
    exhibit = draw_gate(make_inputs(None, gate_runs([0, 2, 0])), RUN)
    warnings, critical = chart_of(exhibit).data
    assert (list(warnings.y), list(critical.y)) == ([0, 2, 0], [0, 0, 0])
    assert exhibit.shows.endswith("The last run passed 650 of 650 checks.")
    assert exhibit.alternative.startswith(
        "Line chart of failed checks by run: in 2 of 3 runs all checks passed; at most 2 warnings"
    )
    assert exhibit.notes == ["The code changed once between these runs: the table names it by run."]
    assert [row[0] for row in exhibit.tables[0].rows] == ["run-2", "run-1", "run-0"]


def test_one_run_of_the_gate_or_none_is_told_in_words() -> None:
    one = draw_gate(make_inputs(None, gate_runs([1])), RUN)
    assert (one.chart, one.missing) == (None, None)
    assert "649 of 650 checks; 1 warning and 0 critical failures." in one.shows
    assert "no history yet" in one.shows
    assert draw_gate(make_inputs(), RUN).missing == "not shown: no run is recorded yet"
    assert draw_gate(make_inputs(None, gate_runs([])), RUN).missing == "not shown: no run is recorded yet"


def demand_changes(*rows: tuple[str, float | None, float | None]) -> PublicTable:
    """Return the demand of types before and after."""
    frame = pl.DataFrame(
        rows,
        schema={"dwelling_type": pl.String, "heat_kwh_mean_before": pl.Float64, "heat_kwh_mean_after": pl.Float64},
        orient="row",
    )
    change = pl.col("heat_kwh_mean_after") / pl.col("heat_kwh_mean_before") - 1
    frame = frame.with_columns(period=pl.lit("2009"), relative_change=change, since_release=pl.lit("before"))
    return published(DEMAND_CHANGE, frame)


def test_only_what_changed_since_the_last_release_is_drawn() -> None:
    table = demand_changes(("flat", 10_000.0, 10_250.0), ("all", 15_000.0, 15_000.0), ("detached", None, 18_000.0))
    (exhibit,) = draw_demand_change(make_inputs(None, table), RUN)
    between, before, after = chart_of(exhibit).data
    assert (list(before.x), list(after.x), list(between.x)) == ([10_000], [10_250], [10_000, 10_250])
    assert list(after.text) == ["+2.5 %"]
    assert "Flat 10,000 kWh to 10,250 kWh (+2.5 %)" in exhibit.alternative
    assert "All homes" not in exhibit.alternative


def test_without_a_change_there_is_no_figure_of_it() -> None:
    assert draw_demand_change(make_inputs(), RUN) == []
    assert draw_demand_change(make_inputs(None, demand_changes(("all", 15_000.0, 15_000.0))), RUN) == []
