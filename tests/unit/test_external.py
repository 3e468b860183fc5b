"""Own values beside published ones: synthetic studies with a known difference."""

from __future__ import annotations

import datetime as dt
import functools

import polars as pl
import pytest

from quality.disclosure.cells import publish_cells
from quality.disclosure.rule import BY_DWELLING_TYPE, DisclosureRule
from transforms.climate.local_time import on_the_clock
from transforms.external.compare import check_external
from transforms.external.own import OwnFigures, summarise_own
from transforms.external.reference import DAILY_GAS, HALF_HOUR_GAS, LEVEL_BY_BAND, LEVEL_BY_TYPE, References
from transforms.heat.season import profile_by_season
from transforms.tables.heat import HEAT_DEMAND_ANNUAL, HEAT_PROFILE, HEAT_PROFILE_SEASON

TYPES = {
    "detached": 40.0,
    "semi_detached": 30.0,
    "terraced": 25.0,
    "flat": 15.0,
    "bungalow": 20.0,
}  # kWh/d at 15.5 degC
PER_KELVIN = 2.0  # kWh/(d K)
HALF_HOURLY = [1 + 0.5 * (hour in {7, 17, 18}) - 0.3 * (hour < 5) for hour in range(24)]


def make_profile(*, period: str = "2009", homes: int = 40, colder_by: float = 0.0) -> pl.DataFrame:
    """Return hourly profiles whose day follows degree days on a line and whose hours follow `HALF_HOURLY`."""
    hours = pl.DataFrame(
        {"hour_start_utc": pl.datetime_range(dt.datetime(2009, 1, 1), dt.datetime(2010, 1, 1), "1h", closed="left", time_unit="us", eager=True)}
    )  # fmt: skip
    local = on_the_clock(pl.col("hour_start_utc"))
    temperature = 9.0 - colder_by - 8.0 * (local.dt.ordinal_day() / 58.1).cos()
    groups = pl.DataFrame(
        {"dwelling_type": [*TYPES, "all"], "base": [*TYPES.values(), sum(TYPES.values()) / len(TYPES)]}
    )
    shape = pl.Series(HALF_HOURLY) / sum(HALF_HOURLY)
    rows = hours.with_columns(temperature_c=temperature, hour_local=local.dt.hour().cast(pl.Int64)).join(
        groups, how="cross"
    )
    day = pl.col("base") + PER_KELVIN * (15.5 - pl.col("temperature_c")).clip(lower_bound=0)
    part = pl.col("hour_local").replace_strict(list(range(24)), shape.to_list(), return_dtype=pl.Float64)
    gas = day * part
    n = pl.when(pl.col("dwelling_type") == "all").then(homes * len(TYPES)).otherwise(homes)
    return HEAT_PROFILE.conform(
        rows.with_columns(period=pl.lit(period), households=n, gas_kwh_mean=gas, heat_kwh_mean=gas * 0.8, heat_kwh_se=None)
    )  # fmt: skip


def summarise(profile: pl.DataFrame, *, origin: str | None = None) -> OwnFigures | None:
    """Return a run's own figures through disclosure control, as a page would have them."""
    rule = DisclosureRule()
    sums = profile.group_by("dwelling_type", "period").agg(
        pl.col("gas_kwh_mean", "heat_kwh_mean").sum(), pl.col("households").min()
    )
    nothing = {c.name: pl.lit(None) for c in HEAT_DEMAND_ANNUAL.columns if c.name not in sums.columns}
    demand = publish_cells(
        HEAT_DEMAND_ANNUAL,
        HEAT_DEMAND_ANNUAL.conform(sums.with_columns(**nothing)),
        margins=[BY_DWELLING_TYPE],
        rule=rule,
    )
    return summarise_own(
        publish_cells(HEAT_PROFILE, profile, coarser=demand, rule=rule),
        publish_cells(HEAT_PROFILE_SEASON, profile_by_season(profile), coarser=demand, rule=rule),
        demand,
        origin=origin,
    )


def make_references(own: OwnFigures, *, ratio: float, degree_days_more: float = 0.0, late_hours: int = 0) -> References:
    """Return studies in which homes of every SERL type use `ratio` times what ours use, in other weather."""
    assert own.degree_days_k is not None
    names = {
        "Detached": "detached",
        "Semi-detached": "semi_detached",
        "Terraced": "terraced",
        "Purpose-built flat": "flat",
    }
    levels = dict(own.levels.select("dwelling_type", "gas_kwh_per_day").iter_rows())
    by_type = [
        (2022, name, (levels[ours] + PER_KELVIN * degree_days_more) * ratio, 10.0, own.degree_days_k + degree_days_more, 0.3, 1000)
        for name, ours in names.items()
    ]  # fmt: skip
    by_band = [
        (year, band, gas * ratio * further, temperature, 5000)
        for year, further in ((2021, 1.25), (2022, 1.0))
        for band, gas, temperature in own.bands.select("temperature_band", "gas_kwh_per_day", "temperature_c").iter_rows()
    ]  # fmt: skip
    half_hours = [
        (2022, segmentation, segment, (minute + 30) % 1440, HALF_HOURLY[(minute // 60 - late_hours) % 24], 1000)
        for minute in range(0, 1440, 30)
        for segmentation, segment in (
            ("building_type", "Detached"),
            ("building_type", "Other or no answer"),
            ("temperature_band", "5_to_10_c"),
        )
    ]
    rows = ((LEVEL_BY_TYPE, by_type), (LEVEL_BY_BAND, by_band), (HALF_HOUR_GAS, half_hours), (DAILY_GAS, []))
    return References(**{table.name: pl.DataFrame(data, schema=table.schema, orient="row") for table, data in rows})


@functools.cache
def own_figures(**given: float) -> OwnFigures:
    own = summarise(make_profile(**given))  # type: ignore[arg-type]
    assert own is not None
    return own


def select(rows: pl.DataFrame, quantity: str) -> dict[str, float]:
    """Return the ratios of one quantity by segment."""
    return dict(rows.filter(pl.col("quantity") == quantity).select("segment", "ratio").iter_rows())


def test_own_levels_and_their_slope_come_out_of_published_tables() -> None:
    own = own_figures()
    assert own.period == "2009"
    slopes = own.levels["gas_kwh_per_degree_day"].to_list()
    assert slopes == pytest.approx([PER_KELVIN] * 6, rel=0.01)
    levels = dict(own.levels.select("dwelling_type", "gas_kwh_per_day").iter_rows())
    assert own.degree_days_k is not None
    assert levels == pytest.approx(
        {name: base + PER_KELVIN * own.degree_days_k for name, base in {**TYPES, "all": 26.0}.items()}, rel=1e-3
    )


def test_a_study_with_twice_our_gas_in_our_weather_has_ratio_one_half_everywhere() -> None:
    own = own_figures()
    rows = check_external(own, make_references(own, ratio=2.0)).rows
    assert own.degree_days_k is not None
    warmth = PER_KELVIN * own.degree_days_k
    everyone = (26.0 + warmth) / (2 * (27.5 + warmth))  # ours hold bungalows, theirs do not
    levels = select(rows, "gas per home and day")
    assert levels == pytest.approx(
        {"detached": 0.5, "semi_detached": 0.5, "terraced": 0.5, "flat": 0.5, "all": everyone}, rel=1e-3
    )
    same = "gas per home and day at the study's weather"
    assert select(rows, same) == pytest.approx(levels)
    assert select(rows, f"{same} and mix of types") == pytest.approx({"all": 0.5})
    bands = rows.filter(pl.col("quantity").str.contains("days of one temperature"), pl.col("study") == "SERL 2022")
    assert bands.height == own.bands.height > 3
    assert bands["ratio"].to_list() == pytest.approx([0.5] * bands.height)


def test_colder_weather_of_the_study_is_corrected_for_and_explained_with_numbers() -> None:
    own = own_figures()
    rows = check_external(own, make_references(own, ratio=1.0, degree_days_more=3.0)).rows
    assert all(ratio < 0.95 for ratio in select(rows, "gas per home and day").values())
    types = {k: v for k, v in select(rows, "gas per home and day at the study's weather").items() if k != "all"}
    assert types == pytest.approx(dict.fromkeys(types, 1.0), rel=2e-3)
    assert len(types) == 4
    (text,) = rows.filter(pl.col("quantity") == "gas per home and day", pl.col("segment") == "detached")["explanation"]
    assert f"2009 had {own.degree_days_k:.2f}".rstrip("0") in text
    assert "that is -6.0 of the -6.0 kWh/d, and 0.0 are left" in text


def test_the_change_over_the_years_since_the_first_is_explained() -> None:
    own = own_figures()
    rows = check_external(own, make_references(own, ratio=0.8)).rows
    text = rows.filter(
        pl.col("quantity") == "gas per home and day at the study's weather", pl.col("segment") == "detached"
    )["explanation"][0]
    assert text.startswith("+25 % is left at equal weather.")
    assert "SERL's homes used +25 % in 2021 against 2022 at equal temperature; 0 % is left" in text
    assert "40 homes of 2009 here, 1000 there of about" in text
    assert "made up" not in text


def test_made_up_homes_are_named_on_every_row() -> None:
    own = summarise(make_profile(), origin="hearth sample seed=1")
    assert own is not None
    rows = check_external(own, make_references(own, ratio=1.0)).rows
    assert rows["explanation"].str.contains("made up (hearth sample seed=1)", literal=True).all()


def test_the_ends_of_half_hours_become_the_hours_that_they_end_in() -> None:
    own = own_figures()
    rows = check_external(own, make_references(own, ratio=1.0)).rows
    shape = select(rows, "shape of the day, detached")
    assert list(shape) == [f"{hour:02d}:00" for hour in range(24)]
    assert list(shape.values()) == pytest.approx([1.0] * 24, abs=2e-3)
    assert len(select(rows, "shape of the day, days of 5 to 10 degC")) == 24
    peak = rows.filter(pl.col("quantity") == "hour of the day's peak", pl.col("segment") == "detached").row(
        0, named=True
    )
    assert (peak["own"], peak["published"]) == (7.0, 7.0)


@pytest.mark.parametrize(("late", "text"), [(0, None), (1, "Moved by +1 h"), (-1, "Moved by -1 h")])
def test_a_clock_that_is_an_hour_off_is_noticed(late: int, text: str | None) -> None:
    own = own_figures()
    rows = check_external(own, make_references(own, ratio=1.0, late_hours=late)).rows
    shift = rows.filter(pl.col("quantity") == "shift of the clock that fits best")
    assert shift["own"].to_list() == [late, late]
    said = shift["explanation"].str.contains("check the clock", literal=True)
    assert said.to_list() == [text is not None] * 2
    assert text is None or text in shift["explanation"][0]


def test_types_and_bands_without_a_counterpart_are_named() -> None:
    own = own_figures(colder_by=5.0)
    references = make_references(own_figures(), ratio=1.0)
    left_out = check_external(own, references).not_compared
    assert "bungalow: SERL has no such building type" in left_out
    assert "Other or no answer: no dwelling type of ours" in left_out
    assert "days of 15_to_20_c: not published by this run" in left_out
    assert "days of -5_to_0_c: not published by SERL" in left_out


def test_a_type_of_nine_homes_is_not_compared() -> None:
    profile = make_profile(homes=20)
    thin = pl.col("dwelling_type") == "flat"
    own = summarise(profile.with_columns(households=pl.when(thin).then(9).otherwise("households")))
    assert own is not None
    check = check_external(own, make_references(own_figures(), ratio=1.0))
    assert "flat" not in set(check.rows["segment"])
    assert "flat: not published by this run" in check.not_compared
    assert check.rows["households"].min() == 20


def test_a_run_that_publishes_nothing_is_compared_with_nothing() -> None:
    own = summarise(make_profile(homes=1))
    assert own is None
    check = check_external(own, make_references(own_figures(), ratio=1.0))
    assert check.rows.is_empty()
    assert check.not_compared == ("this run publishes no level to compare",)


def test_without_temperatures_levels_stand_as_they_are_and_the_text_says_so() -> None:
    own = summarise(make_profile().with_columns(temperature_c=pl.lit(None, dtype=pl.Float64)))
    assert own is not None
    assert own.degree_days_k is None
    rows = check_external(own, make_references(own_figures(), ratio=1.0)).rows
    assert set(rows["quantity"].str.split(",").list.first()) == {
        "gas per home and day", "shape of the day", "hour of the day's peak", "peak over the day's mean", "shift of the clock that fits best",
    }  # fmt: skip
    levels = rows.filter(pl.col("quantity") == "gas per home and day")
    assert levels["explanation"].str.contains("Weather cannot be told apart", literal=True).all()


def test_the_latest_period_is_compared_unless_one_is_named() -> None:
    both = pl.concat([make_profile(period="2009"), make_profile(period="2010", colder_by=2.0)])
    own = summarise(both)
    assert own is not None
    assert own.period == "2010"
    assert own.degree_days_k == pytest.approx(own_figures(colder_by=2.0).degree_days_k)
