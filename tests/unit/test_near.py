"""The search around a site: what lies in a circle, by which rule, what heat may cost there, and bad input."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from flows.answers.near import PublishedAreas, make_atlas, parse_dwellings, read_atlas
from flows.cli.main import app
from flows.settings import load_settings
from tests.example_areas import ASSUMPTIONS, NO_MEANS, SIDE_M, SOUTH, WEST, means, write_area_folder
from transforms.areas.borders import borders_to_frames
from transforms.areas.demand import Means, list_home_demands
from transforms.areas.grid import PlaceError
from transforms.areas.search import Atlas, Site, look_around, search_site
from transforms.areas.tables import list_demands
from transforms.tables.areas import AREA_HEAT, CONTRIBUTION
from transforms.tables.views import AREA_HOURLY
from transforms.tables.words import DWELLING_TYPES
from warehouse.areas.folder import read_area_folder

MIDDLE = {"easting": WEST + 1000.0, "northing": SOUTH + 500.0}  # between the first and the second area


def contributions(**changes: object) -> pl.DataFrame:
    """Return a supply 300 m away and a load 100 m away."""
    common = {
        "contributor": "a borough", "category": "hospital", "status": "existing", "points": None, "homes": None,
        "heat_mwh": 9000.0, "peak_kw": 3000.0, "capacity_kw": 5000.0, "temperature_c": 70.0, "length_m": None,
        "value_basis": "estimated", "obliged": None, "source": "a survey", "licence": "OGL-UK-3.0", "valid_from": None,
    }  # fmt: skip
    rows = [
        {**common, "kind": "supply", "site_id": "s", "name": "Plant", "easting": MIDDLE["easting"] + 300, "northing": MIDDLE["northing"]},
        {**common, "kind": "load", "site_id": "l", "name": "Hospital", "easting": MIDDLE["easting"], "northing": MIDDLE["northing"] + 100},
    ]  # fmt: skip
    return pl.DataFrame([row | changes for row in rows], schema=CONTRIBUTION.schema)


def atlas(folder: Path, of: Means = NO_MEANS, *, contribution: pl.DataFrame | None = None) -> Atlas:
    """Return the atlas of the areas of a folder."""
    reference = read_area_folder(write_area_folder(folder)).reference
    arc, ring = borders_to_frames(reference.borders)
    published = PublishedAreas(
        area=reference.area, arc=arc, ring=ring, means=of, assumptions=ASSUMPTIONS,
        contribution=CONTRIBUTION.empty() if contribution is None else contribution,
    )  # fmt: skip
    return make_atlas(published, load_settings(home=folder))


def test_a_circle_takes_the_share_that_it_covers_and_the_centres_that_it_holds(tmp_path: Path) -> None:
    known = atlas(tmp_path)
    half = look_around(known, Site(**MIDDLE, radius_m=500))
    share = np.pi * 500**2 / 2 / SIDE_M**2
    assert half.by_share == pytest.approx(share * known.homes[:2].sum(axis=0), rel=1e-5)
    assert half.by_centre == pytest.approx(known.homes[:2].sum(axis=0))  # both centres lie on the circle
    assert half.area_km2 == pytest.approx(share * (1.0 + 1.1), rel=1e-5)  # published land, not the drawing's
    inside = look_around(known, Site(**MIDDLE, radius_m=499))
    assert inside.by_centre.sum() == 0


def test_both_rules_and_the_interval_of_the_demand_enter(tmp_path: Path) -> None:
    answer = search_site(atlas(tmp_path, means()), Site(**MIDDLE, radius_m=500))
    around = answer["around"]
    assert around["basis"] == "measured"
    assert around["heat_mwh_low"] < around["heat_mwh"] < around["heat_mwh_high"]
    by_centre = around["homes_by_centre"] / around["homes"]
    assert by_centre > 2
    assert around["heat_mwh_high"] > around["heat_mwh"] * by_centre
    assert around["peak_mw_low"] <= around["peak_mw"] <= around["peak_mw_high"]
    durations = list(around["load_duration_mw"].values())
    assert durations == sorted(durations, reverse=True)


def test_part_of_a_circle_is_told_and_its_figures_are_of_that_part(tmp_path: Path) -> None:
    known = atlas(tmp_path)
    corner = search_site(known, Site(easting=WEST, northing=SOUTH, radius_m=500))
    assert corner["site"]["covered_share"] == pytest.approx(0.25, abs=1e-4)
    assert corner["around"]["homes"] == pytest.approx(np.pi / 16 * 480, rel=1e-4)
    assert any(warning.startswith("25% of the circle is in London") for warning in corner["warnings"])
    whole = search_site(known, Site(**MIDDLE, radius_m=500))
    assert not any("of the circle" in warning for warning in whole["warnings"])
    with pytest.raises(PlaceError, match="no part of the circle"):
        search_site(known, Site(easting=WEST - 2000, northing=SOUTH, radius_m=500))


@pytest.mark.parametrize("radius_m", [99, 5001, float("nan")])
def test_a_radius_out_of_bounds_is_refused(tmp_path: Path, radius_m: float) -> None:
    with pytest.raises(PlaceError, match="100 to 5000 m"):
        search_site(atlas(tmp_path), Site(**MIDDLE, radius_m=radius_m))


def test_a_small_circle_is_warned_of(tmp_path: Path) -> None:
    known = atlas(tmp_path)
    below, at = (search_site(known, Site(**MIDDLE, radius_m=r))["warnings"] for r in (499, 500))
    assert [w for w in below if w.startswith("below 500 m")]
    assert not [w for w in at if w.startswith("below 500 m")]


def test_new_homes_take_space_heat_by_floor_area_and_measured_hot_water(tmp_path: Path) -> None:
    fit = pl.DataFrame({"dwelling_type": ["flat"], "period": ["2009"], "hot_water_gas_kwh_per_year": [2000.0]})
    of = means()
    with_water = Means(
        demand=of.demand, profile=of.profile, diversity=of.diversity, made_up=False,
        weather_fit=pl.concat([of.weather_fit.clear(), fit], how="diagonal_relaxed"),
    )  # fmt: skip
    site = Site(**MIDDLE, dwellings={"flat": 200}, new=True)
    served = search_site(atlas(tmp_path, with_water), site)["served"]
    assert served["homes"] == 200
    assert served["heat_mwh"] == pytest.approx(200 * (15 * 61 + 2000 * 0.8054) / 1000)
    with pytest.raises(ValueError, match="hot water of homes is not measured"):
        search_site(atlas(tmp_path / "none"), site)


def test_systems_that_homes_cannot_have_are_left_out(tmp_path: Path) -> None:
    known = atlas(tmp_path)
    costs = search_site(known, Site(**MIDDLE, without=("ashp",)))["costs"]
    assert "ashp" not in costs["in_homes"]
    with_it = search_site(known, Site(**MIDDLE))["costs"]
    assert with_it["cheapest_in_home"] == "ashp"
    assert (
        costs["network"]["highest_heat_price_gbp_per_mwh"][0] > with_it["network"]["highest_heat_price_gbp_per_mwh"][0]
    )


def test_at_the_highest_heat_price_a_site_pays_as_much_as_for_the_cheapest_system(tmp_path: Path) -> None:
    known = atlas(tmp_path)
    first = search_site(known, Site(**MIDDLE))["costs"]
    price = first["network"]["highest_heat_price_gbp_per_mwh"][-1]
    again = search_site(known, Site(**MIDDLE, heat_price_gbp_per_mwh=price))["costs"]
    cheapest = again["in_homes"][again["cheapest_in_home"]]["lcoh_gbp_per_mwh"]
    assert again["network"]["lcoh_at_heat_price_gbp_per_mwh"][0] == pytest.approx(cheapest, abs=1e-6)


def test_contributions_are_listed_by_distance_with_what_their_heat_may_cost(tmp_path: Path) -> None:
    near = search_site(atlas(tmp_path, contribution=contributions()), Site(**MIDDLE))["near"]
    assert near["networks"] == "none contributed"
    assert near["anchors"][0]["distance_m"] == 100.0
    supply = near["supplies"][0]
    assert (supply["name"], supply["distance_m"]) == ("Plant", 300.0)
    at_gate = search_site(atlas(tmp_path), Site(**MIDDLE))["costs"]["network"]["highest_heat_price_gbp_per_mwh"]
    assert supply["highest_heat_price_gbp_per_mwh"][0] < at_gate[0]
    assert supply["link_gbp_per_mwh"][0] > 0


def test_words_for_homes_are_read() -> None:
    assert parse_dwellings(["flat=200", "flat=50", "terraced=3"]) == {"flat": 250, "terraced": 3}
    for word in ("flat", "castle=3", "flat=-3", "flat=0", "flat=x"):
        with pytest.raises(ValueError, match="write flat=200"):
            parse_dwellings([word])


WRONG = [
    (["--lat", "-0.08", "--lon", "51.5"], "did you mean --lat 51.5 --lon -0.08"),
    (["--lat", "48.8", "--lon", "2.3"], "is outside London"),
    (["--lat", "51.5"], "give one pair"),
    (["--lat", "51.5", "--lon", "-0.1", "--easting", "530000"], "give one pair"),
    (["--lat", "abc", "--lon", "-0.1"], "valid number"),
    (["--lat", "nan", "--lon", "-0.1"], "is outside London"),
    (["--easting", "180000", "--northing", "530000"], "did you mean --easting 530000 --northing 180000"),
    (["--lat", "51.5", "--lon", "-0.1", "--radius", "50"], "100 to 5000 m"),
    (["--lat", "51.5", "--lon", "-0.1", "--dwellings", "flat"], "write flat=200"),
    (["--lat", "51.5", "--lon", "-0.1", "--connect", "1.5"], "not above 0 and at most 1"),
    (["--lat", "51.5", "--lon", "-0.1", "--without", "ashp", "--without", "gshp", "--without", "gas_boiler"], "no system"),
    (["--lat", "51.5", "--lon", "-0.1", "--out", "site.csv"], "name it .xlsx"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "why"), WRONG, ids=lambda value: value if isinstance(value, str) else "")
def test_wrong_words_exit_with_2_and_say_why(tmp_path: Path, words: list[str], why: str) -> None:
    ran = CliRunner().invoke(app, ["near", *words, "--home", str(tmp_path)], env={"COLUMNS": "200"})
    assert ran.exit_code == 2
    assert why in ran.stderr
    assert not ran.stdout


def test_the_command_answers_without_a_report_and_in_every_form(tmp_path: Path) -> None:
    words = ["near", "--lat", "51.5265", "--lon", "-0.0805", "--home", str(tmp_path)]
    shown = CliRunner().invoke(app, words)
    assert shown.exit_code == 0
    assert "the paper's demands" in shown.stdout
    assert "supplies: none contributed" in shown.stdout
    out = tmp_path / "site.XLSX"
    answer = json.loads(CliRunner().invoke(app, [*words, "--json", "--out", str(out)]).stdout)
    assert answer["site"]["area"].startswith("Hackney")
    sheet = pl.read_excel(out)
    assert f"{answer['around']['heat_mwh']}" in sheet["value"].to_list()
    feature = json.loads(CliRunner().invoke(app, [*words, "--geojson"]).stdout)["features"][0]
    assert feature["geometry"]["coordinates"] == pytest.approx([-0.0805, 51.5265], abs=1e-6)
    assert feature["properties"]["around_heat_mwh"] == answer["around"]["heat_mwh"]


def test_a_home_without_a_report_falls_back_on_the_area_folder(tmp_path: Path) -> None:
    folder = write_area_folder(tmp_path / "areas")
    known = read_atlas(load_settings(home=tmp_path, area_folder=folder))
    assert len(known.area) == 6
    assert known.demand.basis == "paper"


def test_the_hours_of_an_area_sum_to_its_year(tmp_path: Path) -> None:
    of = means(without=("bungalow",))
    reference = read_area_folder(write_area_folder(tmp_path)).reference
    demands = list_demands(of, ASSUMPTIONS, "eep2019")
    frames = {"area": reference.area, "area_home_demand": list_home_demands(demands), "heat_profile": of.profile}
    with duckdb.connect() as con:
        for name, frame in frames.items():
            con.register(name, frame.to_arrow())
        sums = dict(con.sql(f"SELECT area_id, sum(heat_mwh) FROM ({AREA_HOURLY.sql}) GROUP BY 1").fetchall())
    measured = next(demand for demand in demands if demand.basis == "measured")
    homes = reference.area.select(DWELLING_TYPES).to_numpy().astype(float)
    expected = dict(zip(reference.area["area_id"], homes @ measured.heat_kwh / 1000, strict=True))
    assert sums == pytest.approx(expected, rel=1e-6)
    assert len(sums) == 12
    assert AREA_HEAT.column("heat_mwh").unit == "MWh/yr"


def test_a_hidden_band_leaves_the_interval_of_the_two_rules(tmp_path: Path) -> None:
    answer = search_site(atlas(tmp_path), Site(**MIDDLE, radius_m=500))  # the paper has no band
    around = answer["around"]
    assert around["peak_mw_low"] == around["peak_mw"] < around["peak_mw_high"]
    assert any(warning.startswith("no band of the peak") for warning in answer["warnings"])
    json.loads(json.dumps(answer, allow_nan=False))
