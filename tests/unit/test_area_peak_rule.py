"""The London Heat Map's peak: its published rows, and how far it is from homes together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.example_areas import PAPER, measured
from transforms.areas.peak_rule import NUMBERS, compare_peaks
from transforms.peaks.peak_rules import PeakRules, london_heat_map_peak
from warehouse.figures import read_figures

RULES = PeakRules.from_table(read_figures("diversity_rule"))
SHARED = Path(__file__).parents[2].parent / "shared" / "reference" / "london"
ROWS = ("london_heat_map_2024_building_sample.csv", "london_heat_map_2024_docklands_buildings.csv")


@pytest.mark.skipif(not SHARED.exists(), reason="the published files are not beside the project")
def test_the_rule_meets_every_published_building_to_a_watt() -> None:
    rows = pl.concat([pl.read_csv(SHARED / name) for name in ROWS], how="diagonal_relaxed").unique("os_toid")
    assert len(rows) == 36
    other = (rows["nonresi_count"] > 0).to_numpy()
    found = london_heat_map_peak(RULES, rows["kwh"].to_numpy(), non_residential=other)
    assert np.abs(found - rows["peak_kw"].to_numpy()).max() <= 0.001
    swapped = london_heat_map_peak(RULES, rows["kwh"].to_numpy(), non_residential=~other)
    assert np.abs(swapped - rows["peak_kw"].to_numpy()).max() > 1


def test_houses_are_two_to_five_times_too_high_and_blocks_turn() -> None:
    table = compare_peaks(PAPER, RULES)
    assert table["homes"].to_list() == list(NUMBERS)
    assert table["houses_ratio"].is_between(2, 5).all()
    assert table["houses_ratio"].is_sorted()
    block = dict(table.select("homes", "block_ratio").iter_rows())
    assert block[100] == pytest.approx(0.75, abs=0.05)
    assert block[5] > 1 > block[30]
    assert table["block_ratio"].is_sorted(descending=True)


def test_the_rule_is_that_of_one_building() -> None:
    table = compare_peaks(measured(), RULES)
    flats, kwh = 100, 10_000
    assert table.filter(homes=flats)["block_rule_kw"][0] == pytest.approx((21.84 + 0.000342535 * flats * kwh) / flats)
    assert table["houses_rule_kw"].unique().to_list() == pytest.approx([21.84 + 0.000342535 * 16_000])
