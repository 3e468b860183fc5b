"""The made-up trial beside published studies of real homes, if the folder of references is beside the project.

SERL: thousands of British homes, 2021 to 2023. Fluvius: 300 Flemish meters, 2024, day by day. What agrees is asserted
with its tolerance, and so is what differs, with its reason in the text.
"""

from __future__ import annotations

import datetime as dt
import functools
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from transforms.climate.temperature import hourly_temperature
from transforms.external.compare import ExternalCheck, check_external
from transforms.external.days import compare_days, describe_days, rest_on_heating
from transforms.external.own import summarise_own
from transforms.heat.season import profile_by_season
from transforms.public.public import PublicTable
from transforms.sample.figures import SampleFigures
from transforms.sample.trial import Trial, plan_trial
from transforms.tables.heat import HEAT_PROFILE
from transforms.tables.words import DWELLING_TYPES
from warehouse.figures import read_figures
from warehouse.reference_folder import ReferenceFolder, read_reference_folder

REFERENCE = Path(__file__).parents[3] / "shared" / "reference"
FIGURES = SampleFigures.from_tables(read_figures)
START, END = dt.date(2009, 1, 1), dt.date(2010, 1, 1)


@functools.cache
def references() -> ReferenceFolder:
    return read_reference_folder(REFERENCE)


def draw(households: int, faults: str) -> tuple[Trial, np.ndarray]:
    """Return a trial and the true gas of its homes, homes x half-hours [kWh]."""
    trial = plan_trial(FIGURES, households=households, start=START, end=END, seed=1, faults=faults)
    return trial, np.concatenate([trial.draw_truth(block) for block in range(len(trial.blocks))])


def days_of_trial(faults: str) -> pl.DataFrame:
    """Return the true gas of 300 homes by day."""
    trial, gas = draw(300, faults)
    by_day = gas.reshape(len(gas), -1, 48).sum(axis=2)
    dates = pl.date_range(START, END, "1d", closed="left", eager=True)
    homes = pl.DataFrame({"household_id": trial.homes["household_id"]})
    return homes.join(pl.DataFrame({"date": dates}), how="cross").with_columns(gas_kwh=pl.Series(by_day.ravel()))


@functools.cache
def check_trial() -> ExternalCheck:
    """Compare the truth of 600 homes with SERL, as a run compares its published tables."""
    trial, gas = draw(600, "none")
    by_hour = gas.reshape(len(gas), -1, 2).sum(axis=2)
    types = trial.homes["dwelling_type"].to_numpy()
    hours = trial.starts.gather_every(2).alias("hour_start_utc")
    groups = {name: types == name for name in DWELLING_TYPES} | {"all": types != ""}
    profile = pl.concat(
        pl.DataFrame({"hour_start_utc": hours, "gas_kwh_mean": by_hour[of].mean(axis=0)}).with_columns(
            dwelling_type=pl.lit(name), households=int(of.sum())
        )
        for name, of in groups.items()
    ).with_columns(heat_kwh_mean=pl.col("gas_kwh_mean") * 0.8, heat_kwh_se=None, period=pl.lit("2009"))
    temperature = hourly_temperature(read_figures("temperature_daily"))
    profile = HEAT_PROFILE.conform(profile.join(temperature, on="hour_start_utc"))
    demand = profile.group_by("dwelling_type", "period").agg(pl.col("gas_kwh_mean").sum(), pl.col("households").min())
    public = [
        PublicTable(name, frame, frame.clear(), 10)
        for name, frame in (("profile", profile), ("season", profile_by_season(profile)), ("demand", demand))
    ]
    own = summarise_own(*public, origin="hearth sample seed=1")
    return check_external(own, references().references)


def published(quantity: str, *, study: str = "") -> pl.DataFrame:
    rows = check_trial().rows.filter(pl.col("quantity").str.starts_with(quantity), pl.col("study").str.contains(study))
    assert rows.height > 0
    return rows


if REFERENCE.is_dir():

    def test_the_folder_of_references_is_read_whole() -> None:
        found = references()
        assert (found.missing, found.refused) == ((), {})
        tables_read = found.references
        assert (tables_read.level_by_type.height, tables_read.level_by_band.height) == (10, 18)
        assert tables_read.half_hour_gas.height == 34 * 48
        assert tables_read.daily_gas.height == 300 * 366

    def test_every_shape_keeps_serl_s_clock_and_peak() -> None:
        shift = published("shift of the clock")
        assert shift["own"].to_list() == [0.0] * 10
        peaks = published("hour of the day's peak")
        assert peaks["own"].to_list() == peaks["published"].to_list()
        assert (
            published("peak over the day's mean")["ratio"] - 1
        ).abs().max() < 0.06  # flatter in the cold: the peak of 2009
        hours = published("shape of the day")
        assert hours.height == 10 * 24
        assert (hours["own"] - hours["published"]).abs().mean() < 0.025

    def test_levels_of_2009_lie_above_serl_and_the_text_says_how_much_is_weather() -> None:
        """At equal temperature 2009 used 25 to 35 % more than SERL's homes in 2021, whenever homes heat."""
        bands = published("gas per home on days", study="2021").filter(
            ~pl.col("segment").is_in(["15_to_20_c", "20_to_25_c"])
        )
        assert bands.height == 4
        assert bands["ratio"].is_between(1.2, 1.4).all()
        as_is, same = (published(f"gas per home and day{end}", study="2022") for end in ("", " at the study's weather"))
        as_is = as_is.filter(pl.col("quantity") == "gas per home and day")
        same = same.filter(~pl.col("quantity").str.contains("mix"))
        both = as_is.join(same, on="segment", suffix="_same")
        assert both.height == 5
        weather = both["own"] - both["own_same"]
        assert weather.is_between(2, 6).all()  # 2009 was the colder year, by half a degree day a day
        assert both["explanation"].str.contains(r"2009 had 5\.58 degree days .* 2022 had 5\.\d+").all()
        assert both["explanation_same"].str.contains(r"SERL's homes used \+1\d % in 2021 against 2022").all()

    def test_flats_of_the_paper_are_the_type_that_lies_furthest_from_serl() -> None:
        left = published("gas per home and day at the study's weather", study="2022").filter(
            ~pl.col("quantity").str.contains("mix"), pl.col("segment") != "all"
        )
        ratio = dict(left.select("segment", "ratio").iter_rows())
        assert max(ratio, key=lambda name: ratio[name]) == "flat"
        assert ratio["flat"] == pytest.approx(2.0, abs=0.1)
        assert 1.4 < ratio["detached"] < ratio["semi_detached"] < ratio["flat"]

    def test_types_without_a_counterpart_are_named() -> None:
        assert check_trial().not_compared == (
            "bungalow: SERL has no such building type",
            "Other or no answer: no dwelling type of ours",
        )

    @pytest.mark.parametrize("faults", ["none", "all"])  # `typical` spoils what meters deliver, not what homes use
    def test_days_beside_300_flemish_meters(faults: str) -> None:
        own = rest_on_heating(days_of_trial(faults))  # a run selects homes that are heated by gas
        rows = compare_days(
            own, references().references.daily_gas, study="Fluvius 2024", origin="hearth sample seed=1", own_temperature=FIGURES.temperature
        )  # fmt: skip
        assert rows.height == 14
        like = rows.filter(pl.col("segment") == "gas_heated")
        outside = set(like.filter(pl.col("explanation").str.contains("outside the declared"))["quantity"])
        # More warm gas than in Flanders: the law of EDRP homes has 11.8 kWh/d above 18 degC, Flemish meters 4.6.
        assert outside <= {"July and August over the mean day"}
        spread = like.filter(pl.col("quantity").str.starts_with("spread")).row(0, named=True)
        assert spread["published"] == pytest.approx(0.536, abs=0.001)
        assert spread["ratio"] == pytest.approx(1.0, abs=0.15)
        level = rows.filter(pl.col("quantity") == "gas per home and day", pl.col("segment") == "all").row(0, named=True)
        assert level["published"] * 366 == pytest.approx(11_605, abs=1)
        assert 1.4 < level["ratio"] < 1.8
        assert "17 of which heat no home" in level["explanation"]
        warm = rows.filter(pl.col("quantity").str.contains("above 18 degC"))["ratio"][0]
        assert 2.0 < warm < 3.0

    def test_with_cooking_and_empty_homes_the_trial_spreads_as_all_flemish_meters_do() -> None:
        rows = compare_days(days_of_trial("all"), references().references.daily_gas, study="Fluvius 2024", origin=None)
        spread = rows.filter(pl.col("quantity").str.starts_with("spread"), pl.col("segment") == "all")
        assert spread["ratio"][0] == pytest.approx(1.0, abs=0.2)

    def test_the_flemish_meters_are_as_published() -> None:
        figures = dict(describe_days(references().references.daily_gas).select("figure", "value").iter_rows())
        assert figures["log_sd_of_homes"] == pytest.approx(0.70, abs=0.01)
        assert figures["zero_day_share"] == pytest.approx(0.057, abs=0.0005)
        assert figures["peak_day_over_mean"] * figures["gas_kwh_per_day"] == pytest.approx(117.0, abs=0.05)
