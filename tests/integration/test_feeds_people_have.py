"""What people bring: containers, and the fuel, the unit and the homes of a file, proved, declared, or held with words that help."""

from __future__ import annotations

import datetime as dt
import io
import json
import zipfile
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from flows.pipeline.ingest_decisions import FeedOptions
from tests.landing_files import ingest, is_accounted_for, options, read_readings
from tests.peoples_files import (
    FIRST,
    HALF,
    KEY,
    KWH,
    KWH_PER_M3,
    LATE,
    assert_right,
    canonical,
    half_hours_of,
    octopus,
    take,
    use,
    write,
)
from transforms.public.forgotten import Tombstones, mark
from transforms.readings.neighbour_flags import flag_duplicates, order_readings
from transforms.tables.words import FLAG_DTYPE
from warehouse.manifest import Manifest

# --- containers -------------------------------------------------------------------------------------------------------


def test_a_zip_is_read_in_place_and_what_is_in_it_is_named(tmp_path: Path) -> None:
    truth = use(home="gas")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("export/gas.csv", octopus(truth))
        archive.writestr("readme.md", "nothing")
    write(tmp_path, "export.zip", packed.getvalue())
    manifests = take(tmp_path)
    assert list(manifests) == ["export.zip/export/gas.csv"]
    assert_right(tmp_path, manifests["export.zip/export/gas.csv"], truth)
    assert manifests["export.zip/export/gas.csv"].feed == "octopus/."


def test_one_json_record_a_line_is_read(tmp_path: Path) -> None:
    truth = use()
    records = [
        json.dumps({"household_id": home, "interval_start_utc": start.isoformat(), "gas_kwh": kwh})
        for home, start, kwh in truth.iter_rows()
    ]
    write(tmp_path, "gas.jsonl", "\n".join([*records, ""]))
    assert_right(tmp_path, take(tmp_path)["gas.jsonl"], truth)
    write(tmp_path, "cut.jsonl", "\n".join([*records[:-1], records[-1][:20]]))
    assert "cut or damaged" in (take(tmp_path)["cut.jsonl"].reason or "")


def test_pairs_of_seconds_and_values_are_read_in_utc(tmp_path: Path) -> None:
    truth = use(40, home="meter", first=dt.datetime(2023, 6, 10))
    pairs = [[int(start.replace(tzinfo=dt.UTC).timestamp()), kwh] for _, start, kwh in truth.iter_rows()]
    write(tmp_path, "meter.json", json.dumps({"units": "kWh", "query": {"period": "PT30M"}, "data": pairs}))
    assert_right(tmp_path, take(tmp_path, **{"glow_api__.": FeedOptions(unit="kWh", fuel="gas")})["meter.json"], truth)


def test_json_and_a_workbook_and_text_are_read(tmp_path: Path) -> None:
    truth = use(home="page")
    results = [
        {
            "consumption": kwh,
            "interval_start": f"{start.isoformat()}Z",
            "interval_end": f"{(start + HALF).isoformat()}Z",
        }
        for start, kwh in truth.select("interval_start_utc", "gas_kwh").iter_rows()
    ]
    write(tmp_path, "page.json", json.dumps({"count": 144, "next": None, "results": results}))
    book = io.BytesIO()
    with xlsxwriter.Workbook(book) as workbook:
        sheet = workbook.add_worksheet("gas")
        sheet.write(0, 0, "Your readings")
        for n, line in enumerate(canonical(truth.with_columns(household_id=pl.lit("book"))).splitlines()):
            sheet.write_row(n + 2, 0, line.split(","))
    write(tmp_path, "book.xlsx", book.getvalue())
    write(tmp_path, "text.txt", canonical(truth.with_columns(household_id=pl.lit("text"))))
    manifests = take(tmp_path, **{"octopus_api__.": FeedOptions(unit="kWh", fuel="gas")})
    for name, home in (("page.json", "page"), ("book.xlsx", "book"), ("text.txt", "text")):
        assert_right(tmp_path, manifests[name], truth.with_columns(household_id=pl.lit(home)))


def test_green_button_is_read_in_its_unit(tmp_path: Path) -> None:
    truth = use()
    readings = "".join(
        f"<IntervalReading><timePeriod><duration>1800</duration><start>{int(start.replace(tzinfo=dt.UTC).timestamp())}</start>"
        f"</timePeriod><value>{kwh * 1000:.0f}</value></IntervalReading>"
        for start, kwh in truth.select("interval_start_utc", "gas_kwh").iter_rows()
    )
    kind = (
        "<ReadingType><commodity>7</commodity><powerOfTenMultiplier>0</powerOfTenMultiplier><uom>72</uom></ReadingType>"
    )
    feed = f'<feed xmlns="http://naesb.org/espi"><entry>{kind}</entry><IntervalBlock>{readings}</IntervalBlock></feed>'
    write(tmp_path, "gas.xml", feed)
    assert_right(tmp_path, take(tmp_path)["gas.xml"], truth)
    write(tmp_path, "electric.xml", feed.replace("<commodity>7", "<commodity>1"))
    manifest = take(tmp_path)["electric.xml"]
    assert manifest.outcome == "refused"
    assert "not natural gas" in (manifest.reason or "")


@pytest.mark.parametrize(
    ("header", "day"),
    [
        ("Van datum;Van tijdstip;Tot datum;Tot tijdstip;EAN-code;Volume;Eenheid;Validatiestatus", "%d-%m-%Y;%H:%M:%S"),
        (
            "From (date);From (time);Until (date);Until (time);EAN code;Volume;Unit;Validation status",
            "%d/%m/%Y;%H:%M:%S",
        ),
    ],
)
def test_a_use_that_stands_in_kwh_and_in_m3_is_taken_once(tmp_path: Path, header: str, day: str) -> None:
    hours = use(3, home="541448000000000001", minutes=60)
    lines = [header]
    for home, start, kwh in hours.select(*KEY, "gas_kwh").iter_rows():
        local = [f"{moment + dt.timedelta(hours=1):{day}}" for moment in (start, start + dt.timedelta(hours=1))]
        for value, unit in ((kwh, "kWh"), (kwh / KWH_PER_M3, "m³")):
            lines.append(f'{";".join(local)};="{home}";{value:.3f};{unit};Read'.replace(".", ","))
    write(tmp_path, "history.csv", "\n".join([*lines, ""]))
    manifest = take(tmp_path)["history.csv"]
    assert_right(tmp_path, manifest, half_hours_of(hours))
    assert manifest.reject_reasons == {"the same use in m3; the line in kWh is taken": len(hours)}
    assert manifest.fuel_basis == "lines in m3 stand beside those in kWh"


def test_the_irish_trial_is_read_with_and_without_a_header(tmp_path: Path) -> None:
    first = dt.datetime(2009, 12, 1)
    truth = use(90, home="1392", first=first)
    lines = [
        f"{home} {(start.date() - dt.date(2009, 1, 1)).days + 1:03}{start.hour * 2 + start.minute // 30 + 1:02} {kwh:.3f}"
        for home, start, kwh in truth.select(*KEY, "gas_kwh").iter_rows()
    ]
    write(tmp_path, "gas_bare.txt", "\n".join([*lines, ""]))
    write(tmp_path, "gas_named.csv", "\n".join(["ID,DT,Usage", *(line.replace(" ", ",") for line in lines), ""]))
    manifests = take(tmp_path)
    for name in ("gas_bare.txt", "gas_named.csv"):
        assert_right(tmp_path, manifests[name], truth)


# --- fuel, unit, what is left out -------------------------------------------------------------------------------------


def electricity(days: int) -> pl.DataFrame:
    """Return use with a base load that never ends, a little more in winter."""
    frame = use(days, home="e", first=dt.datetime(2023, 1, 1))
    return frame.with_columns(gas_kwh=(pl.col("gas_kwh") * 0.2 + 0.15).round(3))


def test_gas_and_electricity_under_one_header_are_told_apart_by_what_they_do(tmp_path: Path) -> None:
    gas = use(365, home="gas", first=dt.datetime(2023, 1, 1))
    write(tmp_path, "one/a.csv", octopus(gas, KWH, per=1))
    write(tmp_path, "two/b.csv", octopus(electricity(365), KWH, per=1))
    manifests = take(tmp_path)
    assert manifests["one/a.csv"].outcome == "accepted"
    assert "times summer" in manifests["one/a.csv"].fuel_basis
    held = manifests["two/b.csv"]
    assert (held.outcome, held.months, held.asked) == ("held", {}, {"fuel": "electricity"})
    assert "it looks like electricity" in (held.reason or "")
    declared = take(tmp_path, octopus_kwh__two=FeedOptions(fuel="gas"))["two/b.csv"]
    assert (declared.outcome, declared.fuel_basis) == ("accepted", "set for the feed")


def test_cubic_metres_under_a_header_of_kwh_are_held_and_read_once_declared(tmp_path: Path) -> None:
    gas = use(365, home="gas", first=dt.datetime(2023, 1, 1))
    write(tmp_path, "gas.csv", octopus(gas, KWH))  # divided by 11.2
    held = take(tmp_path)["gas.csv"]
    assert (held.outcome, held.asked) == ("held", {"unit": "m3"})
    assert "times the gas of the mean British home" in (held.detail or "")
    assert not any(digit in (held.reason or "").replace("m3", "").replace("SMETS2", "") for digit in "0123456789")
    assert_right(
        tmp_path,
        take(tmp_path, **{"octopus_kwh__.": FeedOptions(unit="m3")})["gas.csv"],
        gas.with_columns(household_id=pl.lit("gas")),
    )


def test_noughts_that_are_left_out_are_held_and_read_as_declared(tmp_path: Path) -> None:
    gas = use(365, home="gas", first=dt.datetime(2023, 1, 1))
    lean = gas.filter((pl.col("gas_kwh") > 0) | (pl.int_range(pl.len()) == pl.len() - 1))
    night = lean.filter((pl.col("interval_start_utc").dt.hour() > 4) | (pl.col("interval_start_utc").dt.day() % 2 == 0))
    write(
        tmp_path,
        "gas.csv",
        octopus(
            night,
            "Consumption (m³), Start, End",
        ),
    )
    held = take(tmp_path)["gas.csv"]
    assert (held.outcome, held.asked) == ("held", {"absent": "zero"})
    zero = take(tmp_path, **{"octopus__.": FeedOptions(absent="zero")})["gas.csv"]
    span = int((night["interval_start_utc"].max() - night["interval_start_utc"].min()) / HALF) + 1  # type: ignore[operator]
    assert (zero.outcome, zero.readings) == ("accepted", span)
    assert zero.counted["absent_taken_as_zero"] == span - len(night)
    missing = take(tmp_path, **{"octopus__.": FeedOptions(absent="missing")})["gas.csv"]
    assert (missing.outcome, missing.readings) == ("accepted", len(night))


# --- homes ------------------------------------------------------------------------------------------------------------


def homes_of(manifests: dict[str, Manifest]) -> dict[str, tuple[str, ...]]:
    return {name: m.households for name, m in manifests.items() if m.kind == "readings"}


def test_files_that_differ_by_a_date_or_a_copy_are_of_one_home(tmp_path: Path) -> None:
    year = use(90, first=dt.datetime(2023, 1, 1))
    for month in (1, 2, 3):
        part = year.filter(pl.col("interval_start_utc").dt.month() == month)
        write(tmp_path, f"mine/gas_2023-{month:02}.csv", octopus(part))
    write(tmp_path, "consumption.csv", octopus(use(20, seed=5)))
    write(tmp_path, "consumption (1).csv", octopus(use(30, seed=6)))  # of other readings: another home
    manifests = take(tmp_path)
    assert {homes for name, homes in homes_of(manifests).items() if name.startswith("mine/")} == {("mine",)}
    assert homes_of(manifests)["consumption.csv"] == ("consumption",)
    assert homes_of(manifests)["consumption (1).csv"] == ("consumption (1)",)


def test_two_names_with_the_same_readings_for_a_week_are_one_delivery_with_a_warning(tmp_path: Path) -> None:
    write(tmp_path, "anna.csv", octopus(use(30).head(20 * 48)))
    write(tmp_path, "bert.csv", octopus(use(30)))
    manifests = take(tmp_path)
    assert set(homes_of(manifests).values()) == {("anna",)}
    assert "the same readings" in manifests["bert.csv"].warnings[0]


def test_one_name_in_two_folders_is_two_homes_and_a_table_of_one_row_swallows_neither(tmp_path: Path) -> None:
    write(tmp_path, "house_a/gas.csv", octopus(use(20)))
    write(tmp_path, "house_b/gas.csv", octopus(use(20, seed=9)))
    assert set(homes_of(take(tmp_path)).values()) == {("house_a",), ("house_b",)}
    write(tmp_path, "households.csv", "household_id,dwelling_type\nHouse_B,flat\n")
    assert set(homes_of(take(tmp_path)).values()) == {("house_a",), ("House_B",)}


def test_ids_that_programs_changed_are_matched_and_those_of_one_file_are_not(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", canonical(pl.concat([use(3, home="0047"), use(3, home="H-3")])))
    later = use(3, home="47", first=dt.datetime(2023, 2, 1)).with_columns(pl.col("household_id").cast(pl.Float64))
    later.write_parquet(tmp_path / "landing" / "b.parquet")
    write(tmp_path, "households.csv", "household_id,dwelling_type\n47,flat\nh-3 ,detached\n")
    manifests = take(tmp_path)
    assert homes_of(manifests) == {"a.csv": ("47", "h-3"), "b.parquet": ("47",)}
    assert "2 ids differ" in manifests["a.csv"].warnings[0]
    write(tmp_path, "c.csv", canonical(pl.concat([use(3, home="047"), use(3, home="47", seed=2)])))
    assert homes_of(take(tmp_path))["c.csv"] == ("047", "47")


def test_a_parquet_id_is_stripped_as_a_csv_id_is(tmp_path: Path) -> None:
    (tmp_path / "landing").mkdir()
    use(3, home=" 1 ").write_parquet(tmp_path / "landing" / "a.parquet")
    assert homes_of(take(tmp_path)) == {"a.parquet": ("1",)}


@pytest.mark.parametrize("kwh", [16777.215, 0.75])
def test_meters_that_send_one_number_over_and_over_are_not_one_meter(tmp_path: Path, kwh: float) -> None:
    dead = [use(14, home=home, seed=seed).with_columns(gas_kwh=pl.lit(kwh)) for home, seed in (("1", 1), ("2", 2))]
    alive = [use(10, home=home, first=FIRST + dt.timedelta(days=14), seed=seed) for home, seed in (("1", 1), ("2", 2))]
    write(tmp_path, "trial.csv", canonical(pl.concat([*dead, *alive])))
    manifest = take(tmp_path)["trial.csv"]
    assert (manifest.households, manifest.doubled, manifest.warnings) == (("1", "2"), {}, ())


def test_two_ids_of_one_file_with_the_same_readings_for_a_week_are_one_meter_with_a_warning(tmp_path: Path) -> None:
    truth, other = use(14, home="a1"), use(14, home="z", seed=2)
    again = truth.filter(pl.col("interval_start_utc") < FIRST + dt.timedelta(days=9)).with_columns(
        household_id=pl.lit("b2")
    )
    write(tmp_path, "trial.csv", canonical(pl.concat([again, truth, other])))
    manifest = take(tmp_path)["trial.csv"]
    assert (manifest.households, manifest.doubled) == (("a1", "z"), {"b2": "a1"})
    (warning,) = manifest.warnings
    assert warning.startswith(
        "1 of its ids hold the readings of another id on 7 days or more: one meter delivered twice"
    )
    assert warning.endswith("(b2 as a1)")
    assert is_accounted_for(manifest)
    readings = read_readings(tmp_path, manifest).with_columns(
        pl.lit(0, dtype=pl.UInt32).alias("source"), pl.col("flag").cast(FLAG_DTYPE)
    )
    judged = flag_duplicates(order_readings(readings))
    assert judged["flag"].value_counts(sort=True).rows() == [("ok", 2 * 14 * 48), ("duplicate_exact", 9 * 48)]
    # the id that the household table has is kept, whichever comes first
    write(tmp_path, "households.csv", "household_id,dwelling_type\nb2,flat\nz,flat\n")
    assert take(tmp_path)["trial.csv"].households == ("b2", "z")


def test_two_ids_that_share_six_days_or_differ_on_most_days_are_two_homes(tmp_path: Path) -> None:
    one, other = use(20, home="a"), use(20, home="b", seed=2)
    for days, name in ((6, "six.csv"), (9, "nine.csv")):
        until = FIRST + dt.timedelta(days=days)
        copied = one.filter(pl.col("interval_start_utc") < until).with_columns(household_id=pl.lit("b"))
        own = other.filter(pl.col("interval_start_utc") >= until)
        write(tmp_path / name, name, canonical(pl.concat([one, copied, own])))
        manifest = take(tmp_path / name)[name]
        assert (manifest.households, manifest.doubled, manifest.warnings) == (("a", "b"), {}, ())


def test_a_forgotten_home_does_not_come_back_under_the_other_id_of_its_meter(tmp_path: Path) -> None:
    truth = use(9, home="a1")
    write(tmp_path, "trial.csv", canonical(pl.concat([truth, truth.with_columns(household_id=pl.lit("b2"))])))
    forgotten = Tombstones(key=b"k", marks={mark(b"k", "a1"): 2})
    manifest = ingest(tmp_path, options(**LATE, forgotten=forgotten))["trial.csv"]
    assert (manifest.readings, manifest.households, manifest.doubled) == (0, (), {})
    assert manifest.reject_reasons == {"forgotten": 2 * len(truth)}
    assert "a1" not in manifest.model_dump_json(exclude={"paths", "source_id", "decisions_fingerprint", "rejects_key"})


def test_volumes_of_another_country_say_that_the_british_conversion_is_assumed(tmp_path: Path) -> None:
    rows = [f"2023-01-10T{n:02}:00:00+01:00,0.2,0,0.122" for n in range(24)]
    text = "\n".join(["Hour Start,Electricity 1 (low),Electricity 2,Gas", *rows, ""])
    write(tmp_path, "hours.csv", text)
    manifest = take(tmp_path)["hours.csv"]
    assert manifest.unit_basis == (
        "the name of the column; the British conversion of 11.22 kWh/m3 is assumed: declare calorific_value and volume_correction "
        "for the feed"
    )
    declared = FeedOptions(calorific_value=35.17, volume_correction=1.0)
    manifests = ingest(tmp_path, options(**LATE, feeds={"dsmr_reader/.": declared}))
    assert manifests["hours.csv"].unit_basis == "the name of the column"
    assert read_readings(tmp_path, manifests["hours.csv"])["gas_kwh"].sum() == pytest.approx(24 * 0.122 * 35.17 / 3.6)


def test_a_register_is_read_between_moments_that_have_no_state(tmp_path: Path) -> None:
    moments = [f"{FIRST + n * dt.timedelta(minutes=15):%Y-%m-%d %H:%M}" for n in range(4 * 96)]
    states = [""] * 96 + [f"{1656.786 + 0.011 * (n // 3):.3f}" for n in range(192)] + [""] * 96
    write(
        tmp_path, "15min.csv", "\n".join(["time,Total gas used", *map(",".join, zip(moments, states, strict=True)), ""])
    )
    manifest = take(tmp_path)["15min.csv"]
    readings = read_readings(tmp_path, manifest)
    known = [float(state) for state in states if state]
    whole = (len(known) - 1) // 2 * 2  # the last state closes a half-hour that another would begin
    assert readings["gas_kwh"].sum() == pytest.approx((known[whole] - known[0]) * KWH_PER_M3)
    assert manifest.reject_reasons["no value"] == 2 * 96
    assert set(readings["flag"].cast(pl.String)) == {"ok"}


def test_hours_without_use_and_a_column_more_leave_the_others_as_they_are(tmp_path: Path) -> None:
    header = (
        "Van datum;Van tijdstip;Tot datum;Tot tijdstip;EAN-code;Meter;Metertype;Register;Volume;Eenheid;Validatiestatus;"
        "Calorische Bovenwaarde"
    )
    lines = []
    for hour in range(6, 22):
        span = f"10-01-2022;{hour:02}:00:00;10-01-2022;{hour + 1:02}:00:00"
        for value, unit in ((f"{hour / 10:.3f}".replace(".", ","), "kWh"), ("0,100", "m³")):
            empty = hour == 6
            of_meter = f'="541000000000000007";7M1;Digitale Meter;Afname;{"" if empty else value}'
            lines.append(f"{span};{of_meter};{unit};{'Geen verbruik' if empty else 'Gevalideerd'};")
    write(
        tmp_path, "uurtotalen.csv", "\n".join([header, *lines])
    )  # no line end after the last, which ends with an empty field
    manifest = take(tmp_path)["uurtotalen.csv"]
    assert manifest.reject_reasons == {"no value": 1, "the same use in m3; the line in kWh is taken": 16}
    readings = read_readings(tmp_path, manifest)
    assert readings["gas_kwh"].sum() == pytest.approx(sum(range(7, 22)) / 10)
    assert manifest.households == ("541000000000000007",)


def test_meters_whose_days_differ_stand_below_each_other_under_a_hint(tmp_path: Path) -> None:
    lines, truth = ["sep=,", "MPR,ReadDatetime,kWh,ReadType"], 0.0
    for meter, day in (("1710000000001", 26), ("1700000000002", 27)):
        for n in range(1, 49):
            end = dt.datetime(2019, 8, day) + n * HALF
            lines.append(f"{meter},{end:%d %b %Y %H:%M:%S},{n * 7 % 11 / 10:g},Actual")
            truth += n * 7 % 11 / 10
    write(tmp_path, "example.csv", "\n".join([*lines, ""]))
    manifest = take(tmp_path)["example.csv"]
    assert (manifest.readings, manifest.rejects, manifest.stamp) == (96, 0, "end")
    readings = read_readings(tmp_path, manifest)
    assert readings["gas_kwh"].sum() == pytest.approx(truth)
    assert readings["interval_start_utc"].min() == dt.datetime(2019, 8, 25, 23)  # midnight on a British wall in summer
