"""Attacks on areas: three releases between which one home came, left or changed, and the tables of areas of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from flows.operations.contributions import add_contributions, withdraw_contribution
from flows.pipeline.areas import publish_areas
from flows.pipeline.parts import Parts
from flows.settings import Settings, load_settings
from quality.disclosure.accounts import publish_open
from tests.example_areas import ASSUMPTIONS, write_area_folder
from tests.integration.test_attacks import BASE as SHORT
from tests.integration.test_attacks import publish
from transforms.public.public import Release
from transforms.tables.areas import AREA_HEAT, AREA_HOME_DEMAND, AREA_LCOH, CONTRIBUTION, CONTRIBUTION_LOG
from transforms.tables.cost import ASSUMPTION

BASE = replace(SHORT, hours=14 * 24)  # fewer would be no load through the year
FEW = {
    "added": [BASE.joined_by({"new": "flat"}), BASE.joined_by({"new": "flat", "newer": "terraced"})],
    "removed": [BASE.without(["h-flat-3"]), BASE.without(["h-flat-3", "h-terraced-3"])],
    "changed": [BASE.corrected(["h-flat-3"]), BASE.corrected(["h-flat-3"]).corrected(["h-flat-3"])],
    "of another type": [
        replace(BASE, homes=BASE.homes | {"h-flat-3": "terraced"}),
        replace(BASE, homes=BASE.homes | {"h-flat-3": "terraced", "h-flat-4": "terraced"}),
    ],
}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Give settings with a small folder of areas."""
    root = tmp_path_factory.mktemp("areas")
    return load_settings(home=root / "home", area_folder=write_area_folder(root / "areas"), scenario="eep2019")


def areas_of(release: Release, settings: Settings) -> Mapping[str, pl.DataFrame]:
    """Return the published tables of areas of a release."""
    published = {**release.tables, ASSUMPTION.name: publish_open(ASSUMPTION, ASSUMPTIONS)}
    parts = Parts(settings.home / "parts")
    return {name: table.frame for name, table in publish_areas(published, settings, origin=None, parts=parts).items()}


def moved(releases: Sequence[Release], settings: Settings) -> set[str]:
    """Return the tables of areas whose figures differ between releases; words that say what is held may."""
    figures = [
        {name: frame.select(pl.col(pl.Float64, pl.Int64)) for name, frame in areas_of(release, settings).items()}
        for release in releases
    ]
    return {name for later in figures[1:] for name, frame in later.items() if not frame.equals(figures[0][name])}


@pytest.mark.parametrize("change", FEW)
def test_one_home_moves_no_figure_of_any_area(change: str, settings: Settings) -> None:
    assert moved(publish([BASE, *FEW[change]]), settings) == set()


@pytest.mark.parametrize("change", FEW)
def test_one_home_moves_areas_where_nothing_is_remembered(change: str, settings: Settings) -> None:
    assert AREA_HEAT.name in moved(publish([BASE, *FEW[change]], remember=False), settings)


def test_ten_homes_move_areas(settings: Settings) -> None:
    grown = BASE.joined_by({f"new{n}": "flat" for n in range(10)})
    assert AREA_HEAT.name in moved(publish([BASE, grown]), settings)


@pytest.mark.parametrize("hours", [6, 24, 14 * 24 - 1])
def test_a_profile_of_a_few_hours_is_no_load_of_a_year(hours: int, settings: Settings) -> None:
    (short,), (whole,) = (publish([replace(BASE, hours=number)]) for number in (hours, 14 * 24))
    short_areas, whole_areas = areas_of(short, settings), areas_of(whole, settings)
    assert set(short_areas[AREA_HEAT.name]["demand_basis"]) == {"paper", "measured"}
    assert set(short_areas[AREA_LCOH.name]["demand_basis"]) == {"measured"}
    for areas, followed in ((short_areas, set()), (whole_areas, {"flat", "terraced"})):
        of_types = areas[AREA_HOME_DEMAND.name].filter(demand_basis="measured")["hours_of"].drop_nulls()
        assert followed <= set(of_types)
        assert bool(followed) == bool(len(of_types))


def test_what_others_contributed_is_published_and_who_did_so(settings: Settings, tmp_path: Path) -> None:
    place = {"latitude": "51.53", "longitude": "-0.09", "status": "existing", "licence": "OGL-UK-3.0"}
    named = {
        "contributor": "A borough",
        "site_id": "t1",
        "name": "Connect",
        "source": "own",
        "valid_from": "2026-01-31",
    }
    given = tmp_path / "given.csv"
    pl.DataFrame([{"kind": "policy_target", "category": "connection"} | place | named]).write_csv(given)
    (release,) = publish([BASE])
    none = areas_of(release, settings)
    assert none[CONTRIBUTION.name].is_empty()
    assert none[CONTRIBUTION_LOG.name].is_empty()
    add_contributions(settings, given, by="somebody")
    areas = areas_of(release, settings)
    assert areas[CONTRIBUTION.name]["contributor"].to_list() == ["A borough"]
    assert areas[CONTRIBUTION_LOG.name].select("contributor", "kind", "rows").rows() == [
        ("A borough", "policy_target", 1)
    ]
    withdraw_contribution(settings, given.name, because="no longer so")
    assert areas_of(release, settings)[CONTRIBUTION.name].is_empty()
    assert areas_of(release, settings)[CONTRIBUTION_LOG.name]["withdrawn_at_utc"].null_count() == 0
