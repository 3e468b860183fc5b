"""With a key, nothing that is kept holds an id as it was delivered, numbers stay, and another key leaves no trace of the former."""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from flows.answers.trace import trace
from flows.operations.forgetting import forget
from flows.operations.pseudonyms import rotate
from flows.operations.withdrawal import withdraw
from flows.settings import Settings, load_settings
from tests import damaging
from tests.forgettable_homes import files_naming
from tests.pipeline import differing, read_tables, run_without_report
from tests.pipeline import run as run_with_report
from transforms.readings.pseudonyms import Pseudonyms
from warehouse.manifest import read_manifests
from warehouse.pseudonyms import PseudonymKeyError, make_key, read_pseudonyms
from warehouse.versions import read_key_fingerprint

pytestmark = pytest.mark.timeout(900)  # some whole runs
QUICK = {"bootstrap_replicates": 100, "sobol_samples": 64}
HOMES = tuple(f"{n:02d}c0ffee5ca1ab1e" for n in range(11))
ALONE, AGAIN = (
    "7f3a9c1e5b2d8046",
    f"00{HOMES[1]}",
)  # a home that only its file names; another spelling, which stays apart
DAYS = (dt.date(2009, 1, 1), dt.date(2009, 2, 1))
COMPARED = ("household", "heat_hourly", "flag_count")


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One landing folder, a data folder with ids as delivered and one with pseudonyms, and the key of these."""

    landing: Path
    plain: Path
    named: Path
    key: Path

    def settings(self, home: Path, **given: Any) -> Settings:
        """Return the settings of a data folder with pseudonyms."""
        usual = {"landing": self.landing, "pseudonym_key_file": self.key, **QUICK}
        return load_settings(home=home, **usual | given)

    @property
    def pseudonyms(self) -> Pseudonyms:
        """What ids are kept as."""
        return read_pseudonyms(self.key)


def write_landing(landing: Path) -> None:
    """Write readings with ids, a file whose name is one, lines that name a home and give no reading, and a refused file."""
    (landing / "supplier").mkdir(parents=True)
    (landing / "meters" / ALONE).mkdir(parents=True)
    lines = ["ANON_ID,ADVANCEDATETIME,HH,GASKWH"]
    for n, home in enumerate(HOMES):
        moment = dt.datetime.combine(DAYS[0], dt.time())
        for k in range(48 * 31):
            moment += dt.timedelta(minutes=30)
            lines.append(
                f"{home},{moment:%d%b%y:%H:%M:%S}".upper().replace(home.upper(), home)
                + f",{k % 48 + 1},{0.3 + n / 50 + k % 7 / 10:.3f}"
            )
    lines += [f"{HOMES[0]},no stamp,1,0.5", f"{HOMES[1]};broken"]
    (landing / "supplier" / f"{HOMES[2]}_2009-01.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    own = [f"0.{n:02d},2009-01-05T{n:02d}:00:00Z,2009-01-05T{n:02d}:30:00Z" for n in range(24)]
    (landing / "meters" / ALONE / "consumption.csv").write_text(
        "\n".join(["Consumption (m³), Start, End", *own]), encoding="utf-8"
    )
    (landing / "refused.csv").write_text(f"{HOMES[3]},01JAN09:00:30:00,2,0.4\n", encoding="utf-8")
    (landing / f"{HOMES[4]}.pdf").write_text("x", encoding="utf-8")
    table = [f"{home},flat" for home in (*HOMES, ALONE)]
    (landing / "households.csv").write_text(
        "\n".join(["household_id,dwelling_type", *table, f"{HOMES[5]},"]), encoding="utf-8"
    )


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, prefect_api: str) -> Pair:
    """Give two data folders of one landing folder, without pseudonyms and with."""
    del prefect_api
    root = tmp_path_factory.mktemp("pseudonyms")
    made = Pair(landing=root / "landing", plain=root / "plain", named=root / "named", key=root / "key")
    write_landing(made.landing)
    make_key(made.key)
    assert run_without_report(made.plain, made.landing, settings=QUICK)["outcome"] == "published"
    log = run_with_report(made.named, made.landing, settings=QUICK | {"pseudonym_key_file": str(made.key)})
    assert log["outcome"] == "published"
    for home in (made.plain, made.named):
        read = [m for m in read_manifests(load_settings(home=home).folders.lake) if m.kind == "readings"]
        assert [m.outcome for m in read] == ["accepted", "accepted"]
    return made


def run_again(settings: Settings, **given: Any) -> dict[str, Any]:
    """Run with a data folder's settings."""
    usual = {
        "pseudonym_key_file": settings.pseudonym_key_file and str(settings.pseudonym_key_file),
        "accept_drift": True,
    }
    return run_without_report(settings.home, settings.landing, settings=QUICK | usual | given)


def test_no_delivered_id_is_in_any_file_nor_the_key(pair: Pair) -> None:
    key = pair.key.read_text(encoding="ascii").strip()
    for wanted in (*HOMES, ALONE, key, key[:16]):
        assert files_naming(pair.named, wanted) == set(), wanted
    assert files_naming(pair.plain, HOMES[0])  # the same search finds them where they are


def test_numbers_are_those_without_pseudonyms(pair: Pair) -> None:
    plain, named = read_tables(pair.plain), read_tables(pair.named)
    name = pair.pseudonyms.name
    for table in COMPARED:
        expected = plain[table]
        if "household_id" in expected.columns:
            expected = expected.with_columns(pl.col("household_id").map_elements(name, return_dtype=pl.String))
        keys = [column for column in expected.columns if not expected[column].dtype.is_float()]
        assert len(expected), table
        assert_frame_equal(named[table].sort(keys), expected.sort(keys), check_exact=True)
    assert (
        plain["source"]
        .select("lines", "readings", "rejects")
        .sum()
        .equals(named["source"].select("lines", "readings", "rejects").sum())
    )


def test_the_next_run_has_nothing_to_do_and_the_delivered_name_withdraws_a_file(pair: Pair, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(pair.named, home, symlinks=True)
    settings = pair.settings(home)
    assert run_again(settings)["outcome"] == "unchanged"
    answer = withdraw(settings, f"meters/{ALONE}/consumption.csv")
    assert "consumption.csv" in answer
    assert run_again(settings)["outcome"] == "published"
    assert not any(
        pair.pseudonyms.name(ALONE) in m.households
        for m in read_manifests(settings.folders.lake)
        if m.kind == "readings"
    )


def test_damaged_readings_and_the_record_of_the_key_are_made_again_under_the_same_pseudonyms(
    pair: Pair, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(pair.named, home, symlinks=True)
    settings, before = pair.settings(home), read_tables(home)
    for path in (home / "lake" / "readings").rglob("*.parquet"):
        damaging.flip_bit(path)
    damaging.flip_bit(min((home / "lake" / "heat_hourly").rglob("*.parquet")))
    damaging.scribble(home / "lake" / "format.json")
    log = run_again(settings, full_audit=True)
    assert {damage["place"].split("/")[1] for damage in log["damaged"]} >= {"readings", "heat_hourly", "format.json"}
    assert [damage["deliver_again"] for damage in log["damaged"] if damage["deliver_again"]] == []
    assert read_key_fingerprint(settings.folders.lake) == pair.pseudonyms.fingerprint
    assert differing(before, read_tables(home)) == []
    shutil.rmtree(home / "lake" / "damaged")  # nothing reads what is put aside, nor does this search
    assert files_naming(home, HOMES[0]) == set()


@pytest.mark.parametrize("named_as", ["id", "pseudonym"])
def test_a_home_is_traced_by_its_id_or_its_pseudonym(pair: Pair, named_as: str) -> None:
    given = HOMES[0] if named_as == "id" else pair.pseudonyms.name(HOMES[0])
    found = trace(pair.settings(pair.named), "heat_hourly", [given, "2009-01-05T10:00"])
    assert found.steps[0].rows == 1
    assert pair.pseudonyms.name(HOMES[0]) in repr(found.steps)
    assert HOMES[0] not in repr(found.steps)


def test_another_key_or_none_ends_the_run_with_words(pair: Pair, tmp_path: Path) -> None:
    other = tmp_path / "other"
    make_key(other)
    for given, message in ((other, "another key"), (None, "no key is set"), (tmp_path / "gone", "put the key back")):
        settings = pair.settings(pair.named, pseudonym_key_file=given)
        with pytest.raises(PseudonymKeyError, match=message):
            run_again(settings)
    with pytest.raises(PseudonymKeyError, match="as delivered"):
        run_again(pair.settings(pair.plain))


def test_a_home_forgotten_by_its_id_stays_out_under_another_key_too(pair: Pair, tmp_path: Path) -> None:
    home, other = tmp_path / "home", tmp_path / "other"
    shutil.copytree(pair.named, home, symlinks=True)
    settings, former = pair.settings(home), pair.pseudonyms
    done = forget(settings, HOMES[6], reason=None, run=run_again)
    assert done.landing_files
    assert files_naming(home, former.name(HOMES[6])) == files_naming(home, HOMES[6]) == set()
    make_key(other)
    changed = pair.settings(home, pseudonym_key_file=other)
    with pytest.raises(PseudonymKeyError, match="name the file of their key"):
        rotate(changed, None, drop_missing=False, run=run_again)
    rotated = rotate(changed, pair.key, drop_missing=False, run=run_again)
    assert rotated.lost == ()
    new = read_pseudonyms(other)
    for one in (*HOMES, ALONE):
        assert files_naming(home, former.name(one)) == set()
        assert bool(files_naming(home, new.name(one))) == (one != HOMES[6])
    assert run_again(changed)["outcome"] == "unchanged"


def test_a_lake_of_ids_takes_pseudonyms_and_what_no_file_holds_is_named(pair: Pair, tmp_path: Path) -> None:
    home, landing = tmp_path / "home", tmp_path / "landing"
    shutil.copytree(pair.plain, home, symlinks=True)
    shutil.copytree(pair.landing, landing)
    (landing / "meters" / ALONE / "consumption.csv").unlink()
    settings = pair.settings(home, landing=landing)
    with pytest.raises(
        ValueError, match=r"1 sources are in no landing file and would be lost: SHA-256 [0-9a-f]{16} \(readings"
    ):
        rotate(settings, None, drop_missing=False, run=run_again)
    assert files_naming(home, HOMES[0])  # nothing was touched
    rotated = rotate(settings, None, drop_missing=True, run=run_again)
    assert len(rotated.lost) == 1
    for one in (*HOMES, ALONE):
        assert files_naming(home, one) == set(), one
    assert read_key_fingerprint(settings.folders.lake) == pair.pseudonyms.fingerprint
