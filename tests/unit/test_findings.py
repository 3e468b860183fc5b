"""The title of a figure is what it finds: made from the numbers, also when their order turns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from reports import findings
from reports.findings import FINDINGS, find
from reports.inputs import Published
from reports.pages import PAGES, sections
from tests.example_release import make_release
from tests.example_site import RUN, make_inputs, with_frame
from transforms.tables.heat import HEAT_DEMAND_ANNUAL
from transforms.tables.lineage import FLAG_COUNT, QUALITY_RESULT

LONGEST = 150
AIR, GROUND, GAS = "Air source heat pump", "Ground source heat pump", "Gas boiler"
OUTCOMES: dict[Callable[..., str | None], list[tuple[tuple[Any, ...], str | None]]] = {
    findings.say_least_and_most: [
        (({"flat": 10_400.0, "detached": 18_700.0},), "Flats need 44 % less heat than detached houses"),
        (({"flat": 18_700.0, "detached": 10_400.0},), "Detached houses need 44 % less heat than flats"),
        (({"flat": 15_000.0, "terraced": 15_001.0},), "All dwelling types need about the same heat"),
        (({"bungalow": 9.0, "flat": 10.0, "semi_detached": 12.0},), "Bungalows need 25 % less heat than semi-detached houses"),
        (({"flat": 10_400.0},), None),
    ],
    findings.say_ratio: [
        (({"flat": (5.0, 15.0), "detached": (10.0, 20.0)},), "Homes differ most among flats: the upper end needs 3.0 times the heat of the lower"),
        (({"flat": (10.0, 15.0), "detached": (10.0, 20.0)},), "Homes differ most among detached houses: the upper end needs 2.0 times the heat of the lower"),
        (({"flat": (10.0, 10.0)},), "Homes of one type need about the same heat"),
        (({"terraced": (1.0, 12.0)},), "Homes differ most among terraced houses: the upper end needs 12 times the heat of the lower"),
        (({},), None),
    ],
    findings.say_cheapest_in_types: [
        (({"flat": AIR, "detached": AIR},), "An air source heat pump costs least in every dwelling type"),
        (({"flat": GAS, "detached": GAS},), "A gas boiler costs least in every dwelling type"),
        (({"flat": AIR, "detached": GAS, "terraced": GAS},), "A gas boiler costs least in 2 of 3 dwelling types, an air source heat pump in the others"),
        (({"bungalow": AIR},), "An air source heat pump costs least in bungalows"),
        (({},), None),
    ],
    findings.say_shares_of_draws: [
        (({AIR: 0.53, GAS: 0.36, GROUND: 0.11},), "No system is surely the cheapest: an air source heat pump is in 53 % of draws"),
        (({AIR: 0.36, GAS: 0.53, GROUND: 0.11},), "No system is surely the cheapest: a gas boiler is in 53 % of draws"),
        (({AIR: 0.95, GAS: 0.05},), "An air source heat pump is the cheapest in 95 % of draws: the order is firm"),
        (({GAS: 1.0},), "A gas boiler is the cheapest in 100 % of draws: the order is firm"),
        (({},), None),
    ],
    findings.say_scale: [
        (({100: 142.0, 20_000: 141.0},), "Size hardly matters: a network of 20,000 homes costs £141 per MWh, one of 100 homes £142"),
        (({100: 180.0, 1000: 120.0},), "Larger networks cost less: a network of 1,000 homes costs £120 per MWh, one of 100 homes £180"),
        (({100: 120.0, 1000: 180.0},), "Larger networks cost more: a network of 1,000 homes costs £180 per MWh, one of 100 homes £120"),
        (({1000: 180.0, 300: 150.0, 100: 200.0},), "Larger networks cost less: a network of 1,000 homes costs £180 per MWh, one of 100 homes £200"),
        (({100: 142.0},), None),
    ],
    findings.say_beside: [
        (({100: 142.0, 300: 141.0}, {AIR: 106.0, GAS: 129.0}), "The cheapest network costs £35 per MWh more than an air source heat pump"),
        (({100: 99.0}, {AIR: 106.0, GAS: 129.0}), "The cheapest network costs £7 per MWh less than an air source heat pump"),
        (({100: 129.1}, {AIR: 206.0, GAS: 129.0}), "The cheapest network costs about as much as a gas boiler"),
        (({100: 142.0}, {GAS: 85.0, AIR: 117.0}), "The cheapest network costs £57 per MWh more than a gas boiler"),
        (({}, {GAS: 85.0}), None),
    ],
    findings.say_emissions: [
        (({GAS: 3000.0, AIR: 300.0},), "A gas boiler emits 10 times the carbon dioxide of an air source heat pump"),
        (({GAS: 300.0, AIR: 450.0},), "An air source heat pump emits 1.5 times the carbon dioxide of a gas boiler"),
        (({GAS: 3000.0, AIR: 0.0},), "A gas boiler emits 3,000 kg a year, an air source heat pump nothing"),
        (({GAS: 3000.0, AIR: 400.0, GROUND: 300.0},), "A gas boiler emits 10 times the carbon dioxide of a ground source heat pump"),
        (({GAS: 3000.0},), None),
    ],
    findings.say_largest_part: [
        (({GAS: {"Fuel": 60.0, "Capital": 10.0}, AIR: {"Fuel": 60.0, "Capital": 30.0}},), "Fuel is the largest part of the cost of every system"),
        (({GAS: {"Fuel": 60.0, "Capital": 10.0}, AIR: {"Fuel": 60.0, "Capital": 90.0}},), "Largest part of the cost: fuel of a gas boiler, capital of an air source heat pump"),
        (({GAS: {"Fuel": 5.0, "Carbon": 10.0}, AIR: {"Fuel": 60.0}, GROUND: {"Fuel": 50.0}},), "Largest part of the cost: carbon of a gas boiler, fuel of an air source heat pump and a ground source heat pump"),
        (({GAS: {"Capital": 60.0}},), "Capital is the largest part of the cost of every system"),
        (({},), None),
    ],
    findings.say_together: [
        ((11.0, 4.7, 100), "At their common peak, 100 homes need 57 % less each than one alone: 4.7 kW each against 11.0 kW"),
        ((8.0, 4.0, 50), "At their common peak, 50 homes need 50 % less each than one alone: 4.0 kW each against 8.0 kW"),
        ((8.0, 8.0, 50), "50 homes peak together as high as one alone: 8.0 kW each against 8.0 kW"),
        ((8.0, 8.2, 50), "50 homes peak together as high as one alone: 8.2 kW each against 8.0 kW"),
        ((10.0, 9.9, 2), "At their common peak, 2 homes need 1 % less each than one alone: 9.9 kW each against 10.0 kW"),
    ],
    findings.say_change: [
        (("The included homes use", 0.07), "The included homes use 7 % more heat"),
        (("The included homes use", -0.07), "The included homes use 7 % less heat"),
        (("The included homes use", 0.0), "The included homes use about the same heat"),
        (("A day of the weekend takes", 0.05), "A day of the weekend takes 5 % more heat"),
        (("A day of the weekend takes", -0.004), "A day of the weekend takes about the same heat"),
    ],
    findings.say_left_out: [
        (({"January": 0.03, "May": 0.01}, 0.02), "2.0 % of readings are left out, most in January (3.0 %)"),
        (({"January": 0.01, "May": 0.2}, 0.11), "11 % of readings are left out, most in May (20 %)"),
        (({"January": 0.0}, 0.0), "No reading is left out"),
        (({}, 0.0), "No reading is left out"),
        (({"June": 0.0004}, 0.0004), "Less than 0.1 % of readings are left out, most in June (less than 0.1 %)"),
    ],
    findings.say_selected: [
        ((600, 490), "490 of 600 homes seen are included"),
        ((490, 490), "All 490 homes seen are included"),
        ((1880, 590), "590 of 1,880 homes seen are included"),
        ((10, 10), "All 10 homes seen are included"),
        ((14_000, 9_990), "9,990 of 14,000 homes seen are included"),
    ],
    findings.say_field: [
        ((2.6, 2.3, 3.0), "An air source heat pump gives 2.6 units of heat for one of electricity, within what field trials measured (2.3 to 3.0)"),
        ((2.1, 2.3, 3.0), "An air source heat pump gives 2.1 units of heat for one of electricity, below what field trials measured (2.3 to 3.0)"),
        ((3.4, 2.3, 3.0), "An air source heat pump gives 3.4 units of heat for one of electricity, above what field trials measured (2.3 to 3.0)"),
        ((2.6, None, 3.0), "An air source heat pump gives 2.6 units of heat for one of electricity"),
        ((2.3, 2.3, 3.0), "An air source heat pump gives 2.3 units of heat for one of electricity, within what field trials measured (2.3 to 3.0)"),
    ],
    findings.say_break_even: [
        ((AIR, 14.0, 312.4), "An air source heat pump would be as cheap as a gas boiler at £312 a tonne of carbon dioxide, £14 today"),
        ((AIR, 215.0, 90.0), "An air source heat pump is as cheap as a gas boiler down to £90 a tonne of carbon dioxide, £215 today"),
        ((GROUND, 14.0, None), "No carbon price makes a ground source heat pump as cheap as a gas boiler"),
        ((GROUND, 14.0, 1200.0), "A ground source heat pump would be as cheap as a gas boiler at £1,200 a tonne of carbon dioxide, £14 today"),
        ((AIR, 100.0, 100.0), "An air source heat pump is as cheap as a gas boiler down to £100 a tonne of carbon dioxide, £100 today"),
    ],
    findings.say_saving: [
        (({AIR: 287.4, GROUND: 400.0},), "Saving a tonne of carbon dioxide costs £287 with an air source heat pump"),
        (({AIR: 587.4, GROUND: 400.0},), "Saving a tonne of carbon dioxide costs £400 with a ground source heat pump"),
        (({AIR: -20.0, GROUND: 400.0},), "An air source heat pump saves carbon dioxide at no extra cost"),
        (({GROUND: 0.0},), "A ground source heat pump saves carbon dioxide at no extra cost"),
        (({},), None),
    ],
    findings.say_investment: [
        ((85.0, {100: 187.0, 20_000: 180.0}), "No network pays at £85 per MWh of heat: the cheapest, of 20,000 homes, needs £180"),
        ((185.0, {100: 187.0, 20_000: 180.0}), "1 of 2 networks pay at £185 per MWh of heat"),
        ((200.0, {100: 187.0, 20_000: 180.0}), "Every network pays at £200 per MWh of heat"),
        ((85.0, {100: 87.0, 20_000: 180.0}), "No network pays at £85 per MWh of heat: the cheapest, of 100 homes, needs £87"),
        ((85.0, {}), None),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("say", "given", "said"), [(say, given, said) for say, outcomes in OUTCOMES.items() for given, said in outcomes]
)
def test_a_finding_follows_the_numbers(
    say: Callable[..., str | None], given: tuple[Any, ...], said: str | None
) -> None:
    assert say(*given) == said


def test_each_way_to_say_a_finding_is_tried_on_five_outcomes() -> None:
    ways = {name for name in vars(findings) if name.startswith("say_")}
    assert {say.__name__ for say in OUTCOMES} == ways
    assert {len(outcomes) for outcomes in OUTCOMES.values()} == {5}


@pytest.fixture(scope="module")
def published() -> Published:
    """Give a release with every table."""
    return make_release()


def test_every_finding_belongs_to_a_figure_and_says_a_number_of_it(published: Published) -> None:
    drawn = {
        exhibit.key: exhibit for page in PAGES for part in sections(page, published, RUN) for exhibit in part.exhibits
    }
    assert set(FINDINGS) <= set(drawn)
    said = {key: drawn[key].heading for key in FINDINGS}
    assert [key for key in FINDINGS if said[key] == drawn[key].title] == []
    assert {key: words for key, words in said.items() if len(words) > LONGEST or words.endswith(".")} == {}
    assert {key for key, words in said.items() if not any(c.isdigit() for c in words)} <= {
        "cost-individual",
        "cost-shares",
    }


def test_the_title_turns_when_the_order_turns(published: Published) -> None:
    frame = published[HEAT_DEMAND_ANNUAL].frame
    turned = frame.with_columns(heat_kwh_mean=30_000 - pl.col("heat_kwh_mean"))
    before, after = (find("annual-demand", given, RUN) for given in (published, with_frame(published, HEAT_DEMAND_ANNUAL, turned)))  # fmt: skip
    assert before == "Flats need 44 % less heat than detached houses"
    assert after == "Detached houses need 42 % less heat than flats"


def test_where_a_number_is_hidden_the_topic_is_the_title() -> None:
    few = make_inputs({"flat": 3})
    exhibits = [exhibit for part in sections(PAGES[1], few, RUN) for exhibit in part.exhibits]
    assert all(exhibit.heading == exhibit.title for exhibit in exhibits if exhibit.missing)
    assert find("annual-demand", few, RUN) is None
    assert find("no-such-figure", few, RUN) is None


def test_readings_that_a_newer_delivery_replaced_are_not_called_left_out(published: Published) -> None:
    rows = pl.DataFrame({"flag": ["ok", "superseded", "stuck"], "readings": [900, 90, 10], "share": [0.9, 0.09, 0.01]})
    said = find("flags", with_frame(published, FLAG_COUNT, rows), RUN)
    assert said == "1.0 % of readings are left out, most for: stuck meter (1.0 %)"


@pytest.mark.parametrize(("failed", "said"), [(0, "All 3 checks of the last run held"), (2, "2 of 3 checks of the last run did not hold")])  # fmt: skip
def test_the_gate_is_told_by_what_held(published: Published, failed: int, said: str) -> None:
    frame = published[QUALITY_RESULT].frame.with_columns(passed=pl.int_range(pl.len()) >= failed)
    assert find("gate-history", with_frame(published, QUALITY_RESULT, frame), RUN) == said
