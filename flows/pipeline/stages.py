"""The stages of a run in their order, and the plainest way through them.

Whoever goes through the stages plans one, works on what is missing of it, and plans the next: a later stage is planned
from what the ones before have written.
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
    """Do what is missing of a planned stage here, one unit after the other."""
    for unit in list_undone(content.units_of(stage), content.lake):
        unit.work(content.lake)


def complete_content(content: Content) -> Content:
    """Return the content with all stages planned and done."""
    for stage in STAGES:
        content = content.plan(stage)
        work_missing(content, stage)
    return content


def hash_code_of_numbers() -> str:
    """Return the hash of all code that decides numbers: of ingest, and of every stage."""
    ingest = [code_fingerprint(read) for read in (read_readings, read_table)]
    return fingerprint(ingest=ingest, stages={stage.name: stage.code for stage in STAGES})


def hash_code_of_run() -> str:
    """Return the hash of all code that decides what a run leaves: numbers, the gate's judgement, the report."""
    from flows.pipeline.report import write_report
    from quality.gate import judge

    shown = [code_fingerprint(make, declared=True) for make in (judge, write_report)]
    return fingerprint(numbers=hash_code_of_numbers(), shown=shown)
