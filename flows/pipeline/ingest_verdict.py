"""What readings are taken to be if their format leaves it open: their fuel, their unit, and half-hours left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from flows.pipeline.ingest_blocks import Intake, Tally
from transforms.readings.declaration import Fuel
from transforms.readings.evidence import RULE as EVIDENCE
from transforms.readings.evidence import add_cells, judge_absent, judge_fuel, measure_level, suggest_unit
from transforms.readings.stamps import LONDON
from warehouse.landing import split_name


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingsVerdict:
    """What the readings are taken to be, with the evidence, and what has to be declared before they are used."""

    fuel: Fuel | None = None
    fuel_basis: str = "not applicable"
    unit_basis: str = "not applicable"
    held: str | None = None  # why the file is held; it is published, so it holds no values of the home
    detail: str | None = None  # the same with values of the home, which is not published
    asked: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Something that has to be declared: the setting, what the readings suggest, the reason, and values of the home."""

    setting: str
    suggested: str = ""
    reason: str
    detail: str = ""


def judge_readings(intake: Intake, *, feed: str, file_name: str) -> ReadingsVerdict:
    """Judge by the readings what their format leaves open."""
    tally, known, declared = intake.tally, intake.known, intake.declared
    cells = add_cells(tally.cells)
    fuel: Fuel | None = declared.fuel or known.fuel
    fuel_basis = "set for the feed" if declared.fuel else "the format"
    proved = {rule.proves for rule in known.keep if rule.proves and tally.reasons[rule.otherwise]}
    doubts: list[Doubt | None] = []
    if fuel is None and proved:
        fuel, fuel_basis = proved.pop(), "lines in m3 stand beside those in kWh"
    if fuel is None:
        found = judge_fuel(cells, split_name(file_name)[1], absent_as_zero=_count_absent_zeros(cells, tally))
        fuel_basis, fuel = found.basis, "gas" if found.value == "gas" else None
        if found.value == "electricity":
            asked = 'it looks like electricity: declare fuel = "gas" if it is gas all the same'
            doubts.append(Doubt(setting="fuel", suggested="electricity", reason=asked, detail=found.basis))
        elif fuel is None:
            asked = 'gas or electricity, its header serves both: declare fuel = "gas" or "electricity"'
            doubts.append(Doubt(setting="fuel", reason=asked, detail=found.basis))
    elif fuel == "electricity":
        doubts.append(Doubt(setting="", reason="electricity, as declared for the feed; Hearth reads gas"))
    unit_basis, in_doubt = _judge_unit(cells, intake)
    unit_basis += _say_conversion(intake)
    doubts.append(in_doubt)
    if declared.absent is None and not known.names_household:
        doubts.append(_judge_absent(cells, tally))
    holds = [doubt for doubt in doubts if doubt is not None]
    if not holds:
        return ReadingsVerdict(fuel=fuel, fuel_basis=fuel_basis, unit_basis=unit_basis)
    where = f'declare it under [feeds."{feed}"] in hearth.toml; `hearth feeds --write` writes what is suggested'
    return ReadingsVerdict(
        fuel=fuel,
        fuel_basis=fuel_basis,
        unit_basis=unit_basis,
        held="; ".join(doubt.reason for doubt in holds),
        detail="; ".join([*(doubt.detail for doubt in holds if doubt.detail), where]),
        asked={doubt.setting: doubt.suggested for doubt in holds if doubt.setting},
    )


def _judge_unit(cells: pl.DataFrame, intake: Intake) -> tuple[str, Doubt | None]:
    """Return the basis of the decision about the unit, and the doubt that a declaration has to settle."""
    known, kwh_per_m3 = intake.known, intake.conversion.kwh_per_m3
    if intake.declared.unit is not None:
        return "set for the feed", None
    level = measure_level(cells, intake.options.usual_kwh_per_day, len(intake.tally.households))
    as_m3 = "" if level is None else f"as m3 {level * kwh_per_m3:.2f} times"
    usual = "" if level is None else f"as kWh {level:.2f} times the gas of the mean British home in the same months"
    suggested = "" if level is None else suggest_unit(level, kwh_per_m3)
    if known.unit is None:
        asked = 'its unit stands nowhere in it: declare unit = "kWh" or "m3"'
        shown = "" if level is None else f"{usual}, {as_m3}"
        return "nothing in the file", Doubt(setting="unit", suggested=suggested, reason=asked, detail=shown)
    if known.unit_is_sure or level is None:
        return "the name of the column" if known.unit_is_sure else "the name of the column; too short to judge", None
    if EVIDENCE.level_low <= level <= EVIDENCE.level_high:
        return f"the name of the column, and {usual}", None
    asked = (
        "its unit is in doubt: far from what a British home uses in the same months; SMETS2 meters give m3 also under a header "
        'that says kWh: declare unit = "m3" or "kWh"'
    )
    doubt = Doubt(setting="unit", suggested=suggested, reason=asked, detail=f"{usual}, {as_m3}")
    return "the level contradicts the name of the column", doubt


def _say_conversion(intake: Intake) -> str:
    """Say that the British conversion is used for volumes in another country's format, unless the feed declares one."""
    known = intake.known
    if known.unit != "m3" or known.zone == LONDON or intake.declared.calorific_value is not None:
        return ""
    return (
        f"; the British conversion of {intake.conversion.kwh_per_m3:.2f} kWh/m3 is assumed: declare calorific_value and "
        "volume_correction for the feed"
    )


def _count_absent_zeros(cells: pl.DataFrame, tally: Tally) -> int:
    """Return the number of half-hours that are left out, if they behave as zeros."""
    found = judge_absent(cells, tally.span_half_hours)
    return 0 if found is None else tally.span_half_hours - int(cells["rows"].sum())


def _judge_absent(cells: pl.DataFrame, tally: Tally) -> Doubt | None:
    """Return the doubt about half-hours that are left out, if they behave as zeros, with the yearly use either way."""
    span = tally.span_half_hours
    found = judge_absent(cells, span)
    if found is None:
        return None
    kwh, present = float(cells["kwh"].sum()), int(cells["rows"].sum())
    per_year = 365.25 * 48
    return Doubt(
        setting="absent",
        suggested="zero",
        reason='half-hours that are left out behave as noughts: declare absent = "zero" or "missing"',
        detail=f"{found}; with them as noughts the home uses {kwh / span * per_year:,.0f} kWh a year, without them "
        f"{kwh / present * per_year:,.0f}",
    )
