"""Areas, put together from published pieces: homes by type, land, gas meters and gas."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from transforms.areas.borders import Borders
from transforms.tables.areas import AREA, AREA_GAS, CONTRIBUTION, CONTRIBUTION_LOG
from transforms.tables.fixed_order import group_in_order
from transforms.tables.words import DWELLING_TYPES

LONDON_ID: Final = "E12000007"
LONDON_NAME: Final = "London"
SOURCE: Final = "ONS 2021 areas; Census 2021 TS044; VOA 2015; DESNZ 2019 (OGL v3.0)"
BOROUGH_SOURCE: Final = "DESNZ subnational gas, December 2022 edition (OGL v3.0)"
SMALL_AREA_SOURCE: Final = "BEIS LSOA domestic gas 2018-2019 (OGL v3.0)"
# The Census counts a bungalow as a house. How many stand in each class of houses is not published. We assume that they
# come from the first two classes in proportion to their numbers, and from the third only where these do not suffice.
BUNGALOWS_ARE: Final = ("detached", "semi_detached", "terraced")
COUNTS: Final = ("homes", *DWELLING_TYPES)


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaReference:
    """Published values of areas, and their borders."""

    area: pl.DataFrame
    gas: pl.DataFrame
    borders: Mapping[str, Borders]
    """Borders by level, from coarse to fine; all levels share one set of arcs."""
    contribution: pl.DataFrame = field(default_factory=CONTRIBUTION.empty)
    """What others contributed (`CONTRIBUTION`)."""
    contribution_log: pl.DataFrame = field(default_factory=CONTRIBUTION_LOG.empty)
    """Who contributed what and when (`CONTRIBUTION_LOG`)."""
    findings: tuple[str, ...] = ()
    """What could not be used, each in one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallAreas:
    """What is published of LSOAs. Those of 2021 are known; each table of 2011 may be empty."""

    place: pl.DataFrame
    """Where the LSOAs of 2021 lie (`PLACE`)."""
    homes: pl.DataFrame
    """Their homes by type (`HOMES`)."""
    link: pl.DataFrame
    """Which LSOAs of 2021 those of 2011 are (`LINK`)."""
    bungalows: pl.DataFrame
    """Of 2011 (`BUNGALOWS`)."""
    gas: pl.DataFrame
    """Of 2011 (`SMALL_AREA_GAS`)."""
    fuel_poor: pl.DataFrame
    """Of 2011 (`FUEL_POOR`)."""


def list_areas(small: SmallAreas, borough_gas: pl.DataFrame) -> pl.DataFrame:
    """Return all areas from LSOAs to London (`AREA`), given the gas of boroughs (`BOROUGH_GAS`)."""
    latest = small.gas.filter(pl.col("year") == pl.col("year").max())
    shares = _homes_of_old_areas(small.homes, small.link)
    lsoas = (
        small.place.join(_with_bungalows(small.homes, small.link, small.bungalows), on="area_id")
        .join(_share_out(latest.select("lsoa_2011_id", "gas_meters"), shares), on="area_id", how="left")
        .join(_poor_share(small.fuel_poor, shares), on="area_id", how="left")
        .with_columns(gas_year=pl.when(pl.col("gas_meters").is_not_null()).then(pl.lit(latest["year"].max())))
    )
    finest = lsoas.with_columns(
        level=pl.lit("lsoa"), parent_id="msoa_id", fuel_poor=pl.col("fuel_poor_share") * pl.col("homes")
    )
    msoas = add_up(finest, level="msoa", by=("msoa_id", "msoa_name"), parent="borough_id")
    return finish_areas(msoas, borough_gas, [finest])


def finish_areas(msoas: pl.DataFrame, borough_gas: pl.DataFrame, smaller: Sequence[pl.DataFrame] = ()) -> pl.DataFrame:
    """Return the smaller areas with boroughs and London, and the gas of boroughs that is not domestic (`AREA`)."""
    boroughs = add_up(msoas, level="borough", by=("borough_id", "borough_name"), parent=None).with_columns(
        parent_id=pl.lit(LONDON_ID)
    )
    latest = borough_gas.filter(pl.col("year") == pl.col("year").max())
    boroughs = boroughs.join(
        latest.select("nondomestic_gwh", area_id="borough_id"), on="area_id", how="left", maintain_order="left"
    )
    whole = boroughs.with_columns(london_id=pl.lit(LONDON_ID), london_name=pl.lit(LONDON_NAME))
    london = add_up(whole, level="london", by=("london_id", "london_name"), parent=None)
    frames = [london, boroughs, msoas, *smaller]
    filled = [
        AREA.conform(
            frame.with_columns(
                *(
                    pl.lit(None, dtype=AREA.schema[name]).alias(name)
                    for name in ("parent_id", "nondomestic_gwh", "gas_meters", "gas_year")
                    if name not in frame.columns
                ),
                source=pl.lit(SOURCE),
            )
        ).sort("area_id")
        for frame in frames
    ]
    return pl.concat(filled)


def add_up(areas: pl.DataFrame, *, level: str, by: tuple[str, str], parent: str | None) -> pl.DataFrame:
    """Return the areas of the next level; each adds up its smaller areas in the order of their codes."""
    code, name = by
    weight = pl.when(pl.col("homes").sum() > 0).then(pl.col("homes")).otherwise(1)
    kept = [parent, "borough_name"] if parent else []
    return (
        group_in_order(areas.sort("area_id"), by, by=None)
        .agg(
            *(pl.col(column).first() for column in kept),
            *(pl.col(column).sum() for column in ("area_km2", *COUNTS)),
            *((pl.col(column) * weight).sum() / weight.sum() for column in ("easting", "northing")),
            gas_meters=pl.when(pl.col("gas_meters").count() > 0).then(pl.col("gas_meters").sum()),
            gas_year=pl.col("gas_year").max(),
            fuel_poor=pl.when(pl.col("fuel_poor").count() > 0).then(pl.col("fuel_poor").sum()),
            judged=pl.col("homes").filter(pl.col("fuel_poor").is_not_null()).sum(),
        )
        .with_columns(
            area_id=code,
            name=name,
            level=pl.lit(level),
            fuel_poor_share=pl.col("fuel_poor") / pl.col("judged"),
            **({"parent_id": pl.col(parent)} if parent else {}),
        )
    )


def list_gas(areas: pl.DataFrame, borough_gas: pl.DataFrame, *, link: pl.DataFrame, gas: pl.DataFrame) -> pl.DataFrame:
    """Return the published gas of boroughs, of MSOAs of 2011 and of groups of LSOAs, beside their homes (`AREA_GAS`).

    A group is the smallest set of LSOAs that covers the same ground in 2011 and in 2021.
    """
    homes = areas.select("area_id", *COUNTS)
    of_boroughs = borough_gas.join(homes, left_on="borough_id", right_on="area_id").with_columns(
        level=pl.lit("borough"),
        area_id="borough_id",
        weather_corrected=pl.lit(value=False),
        source=pl.lit(BOROUGH_SOURCE),
    )
    frames = [AREA_GAS.conform(of_boroughs)]
    if len(link) and len(gas):
        grouped = link.join(group_areas(link), on="area_id")
        published = gas.join(
            grouped.select("lsoa_2011_id", "group_id", "msoa_2011_id", "borough_id").unique(), on="lsoa_2011_id"
        )
        # an area that crosses a border of 2011 counts in the first of its MSOAs, on every run in the same
        owners = grouped.sort("area_id", "lsoa_2011_id").unique("area_id", keep="first", maintain_order=True)
        counted = owners.select("area_id", "group_id", "msoa_2011_id").join(homes, on="area_id")
        names = areas.filter(pl.col("level") == "borough").select("name", borough_id="area_id")
        for level, code in (("msoa_2011", "msoa_2011_id"), ("lsoa_group", "group_id")):
            frames.append(
                AREA_GAS.conform(
                    group_in_order(published, ["year", code], by="lsoa_2011_id")
                    .agg(
                        pl.col("gas_meters").sum(),
                        pl.col("borough_id").first(),
                        gas_gwh=pl.col("gas_kwh").sum() / 1e6,
                    )
                    .join(counted.group_by(code).agg(pl.col(name).sum() for name in COUNTS), on=code)
                    .join(names, on="borough_id")
                    .with_columns(
                        level=pl.lit(level),
                        area_id=pl.col(code),
                        name=pl.format("{} {}", "name", code),
                        nondomestic_gwh=pl.lit(None, dtype=pl.Float64),
                        weather_corrected=pl.lit(value=True),
                        source=pl.lit(SMALL_AREA_SOURCE),
                    )
                )
            )
    return pl.concat(frames).sort(AREA_GAS.key)


def group_areas(link: pl.DataFrame) -> pl.DataFrame:
    """Return the group of each LSOA of 2021: `area_id`, `group_id` (the group's first LSOA of 2011)."""
    pairs = link.select("lsoa_2011_id", "area_id").sort("lsoa_2011_id", "area_id").rows()
    after: dict[str, set[str]] = defaultdict(set)
    for old, new in pairs:
        after["2011 " + old].add("2021 " + new)
        after["2021 " + new].add("2011 " + old)
    group_of: dict[str, str] = {}
    for old, _ in pairs:
        waiting = ["2011 " + old]
        while waiting:
            one = waiting.pop()
            if one not in group_of:
                group_of[one] = old
                waiting += after[one]
    rows = [(name.removeprefix("2021 "), group) for name, group in group_of.items() if name.startswith("2021 ")]
    return pl.DataFrame(rows, schema={"area_id": pl.String, "group_id": pl.String}, orient="row").sort("area_id")


def _homes_of_old_areas(homes: pl.DataFrame, link: pl.DataFrame) -> pl.DataFrame:
    """Return how the values of an LSOA of 2011 are shared among its LSOAs of 2021: by homes, evenly where none has any."""
    known = link.join(homes.select("area_id", "homes"), on="area_id")
    total = pl.col("homes").sum().over("lsoa_2011_id")
    even = 1 / pl.len().over("lsoa_2011_id")
    return known.select(
        "lsoa_2011_id", "area_id", share=pl.when(total > 0).then(pl.col("homes") / total).otherwise(even)
    )


def _share_out(values: pl.DataFrame, shares: pl.DataFrame) -> pl.DataFrame:
    """Return values of the LSOAs of 2011 by LSOA of 2021."""
    names = [name for name in values.columns if name != "lsoa_2011_id"]
    parts = values.join(shares, on="lsoa_2011_id").sort("area_id", "lsoa_2011_id")
    return group_in_order(parts, "area_id", by=None).agg((pl.col(name) * pl.col("share")).sum() for name in names)


def _poor_share(fuel_poor: pl.DataFrame, shares: pl.DataFrame) -> pl.DataFrame:
    shared = _share_out(fuel_poor, shares)
    return shared.select("area_id", fuel_poor_share=pl.col("fuel_poor_homes") / pl.col("homes"))


def _with_bungalows(homes: pl.DataFrame, link: pl.DataFrame, bungalows: pl.DataFrame) -> pl.DataFrame:
    """Take bungalows out of the houses that the Census counts, by the published share s of bungalows among houses.

    b = round(s (d + e + t)). Of these, round(b d / (d + e)) come from the d detached houses, the next from the e
    semi-detached ones, and the rest from the t terraced ones. Without a published share there are no bungalows.
    """
    shares = _share_out(bungalows, _homes_of_old_areas(homes, link))
    counted = homes.join(shares, on="area_id", how="left", maintain_order="left")
    share = pl.when(pl.col("houses") > 0).then(pl.col("bungalows") / pl.col("houses")).fill_null(0.0)
    detached, semi, terraced = (pl.col(name) for name in BUNGALOWS_ARE)
    found = counted.with_columns(bungalow=(share * (detached + semi + terraced)).round().cast(pl.Int64))
    pair = detached + semi
    wanted = pl.when(pair > 0).then(pl.col("bungalow") * detached / pair).otherwise(0.0).round().cast(pl.Int64)
    found = found.with_columns(from_detached=pl.min_horizontal(wanted, detached))
    found = found.with_columns(from_semi=pl.min_horizontal(pl.col("bungalow") - pl.col("from_detached"), semi))
    rest = pl.col("bungalow") - pl.col("from_detached") - pl.col("from_semi")
    return found.select(
        "area_id",
        "homes",
        "flat",
        "bungalow",
        detached=detached - pl.col("from_detached"),
        semi_detached=semi - pl.col("from_semi"),
        terraced=terraced - rest,
    )
