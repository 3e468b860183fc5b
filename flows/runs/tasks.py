"""Units of work as Prefect tasks: one task per unit, retried only after errors that may pass by themselves."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task

from flows.journal import noted
from flows.operations.disk import check_disk
from flows.pipeline.content import Content, begin_content
from flows.pipeline.history import DIGEST_MONTHS
from flows.pipeline.ingest import IngestPlan, ingest_file, plan_ingest, settle_feeds
from flows.pipeline.ingest_decisions import FileWork, IngestOptions, options_of_run
from flows.pipeline.inputs import count_readings
from flows.pipeline.months import BUILD_MONTHS, Span
from flows.pipeline.periods import AGGREGATE_PERIODS
from flows.pipeline.stages import STAGES
from flows.pipeline.unit import Stage, Unit, list_undone
from flows.printable import show_name
from flows.progress import BYTES, progress, say
from flows.runs.artifacts import stage_progress
from flows.runs.workers import Threads, Workers
from flows.settings import Settings
from transforms.public.forgotten import FORGOTTEN
from warehouse.lake import DamagedObjectError, Lake
from warehouse.landing import ChangedFileError
from warehouse.manifest import Manifest
from warehouse.publish import History
from warehouse.quarantine import Decision, write_decision
from warehouse.runs import FailedUnit, RunLog, read_kept, write_event
from warehouse.versions import record_lake

P = ParamSpec("P")


R = TypeVar("R")


READING_STAGES = (DIGEST_MONTHS, BUILD_MONTHS)  # stages that read readings: their progress counts readings
MAX_SETTLING_ROUNDS = 4  # a household table, then a feed's clock, may each send files back once


class UnitsFailedError(RuntimeError):
    """Some units failed after their retries; the work of the others is kept."""

    def __init__(self, message: str, failed: Mapping[str, BaseException], done: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.failed = failed  # by name of the unit
        self.done = done

    @property
    def is_of_machine(self) -> bool:
        """Whether disk or memory failed, or somebody ended the run, so that further units would fail too."""
        return any(
            isinstance(reason, OSError | MemoryError | CutShortError) or not isinstance(reason, Exception)
            for reason in self.failed.values()
        )


class CutShortError(RuntimeError):
    """The run was interrupted before this unit had its turn."""


def is_worth_retrying(_task: Task[Any, Any], _run: TaskRun, state: State[Any]) -> bool:
    """Say whether a failure may pass by itself: only errors of files and of the network do."""
    return isinstance(state.result(raise_on_failure=False), OSError)


def as_task(name: str, work: Callable[P, R]) -> Task[P, R]:
    """Return `work` as a Prefect task; its arguments are bound already, so that Prefect stores no frames."""
    return task(
        name=name, task_run_name=name, retries=2, retry_delay_seconds=[1, 5], retry_condition_fn=is_worth_retrying,
        cache_policy=NO_CACHE, persist_result=False,
    )(work)  # fmt: skip


def run_task(name: str, work: Callable[[], R]) -> R:
    """Run `work` now, as a Prefect task named `name`."""
    return as_task(name, work)()


def run_tasks(
    stage: str,
    works: Sequence[tuple[str, Callable[[], R]]],
    *,
    workers: Workers,
    in_order: bool = False,
    sizes: Sequence[int] | None = None,
    unit: str = "units",
) -> list[R]:
    """Run named pieces of work side by side, or `in_order`, and return their results in the given order.

    `sizes` is the amount of work in each piece, counted in `unit`; the progress shows rate and time left by it.

    Raises
    ------
    UnitsFailedError
        After all pieces have ended, if some of them failed; the message names the first with its error.

    """
    stopped = threading.Event()
    at_a_time = workers.at_a_time
    turn = threading.BoundedSemaphore(
        at_a_time
    )  # the task runner has a fixed number of threads, the settings a wanted one
    amounts = sizes or [1] * len(works)
    whole = sum(amounts)
    with (
        progress(stage, len(works), unit=unit, amount=whole) as tick,
        stage_progress(stage, pieces=len(works), amount=whole) as show,
    ):

        def in_turn(name: str, work: Callable[[], R], size: int) -> Callable[[], R]:
            def wait_and_work() -> R:
                with turn:
                    if stopped.is_set():
                        raise CutShortError(name)
                    done = work()
                tick(name, size)
                show(size)
                return done

            return wait_and_work

        sized = [(name, in_turn(name, work, size)) for (name, work), size in zip(works, amounts, strict=True)]
        if in_order:
            return [_run_named(name, work) for name, work in sized]
        try:
            futures = {name: workers.submit(as_task(name, work)) for name, work in sized}
            results = {name: future.result(raise_on_failure=False) for name, future in futures.items()}
        except KeyboardInterrupt:
            stopped.set()
            say("interrupted: units under way are finished first; Ctrl-C again ends them at once")
            for _ in range(at_a_time):
                turn.acquire()
            for _ in range(at_a_time):  # waiting units get their turn, see `stopped`, and end
                turn.release()
            raise
    failed = {name: result for name, result in results.items() if isinstance(result, BaseException)}
    if damaged := [reason for reason in failed.values() if isinstance(reason, DamagedObjectError)]:
        raise damaged[0]  # `healing` puts it aside, and the next plan has all units that failed
    if failed:
        name, error = next(iter(failed.items()))
        message = f"{len(failed)} of {len(works)} units failed after retries, first {name}: {error!r}"
        done = [result for result in results.values() if not isinstance(result, BaseException)]
        raise UnitsFailedError(message, failed, done) from error
    return list(results.values())


def _run_named(name: str, work: Callable[[], R]) -> R:
    try:
        return run_task(name, work)
    except DamagedObjectError:
        raise
    except Exception as error:
        message = f"{name} failed after retries, and what follows reads it: {error!r}"
        raise UnitsFailedError(message, {name: error}) from error


def ingest_landing(lake: Lake, settings: Settings, log: RunLog, workers: Workers) -> None:
    """Take in every new file of the landing folder; a refused file does not stop the others."""
    options = options_of_run(settings, today=log.started_at_utc.date())
    plan = plan_ingest(lake, settings.landing_folder, options)
    check_disk(settings, [(work.file_name, max(place.bytes for place in work.paths)) for work in plan.works])
    record_lake(lake, options.pseudonyms.fingerprint)
    log.files_waiting, log.units_skipped = len(plan.waiting), plan.unchanged
    log.files_unused = dict(plan.unused)
    log.unreadable = [show_name(name) for name, _ in plan.unreadable]
    _tell_plan(plan)
    taken: dict[str, Manifest] = {}
    works = list(plan.works)
    if works and not workers.see(settings.landing_folder):
        say(f"files are read here: not every worker sees the folder {settings.landing_folder}")
        workers = Threads(settings.workers)
    for _ in range(MAX_SETTLING_ROUNDS):
        if not works:
            break
        read = _ingest(lake, works, options, settings, log, workers=workers)
        taken |= {manifest.source_id: manifest for manifest in read if manifest is not None}
        failed = {unit.unit for unit in log.units_failed}
        works = [work for work in settle_feeds(lake, settings.landing_folder, options) if work.name not in failed]
    refused = [manifest for manifest in taken.values() if manifest.outcome == "refused"]
    log.files_refused = len(refused) + len(plan.unreadable)
    log.files_ingested = sum(manifest.outcome == "accepted" for manifest in taken.values())
    if dropped := sum(manifest.counted.get(FORGOTTEN, 0) for manifest in taken.values()):
        say(f"dropped: {dropped:,} lines of homes that are forgotten")
    held = [manifest for manifest in taken.values() if manifest.outcome == "held"]
    log.files_held = len(held)
    for manifest in (*refused, *held):
        say(f"{manifest.outcome}: {show_name(manifest.file_name)}: {manifest.reason}")
    for manifest in taken.values():
        for warning in manifest.warnings:
            say(f"warning: {show_name(manifest.file_name)}: {warning}")


def _tell_plan(plan: IngestPlan) -> None:
    """Say which files are not read, and why."""
    for name, reason in plan.unreadable:
        say(f"refused: {show_name(name)}: cannot be read: {reason}")
    for name, reason in plan.unused:
        say(f"not used: {show_name(name)}: {reason}")
    if plan.forgotten:
        say(f"not read, since named after a home that is forgotten: {plan.forgotten} files")
    for name in plan.withdrawn:
        say(f"withdrawn, nothing of it is held: {show_name(name)}")


def _ingest(
    lake: Lake, works: list[FileWork], options: IngestOptions, settings: Settings, log: RunLog, *, workers: Workers
) -> list[Manifest | None]:
    """Take in files as tasks; a file that fails by an error of ours is named, and the others go on."""
    note = partial(write_event, settings.folders.runs, log.run_id)
    named = [
        (
            f"ingest {work.name}",
            noted(note, "ingest", work.name, partial(_ingest_unless_growing, lake, work, options, log, workers)),
        )
        for work in works
    ]
    sizes = [max(place.bytes for place in work.paths) for work in works]
    try:
        return run_tasks("ingest", named, workers=workers, sizes=sizes, unit=BYTES)
    except UnitsFailedError as error:
        if error.is_of_machine:
            raise
        for name, reason in error.failed.items():
            file_name = name.removeprefix("ingest ")
            contain(log, "ingest", file_name, reason, rests_on=[file_name])
        return list(error.done)


def _ingest_unless_growing(
    lake: Lake, work: FileWork, options: IngestOptions, log: RunLog, workers: Workers
) -> Manifest | None:
    """Read a file; return None if it changed meanwhile or can no longer be read, and the next run tries again."""
    try:
        return workers.do(ingest_file, lake, work, options)
    except ChangedFileError:
        with _COUNTING:
            log.files_waiting += 1
    except OSError as error:
        if error.filename is None or lake.store.holds(Path(error.filename)):  # the lake's own disk
            raise
        log.files_unused[work.file_name] = f"cannot be read: {error.strerror}; the next run tries again"
        say(f"not used: {show_name(work.file_name)}: {log.files_unused[work.file_name]}")
    return None


def work_stages(
    settings: Settings, history: History | None, log: RunLog, span: Span | None, *, force: bool, workers: Workers
) -> Content:
    """Plan one stage after the other, and work on its missing units as tasks; a month that cannot be built is left out.

    Raises
    ------
    UnitsFailedError
        If all months failed, a stage failed that is not by month, or the machine failed.

    """
    not_built = frozenset[str]()
    while True:
        content = begin_content(settings, history, span=span, not_built=not_built)
        for stage in STAGES:
            content = content.plan(stage)
            try:
                work_units(content, stage, log, forced=span if force else None, workers=workers)
            except UnitsFailedError as error:
                not_built |= contain_months(content, stage, error, history, log)
                break
        else:
            return content


def work_units(content: Content, stage: Stage[Any], log: RunLog, *, forced: Span | None, workers: Workers) -> None:
    """Work on the units of a stage that are not done, as tasks; months of a `forced` span are built in any case.

    Months that an earlier run with the same forced span built before it was cut short are not built again.
    """
    units, settings = content.units_of(stage), content.settings
    builds = stage is BUILD_MONTHS
    wanted = [unit for unit in units if builds and forced and unit.key_value in forced]
    kept = read_kept(settings.folders.runs, str(forced)) if wanted else set()
    again = {unit.fingerprint for unit in wanted if unit.fingerprint not in kept}
    if len(again) < len(wanted):
        say(f"{len(wanted) - len(again)} of {len(wanted)} months were built by the run that was cut short")
    undone = {unit.fingerprint for unit in list_undone(units, content.lake)}
    todo = [unit for unit in units if unit.fingerprint in undone | again]
    log.units_skipped += len(units) - len(todo)
    if not todo:
        return
    log.months_planned += len(todo) if builds else 0
    if stage.in_order or stage.keyed_by == "run":  # one unit at a time: other workers would not help
        workers = Threads(settings.workers)
    named = [(unit.name, partial(_work_and_count, content, stage, log, unit, workers)) for unit in todo]
    readings = [count_readings(unit.key_value, content.inputs) for unit in todo] if stage in READING_STAGES else None
    run_tasks(
        stage.name,
        named,
        workers=workers,
        in_order=stage.in_order,
        sizes=readings,
        unit="units" if readings is None else "readings",
    )
    log.periods_built += len(todo) if stage is AGGREGATE_PERIODS else 0


_COUNTING = threading.Lock()


def _work_and_count(content: Content, stage: Stage[Any], log: RunLog, unit: Unit[Any], workers: Workers) -> Any:
    """Work on a unit, and record it in the journal of the run; a month is counted as soon as it is built."""
    note = partial(write_event, content.settings.folders.runs, log.run_id, fingerprint=unit.fingerprint)
    done = noted(note, stage.name, unit.name, partial(workers.do, unit.work, content.lake))()
    with _COUNTING:
        log.months_built += stage is BUILD_MONTHS
    return done


def contain_months(
    content: Content, stage: Stage[Any], error: UnitsFailedError, history: History | None, log: RunLog
) -> frozenset[str]:
    """Return the failed months that have to be left out; the log names each with its files.

    A month that is already published stays as it is: the files that came since then are quarantined, since the month
    failed with them.

    Raises
    ------
    UnitsFailedError
        `error` itself, if the run cannot go on without these months.

    """
    months = {unit.key_value: error.failed[unit.name] for unit in content.units_of(stage) if unit.name in error.failed}
    if stage.keyed_by != "month" or error.is_of_machine or len(months) == len(content.units_of(stage)):
        raise error
    published = set() if history is None else set(history.build_month["month"].dt.strftime("%Y-%m"))
    for month, reason in months.items():
        holding = [m for m in content.inputs.readings if month in m.months]
        files = [m.file_name for m in holding]
        if month not in published:
            contain(log, stage.name, month, reason, rests_on=files)
            continue
        used = frozenset() if history is None else history.sources_used
        late = [m for m in holding if m.source_id not in used]
        if not late or len(late) == len(holding):
            raise error
        contain(log, stage.name, month, reason, rests_on=[m.file_name for m in late])
        for m in late:
            write_decision(
                content.lake,
                Decision(
                    source_id=m.source_id,
                    file_name=m.file_name,
                    state="quarantined",
                    reason=f"work on {month} fails with it, and did not without it: {type(reason).__name__}: {reason}",
                    decided_at_utc=dt.datetime.now(dt.UTC),
                ),
            )
    return frozenset(months) - published


def contain(log: RunLog, stage: str, unit: str, reason: BaseException, *, rests_on: list[str]) -> None:
    """Record and print a failure that does not stop the run."""
    failed = FailedUnit(
        stage=stage,
        unit=unit,
        error=f"{type(reason).__name__}: {reason}",
        rests_on=[show_name(name) for name in rests_on],
        next_step="it is left out and tried again by the next run; mend or withdraw the file, or report the error",
    )
    log.units_failed.append(failed)
    say(failed.describe())
