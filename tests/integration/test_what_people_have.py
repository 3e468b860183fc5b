"""How people write their files: the same half-hours however the text and the rows are written, or words that help."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from tests.landing_files import is_accounted_for, read_readings
from tests.peoples_files import (
    FIRST,
    HALF,
    KEY,
    KWH_PER_M3,
    assert_right,
    canonical,
    half_hours_of,
    octopus,
    take,
    use,
    write,
)

# --- how text is written ----------------------------------------------------------------------------------------------

TEXTS: dict[str, Callable[[str], bytes]] = {
    "semicolons and decimal commas": lambda t: t.replace(",", ";").replace(".", ",").encode(),
    "tabs in UTF-16": lambda t: t.replace(",", "\t").encode("utf-16"),
    "UTF-16 without a BOM": lambda t: t.encode("utf-16-le"),
    "old line ends": lambda t: t.replace("\n", "\r").encode(),
    "two carriage returns": lambda t: t.replace("\n", "\r\r\n").encode(),
    "a hint for a spreadsheet": lambda t: b"sep=,\n" + t.encode(),
    "text above the header": lambda t: b"Export of my meter\nmade on 2023-02-01\n\n" + t.encode(),
    "decimal commas in quotes": lambda t: "\n".join(
        line if "gas_kwh" in line or not line else '{},{},"{}"'.format(*line.replace(".", ",").split(",", 2))
        for line in t.split("\n")
    ).encode(),
    "an index of pandas": lambda t: "\n".join(
        line and ("," + line if "gas_kwh" in line else f"{n},{line}") for n, line in enumerate(t.split("\n"))
    ).encode(),
}


@pytest.mark.parametrize("case", TEXTS)
def test_the_same_table_is_read_however_its_text_is_written(tmp_path: Path, case: str) -> None:
    truth = use()
    write(tmp_path, "gas.csv", TEXTS[case](canonical(truth)))
    assert_right(tmp_path, take(tmp_path)["gas.csv"], truth)


def test_a_latin_letter_in_a_header_and_in_every_line_is_read(tmp_path: Path) -> None:
    truth = use(home="c")
    write(tmp_path, "c.csv", octopus(truth).encode("latin-1"))
    manifest = take(tmp_path)["c.csv"]
    assert_right(tmp_path, manifest, truth)
    assert manifest.dialect == {"encoding": "latin-1"}


def test_one_nul_one_bad_line_and_one_odd_letter_cost_their_lines_alone(tmp_path: Path) -> None:
    truth = use()
    lines = canonical(truth).encode().split(b"\n")
    lines[5] = lines[5][:4] + b"\x00" + lines[5][4:]
    lines[9] = b"\xff\xfe\xfd"
    lines[12] = b"x" * 100_000
    write(tmp_path, "gas.csv", b"\n".join(lines))
    manifest = take(tmp_path)["gas.csv"]
    assert manifest.reject_reasons == {"holds a NUL byte": 1, "longer than 64 kB": 1, "not UTF-8": 1}
    assert manifest.readings == len(truth) - 3
    assert is_accounted_for(manifest)


@pytest.mark.parametrize(("end", "lost"), [("\n", 0), ("", 1)])
def test_a_last_line_without_its_end_is_doubtful(tmp_path: Path, end: str, lost: int) -> None:
    truth = use()
    write(tmp_path, "gas.csv", canonical(truth).rstrip("\n") + end)
    manifest = take(tmp_path)["gas.csv"]
    assert manifest.readings == len(truth) - lost
    assert manifest.reject_reasons == ({"cut: the file ends within this line": 1} if lost else {})


@pytest.mark.parametrize("mark", [",", ";"])
def test_marks_of_thousands_are_read(tmp_path: Path, mark: str) -> None:
    truth = use()
    values = [f"{kwh * 1000:,.1f}" for kwh in truth["gas_kwh"]]
    written = values if mark == "," else [v.translate(str.maketrans(",.", ".,")) for v in values]
    lines = [f'7{mark}{start}{mark}1{mark}"{v}"' for start, v in zip(truth["interval_start_utc"], written, strict=True)]
    write(
        tmp_path,
        "gas.csv",
        "\n".join([mark.join(("PUPRN", "Read_date_time_UTC", "Gas_flag", "Gas_hh_Wh")), *lines, ""]),
    )
    assert any("," in value for value in values)
    assert_right(tmp_path, take(tmp_path)["gas.csv"], truth.with_columns(pl.col("interval_start_utc") - HALF))


@pytest.mark.parametrize("container", ["csv", "parquet"])
def test_ids_that_a_spreadsheet_rounded_give_no_reading(tmp_path: Path, container: str) -> None:
    truth = pl.concat([use(home="9.30E+09"), use(home="1e5", seed=2)])
    if container == "csv":
        write(tmp_path, "gas.csv", canonical(truth))
    else:
        (tmp_path / "landing").mkdir()
        truth.write_parquet(tmp_path / "landing" / "gas.parquet")
    (manifest,) = take(tmp_path).values()
    ((reason, count),) = manifest.reject_reasons.items()
    assert reason.startswith("household id rounded by a spreadsheet")
    assert (count, manifest.readings, manifest.households) == (144, 144, ("1e5",))


@pytest.mark.parametrize(
    ("stamp", "words"),
    [
        ("########", "make the column wider"),
        ("44936.0208333333", "day numbers of a spreadsheet"),
        ("1673308800000", "since 1970"),
        ("01/10/2023 12:30:00 AM", "12-hour clock"),
        ("00:30:00", "no day"),
        ("10/01/2023", "half-hours cannot be made of days"),
        ("10th of May", "a stamp of `canonical` is written as in"),
    ],
)
def test_stamps_that_a_program_spoiled_are_refused_with_what_helps(tmp_path: Path, stamp: str, words: str) -> None:
    write(tmp_path, "gas.csv", f"household_id,interval_start_utc,gas_kwh\n7,{stamp},0.5\n7,{stamp},0.6\n")
    manifest = take(tmp_path)["gas.csv"]
    assert manifest.outcome == "refused"
    assert words in (manifest.reason or "")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<!DOCTYPE html><html><title>Sign in</title></html>", "a web page"),
        ("<HTML><body>503</body></HTML>", "a web page"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 12\n", "git lfs pull"),
    ],
)
def test_what_stands_in_a_files_place_is_named(tmp_path: Path, text: str, words: str) -> None:
    write(tmp_path, "gas.csv", text)
    manifest = take(tmp_path)["gas.csv"]
    assert manifest.outcome == "refused"
    assert words in (manifest.reason or "")


# --- shapes -----------------------------------------------------------------------------------------------------------


def test_the_last_minute_of_a_day_may_be_called_24_00(tmp_path: Path) -> None:
    truth = use()
    text = (
        canonical(truth)
        .replace("2023-01-11 00:00:00", "2023-01-10T24:00")
        .replace("2023-01-12 00:00:00", "2023-01-11T24:00:00")
    )
    write(tmp_path, "gas.csv", text)
    assert_right(tmp_path, take(tmp_path)["gas.csv"], truth)


@pytest.mark.parametrize("days", [3, 40])
def test_hours_become_two_half_hours_of_half_their_gas(tmp_path: Path, days: int) -> None:
    hours = use(days, minutes=60)
    write(tmp_path, "own.csv", canonical(hours))
    write(tmp_path, "7.csv", octopus(hours, minutes=60))
    manifests = take(tmp_path)
    for name in ("own.csv", "7.csv"):
        assert_right(tmp_path, manifests[name], half_hours_of(hours))
        assert manifests[name].regrouped == len(hours)
        assert manifests[name].interval_basis == f"60 min: {len(hours)} readings"


@pytest.mark.parametrize("minutes", [15, 10, 5])
def test_shorter_intervals_are_added_up_and_half_hours_without_a_part_are_none(tmp_path: Path, minutes: int) -> None:
    parts = use(3, minutes=minutes)
    missing = parts["interval_start_utc"][100]
    write(tmp_path, "gas.csv", canonical(parts.filter(pl.col("interval_start_utc") != missing)))
    sums = parts.group_by("household_id", pl.col("interval_start_utc").dt.truncate("30m"), maintain_order=True).agg(
        pl.col("gas_kwh").sum()
    )
    slot = missing.replace(minute=missing.minute // 30 * 30)
    manifest = take(tmp_path)["gas.csv"]
    assert_right(tmp_path, manifest, sums.filter(pl.col("interval_start_utc") != slot))
    assert manifest.rejects == 30 // minutes - 1


def test_a_home_that_goes_over_to_half_hours_is_read_month_by_month(tmp_path: Path) -> None:
    hours, halves = use(22, minutes=60), use(28, first=dt.datetime(2023, 2, 1))
    write(tmp_path, "gas.csv", canonical(pl.concat([hours, halves])))
    assert_right(tmp_path, take(tmp_path)["gas.csv"], pl.concat([half_hours_of(hours), halves]))


def test_a_home_of_hours_is_regrouped_alone_among_homes_of_half_hours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hours, halves = use(30, minutes=60), use(60, home="8", seed=2)
    monkeypatch.setattr("flows.pipeline.ingest_blocks.MOST_REGROUPED", len(hours))  # what is held at a time
    write(tmp_path, "both.csv", canonical(pl.concat([halves, hours])))
    write(tmp_path, "alone.csv", canonical(halves))
    manifests = take(tmp_path)
    assert_right(tmp_path, manifests["both.csv"], pl.concat([half_hours_of(hours), halves]))
    assert manifests["both.csv"].interval_basis == "half-hours by their stamps; of 1 home 60 min: 720 readings"
    found = [read_readings(tmp_path, manifests[name]) for name in ("both.csv", "alone.csv")]
    of_home = [frame.filter(pl.col("household_id") == "8").sort(KEY) for frame in found]
    assert of_home[0].drop("line").equals(of_home[1].drop("line"))


def test_a_clock_that_is_minutes_wrong_makes_no_other_interval(tmp_path: Path) -> None:
    late = use(20, first=FIRST + dt.timedelta(minutes=7), home="9")
    write(tmp_path, "gas.csv", canonical(pl.concat([use(20), use(20, home="8", seed=2), late])))
    manifest = take(tmp_path)["gas.csv"]
    assert manifest.interval_basis == "half-hours by their stamps"
    assert manifest.line_flags == {"ok": 2 * 960, "off_grid": 960}


def test_days_are_refused_by_name(tmp_path: Path) -> None:
    write(tmp_path, "gas.csv", canonical(use(60, minutes=1440)))
    manifest = take(tmp_path)["gas.csv"]
    assert manifest.outcome == "refused"
    assert "an interval of a day: half-hours cannot be made of it" in (manifest.reason or "")


def test_a_register_under_a_header_of_use_is_refused_by_name(tmp_path: Path) -> None:
    write(tmp_path, "gas.csv", canonical(use(7).with_columns(pl.col("gas_kwh").cum_sum())))
    manifest = take(tmp_path)["gas.csv"]
    assert manifest.outcome == "refused"
    assert "the state of a register" in (manifest.reason or "")
    assert manifest.months == {}


def register_lines(states: list[float], minutes: int = 30) -> str:
    moments = [FIRST + n * dt.timedelta(minutes=minutes) for n in range(len(states))]
    return "\n".join(
        [
            "time,Total gas used",
            *(f"{m:%Y-%m-%d %H:%M},{state:.3f}" for m, state in zip(moments, states, strict=True)),
            "",
        ]
    )


def test_a_register_is_differenced_over_its_rollover_and_not_over_another_meter(tmp_path: Path) -> None:
    steps = (use(4)["gas_kwh"] / KWH_PER_M3 * 5).to_list()
    states = [99_990.0]
    for step in steps:
        states.append((states[-1] + step) % 100_000)
    exchanged = [*states[:150], *(state % 7 for state in range(5))]
    write(tmp_path, "rolled.csv", register_lines(states))
    write(tmp_path, "exchanged.csv", register_lines(exchanged))
    manifests = take(tmp_path)
    found = read_readings(tmp_path, manifests["rolled.csv"])
    assert found["gas_kwh"].sum() == pytest.approx(sum(steps) * KWH_PER_M3, rel=0.01)
    assert found["gas_kwh"].max() < 89
    reasons = manifests["exchanged.csv"].reject_reasons
    assert reasons["the register falls after it: another meter, or its state was set"] == 1
    assert read_readings(tmp_path, manifests["exchanged.csv"])["gas_kwh"].min() >= 0


def wide(frame: pl.DataFrame, names: list[str], day: str = "%d/%m/%Y") -> str:
    lines = [",".join(["MPR", "read_date", *names])]
    for (date,), part in (
        frame.with_columns(date=pl.col("interval_start_utc").dt.date())
        .partition_by("date", as_dict=True, maintain_order=True)
        .items()
    ):
        cells = [f"{kwh:.3f}" for kwh in part["gas_kwh"]]
        lines.append(",".join(["7", f"{date:{day}}", *cells, *[""] * (len(names) - len(cells))]))
    return "\n".join([*lines, ""])


@pytest.mark.parametrize(
    "names",
    [
        [f"HH{n:02}" for n in range(1, 49)],
        [f"[{n // 2:02}:{30 * (n % 2):02}]" for n in range(1, 49)],
        [f"{n // 2:02}:{30 * (n % 2):02}" for n in range(48)],
        [f"hh{n}" for n in range(1, 51)],
        [f"{n // 2:02}:{30 * (n % 2):02} - {(n + 1) // 2 % 24:02}:{30 * ((n + 1) % 2):02}" for n in range(48)],
    ],
)
def test_a_row_of_a_day_becomes_48_readings(tmp_path: Path, names: list[str]) -> None:
    truth = use(5)
    write(tmp_path, "gas.csv", wide(truth, names))
    manifest = take(tmp_path)["gas.csv"]
    assert_right(tmp_path, manifest, truth)
    assert (manifest.lines, manifest.regrouped) == (6, 5 * 47)


@pytest.mark.parametrize(("day", "count"), [(dt.date(2023, 3, 26), 46), (dt.date(2023, 10, 29), 50)])
def test_a_day_of_change_has_46_or_50_half_hours(tmp_path: Path, day: dt.date, count: int) -> None:
    midnight = dt.datetime.combine(day, dt.time()) - dt.timedelta(hours=1 if day.month == 10 else 0)
    truth = use(2, first=midnight).head(count)
    lines = [",".join(["MPR", "read_date", *(f"hh{n:02}" for n in range(1, 51))])]
    lines.append(",".join(["7", f"{day}", *(f"{kwh:.3f}" for kwh in truth["gas_kwh"]), *[""] * (50 - count)]))
    write(tmp_path, "gas.csv", "\n".join([*lines, ""]))
    manifest = take(tmp_path)["gas.csv"]
    found = read_readings(tmp_path, manifest).sort("interval_start_utc")
    assert found["interval_start_utc"].to_list() == truth["interval_start_utc"].to_list()
    assert found["gas_kwh"].to_list() == truth["gas_kwh"].to_list()
