"""The cost box: published components put a cost together again as the cost model has it."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from flows.answers.lcoh import Question, run_lcoh
from reports.compare import Bar, Lens, cost_box, cost_parts, order_of_lenses
from reports.inputs import Published
from reports.palette import SYSTEM
from tests.example_release import make_release
from tests.example_site import RUN, make_assumptions, without
from transforms.lcoh.assumptions.refusals import AssumptionError
from transforms.lcoh.results.components import ASKED, ASKED_KWH, CostBasis, component_tables, lenses_of
from transforms.tables.cost import LCOH
from transforms.tables.published import LCOH_CAPITAL, LCOH_COMPONENT, LCOH_ENERGY

LENSES = ("best_practice", "best_practice_private")


@pytest.fixture(scope="module")
def published() -> Published:
    """Give a release with components of costs."""
    return make_release()


@pytest.mark.parametrize("convention", LENSES)
@pytest.mark.parametrize("kwh", [ASKED_KWH[0], 9000, 15_500, ASKED_KWH[-1]])
def test_each_part_of_a_cost_is_that_of_the_model(published: Published, convention: str, kwh: int) -> None:
    rows = published[LCOH_COMPONENT].frame.filter(convention=convention, period=ASKED, demand_kwh=float(kwh))
    asked = Question(scenario=RUN.scenario, convention=convention, demand_kwh=float(kwh))
    model = {
        (row["system"], row["scale"]): row
        for row in run_lcoh(asked).table.filter(convention=convention).iter_rows(named=True)
    }
    assert len(rows) == len(model) == 8
    for row in rows.iter_rows(named=True):
        of_model = model[row["system"], row["scale"]]
        expected = [of_model[f"{part}_gbp_per_mwh"] for part in ("capital", "om", "fuel", "carbon")]
        assert cost_parts(published, row) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_each_dwelling_type_has_the_costs_of_the_table(published: Published) -> None:
    rows = published[LCOH_COMPONENT].frame.filter(pl.col("period") != ASKED, convention="best_practice")
    costs = published[LCOH].frame.filter(convention="best_practice", demand_basis="measured")
    both = rows.join(costs, on=["system", "scale", "dwelling_type", "period"], suffix="_lcoh")
    assert both.height == rows.height == 26
    for row in both.iter_rows(named=True):
        assert sum(cost_parts(published, row)) == pytest.approx(row["lcoh_gbp_per_mwh"], rel=1e-9)


def test_the_box_opens_at_the_scenario_and_holds_every_asked_demand(published: Published) -> None:
    box = cost_box(published)
    assert box is not None
    assert [lens.name for lens in box.lenses] == ["To society", "To the household"]
    assert box.asked_kwh == ASKED_KWH
    for numbers in box.numbers["lenses"]:
        for option in numbers["options"]:
            homes = {"stock"} if option["system"] == "network" else set(box.numbers["homes"])
            assert set(option["at"]) == homes | {str(kwh) for kwh in ASKED_KWH}
    assert cost_box(without(published, LCOH_COMPONENT, LCOH_CAPITAL, LCOH_ENERGY)) is None


def lens(name: str, **costs: float) -> Lens:
    """Return a lens with the cost of each system."""
    bars = tuple(
        Bar(name=key.replace("_", " ").capitalize(), ink=SYSTEM["ashp"], parts=(cost,)) for key, cost in costs.items()
    )
    return Lens(key=name, name=name, says="x", scenario="eep2019", bars=bars)


@pytest.mark.parametrize(
    ("costs", "said"),
    [
        ([{"gas_boiler": 85, "heat_pump": 117}, {"gas_boiler": 85, "heat_pump": 117}], "Cheapest to society: a gas boiler, £85 per MWh; to the household: a gas boiler, £85 per MWh. The order of the systems is the same for both."),
        ([{"gas_boiler": 129, "heat_pump": 106}, {"gas_boiler": 85, "heat_pump": 117}], "Cheapest to society: a heat pump, £106 per MWh; to the household: a gas boiler, £85 per MWh. The order of the systems differs."),
        ([{"gas_boiler": 129, "air_pump": 106}, {"gas_boiler": 130, "air_pump": 117}], "Cheapest to society: an air pump, £106 per MWh; to the household: an air pump, £117 per MWh. The order of the systems is the same for both."),
        ([{"gas_boiler": 90, "heat_pump": 106, "network": 200}, {"gas_boiler": 85, "heat_pump": 217, "network": 210}], "Cheapest to society: a gas boiler, £90 per MWh; to the household: a gas boiler, £85 per MWh. The order of the systems differs."),
        ([{"gas_boiler": 129, "heat_pump": 106}], "Cheapest to society: a heat pump, £106 per MWh."),
    ],
)  # fmt: skip
def test_the_sentence_names_the_cheapest_by_each_lens_and_whether_they_agree(costs: list[dict[str, float]], said: str) -> None:  # fmt: skip
    names = ("To society", "To the household")
    assert order_of_lenses([lens(name, **by_system) for name, by_system in zip(names, costs, strict=False)]) == said


def test_only_readings_that_compare_systems_have_components() -> None:
    assert [basis.convention for basis in lenses_of("eep2019", "best_practice")] == list(LENSES)
    assert [basis.convention for basis in lenses_of("eep2019", "best_practice_public")] == ["best_practice_public"]
    assert lenses_of("paper_fit", "wang2018") == []
    demand = pl.DataFrame(
        {"dwelling_type": ["all"], "period": "2009", "demand_basis": "measured", "demand_kwh": 15_000.0}
    )
    with pytest.raises(AssumptionError, match="wang2018"):
        component_tables(demand, make_assumptions(), [CostBasis(scenario="paper_fit", convention="wang2018")])


def test_a_price_of_another_year_moves_the_cost(published: Published) -> None:
    row = published[LCOH_COMPONENT].frame.filter(system="ashp", dwelling_type="flat").row(0, named=True)
    energy = published[LCOH_ENERGY]
    dearer = energy.frame.with_columns(
        price_gbp_per_mwh=pl.col("price_gbp_per_mwh") + pl.when(pl.col("year") == 7).then(10).otherwise(0)
    )
    changed = Published({**published.tables, energy.name: replace(energy, frame=dearer)})
    assert cost_parts(changed, row)[2] > cost_parts(published, row)[2]
