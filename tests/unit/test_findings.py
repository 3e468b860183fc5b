"""The title of a figure is what it finds: made from the numbers, also when their order turns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from reports import finding_words as words
from reports.figures.exhibit import Exhibit
from reports.findings import FINDINGS, find
from reports.inputs import Published
from reports.pages import PAGES, sections
from tests.example_analyses import make_analyses
from tests.example_release import make_release
from tests.example_site import RUN, make_inputs, with_frame
from transforms.tables.heat import HEAT_DEMAND_ANNUAL
from transforms.tables.lineage import FLAG_COUNT, QUALITY_RESULT

LONGEST = 150
PHONE_PX = 760  # of 844, below the bar of the browser
MINUS = "\N{MINUS SIGN}"
AIR, GROUND, GAS = "Air source heat pump", "Ground source heat pump", "Gas boiler"
OUTCOMES: dict[Callable[..., str | None], list[tuple[tuple[Any, ...], str | None]]] = {
    words.say_least_and_most: [
        (({"flat": 10_400.0, "detached": 18_700.0},), "Flats need 44 % less heat than detached houses"),
        (({"flat": 18_700.0, "detached": 10_400.0},), "Detached houses need 44 % less heat than flats"),
        (({"flat": 15_000.0, "terraced": 15_001.0},), "All dwelling types need about the same heat"),
        (({"bungalow": 9.0, "flat": 10.0, "semi_detached": 12.0},), "Bungalows need 25 % less heat than semi-detached houses"),
        (({"flat": 10_400.0},), None),
    ],
    words.say_ratio: [
        (({"flat": (5.0, 15.0), "detached": (10.0, 20.0)},), "Homes differ most among flats: the upper end needs 3.0 times the heat of the lower"),
        (({"flat": (10.0, 15.0), "detached": (10.0, 20.0)},), "Homes differ most among detached houses: the upper end needs 2.0 times the heat of the lower"),
        (({"flat": (10.0, 10.0)},), "Homes of one type need about the same heat"),
        (({"terraced": (1.0, 12.0)},), "Homes differ most among terraced houses: the upper end needs 12 times the heat of the lower"),
        (({},), None),
    ],
    words.say_cheapest_in_types: [
        (({"flat": AIR, "detached": AIR},), "An air source heat pump costs least in every dwelling type"),
        (({"flat": GAS, "detached": GAS},), "A gas boiler costs least in every dwelling type"),
        (({"flat": AIR, "detached": GAS, "terraced": GAS},), "A gas boiler costs least in 2 of 3 dwelling types, an air source heat pump in the others"),
        (({"bungalow": AIR},), "An air source heat pump costs least in bungalows"),
        (({},), None),
    ],
    words.say_shares_of_draws: [
        (({AIR: 0.53, GAS: 0.36, GROUND: 0.11},), "No system is certain to be the cheapest: an air source heat pump is in 53 % of draws"),
        (({AIR: 0.36, GAS: 0.53, GROUND: 0.11},), "No system is certain to be the cheapest: a gas boiler is in 53 % of draws"),
        (({AIR: 0.95, GAS: 0.05},), "An air source heat pump is the cheapest in 95 % of draws: the order is firm"),
        (({GAS: 1.0},), "A gas boiler is the cheapest in 100 % of draws: the order is firm"),
        (({},), None),
    ],
    words.say_scale: [
        (({100: 142.0, 20_000: 141.0},), "Size hardly matters: a network of 20,000 homes costs £141 per MWh, one of 100 homes £142"),
        (({100: 230.3, 20_000: 229.9},), "Size hardly matters: networks of 100 and of 20,000 homes cost £230 per MWh"),
        (({100: 180.0, 1000: 120.0},), "Larger networks cost less: a network of 1,000 homes costs £120 per MWh, one of 100 homes £180"),
        (({100: 120.0, 1000: 180.0},), "Larger networks cost more: a network of 1,000 homes costs £180 per MWh, one of 100 homes £120"),
        (({1000: 180.0, 300: 150.0, 100: 200.0},), "Larger networks cost less: a network of 1,000 homes costs £180 per MWh, one of 100 homes £200"),
        (({100: 142.0},), None),
    ],
    words.say_beside: [
        (({100: 142.0, 300: 141.0}, {AIR: 106.0, GAS: 129.0}), "The cheapest network costs £35 per MWh more than an air source heat pump"),
        (({100: 99.0}, {AIR: 106.0, GAS: 129.0}), "The cheapest network costs £7 per MWh less than an air source heat pump"),
        (({100: 129.1}, {AIR: 206.0, GAS: 129.0}), "The cheapest network costs about as much as a gas boiler"),
        (({100: 142.0}, {GAS: 85.0, AIR: 117.0}), "The cheapest network costs £57 per MWh more than a gas boiler"),
        (({}, {GAS: 85.0}), None),
    ],
    words.say_emissions: [
        (({GAS: 3000.0, AIR: 300.0},), "A gas boiler emits 10 times the carbon dioxide of an air source heat pump"),
        (({GAS: 300.0, AIR: 450.0},), "An air source heat pump emits 1.5 times the carbon dioxide of a gas boiler"),
        (({GAS: 3000.0, AIR: 0.0},), "A gas boiler emits 3,000 kg of carbon dioxide a year, an air source heat pump none"),
        (({GAS: 3000.0, AIR: 400.0, GROUND: 300.0},), "A gas boiler emits 10 times the carbon dioxide of a ground source heat pump"),
        (({GAS: 3000.0},), None),
    ],
    words.say_largest_part: [
        (({GAS: {"Fuel": 60.0, "Capital": 10.0}, AIR: {"Fuel": 60.0, "Capital": 30.0}},), "Fuel is the largest part of the cost of every system"),
        (({GAS: {"Fuel": 60.0, "Capital": 10.0}, AIR: {"Fuel": 60.0, "Capital": 90.0}},), "Largest part of the cost: fuel for a gas boiler, capital for an air source heat pump"),
        (({GAS: {"Fuel": 5.0, "Carbon": 10.0}, AIR: {"Fuel": 60.0}, GROUND: {"Fuel": 50.0}},), "Largest part of the cost: carbon for a gas boiler, fuel for an air source heat pump and a ground source heat pump"),
        (({GAS: {"Capital": 60.0}},), "Capital is the largest part of the cost of every system"),
        (({},), None),
    ],
    words.say_together: [
        ((11.0, 4.7, 100), "At their common peak, 100 homes need 57 % less each than one alone: 4.7 kW each against 11.0 kW"),
        ((8.0, 4.0, 50), "At their common peak, 50 homes need 50 % less each than one alone: 4.0 kW each against 8.0 kW"),
        ((8.0, 8.0, 50), "50 homes peak together as high as one alone: 8.0 kW each against 8.0 kW"),
        ((8.0, 8.2, 50), "50 homes peak together as high as one alone: 8.2 kW each against 8.0 kW"),
        ((10.0, 9.9, 2), "At their common peak, 2 homes need 1 % less each than one alone: 9.9 kW each against 10.0 kW"),
    ],
    words.say_change: [
        (("The included homes use", 0.07), "The included homes use 7 % more heat"),
        (("The included homes use", -0.07), "The included homes use 7 % less heat"),
        (("The included homes use", 0.0), "The included homes use about the same heat"),
        (("A weekend day takes", 0.05), "A weekend day takes 5 % more heat"),
        (("A weekend day takes", -0.004), "A weekend day takes about the same heat"),
    ],
    words.say_left_out: [
        (({"January": 0.03, "May": 0.01},), "Most readings are left out in January: 3.0 %, against 1.0 % in May"),
        (({"January": 0.01, "May": 0.2},), "Most readings are left out in May: 20 %, against 1.0 % in January"),
        (({"January": 0.0},), "No reading is left out"),
        (({},), "No reading is left out"),
        (({"June": 0.0004, "July": 0.0003},), "Less than 0.1 % of readings are left out in every month"),
    ],
    words.say_cheapest_to_each: [
        (({"to society": (AIR, 150.0), "to the household": (GAS, 117.0)},), "Cheapest per MWh: to society an air source heat pump, at £150; to the household a gas boiler, at £117"),
        (({"to society": (GAS, 150.0), "to the household": (AIR, 117.0)},), "Cheapest per MWh: to society a gas boiler, at £150; to the household an air source heat pump, at £117"),
        (({"to society": (AIR, 150.0), "to the household": (AIR, 171.0)},), "An air source heat pump costs least per MWh: £150 to society and £171 to the household"),
        (({"to society": (GROUND, 150.0)},), "A ground source heat pump costs least per MWh: £150 to society"),
        (({},), None),
    ],
    words.say_cheapest_at: [
        (({AIR: 0.73, GAS: 0.27}, AIR), "An air source heat pump costs least at today's prices and at 73 % of the prices shown"),
        (({AIR: 0.73, GAS: 0.27}, GAS), "A gas boiler costs least at today's prices and at 27 % of the prices shown"),
        (({GAS: 1.0}, GAS), "A gas boiler costs least at today's prices and at all prices shown"),
        (({AIR: 0.5, GROUND: 0.5}, GROUND), "A ground source heat pump costs least at today's prices and at 50 % of the prices shown"),
        (({}, GAS), None),
    ],
    words.say_trench: [
        (({1.0: 209.0, 0.5: 222.0, 0.3: 244.0}, 159.0), "In the median neighbourhood a network costs £209 per MWh if all homes connect and £244 if 30 % do; the cheapest system in a home, £159"),
        (({0.3: 244.0, 1.0: 209.0}, 259.0), "In the median neighbourhood a network costs £209 per MWh if all homes connect and £244 if 30 % do; the cheapest system in a home, £259"),
        (({0.5: 244.0, 0.3: 209.0}, 159.0), "In the median neighbourhood a network costs £244 per MWh if 50 % connect and £209 if 30 % do; the cheapest system in a home, £159"),
        (({1.0: 209.0}, 159.0), None),
        (({}, 159.0), None),
    ],
    words.say_lower_peak: [
        (({"without a store": 4.8, "with a store of 14 kWh": 3.0},), "With a store of 14 kWh, the peak is 38 % lower: 3.0 kW per home instead of 4.8 kW"),
        (({"without a store": 4.8, "with a store of 7 kWh": 6.0},), "Without a store, the peak is 20 % lower: 4.8 kW per home instead of 6.0 kW"),
        (({"run like boilers": 5.4, "run evenly through the day": 5.4},), "The peak is 5.4 kW per home either way"),
        (({"run like boilers": 5.4},), None),
        (({},), None),
    ],
    words.say_hybrid: [
        (({0.2: 0.57, 0.4: 0.86, 0.6: 0.97},), "A heat pump for 40 % of the load supplies 86 % of the heat"),
        (({0.2: 0.9, 0.4: 0.96},), "A heat pump for 20 % of the load supplies 90 % of the heat"),
        (({0.2: 0.3, 1.0: 1.0},), "Only a heat pump for the whole load supplies 80 % of the heat"),
        (({0.2: 0.3},), None),
        (({},), None),
    ],
    words.say_worth: [
        (({AIR: 103.0, GAS: 155.0, GROUND: 165.0},), "A MWh of heat saved is worth £103 with an air source heat pump and £165 with a ground source heat pump"),
        (({AIR: 203.0, GAS: 155.0},), "A MWh of heat saved is worth £155 with a gas boiler and £203 with an air source heat pump"),
        (({AIR: 155.0, GAS: 155.1},), "A MWh of heat saved is worth £155 whatever the system"),
        (({GAS: 155.0},), "A MWh of heat saved is worth £155 whatever the system"),
        (({},), None),
    ],
    words.say_store: [
        ((0.76,), "Under this tariff a heat store lowers the price of electricity by up to 24 %"),
        ((0.5,), "Under this tariff a heat store lowers the price of electricity by up to 50 %"),
        ((0.99,), "Under this tariff a heat store lowers the price of electricity by up to 1 %"),
        ((1.0,), "A heat store saves nothing under this tariff: the price is 100 % of that of an even load"),
        ((1.1,), "A heat store saves nothing under this tariff: the price is 110 % of that of an even load"),
    ],
    words.say_observed: [
        (({"bungalow": 91.0, "flat": 98.0},), "Bungalows have the fewest good readings: 91 % of homes in the mean hour"),
        (({"bungalow": 98.0, "flat": 91.0},), "Flats have the fewest good readings: 91 % of homes in the mean hour"),
        (({"bungalow": 98.0, "flat": 98.4},), "In every dwelling type about 98 % of homes have a good reading"),
        (({"unknown": 88.0},), "88 % of homes have a good reading in the mean hour"),
        (({},), None),
    ],
    words.say_judged: [
        (({"stuck meter": 100.0, "suspected wrong unit": 99.89},), "The fault that could be judged least often: suspected wrong unit (99.89 % of readings)"),
        (({"stuck meter": 0.0, "suspected wrong unit": 99.89},), "The fault that could be judged least often: stuck meter (0 % of readings)"),
        (({"stuck meter": 100.0, "suspected wrong unit": 100.0},), "All readings could be judged for all 2 faults"),
        (({"stuck meter": 100.0},), "All readings could be judged for the fault: stuck meter"),
        (({},), None),
    ],
    words.say_met: [
        ((46, 50, 4), "46 of 50 statements of the paper are met; 4 are not, where the paper contradicts itself"),
        ((46, 50, 1), "46 of 50 statements of the paper are met; 4 are not, of which 1 where the paper contradicts itself"),
        ((50, 50, 0), "All 50 statements of the paper are met"),
        ((49, 50, 1), "49 of 50 statements of the paper are met; 1 is not, where the paper contradicts itself"),
        ((46, 50, 0), "46 of 50 statements of the paper are met; 4 are not"),
        ((0, 0, 0), None),
    ],
    words.say_moved: [
        (({"Flat": 0.012, "All homes": -0.03},), f"All homes moved most: {MINUS}3.0 %"),
        (({"Flat": 0.042, "All homes": -0.03},), "Flat moved most: +4.2 %"),
        (({"Flat": 0.0004, "All homes": -0.0001},), "No dwelling type moved by 0.1 % or more"),
        (({"Flat": 0.0006},), "Flat moved most: +0.1 %"),
        (({},), None),
    ],
    words.say_ratio_to_published: [
        (({"a": 0.9, "b": 1.2},), "This run gives 0.90 to 1.20 times the published figures"),
        (({"a": 1.2, "b": 0.9, "c": 1.0},), "This run gives 0.90 to 1.20 times the published figures"),
        (({"a": 1.0},), "This run gives 1.00 times the published figure"),
        (({"a": 1.004, "b": 1.0},), "This run gives 1.00 times the published figures"),
        (({},), None),
    ],
    words.say_shapes: [
        (([0.062, 0.1],), "The hours of the day lie 6 to 10 % of the mean hour from those published"),
        (([0.1, 0.062, 0.08],), "The hours of the day lie 6 to 10 % of the mean hour from those published"),
        (([0.062],), "The hours of the day lie 6 % of the mean hour from those published"),
        (([0.004, 0.0],), "The hours of the day lie less than 0.5 % from those published"),
        (([],), None),
    ],
    words.say_season: [
        (({"Winter": 6.0, "Summer": 1.5},), "The mean week of winter peaks 4.0 times as high as that of summer"),
        (({"Winter": 1.5, "Summer": 6.0},), "The mean week of summer peaks 4.0 times as high as that of winter"),
        (({"Winter": 20.0, "Autumn": 5.0, "Summer": 1.0},), "The mean week of winter peaks 20 times as high as that of summer"),
        (({"Winter": 6.0, "Summer": 0.0},), "The mean week peaks at 6.0 kWh an hour in winter and needs no heat in summer"),
        (({"Winter": 6.0},), None),
    ],
    words.say_selected: [
        ((600, 490), "490 of 600 homes seen are included"),
        ((490, 490), "All 490 homes seen are included"),
        ((1880, 590), "590 of 1,880 homes seen are included"),
        ((10, 10), "All 10 homes seen are included"),
        ((14_000, 9_990), "9,990 of 14,000 homes seen are included"),
    ],
    words.say_field: [
        ((2.6, 2.3, 3.0), "An air source heat pump gives 2.60 units of heat for one of electricity, within what field trials measured (2.30 to 3.00)"),
        ((2.1, 2.3, 3.0), "An air source heat pump gives 2.10 units of heat for one of electricity, below what field trials measured (2.30 to 3.00)"),
        ((3.4, 2.3, 3.0), "An air source heat pump gives 3.40 units of heat for one of electricity, above what field trials measured (2.30 to 3.00)"),
        ((2.6, None, 3.0), "An air source heat pump gives 2.60 units of heat for one of electricity"),
        ((3.004, 2.3, 3.001), "An air source heat pump gives 3.00 units of heat for one of electricity, within what field trials measured (2.30 to 3.00)"),
        ((2.3, 2.3, 3.0), "An air source heat pump gives 2.30 units of heat for one of electricity, within what field trials measured (2.30 to 3.00)"),
    ],
    words.say_break_even: [
        ((AIR, 14.0, 312.4), "An air source heat pump would be as cheap as a gas boiler at £312 a tonne of carbon dioxide; today it is £14"),
        ((AIR, 215.0, 90.0), "An air source heat pump is as cheap as a gas boiler from £90 a tonne of carbon dioxide on; today it is £215"),
        ((GROUND, 14.0, None), "No carbon price makes a ground source heat pump as cheap as a gas boiler"),
        ((GROUND, 14.0, 1200.0), "A ground source heat pump would be as cheap as a gas boiler at £1,200 a tonne of carbon dioxide; today it is £14"),
        ((AIR, 100.0, 100.0), "An air source heat pump is as cheap as a gas boiler at today's £100 a tonne of carbon dioxide"),
        ((AIR, 100.0, 100.3), "An air source heat pump is as cheap as a gas boiler at today's £100 a tonne of carbon dioxide"),
    ],
    words.say_saving: [
        (({AIR: 287.4, GROUND: 400.0},), "Saving a tonne of carbon dioxide costs £287 with an air source heat pump"),
        (({AIR: 587.4, GROUND: 400.0},), "Saving a tonne of carbon dioxide costs £400 with a ground source heat pump"),
        (({AIR: -20.0, GROUND: 400.0},), "An air source heat pump saves carbon dioxide at no extra cost"),
        (({GROUND: 0.0},), "A ground source heat pump saves carbon dioxide at no extra cost"),
        (({},), None),
    ],
    words.say_investment: [
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


def test_each_way_to_say_a_finding_is_tried_on_five_outcomes_or_more() -> None:
    ways = {name for name in vars(words) if name.startswith("say_")}
    assert {say.__name__ for say in OUTCOMES} == ways
    assert min(len(outcomes) for outcomes in OUTCOMES.values()) >= 5


@pytest.fixture(scope="module")
def published() -> Published:
    """Give a release with every table."""
    return make_release()


@pytest.fixture(scope="module")
def drawn(published: Published) -> dict[str, Exhibit]:
    """Give the figures of all pages of that release, and those that it lacks, of one with all analyses."""
    return {
        exhibit.key: exhibit
        for release in (make_analyses(), published)
        for page in PAGES
        for part in sections(page, release, RUN)
        for exhibit in part.exhibits
    }


def test_every_finding_belongs_to_a_figure_and_says_a_number_of_it(drawn: dict[str, Exhibit]) -> None:
    assert set(FINDINGS) <= set(drawn)
    said = {key: drawn[key].heading for key in FINDINGS}
    assert [key for key in FINDINGS if said[key] == drawn[key].title] == []
    assert {key: words for key, words in said.items() if len(words) > LONGEST or words.endswith(".")} == {}
    assert {key for key, words in said.items() if not any(c.isdigit() for c in words)} <= {
        "cost-individual",
        "cost-individual-best-practice-private",
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
    assert said == "1.0 % of readings are left out; the commonest fault: stuck meter (1.0 %)"


@pytest.mark.parametrize(("failed", "said"), [(0, "All 3 checks of the last run held"), (2, "2 of 3 checks of the last run did not hold")])  # fmt: skip
def test_the_gate_is_told_by_what_held(published: Published, failed: int, said: str) -> None:
    frame = published[QUALITY_RESULT].frame.with_columns(passed=pl.int_range(pl.len()) >= failed)
    assert find("gate-history", with_frame(published, QUALITY_RESULT, frame), RUN) == said


def test_a_chart_takes_at_most_one_screen_of_a_phone(drawn: dict[str, Exhibit]) -> None:
    heights = {key: exhibit.chart.layout.height for key, exhibit in drawn.items() if exhibit.chart is not None}
    assert len(heights) > 30
    assert {key: height for key, height in heights.items() if height > PHONE_PX} == {}
