"""OK, WARN or FAIL: the first line of `hearth status`, which monitoring reads as well."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal

from pydantic import BaseModel

from flows.operations.disk import tell_bytes
from flows.operations.freshness import show_feed
from flows.operations.state import HomeState
from flows.operations.watch import Operations
from flows.printable import count, show_name
from warehouse.runs import RunLog

Level = Literal["OK", "WARN", "FAIL"]
LEVELS: Final[tuple[Level, ...]] = ("OK", "WARN", "FAIL")  # the index is the exit code of `hearth status --check`
Reason = tuple[Level, str]


class Health(BaseModel):
    """The level of a data folder, and the reasons for it."""

    level: Level
    reasons: list[str]  # the worst first

    @property
    def exit_code(self) -> int:
        """The code that monitoring reads: 0, 1 or 2."""
        return LEVELS.index(self.level)

    def describe(self) -> str:
        """Return it on one line."""
        return f"{self.level:<10} {'; '.join(self.reasons) or 'nothing needs attention'}"


def judge_state(state: HomeState, operations: Operations) -> Health:
    """Return the health of a data folder."""
    reasons = [*_judge_runs(state.runs), *_judge_folder(state, operations), *_judge_damage(state), *_judge_data(state)]
    reasons.sort(key=lambda reason: -LEVELS.index(reason[0]))
    level = reasons[0][0] if reasons else "OK"
    return Health(level=level, reasons=[what for _, what in reasons])


def _judge_runs(runs: Sequence[RunLog]) -> Iterator[Reason]:
    ended = [log for log in runs if log.outcome != "running"]
    if not ended or ended[-1].outcome in {"published", "unchanged"}:
        return
    last = ended[-1]
    message = last.message.partition("\n")[0]
    what = {
        "gate_failed": f"the gate stopped the last run: {len(last.failed_checks)} checks are not met",
        "nothing_usable": f"the last run found nothing usable: {message}",
        "landing_missing": f"the landing folder is missing: {message}",
        "interrupted": f"the last {last.kind} was interrupted, {message}",
        "crashed": f"the last {last.kind} was killed or lost power; the next run goes on from there",
    }.get(last.outcome, f"the last {last.kind} failed: {message}")
    yield ("WARN" if last.outcome == "interrupted" else "FAIL"), what


def _judge_folder(state: HomeState, operations: Operations) -> Iterator[Reason]:
    disk = operations.disk
    if disk.free_bytes < disk.needed_bytes:
        yield "FAIL", f"{tell_bytes(disk.free_bytes)} of disk are free, and a run needs {tell_bytes(disk.needed_bytes)}"
    if state.forgetting:
        yield "FAIL", "a home is not completely forgotten yet: `hearth forget --finish`"
    if state.history is None:
        yield "WARN", "nothing is published yet: `hearth run`"
    elif state.settings.report_after_run and not state.report_is_current:
        yield "WARN", "the report is missing, or older than its warehouse: `hearth report`"
    if operations.held is not None:
        yield "WARN", "a snapshot is held, and runs publish nothing: `hearth rollback --resume`"
    if operations.older is not None:
        yield "WARN", f"the published warehouse {operations.older}: `hearth run` publishes it anew"
    if operations.queue is not None and operations.queue.late:
        yield "WARN", f"{count(operations.queue.late, 'queued run')} should have begun"
    if operations.alerts.last is not None and operations.alerts.last.trouble:
        yield "WARN", "the last alert was not delivered"


def _judge_damage(state: HomeState) -> Iterator[Reason]:
    if state.damage:
        yield "FAIL", f"{count(len(state.damage), 'damaged file')} in the data folder: `hearth run` repairs that"
    if state.lost:
        names = ", ".join(sorted({show_name(record.damage.deliver_again or "") for record in state.lost}))
        yield "WARN", f"delivered readings are lost: deliver {names} again"


def _judge_data(state: HomeState) -> Iterator[Reason]:
    if state.refused:
        yield "WARN", f"{count(len(state.refused), 'file')} refused"
    if state.unreadable:
        yield "WARN", f"{count(len(state.unreadable), 'file')} cannot be read"
    held = [m for m in state.manifests if m.outcome == "held" and m.source_id not in state.replaced]
    if held:
        yield "WARN", f"{count(len(held), 'file')} held until somebody says what it is"
    aside = [d for d in state.left_out.values() if d.state == "quarantined" and d.source_id not in state.replaced]
    if aside:
        yield "WARN", f"{count(len(aside), 'file')} quarantined: `hearth quarantine`"
    for feed in state.feeds:
        if feed.alarm:
            yield "WARN", f"{show_feed(feed.feed)} is late: {feed.alarm}"
    if len(state.findings):
        yield "WARN", f"{count(len(state.findings), 'warning')} of the gate"
