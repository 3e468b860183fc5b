"""Figures that say how far to trust the others: selection, inferred flags, comparison with a published study."""

from __future__ import annotations

import polars as pl
import pytest

from quality.disclosure.accounts import publish_funnel
from reports import text
from reports.figures.external import draw_external
from reports.figures.quality import draw_judgements
from reports.figures.selection import draw_funnel, draw_selection_effect
from reports.inputs import Published
from tests.example_heat import CRITERIA
from tests.example_site import RUN, chart_of, make_inputs, publish_totals, with_frame, with_tables
from transforms.tables.heat import SELECTION_FUNNEL
from transforms.tables.lineage import FLAG_JUDGEMENT
from transforms.tables.published import EXTERNAL_CHECK
from transforms.tables.words import INFERRED_FLAGS


@pytest.fixture(scope="module")
def inputs() -> Published:
    """Give a site of 591 homes of five types."""
    return make_inputs()


def test_the_effect_of_each_step_stands_beside_the_result_of_all(inputs: Published) -> None:
    exhibit = draw_selection_effect(inputs, RUN)
    up_to, without = chart_of(exhibit).data
    heat = inputs[SELECTION_FUNNEL].frame["heat_kwh_mean"][-1]
    assert up_to.x[-1] == heat
    assert without.x[4] == pytest.approx(1.017 * heat, abs=10)
    assert [label for label in up_to.text if label] == [f"{value:,.0f}" for value in up_to.x[2:5]]
    assert exhibit.shows.endswith(f"the result of all steps, {heat:,.0f} kWh.")
    moves = f"“heated by gas, or not declared otherwise”: without it heat per home changes by {text.MINUS}3.8 %"
    assert any(moves in note for note in exhibit.notes)
    (table,) = exhibit.tables
    assert table.rows[0] == (
        CRITERIA[0],
        "990",
        text.NOTHING,
        f"{inputs[SELECTION_FUNNEL].frame['households_without'][0]:,}",
        f"{heat:,.0f}",
    )


def test_a_step_of_few_homes_has_no_heat_and_no_count(inputs: Published) -> None:
    last = pl.col("step") == 3
    frame = inputs[SELECTION_FUNNEL].frame.with_columns(
        pl.when(~last).then(name).alias(name) for name in ("households_without", "heat_kwh_mean_without")
    )
    exhibit = draw_selection_effect(with_frame(inputs, SELECTION_FUNNEL, frame), RUN)
    assert exhibit.tables[0].rows[3][3:] == ("fewer than 10", text.NOTHING)
    assert chart_of(exhibit).data[1].x[3] != chart_of(exhibit).data[1].x[3], "not a number"


def test_a_funnel_without_heat_is_drawn_and_its_effect_is_not(inputs: Published) -> None:
    frame = inputs[SELECTION_FUNNEL].frame.with_columns(heat_kwh_mean=None, heat_kwh_mean_without=None)
    bare = with_frame(inputs, SELECTION_FUNNEL, SELECTION_FUNNEL.conform(frame))
    assert draw_funnel(bare, RUN).chart is not None
    assert draw_selection_effect(bare, RUN).missing == "not shown: no home has a year's heat to compare"
    nothing = with_tables(inputs, publish_funnel(SELECTION_FUNNEL.empty()))
    assert draw_selection_effect(nothing, RUN).chart is None


def test_judged_and_not_judged_readings_add_up_to_all(inputs: Published) -> None:
    exhibit = draw_judgements(inputs, RUN)
    judged, lacking = chart_of(exhibit).data
    assert [a + b for a, b in zip(judged.x, lacking.x, strict=True)] == pytest.approx([100] * len(INFERRED_FLAGS))
    assert lacking.x[2] == 0
    assert exhibit.notes[0].startswith("Not judged: Suspected wrong unit: 4.8 % (fewer than 28 days")
    totals, months = exhibit.tables
    assert ("Stuck meter", "Not judged: the meter's step is unknown", "45,640", "0.36") in totals.rows
    assert [row[0] for row in months.rows] == [f"2009-{month:02d}" for month in range(1, 13)]
    assert months.rows[0][1] == "87.7"
    assert months.rows[1][1:] == ("95.9", "99.69", "100", "100")


def test_a_flag_that_nothing_could_be_judged_for_is_drawn_as_that(inputs: Published) -> None:
    lacking = pl.DataFrame(
        {"month": ["2009-01-01"], "flag": ["cold_zero_run"], "outcome": ["<i>no temperature</i>"], "readings": [880]}
    )
    frame = FLAG_JUDGEMENT.conform(lacking.with_columns(pl.col("month").str.to_date()))
    exhibit = draw_judgements(with_tables(inputs, publish_totals(FLAG_JUDGEMENT, frame, homes=100)), RUN)
    judged, not_judged = chart_of(exhibit).data
    assert (list(judged.x), list(not_judged.x)) == ([0], [100])
    assert not_judged.customdata[0] == "&lt;i&gt;no temperature&lt;/i&gt;"


def test_judgements_of_few_homes_or_of_none_say_so(inputs: Published) -> None:
    few = publish_totals(FLAG_JUDGEMENT, inputs[FLAG_JUDGEMENT].frame, homes=3)
    assert draw_judgements(with_tables(inputs, few), RUN).missing == "not shown: rests on fewer than 10 homes"
    none = publish_totals(FLAG_JUDGEMENT, FLAG_JUDGEMENT.empty(), homes=100)
    assert draw_judgements(with_tables(inputs, none), RUN).missing == "not shown: no readings yet"


def test_levels_stand_beside_the_published_ones_with_what_explains_them(inputs: Published) -> None:
    levels, _ = draw_external(inputs, RUN)
    chart = chart_of(levels)
    assert [choice.name for choice in levels.choices] == [
        "Gas per home and day",
        "Gas per home and day at equal temperature",
    ]
    published, own, of_bands, _ = chart.data
    assert list(own.y[:4]) == [
        "Detached<br>SERL 2022",
        "Detached<br>SERL 2023",
        "Semi-detached<br>SERL 2022",
        "Semi-detached<br>SERL 2023",
    ]
    assert of_bands.y[0] == f"{text.MINUS}5 to 0 °C"
    detached = inputs[EXTERNAL_CHECK].frame.filter(segment="detached").row(0, named=True)
    assert (own.x[0], published.x[0]) == (detached["own"], detached["published"])
    views = chart.layout.meta["views"]
    assert views["level-0"] == {"height": 140 + 42 * 12, "title": "Gas per home and day [kWh/d]"}
    assert views["level-1"]["height"] == 140 + 42 * 6
    assert levels.choices[0].says.startswith(
        "Own figures rest on 50 homes or more, beside SERL 2022 and SERL 2023. Own over published: "
    )
    headings = [heading.title for heading in levels.tables[0].headings]
    row = levels.tables[0].rows[0]
    assert row[headings.index("What explains the difference")] == "2009 was colder and homes were less insulated"
    assert row[headings.index("Homes behind the run's value")] == "100"
    assert levels.provenance["Beside"] == "SERL 2022 and SERL 2023"


def test_shapes_of_the_day_are_chosen_one_by_one_each_with_its_explanation(inputs: Published) -> None:
    _, shapes = draw_external(inputs, RUN)
    assert [choice.name for choice in shapes.choices] == [
        "Shape of the day, days of -5 to 0 °C",
        "Shape of the day, days of 5 to 10 °C",
    ]
    assert [len(line.x) for line in chart_of(shapes).data] == [24] * 4
    assert shapes.choices[0].says == "About 590 homes beside SERL. Fewer at home by day."
    (table,) = shapes.tables
    assert (len(table.rows), len(table.headings)) == (24, 5)


def test_hours_are_read_from_the_names_of_segments_whatever_their_order(inputs: Published) -> None:
    frame = inputs[EXTERNAL_CHECK].frame.filter(pl.col("segment").str.contains(":")).reverse()
    half_hours = frame.with_columns(segment=pl.col("segment").str.replace(":00", ":30"))
    for rows, first in ((frame, 0.0), (half_hours, 0.5)):
        (shapes,) = draw_external(with_frame(inputs, EXTERNAL_CHECK, rows), RUN)
        assert list(chart_of(shapes).data[0].x) == [first + hour for hour in range(24)]


def test_without_a_comparison_there_is_no_exhibit(inputs: Published) -> None:
    none = publish_totals(EXTERNAL_CHECK, EXTERNAL_CHECK.empty(), homes=100)
    assert draw_external(with_tables(inputs, none), RUN) == []


def test_words_of_a_foreign_study_are_inert_in_a_chart(inputs: Published) -> None:
    hostile = "<a href='javascript:alert(1)'>x</a>"
    words = pl.lit(hostile)
    frame = inputs[EXTERNAL_CHECK].frame.with_columns(study=words, unit=words, quantity=words + pl.col("quantity"))
    frame = frame.with_columns(segment=pl.col("segment").replace("flat", hostile))
    exhibits = draw_external(with_frame(inputs, EXTERNAL_CHECK, frame), RUN)
    assert len(exhibits) == 2
    for exhibit in exhibits:
        assert "&lt;a" in str(chart_of(exhibit).to_json())
        assert "<a" not in str(chart_of(exhibit).to_json())
