"""Figures: what they show of published tables, and colours that every reader can tell apart."""

from __future__ import annotations

import datetime as dt
import re
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from reports import palette, text, tracing
from reports.figures.completeness import draw_completeness, draw_lost_readings
from reports.figures.cost import PARTS, draw_cost_shares, draw_emissions, draw_individual, draw_networks, options
from reports.figures.demand import draw_annual_demand, draw_profile
from reports.figures.duration import draw_load_duration
from reports.figures.external import draw_external
from reports.figures.hours import draw_day_map, draw_weeks
from reports.figures.quality import draw_flags, draw_judgements
from reports.figures.season import draw_bands, draw_day_kinds, draw_months
from reports.figures.selection import draw_funnel, draw_selection_effect
from reports.figures.spread import draw_spread
from reports.figures.weather import draw_gas_uses, draw_weather_fit
from reports.inputs import Published
from tests.example_heat import LEVELS
from tests.example_site import HOMES, PEAK_KWH, RUN, chart_of, make_inputs
from transforms.public.public import PUBLIC_TABLES
from transforms.tables.catalogue import WAREHOUSE_TABLES
from transforms.tables.cost import ASSUMPTION, LCOH
from transforms.tables.heat import HEAT_DEMAND_ANNUAL, HEAT_PROFILE
from transforms.tables.published import EXTERNAL_CHECK, HEAT_DEMAND_QUANTILE

ROOT = Path(__file__).parents[2]
DRAWS = (
    draw_annual_demand,
    draw_spread,
    draw_profile,
    draw_weather_fit,
    draw_gas_uses,
    draw_months,
    draw_day_kinds,
    draw_bands,
    draw_individual,
    draw_emissions,
    draw_networks,
    draw_cost_shares,
    draw_load_duration,
    draw_day_map,
    draw_weeks,
    draw_completeness,
    draw_lost_readings,
    draw_funnel,
    draw_selection_effect,
    draw_flags,
    draw_judgements,
    lambda inputs, run: draw_external(inputs, run)[0],
    lambda inputs, run: draw_external(inputs, run)[1],
)
VISION = {
    "usual": np.eye(3),
    "protanopia": np.array([[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]),
    "deuteranopia": np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]),
    "tritanopia": np.array([[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]]),
}  # Machado, Oliveira, Fernandes 2009, severity 1
TO_CONES = np.array([[0.41222, 0.53633, 0.05145], [0.21190, 0.68070, 0.10740], [0.08830, 0.28172, 0.62998]])
OF_CONES = np.array([[0.21045, 0.79362, -0.00407], [1.97800, -2.42859, 0.45059], [0.02590, 0.78277, -0.80868]])
APART = 0.06
THEMES = ("light", "dark")


@pytest.fixture(scope="module")
def inputs() -> Published:
    """Give a site of 591 homes of five types."""
    return make_inputs()


def linear(colour: str) -> NDArray[np.float64]:
    """Return linear RGB of a hex colour."""
    channels = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def luminance(colour: str) -> float:
    """Return the relative luminance of a hex colour (WCAG 2.2)."""
    return float(linear(colour) @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours (WCAG 2.2)."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def oklab(colour: str, vision: str = "usual") -> NDArray[np.float64]:
    """Return lightness and two axes of hue of a colour as seen with a kind of colour vision (Ottosson 2020)."""
    cones = TO_CONES @ np.clip(VISION[vision] @ linear(colour), 0, 1)
    return np.array(OF_CONES @ np.cbrt(cones))


def distance(one: str, other: str, vision: str) -> float:
    """Return how far two colours lie apart; 0.02 can just be seen side by side."""
    return float(np.linalg.norm(oklab(one, vision) - oklab(other, vision)))


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("family", palette.FAMILIES)
def test_colours_of_a_family_stay_apart_for_every_kind_of_colour_vision(family: str, theme: str) -> None:
    colours = [getattr(ink, theme) for ink in palette.FAMILIES[family].values()]
    nearest = min((distance(a, b, v), v, a, b) for v in VISION for a, b in combinations(colours, 2))
    assert nearest[0] > APART, nearest


def test_two_colours_that_red_blind_readers_confuse_do_not_pass_as_apart() -> None:
    assert distance("#b05a2c", "#6f7f2c", "usual") > APART
    assert distance("#b05a2c", "#6f7f2c", "deuteranopia") < APART


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("vision", VISION)
def test_the_scale_of_maps_goes_one_way_in_even_steps_for_every_kind_of_colour_vision(theme: str, vision: str) -> None:
    colours = [getattr(ink, theme) for _, ink in palette.scale()]
    lightness = np.array([oklab(colour, vision)[0] for colour in colours])
    steps = np.abs(np.diff(lightness))
    assert (np.sign(np.diff(lightness)) == (-1 if theme == "light" else 1)).all()
    assert steps.min() > 0.5 * steps.max()
    assert steps.min() > 0.05
    if vision == "usual":
        differences = [distance(a, b, vision) for a, b in pairwise(colours)]
        assert min(differences) > 0.75 * max(differences)


def test_frames_of_figures_have_the_colours_of_the_page() -> None:
    style = (ROOT / "reports" / "assets" / "site.css").read_text(encoding="utf-8")
    light, dark = style.split("prefers-color-scheme: dark", 1)
    for name, ink in (("page", palette.PAGE), ("ink", palette.TEXT), ("muted", palette.MUTED), ("line", palette.LINE)):
        for told, colour in ((light, ink.light), (dark, ink.dark)):
            assert re.search(rf"--{name}: (#\w+);", told)[1] == colour


@pytest.mark.parametrize("theme", THEMES)
def test_colours_stand_out_from_their_page_and_text_on_them_is_readable(theme: str) -> None:
    page = getattr(palette.PAGE, theme)
    inks = [ink for family in palette.FAMILIES.values() for ink in family.values()]
    for ink in (*inks, palette.OTHER_GROUP, palette.TEMPERATURE, palette.PUBLISHED):
        assert contrast(getattr(ink, theme), page) >= 3, ink
    for family, text_on in ((palette.COST_PART, palette.ON_COST_PART), (palette.END_USE, palette.ON_END_USE)):
        for part, on in text_on.items():
            assert contrast(getattr(on, theme), getattr(family[part], theme)) >= 4.5, part
    for ink in (*palette.DWELLING_TYPE.values(), *palette.SYSTEM.values(), palette.OTHER_GROUP):
        assert contrast(getattr(palette.PUBLISHED, theme), getattr(palette.tint(ink), theme)) >= 4.5, ink


def test_every_colour_of_a_figure_has_its_dark_counterpart(inputs: Published) -> None:
    known = set(palette.dark_of_light()) | {palette.ON_COST_PART["fuel"].light}
    for draw in DRAWS:
        chart = draw(inputs, RUN).chart
        assert chart is not None
        assert set(re.findall(r"#[0-9a-f]{6}", str(chart.to_json()))) <= known, draw.__name__


@pytest.mark.parametrize("draw", DRAWS)
def test_every_figure_says_what_it_shows_and_where_it_comes_from(draw: object, inputs: Published) -> None:
    exhibit = draw(inputs, RUN)  # type: ignore[operator]
    assert exhibit.shows.endswith(".")
    assert len(exhibit.alternative) > 60
    assert exhibit.tables, "the rows of the figure"
    assert all(len(row) == len(table.headings) for table in exhibit.tables for row in table.rows)
    assert exhibit.provenance["Run"] == RUN.run_id
    assert exhibit.provenance["Homes"] == "about 590"
    assert "made-up sample data, not EDRP" in exhibit.provenance["Source"]
    table, module = re.match(r"table (\w+), .* computed by (\S+)$", exhibit.provenance["Trace"]).groups()
    assert table in {t.name for t in (*WAREHOUSE_TABLES, HEAT_DEMAND_QUANTILE, EXTERNAL_CHECK)}
    assert (ROOT / module).exists()


@pytest.mark.parametrize("draw", [draw_individual, draw_emissions, draw_networks, draw_cost_shares])
def test_figures_of_cost_name_scenario_and_convention_with_its_denominator(draw: object, inputs: Published) -> None:
    exhibit = draw(inputs, RUN)  # type: ignore[operator]
    of_paper = "; paper_fit for wang2018" if draw is draw_networks else ""
    assert exhibit.provenance["Scenario"] == "eep2019" + of_paper
    assert "best_practice, per MWh of heat delivered" in exhibit.provenance["Convention"]


def test_annual_demand_stands_beside_what_the_paper_published_and_nothing_else(inputs: Published) -> None:
    chart = chart_of(draw_annual_demand(inputs, RUN))
    bars, normal, paper = chart.data
    assert dict(zip(bars.y, bars.x, strict=True))["Detached"] == LEVELS["detached"]
    assert dict(zip(normal.y, normal.x, strict=True))["Detached"] == pytest.approx(1.03 * LEVELS["detached"], abs=5)
    assert normal.error_x.array[0] == pytest.approx(bars.error_x.array[0], abs=10)
    assert chart.layout.yaxis.ticktext[0] == "Detached<br>100\N{NO-BREAK SPACE}homes"
    assert list(bars.y[-2:]) == ["All homes", "National mix"]
    assert dict(zip(paper.y, paper.x, strict=True)) == {"Detached": 18_600, "Flat": 10_400, "All homes": 15_200}
    assert chart.layout.xaxis.title.text == "Heat per home and year [kWh/yr]"
    low = inputs[HEAT_DEMAND_ANNUAL].frame.filter(dwelling_type="flat")["heat_kwh_ci_low"].item()
    assert bars.error_x.arrayminus[list(bars.y).index("Flat")] == pytest.approx(LEVELS["flat"] - low)


def test_a_hidden_type_is_named_and_has_no_bar() -> None:
    exhibit = draw_annual_demand(make_inputs(HOMES | {"bungalow": 9}), RUN)
    assert not {"Bungalow", "Detached"} & set(chart_of(exhibit).data[0].y)
    assert exhibit.notes[0].startswith("Not shown: Detached and Bungalow (rests on fewer than 10 homes")
    assert not {"Bungalow", "Detached"} & {row[0] for table in exhibit.tables for row in table.rows}


def test_the_profile_draws_every_hour_and_leaves_a_gap_where_one_is_missing(inputs: Published) -> None:
    heat, temperature = chart_of(draw_profile(inputs, RUN)).data
    assert len(heat.y) == len(temperature.y) == 8760
    assert np.nanmax(heat.y) == pytest.approx(PEAK_KWH, abs=0.001)
    kept = inputs[HEAT_PROFILE].frame.filter(pl.col("hour_start_utc") != dt.datetime(2009, 3, 1, 5))
    gap = type(inputs[HEAT_PROFILE])("heat_profile", kept, inputs[HEAT_PROFILE].suppressed, 10)
    heat, _ = chart_of(draw_profile(make_inputs(None, gap), RUN)).data
    assert len(heat.y) == 8760
    assert np.flatnonzero(np.isnan(heat.y)).tolist() == [59 * 24 + 5]


def test_the_table_behind_the_profile_sums_it_up_by_month(inputs: Published) -> None:
    (table,) = draw_profile(inputs, RUN).tables
    assert len(table.rows) == 12
    january = inputs[HEAT_PROFILE].frame.filter(pl.col("hour_start_utc").dt.month() == 1, dwelling_type="all")
    assert table.rows[0][:2] == ("2009-01", "744")
    assert table.rows[0][3] == f"{january['heat_kwh_mean'].sum():,.0f}"


def test_options_are_compared_at_one_demand_and_in_delivered_heat(inputs: Published) -> None:
    rows = options(inputs, RUN)
    assert rows["option"].to_list()[-1] == "Network, 20,000\N{NO-BREAK SPACE}homes"
    assert rows.height == 8
    assert rows["demand_kwh"].n_unique() == 1
    assert set(rows["denominator"]) == {"delivered"}
    assert set(rows["dwelling_type"]) == {"stock"}


def test_networks_show_the_papers_denominator_apart(inputs: Published) -> None:
    delivered, _, produced = chart_of(draw_networks(inputs, RUN)).data
    assert len(produced.x) == 5
    assert all(p < d for p, d in zip(produced.x, delivered.x[3:], strict=True))
    exhibit = draw_networks(inputs, RUN)
    assert "wang2018, per MWh of heat produced" in exhibit.provenance["Convention"]
    assert any("medium (300 homes) and large (1,000 homes)" in note for note in exhibit.notes)


def test_cost_shares_add_up_to_the_whole(inputs: Published) -> None:
    chart = chart_of(draw_cost_shares(inputs, RUN))
    assert len(chart.data) == len(PARTS)
    assert np.sum([bar.x for bar in chart.data], axis=0) == pytest.approx(np.full(8, 100))


def test_a_run_of_few_homes_says_so_in_place_and_keeps_the_papers_costs() -> None:
    few = make_inputs({"semi_detached": 1})
    for draw in (draw_annual_demand, draw_spread, draw_profile, draw_weather_fit, draw_gas_uses, draw_months, draw_day_kinds, draw_bands,
                 draw_load_duration, draw_day_map, draw_weeks, draw_completeness, draw_lost_readings, draw_funnel, draw_flags, draw_judgements):  # fmt: skip
        exhibit = draw(few, RUN)
        assert exhibit.chart is None
        assert exhibit.missing == "not shown: rests on fewer than 10 homes"
    exhibit = draw_individual(few, RUN)
    assert exhibit.chart is not None
    assert not exhibit.rests_on_homes
    assert exhibit.provenance["Homes"] == "none: demand as published"


def test_networks_fall_back_to_the_papers_demand_where_the_measured_mix_is_hidden() -> None:
    inputs = make_inputs()
    without_mix = inputs[LCOH].frame.filter(~((pl.col("system") == "network") & (pl.col("demand_basis") == "measured")))
    hidden = make_inputs(None, type(inputs[LCOH])("lcoh", without_mix, inputs[LCOH].suppressed, 10))
    assert set(options(hidden, RUN)["demand_basis"]) == {"paper"}
    assert "The demand of the homes is not shown" in draw_networks(hidden, RUN).notes[0]
    assert set(draw_individual(hidden, RUN).chart.data[-1].y) >= {"Detached", "National mix"}  # type: ignore[union-attr]


def test_a_table_that_did_not_pass_disclosure_control_is_refused(inputs: Published) -> None:
    bare = {**inputs.tables, "heat_profile": inputs[HEAT_PROFILE].frame}
    with pytest.raises(TypeError, match="heat_profile did not pass disclosure control"):
        Published(bare)  # type: ignore[arg-type]


def test_a_release_that_lacks_a_table_is_refused(inputs: Published) -> None:
    fewer = {name: table for name, table in inputs.tables.items() if name != "claim"}
    with pytest.raises(ValueError, match=r"1 published tables are missing \(e.g. claim\)"):
        Published(fewer)


def test_every_table_that_pages_show_names_the_module_that_computes_it(inputs: Published) -> None:
    assert [name for name in inputs.tables if not PUBLIC_TABLES[name].made_by] == []


def test_assumptions_keep_every_figure_and_mark_what_nobody_published(inputs: Published) -> None:
    rows = tracing.assumptions(inputs)
    frame = inputs[ASSUMPTION].frame
    assert {row.name for row in rows} == set(frame.select(pl.format("{}.{}", "item", "parameter")).to_series())
    by_name = {row.name: row for row in rows if row.scenario == "all" or row.name.startswith("electricity")}
    assert by_name["network.heat_pump_kw_per_dwelling"].own
    assert not by_name["ashp.capital_gbp"].own
    assert (by_name["ashp.capital_gbp"].value, by_name["ashp.capital_gbp"].unit) == ("7,000", "£")
    assert by_name["electricity.carbon_intensity_kg_per_kwh"].value.startswith("0.2 (2018) to ")


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("plain name.csv", "plain name.csv"),
        ("gas\u202efdp.csv", "gas[U+202E]fdp.csv"),
        ("a\nb\x00", "a[U+000A]b[U+0000]"),
        ("x" * 10_000, "x" * 59 + "…" + "x" * 59),
    ],
)
def test_foreign_text_hides_nothing(given: str, shown: str) -> None:
    assert text.visible(given) == shown


def test_axis_titles_come_from_the_declarations() -> None:
    assert text.title_of(LCOH.column("lcoh_gbp_per_mwh")) == "Levelised cost of heat [£/MWh]"
    assert text.title_of(HEAT_PROFILE.column("temperature_c")) == "Outdoor air temperature [°C]"
    assert text.title_of(HEAT_PROFILE.column("households")) == "Homes with a good reading in the hour"
