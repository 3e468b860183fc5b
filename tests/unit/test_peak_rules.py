"""The published rules for peaks, in their units, and against the rows that the London Heat Map publishes."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from transforms.peaks.peak_rules import (
    PeakRules,
    compare_rules,
    london_heat_map_peak,
    thermos_diversity_factor,
    thermos_peak,
)
from warehouse.figures import read_figures

RULES = PeakRules.from_table(read_figures("diversity_rule"))
SAMPLE = Path(__file__).parents[3] / "shared" / "reference" / "london" / "london_heat_map_2024_building_sample.csv"


def test_the_rules_give_their_hand_worked_figures() -> None:
    home = np.array([15_200.0])
    assert london_heat_map_peak(RULES, home) == pytest.approx([21.84 + 15_200 * 0.000342535])  # kW, of kWh a year
    assert london_heat_map_peak(RULES, home, non_residential=True) == pytest.approx([21.84 + 15_200 * 0.000275948])
    assert thermos_peak(RULES, home) == pytest.approx([21.84 + 7.54376])
    assert thermos_diversity_factor(RULES, np.array([1.0, 2.0, 1e9])) == pytest.approx([1.0, 0.81, 0.62])


def test_the_rules_stand_beside_each_other_per_dwelling() -> None:
    table = compare_rules(RULES, demand_kwh=15_200, peak_of_one_kw=10.0, dwellings=(1, 19))
    peaks = {rule: part["peak_kw"].to_list() for (rule,), part in table.group_by("rule")}
    assert peaks["thermos_factor"] == pytest.approx([10.0, 6.4])
    assert peaks["london_heat_map"] == pytest.approx([27.046532, 27.046532 * 0.64])
    assert peaks["london_heat_map_alone"] == pytest.approx([27.046532, 27.046532])
    assert peaks["thermos"] == pytest.approx([29.38376, 29.38376 * 0.64])
    assert table["dwellings"].to_list() == [1, 19] * 4


def check_the_published_rows(path: Path) -> None:
    rows = pl.read_csv(path)
    found = london_heat_map_peak(
        RULES, rows["kwh"].to_numpy(), non_residential=rows.select(pl.col("nonresi_count") > 0).to_series().to_numpy()
    )
    assert len(rows) == 21
    assert np.abs(found - rows["peak_kw"].to_numpy()).max() < 0.05


if SAMPLE.exists():

    def test_the_london_heat_map_rule_meets_every_published_row() -> None:
        check_the_published_rows(SAMPLE)


def test_the_check_of_the_published_rows_can_fail(tmp_path: Path) -> None:
    wrong = tmp_path / "sample.csv"
    pl.DataFrame({"kwh": [10_000.0] * 21, "peak_kw": [25.4] * 21, "nonresi_count": [0] * 21}).write_csv(wrong)
    with pytest.raises(AssertionError):
        check_the_published_rows(wrong)
