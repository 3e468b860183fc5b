"""Figures of spread, weather and season: what they show, hide and say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import plotly.graph_objects as go
import polars as pl
import pytest

from quality.disclosure.cells import publish_cells
from reports import palette, text
from reports.figures.demand import draw_annual_demand, draw_profile
from reports.figures.exhibit import Exhibit
from reports.figures.season import draw_bands, draw_day_kinds, draw_months
from reports.figures.spread import draw_spread
from reports.figures.weather import TOGETHER, draw_gas_uses, draw_weather_fit
from reports.inputs import Published, RunInfo
from tests.example_heat import BALANCE_C, BASE, SLOPE, make_quantiles
from tests.example_site import HOMES, RUN, chart_of, make_inputs, with_frame, with_tables, without
from transforms.public.public import PublicTable
from transforms.tables.heat import HEAT_DEMAND_ANNUAL, HEAT_PROFILE, HEAT_PROFILE_SEASON
from transforms.tables.published import HEAT_DEMAND_QUANTILE
from transforms.tables.schema import Table
from transforms.tables.weather import WEATHER_DAY, WEATHER_FIT

Draw = Callable[[Published, RunInfo], Exhibit]
TABLES_OF: dict[Draw, tuple[Table, ...]] = {
    draw_spread: (HEAT_DEMAND_QUANTILE,),
    draw_weather_fit: (WEATHER_FIT, WEATHER_DAY),
    draw_gas_uses: (WEATHER_FIT,),
    draw_months: (HEAT_PROFILE_SEASON,),
    draw_day_kinds: (HEAT_PROFILE_SEASON,),
    draw_bands: (HEAT_PROFILE_SEASON,),
}
EVERY_TABLE = (HEAT_DEMAND_ANNUAL, HEAT_PROFILE, HEAT_PROFILE_SEASON, HEAT_DEMAND_QUANTILE, WEATHER_FIT, WEATHER_DAY)


@pytest.fixture(scope="module")
def inputs() -> Published:
    """Give a site of 591 homes of five types."""
    return make_inputs()


@pytest.fixture(scope="module")
def few_bungalows() -> Published:
    """Give a site whose bungalows are nine, so that a second type is hidden with them."""
    return make_inputs(HOMES | {"bungalow": 9})


def traces(exhibit: Exhibit, choice: str) -> list[go.Scatter]:
    """Return the traces that a choice shows."""
    return [trace for trace in chart_of(exhibit).data if trace.meta is not None and trace.meta["choice"] == choice]


def publish(table: Table, frame: pl.DataFrame) -> PublicTable:
    """Return rows as published, nothing hidden."""
    return publish_cells(table, frame)


@pytest.mark.parametrize("draw", TABLES_OF)
def test_a_figure_of_an_empty_table_says_so_in_place(draw: Draw, inputs: Published) -> None:
    exhibit = draw(without(inputs, *TABLES_OF[draw]), RUN)
    assert exhibit.chart is None
    assert exhibit.missing is not None
    assert exhibit.missing.startswith("not shown: no ")
    assert list(exhibit.tables) == list(exhibit.choices) == []


@pytest.mark.parametrize("draw", TABLES_OF)
def test_a_hidden_type_is_named_and_none_of_its_numbers_stands_anywhere(draw: Draw, few_bungalows: Published) -> None:
    exhibit = draw(few_bungalows, RUN)
    assert any(note.startswith("Not shown: Detached and Bungalow") for note in exhibit.notes), exhibit.notes
    assert not {"bungalow", "detached"} & {choice.key for choice in exhibit.choices}
    words = f"{exhibit.tables}{exhibit.alternative}{exhibit.shows}"
    assert "Bungalow" not in words
    assert "Bungalow" not in str(chart_of(exhibit).to_json())


@pytest.mark.parametrize("draw", [draw_annual_demand, draw_profile, *TABLES_OF])
def test_values_kept_from_an_earlier_release_are_named(draw: Draw, inputs: Published) -> None:
    kept = pl.DataFrame({"dwelling_type": ["flat", "flat"], "period": ["2009", "2008"]})
    frozen = with_tables(inputs, *(replace(inputs[table], few_changes=kept) for table in EVERY_TABLE))
    found = [note for note in draw(frozen, RUN).notes if note.startswith("Kept from an earlier release")]
    assert len(found) == 1
    assert found[0].startswith("Kept from an earlier release: Flat (fewer than 10 homes changed since")
    assert not [note for note in draw(inputs, RUN).notes if "earlier release" in note]


def test_the_spread_draws_each_published_quantile_and_marks_the_median(inputs: Published) -> None:
    exhibit = draw_spread(inputs, RUN)
    points = [trace for trace in chart_of(exhibit).data if trace.mode == "markers+text"]
    detached = points[0]
    assert list(detached.customdata) == ["10 %", "25 %", "50 %", "75 %", "90 %"]
    assert [label for label in detached.text if label] == [f"{detached.x[2]:,.0f}"]
    thick = chart_of(exhibit).data[1]
    assert (thick.line.width, list(thick.x)) == (12, [detached.x[1], detached.x[3]])
    assert exhibit.tables[0].rows[0][:3] == ("Detached", "100", f"{detached.x[0]:,.0f}")
    assert (
        "All homes together are not shown: beside the types, their quantiles would tell homes apart." in exhibit.notes
    )


def test_a_type_of_few_homes_shows_only_the_quantiles_that_it_may(inputs: Published) -> None:
    few = publish(HEAT_DEMAND_QUANTILE, make_quantiles(HOMES | {"bungalow": 22}))
    exhibit = draw_spread(with_tables(inputs, few), RUN)
    bungalow = next(
        trace for trace in chart_of(exhibit).data if trace.mode == "markers+text" and trace.y[0] == "Bungalow"
    )
    assert list(bungalow.customdata) == ["25 %", "50 %", "75 %"]
    row = next(row for row in exhibit.tables[0].rows if row[0] == "Bungalow")
    assert (row[2], row[6]) == (text.NOTHING, text.NOTHING)


def test_a_type_too_small_for_any_quantile_is_named(inputs: Published) -> None:
    few = publish(HEAT_DEMAND_QUANTILE, make_quantiles(HOMES | {"bungalow": 9}))
    notes = draw_spread(with_tables(inputs, few), RUN).notes
    assert "Not shown: Bungalow (too few homes, or a quantile would tell some apart)." in notes


def test_the_fit_draws_a_point_for_each_day_and_lines_that_bend_at_the_balance_temperature(inputs: Published) -> None:
    exhibit = draw_weather_fit(inputs, RUN)
    assert [choice.key for choice in exhibit.choices] == [
        "all",
        "detached",
        "semi_detached",
        "terraced",
        "bungalow",
        "flat",
        TOGETHER,
    ]
    days, lines, beyond, design, bend = traces(exhibit, "detached")
    assert len(days.x) == 365
    scale = 18_740 / 15_000
    assert (lines.x[1], lines.y[1]) == (BALANCE_C, pytest.approx(BASE * scale, rel=0.005))
    assert lines.y[0] == pytest.approx((BASE + SLOPE * (BALANCE_C - lines.x[0])) * scale, rel=0.005)
    assert beyond.line.dash == "dash"
    assert design.x == (-4.2,)
    assert design.y[0] == pytest.approx((BASE + SLOPE * (BALANCE_C + 4.2)) * scale, rel=0.005)
    assert bend.x == (BALANCE_C, BALANCE_C)


def test_the_choice_of_all_lines_draws_every_type_and_no_day(inputs: Published) -> None:
    together = traces(draw_weather_fit(inputs, RUN), TOGETHER)
    assert {trace.name for trace in together if trace.showlegend} == {
        "All homes",
        "Detached",
        "Semi-detached",
        "Terraced",
        "Bungalow",
        "Flat",
    }
    assert max(len(trace.x) for trace in together) == 3


def test_each_fit_says_slope_balance_heat_loss_normal_year_and_design_day(inputs: Published) -> None:
    says = {choice.key: choice.says for choice in draw_weather_fit(inputs, RUN).choices}
    fit = inputs[WEATHER_FIT].frame.filter(dwelling_type="all").row(0, named=True)
    normal, low, high = (fit[f"heat_kwh_weather_normal{end}"] for end in ("", "_ci_low", "_ci_high"))
    peak = fit["design_peak_hour_heat_kwh"]
    for words in (
        "About 590 homes, 365 days", "below 14.6\N{NO-BREAK SPACE}°C", "6.0 kWh a day for each degree colder", "202 W/K",
        "explain 97 %", f"{normal:,.0f} kWh of heat (95 % interval {low:,.0f} to {high:,.0f})",
        f"The design day, \N{MINUS SIGN}4.2\N{NO-BREAK SPACE}°C, takes 102 kWh, at most {peak:.1f} kWh in an hour.",
    ):  # fmt: skip
        assert words in says["all"], words
    assert "About 110 homes" in says["flat"]
    assert "Normal weather: HadCET 1991 to 2010, mean of 20 years." in draw_weather_fit(inputs, RUN).notes


def test_a_type_without_a_fit_keeps_its_days_and_says_why(inputs: Published) -> None:
    shape = ("slope_gas_kwh_per_day_k", "warm_slope_gas_kwh_per_day_k", "balance_temperature_c", "base_gas_kwh_per_day")
    flat = pl.col("dwelling_type") == "flat"
    frame = inputs[WEATHER_FIT].frame.with_columns(
        *(pl.when(~flat).then(name).alias(name) for name in shape),
        note=pl.when(flat).then(pl.lit("<b>only 40 days</b>")),
    )
    exhibit = draw_weather_fit(with_frame(inputs, WEATHER_FIT, frame), RUN)
    assert next(c.says for c in exhibit.choices if c.key == "flat") == "About 110 homes, no lines: <b>only 40 days</b>."
    assert [trace.mode for trace in traces(exhibit, "flat")] == ["markers"]


def test_annual_demand_without_normal_weather_shows_one_bar_per_type_and_says_why(inputs: Published) -> None:
    nothing = [
        pl.lit(None, dtype=pl.Float64).alias(name)
        for name in inputs[HEAT_DEMAND_ANNUAL].frame.columns
        if "normal" in name
    ]
    bare = with_frame(inputs, HEAT_DEMAND_ANNUAL, inputs[HEAT_DEMAND_ANNUAL].frame.with_columns(nothing))
    frame = inputs[WEATHER_FIT].frame.with_columns(note=pl.lit("no temperature"))
    exhibit = draw_annual_demand(with_frame(bare, WEATHER_FIT, frame), RUN)
    assert [trace.name for trace in chart_of(exhibit).data] == ["In 2009", "Wang 2018, published"]
    assert "Heat in normal weather is not shown: no temperature." in exhibit.notes
    assert "outlined" not in exhibit.shows


def test_uses_of_gas_add_up_to_the_gas_of_a_normal_year(inputs: Published) -> None:
    bars = chart_of(draw_gas_uses(inputs, RUN)).data
    assert [bar.name for bar in bars] == ["Space heating", "Hot water", "Cooking"]
    detached = sum(bar.x[list(bar.y).index("Detached")] for bar in bars)
    assert detached == pytest.approx(15_450 * 18_740 / 15_000 / 0.8054, abs=15)


def test_a_type_whose_uses_are_not_told_apart_has_no_bar(inputs: Published) -> None:
    frame = inputs[WEATHER_FIT].frame.with_columns(
        cooking_gas_kwh_per_year=pl.when(pl.col("dwelling_type") != "flat").then("cooking_gas_kwh_per_year")
    )
    exhibit = draw_gas_uses(with_frame(inputs, WEATHER_FIT, frame), RUN)
    assert "Flat" not in chart_of(exhibit).data[0].y


@pytest.mark.parametrize(("draw", "segments"), [(draw_months, 12), (draw_day_kinds, 2), (draw_bands, 6)])
def test_profiles_by_local_hour_draw_24_hours_of_each_kind_of_days(
    draw: Draw, segments: int, inputs: Published
) -> None:
    exhibit = draw(inputs, RUN)
    for choice in ("all", "flat"):
        shown = traces(exhibit, choice)
        assert len(shown) == segments
        assert all(list(trace.x) == list(range(24)) for trace in shown)
    assert "Europe/London" in exhibit.shows
    assert exhibit.choices[0].says.startswith("About 590 homes. Highest peak: ")
    hours, summary = exhibit.tables
    assert len(hours.rows) == 24
    assert len(summary.rows) == 6 * segments


def test_months_stand_in_the_order_of_the_year_on_one_scale(inputs: Published) -> None:
    chart = chart_of(draw_months(inputs, RUN))
    january, december = (traces(draw_months(inputs, RUN), "all")[n] for n in (0, 11))
    assert (january.name, january.xaxis, december.name, december.xaxis) == ("January", "x", "December", "x12")
    ranges = {tuple(chart.layout[axis].range) for axis in ("yaxis", "yaxis5", "yaxis12")}
    assert len(ranges) == 1
    assert ranges.pop()[1] > max(max(trace.y) for trace in chart.data)


def test_bands_of_temperature_go_from_cold_to_mild_and_keep_their_colours(inputs: Published) -> None:
    lines = traces(draw_bands(inputs, RUN), "all")
    assert [line.name for line in lines] == [
        f"{text.MINUS}5 to 0 °C",
        "0 to 5 °C",
        "5 to 10 °C",
        "10 to 15 °C",
        "15 to 20 °C",
        "20 to 25 °C",
    ]
    mild = inputs[HEAT_PROFILE_SEASON].frame.filter(~pl.col("segment").is_in(["-5_to_0_c", "0_to_5_c"]))
    fewer = traces(draw_bands(with_frame(inputs, HEAT_PROFILE_SEASON, mild), RUN), "all")
    assert [line.line.color for line in fewer] == [line.line.color for line in lines[2:]]
    assert palette.band_ink(-20) == palette.BAND[0]
    assert palette.band_ink(35) == palette.BAND[-1]


def test_a_kind_of_days_that_is_hidden_for_one_type_is_shown_in_part(inputs: Published) -> None:
    cold_flats = (pl.col("dwelling_type") == "flat") & (pl.col("segment") == "-5_to_0_c")
    frame, lost = (
        inputs[HEAT_PROFILE_SEASON].frame.filter(~cold_flats),
        inputs[HEAT_PROFILE_SEASON].frame.filter(cold_flats),
    )
    hidden = lost.select(*HEAT_PROFILE_SEASON.key, pl.lit("few_homes").alias("because"))
    season = replace(inputs[HEAT_PROFILE_SEASON], frame=frame, suppressed=hidden)
    exhibit = draw_bands(with_tables(inputs, season), RUN)
    assert any(note.startswith("Shown in part: Flat (the rest rests on fewer than 10 homes") for note in exhibit.notes)
    assert len(traces(exhibit, "flat")) == 5
    assert draw_months(with_tables(inputs, season), RUN).notes == []


@pytest.mark.parametrize(
    ("key", "name"), [("0_to_5_c", "0 to 5 °C"), ("-5_to_0_c", "−5 to 0 °C"), ("minus_10_to_minus_5_c", "−10 to −5 °C")]  # noqa: RUF001 - a minus sign
)  # fmt: skip
def test_bands_of_temperature_have_names_that_readers_know(key: str, name: str) -> None:
    assert text.band(key) == name
