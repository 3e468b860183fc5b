"""Kills on a real server and worker: `python -m tests.benchmarks.kills --each 5 --months 4`.

`hearth up` serves a home. Again and again files are delivered, a night is started as a deployment run, and its process is
killed in the middle of a stage; every second time the worker with it. One reader queries without pause. It tells

- how many kills fell into which stage, by the journal of the killed runs, and how many before and after the rename,
- whether `current.duckdb` opened right after each kill, and whether the next run finished,
- whether Prefect calls each killed run crashed,
- whether the end state is that of one run over everything, and stays so when Prefect's database is deleted.
"""

from __future__ import annotations

import argparse
import datetime as dt
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.pipeline import stages
from flows.server.client import start_server
from tests.benchmarks.operating import Deliveries, different_tables, judge, operated, tell, workplace
from tests.benchmarks.readers import SNAPSHOT, Seen, reading
from tests.pipeline import differing, read_tables, run
from tests.running_up import SECONDS, Up, kill, wait_until
from warehouse.reader import open_published
from warehouse.runs import RunLog, read_events

BUILD = tuple(stage.name for stage in stages.STAGES)
STAGES = dict.fromkeys(BUILD, "build") | {name: name for name in ("ingest", "load", "gate", "publish", "report")}
ORDER = ("ingest", "build", "load", "gate", "publish", "report")
ENDS = {"unit done", "unit failed"}
GOOD = {"published", "unchanged"}
LOOSE_SECONDS, TIGHT_SECONDS = 0.01, 0.0003
RENAME_SECONDS = 0.004
RESTART_SECONDS = 120.0


Event = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """When to kill: so long after the journal tells an event of one of these stages."""

    event: str
    names: Collection[str]
    seconds: float


def aim_at(stage: str, usual: dict[str, float], chance: random.Random, *, closely: bool) -> Aim:
    """Choose a moment in a stage; the publication begins with the last verdict, and `closely` aims at the rename."""
    if stage == "publish" and not closely:
        return Aim(event="unit done", names={"gate"}, seconds=chance.uniform(0, usual[stage]))
    seconds = RENAME_SECONDS if stage == "publish" else 0.9 * usual[stage]
    names = {name for name, of in STAGES.items() if of == stage}
    return Aim(event="unit begun", names=names, seconds=chance.uniform(0, seconds))


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """One kill and what came of it."""

    stage: str | None  # by the journal; None: before or after the work
    with_worker: bool
    opens: bool
    is_renamed: bool
    is_marked: bool
    next_outcome: str

    @property
    def is_made_good(self) -> bool:
        """Whether nothing is left of it."""
        return self.opens and self.is_marked and self.next_outcome in GOOD


def stage_at_the_end(events: Sequence[Event]) -> str | None:
    """Return the stage that a killed run was in, by its journal: that of the unit that it had begun and not ended.

    What lies between the last verdict and the report is the publication, of which the unit `publish` is the rename.
    """
    if not events or events[-1]["event"] in {"run started", "run ended", "alert"}:
        return None
    units = Counter((event["stage"], event["unit"]) for event in events if event["event"] == "unit begun")
    units.subtract((event["stage"], event["unit"]) for event in events if event["event"] in ENDS)
    if (+units).total():
        return STAGES[next(iter(+units))[0]]
    return "publish" if events[-1]["stage"] in {"gate", "publish"} else None


def spans_of(events: Sequence[Event]) -> dict[str, float]:
    """Return the seconds of each stage of a whole run, from its first unit's beginning to its last one's end."""
    begun, ended = dict[str, float](), dict[str, float]()
    for event in events:
        moment = dt.datetime.fromisoformat(event["at_utc"]).timestamp()
        if event["event"] == "unit begun":
            begun.setdefault(STAGES[event["stage"]], moment)
        elif event["event"] in ENDS:
            ended[STAGES[event["stage"]]] = moment
    return {stage: ended[stage] - begun[stage] for stage in begun} | {"publish": begun["report"] - ended["gate"]}


def wait_for_run(up: Up, before: set[Path]) -> Path:
    """Return the journal of a run as soon as it begins."""
    found = set[Path]()
    deadline = time.monotonic() + SECONDS
    while not found and time.monotonic() < deadline:
        time.sleep(LOOSE_SECONDS)
        found = journals(up) - before
    return found.pop()


def journals(up: Up) -> set[Path]:
    """Return the journals of all runs."""
    return set((up.home / "runs").glob("*.jsonl"))


def wait_for_event(journal: Path, event: str, names: Collection[str]) -> None:
    """Return once the journal tells an event of a stage, or the end of the run."""
    size = 0
    while True:
        if journal.stat().st_size > size:
            size = journal.stat().st_size
            told = read_events(journal.parent, journal.stem)
            if any(one["event"] == event and one["stage"] in names for one in told if "stage" in one):
                return
            if any(one["event"] == "run ended" for one in told):
                return
        time.sleep(TIGHT_SECONDS)


def log_of(up: Up, flow_run: str) -> RunLog | None:
    """Return the log of a run, None before it has one."""
    return next((log for log in up.runs() if log.flow_run_id == flow_run), None)


def kill_once(up: Up, aim: Aim, *, with_worker: bool) -> Kill:
    """Start a night, kill it where the aim is, and see what the next run does."""
    before = journals(up)
    started = up.start("nightly")
    journal = wait_for_run(up, before)
    victims = [*up.processes_of(started), *([up.worker()] if with_worker else [])]
    wait_for_event(journal, aim.event, aim.names)
    time.sleep(aim.seconds)
    kill(victims)
    wait_until(lambda: not up.processes_of(started))
    opens, snapshot = open_current(up.home)
    events = read_events(journal.parent, journal.stem)
    has_ended = any(event["event"] == "run ended" for event in events)
    is_marked = wait_until(lambda: up.state(started) == "CRASHED" or has_ended, RESTART_SECONDS)
    following = resumed(up, started) if with_worker else up.start("nightly")
    (state,) = up.finish(following)
    log = log_of(up, following)
    return Kill(
        stage=stage_at_the_end(events),
        with_worker=with_worker,
        opens=opens,
        is_renamed=snapshot in {event["unit"] for event in events if event.get("stage") == "publish"},
        is_marked=is_marked,
        next_outcome=log.outcome if log is not None and state == "COMPLETED" else f"{state}, no log of success",
    )


def resumed(up: Up, flow_run: str) -> str:
    """Return the run that `hearth up` queues for one that went with its worker; a new night if there is none."""
    is_there = wait_until(lambda: flow_run in up.resumed(), RESTART_SECONDS)
    return up.resumed()[flow_run] if is_there else up.start("nightly")


def open_current(home: Path) -> tuple[bool, str]:
    """Say whether the published warehouse opens, and which snapshot it is."""
    try:
        with open_published(home / "warehouse" / "current.duckdb") as warehouse:
            return True, str(warehouse.query(SNAPSHOT)["snapshot_id"][0])
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told
        return False, repr(error)


def campaign(up: Up, deliveries: Deliveries, *, each: int, minutes: float) -> list[Kill]:
    """Kill until every stage was hit `each` times, or the time is over."""
    deadline = time.monotonic() + 60 * minutes
    chance, kills, count = random.Random(1), list[Kill](), Counter[str]()
    tell(f"a first run: {up.finish(up.start('nightly'))[0]}")
    deliveries.deliver()
    tell(f"a second one: {up.finish(up.start('nightly'))[0]}")
    usual = spans_of(read_events(up.home / "runs", up.runs()[-1].run_id))
    tell("its stages: " + ", ".join(f"{stage} {usual[stage]:.2f} s" for stage in ORDER))
    while min(count[stage] for stage in ORDER) < each and time.monotonic() < deadline:
        aim = min(ORDER, key=lambda stage: count[stage])
        deliveries.deliver()
        moment = aim_at(aim, usual, chance, closely=count[aim] % 2 == 1)
        every_second = (len(kills) + len(kills) // len(ORDER)) % 2 == 1  # of each stage too
        done = kill_once(up, moment, with_worker=every_second)
        kills.append(done)
        count[done.stage or "between"] += 1
        what = "the run and its worker" if done.with_worker else "the run"
        renamed = ", after the rename" if done.is_renamed else ""
        good = "" if done.is_made_good else f"  NOT MADE GOOD: {done}"
        tell(f"kill {len(kills):>2} of {what}, in {done.stage}{renamed}; the next run: {done.next_outcome}{good}")
    tell("kills by stage: " + ", ".join(f"{stage} {count[stage]}" for stage in (*ORDER, "between")))
    return kills


def delete_database(home: Path) -> None:
    """Take away everything that Prefect knows."""
    for path in (home / "prefect").glob("prefect.db*"):
        path.unlink()


def main() -> int:
    """Run the campaign, compare, and print what came of it; 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=5, help="kills per stage")
    parser.add_argument("--months", type=int, default=4, choices=range(1, 13), help="months delivered at first")
    parser.add_argument("--minutes", type=float, default=120, help="no kill is begun later")
    asked = parser.parse_args()
    with workplace("kills") as root:
        deliveries = Deliveries(root / "landing", asked.months)
        seen = Seen()
        with operated(root, deliveries.folder) as up:
            assert up.finish(up.start("nightly")) == ["COMPLETED"]
            with reading(up.home / "warehouse" / "current.duckdb", 1) as seen:
                kills = campaign(up, deliveries, each=asked.each, minutes=asked.minutes)
            stale = up.ask("/flow_runs/filter", {"flow_runs": {"state": {"type": {"any_": ["RUNNING", "PENDING"]}}}})
            up.stop(signal.SIGTERM)
        home = read_tables(root / "home")
        delete_database(root / "home")
        with operated(root, deliveries.folder) as up:
            (anew,) = up.finish(up.start("nightly"))
            unchanged = up.runs()[-1].outcome == "unchanged" and differing(home, read_tables(root / "home")) == []
        with start_server(root / "prefect", ignore_configured=True) as server:
            server.wait_ready()
            run(root / "serial", deliveries.folder, settings={"bootstrap_replicates": 100})
        differ = different_tables(read_tables(root / "serial"), home)
    tell(f"reader: {seen.describe()}")
    tell(f"tables that differ from one run over everything: {', '.join(differ) or 'none'}")
    hit = Counter(one.stage for one in kills)
    return judge(
        {
            f"every stage was hit at least {asked.each} times": all(hit[stage] >= asked.each for stage in ORDER),
            "the warehouse opened after each kill": all(one.opens for one in kills),
            "the run after each kill finished": all(one.next_outcome in GOOD for one in kills),
            "every killed run is marked crashed": all(one.is_marked for one in kills) and stale == [],
            "the reader saw no error and no torn table": seen.reads > 0 and not seen.torn and not seen.errors,
            "no reading is lost or doubled": differ == [],
            "without Prefect's database the next run changes no table": anew == "COMPLETED" and unchanged,
        }
    )


if __name__ == "__main__":
    sys.exit(main())
