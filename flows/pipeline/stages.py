"""The stages of a run in their order, and the simplest way to do them all.

Stages are done one after the other: a stage is planned, its missing units are worked on, and only then the next stage is
planned, since its plan reads the tables of the stages before.
"""

from __future__ import annotations

from typing import Any

from flows.pipeline.areas import MODEL_AREAS
from flows.pipeline.code import code_fingerprint
from flows.pipeline.content import Content
from flows.pipeline.costs import COST_HEAT
from flows.pipeline.diversity import MEASURE_DIVERSITY
from flows.pipeline.history import DIGEST_MONTHS, FOLLOW_HOMES, JUDGE_HOMES
from flows.pipeline.ingest_source import read_readings, read_table
from flows.pipeline.months import BUILD_MONTHS
from flows.pipeline.periods import AGGREGATE_PERIODS
from flows.pipeline.unit import Stage, fingerprint, list_undone

STAGES: tuple[Stage[Any], ...] = (
    DIGEST_MONTHS,
    FOLLOW_HOMES,
    JUDGE_HOMES,
    BUILD_MONTHS,
    AGGREGATE_PERIODS,
    MEASURE_DIVERSITY,
    COST_HEAT,
    MODEL_AREAS,
)


def work_missing(content: Content, stage: Stage[Any]) -> None:
    """Work on the missing units of a planned stage in this process, one after the other."""
    for unit in list_undone(content.units_of(stage), content.lake):
        unit.work(content.lake)


def complete_content(content: Content) -> Content:
    """Return the content with all stages planned and done."""
    for stage in STAGES:
        content = content.plan(stage)
        work_missing(content, stage)
    return content


def hash_code_of_numbers() -> str:
    """Return the hash of all code that decides numbers: the code of ingest and of every stage."""
    ingest = [code_fingerprint(read) for read in (read_readings, read_table)]
    return fingerprint(ingest=ingest, stages={stage.name: stage.code for stage in STAGES})


def hash_code_of_run() -> str:
    """Return the hash of all code that decides the result of a run: numbers, the gate's judgement, the report."""
    from flows.pipeline.report import write_report
    from quality.gate import judge

    shown = [code_fingerprint(make, declared=True) for make in (judge, write_report)]
    return fingerprint(numbers=hash_code_of_numbers(), shown=shown)
