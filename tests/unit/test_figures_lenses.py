"""Figures of the same heat by another who counts, and by other prices."""

from dataclasses import replace

import polars as pl
import pytest

from reports.figures.lenses import draw_individual_beside, draw_readings
from tests.example_site import RUN, chart_of, make_inputs, with_tables
from transforms.lcoh.results.published import CostChoices
from transforms.tables.cost import LCOH


def test_both_lenses_and_both_projections_of_today_are_published() -> None:
    choices = CostChoices(
        scenario="current2026", convention="best_practice", seed=1, bootstrap_replicates=10, sobol_samples=8
    )
    assert choices.compared == [("current2026", "best_practice"), ("current2026", "best_practice_private")]
    assert ("desnz2023", "best_practice") in choices.costed
    assert ("desnz2023", "best_practice_private") in choices.costed
    older = replace(choices, scenario="eep2019")
    assert {scenario for scenario, _ in older.costed} == {"paper_fit", "eep2019"}


def test_the_cost_to_the_home_has_a_figure_of_its_own() -> None:
    inputs = make_inputs()
    (found,) = draw_individual_beside(inputs, RUN)
    assert found.key == "cost-individual-best-practice-private"
    assert found.title == "The same cost to the household, by dwelling type"
    gas = next(trace for trace in chart_of(found).data if trace.name == "Gas boiler" and trace.showlegend)
    of_home = inputs.costs(RUN, ["gas_boiler"], convention="best_practice_private")
    assert sorted(gas.x) == pytest.approx(sorted(of_home["lcoh_gbp_per_mwh"]))
    assert any("standing charge" in note for note in found.notes)


def test_readings_stand_side_by_side_with_the_cheapest_named() -> None:
    inputs = make_inputs()
    (found,) = draw_readings(inputs, RUN)
    assert "eep2019, to society: air source heat" in found.alternative
    assert "eep2019, to the household: gas boiler" in found.alternative
    assert "in prices of 2018, for systems bought in 2018" in found.shows
    assert len(chart_of(found).data) == 3
    alone = inputs[LCOH]
    only = replace(alone, frame=alone.frame.filter(pl.col("convention") != "best_practice_private"))
    assert draw_readings(with_tables(inputs, only), RUN) == []
    assert draw_individual_beside(with_tables(inputs, only), RUN) == []
