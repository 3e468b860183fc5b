"""`make bench`: what a run and each of its stages cost, beside a floor and short scripts on the same file in the same minutes.

Writes docs/benchmarks.md. Machines are noisy: quote the ratios, never the seconds. `python -m tests.benchmarks.speed --millions
1 21` chooses the sizes; 246 million readings, all of EDRP's gas, need 8 GB for the file, which is written block by block.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from flows.deliveries.sample import SampleOrder, write_sample
from flows.pipeline.content import begin_content
from flows.pipeline.ingest import ingest_file, plan_ingest
from flows.pipeline.ingest_decisions import ingest_options
from flows.pipeline.stages import STAGES
from flows.settings import load_settings
from tests.benchmarks.processes import Cost, run_measured
from tests.benchmarks.short_scripts import SCRIPTS
from warehouse.lake import Lake

READINGS_PER_HOME = 16_016  # of the sample's year, what is missing left out
PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
LIBRARIES = ("polars", "duckdb", "pandas", "pyarrow", "prefect", "great-expectations")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """All costs at one size."""

    millions: int
    homes: int
    file_mb: float
    work: dict[str, Cost]  # by name: scripts, the whole run, `hearth check`
    stages: dict[str, Cost]  # one after the other in one process, without server, gate and report


def measure_size(millions: int) -> Measured:
    """Make a trial of a size up, and measure everything on it."""
    homes = round(millions * 1e6 / READINGS_PER_HOME)
    with tempfile.TemporaryDirectory(prefix="hearth-bench-") as folder:
        root = Path(folder)
        write_sample(root / "landing", SampleOrder(households=homes))
        file, table = root / "landing" / "edrp_gas.csv", root / "landing" / "households.csv"
        hearth = str(Path(sys.executable).with_name("hearth"))
        work = {}
        for name in SCRIPTS:
            script = [sys.executable, "-m", "tests.benchmarks.short_scripts", name, file, table, root / "out.parquet"]
            work[name], _ = run_measured([str(part) for part in script])
        data = {"HEARTH_HOME": str(root / "data")}
        work["hearth check"], _ = run_measured([hearth, "check", str(file)], data)
        work["hearth run"], _ = run_measured([hearth, "run", "--landing", str(root / "landing")], data)
        shutil.rmtree(root / "data")
        _, told = run_measured([sys.executable, "-m", "tests.benchmarks.speed", "--stages-of", str(root)])
        stages = {name: Cost(**cost) for name, cost in json.loads(told).items()}
        return Measured(millions=millions, homes=homes, file_mb=file.stat().st_size / 1e6, work=work, stages=stages)


def measure_stages(root: Path) -> dict[str, Cost]:
    """Do the work of each stage in this process, one unit after the other."""
    settings = load_settings(home=root / "data", landing=root / "landing", landing_quiet_seconds=0)
    lake, options = Lake(settings.home / "lake"), ingest_options(settings, today=dt.date(2026, 1, 1))
    works = plan_ingest(lake, settings.landing_folder, options).works
    costs = {"ingest": measure_here(lambda: [ingest_file(lake, work, options) for work in works])}
    content = begin_content(settings)
    for stage in STAGES:
        content = content.plan(stage)
        units = content.units_of(stage)
        costs[stage.name] = measure_here(lambda units=units: [unit.work(lake) for unit in units])
    return costs


def measure_here(work: Callable[[], object]) -> Cost:
    """Return what some work costs this process."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the highest memory is counted anew
    written, start, clock = _read_count("io", "write_bytes"), time.process_time(), time.perf_counter()
    work()
    memory_mb = _read_count("status", "VmHWM") / 1e3
    return Cost(
        processor_s=time.process_time() - start,
        clock_s=time.perf_counter() - clock,
        memory_mb=memory_mb,
        largest_mb=memory_mb,
        written_mb=(_read_count("io", "write_bytes") - written) / 1e6,
    )


def _read_count(file: str, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+)", Path(f"/proc/self/{file}").read_text(encoding="ascii"), re.MULTILINE)
    if found is None:
        raise LookupError(f"/proc/self/{file} does not say {name}")
    return int(found[1])


def describe(sizes: list[Measured]) -> str:
    """Return the page."""
    return "\n".join(
        [*_describe_head(), *(line for size in sizes for line in _describe_size(size)), *_describe_margin(sizes)]
    )


def _describe_head() -> Iterator[str]:
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    yield "# What a run costs"
    yield ""
    yield (
        "Written by `make bench` (tests/benchmarks/speed.py). All rows of a table were measured one after the other on the same made-up "
        "trial; other work on the machine moves the seconds, less the ratios of processor time. The floor is the file read typed by polars, "
        "its stamps parsed line by line, and written to one Parquet file. The scripts of tests/benchmarks/short_scripts.py go "
        "from the same file to the mean hour by dwelling type, and do nothing else. Memory is the most that all processes of "
        "a command held at a time, and the largest of them alone; written is what went to disk."
    )
    yield ""
    with_versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    yield (
        f"Machine: {len(os.sched_getaffinity(0))} cores, {memory_gb:.0f} GB, {platform.system()}, Python {platform.python_version()}; "
        f"{with_versions}."
    )
    yield ""


def _describe_size(size: Measured) -> Iterator[str]:
    floor = size.work["floor"].processor_s
    yield f"## {size.millions:,} million readings: {size.homes:,} homes, a year, {size.file_mb:,.0f} MB"
    yield ""
    yield "| work | processor s | times the floor | clock s | memory MB | largest MB | written MB |"
    yield "|---|---|---|---|---|---|---|"
    rows = [*size.work.items(), *((f"stage: {name}", cost) for name, cost in size.stages.items())]
    for name, cost in rows:
        yield (
            f"| {name} | {cost.processor_s:,.1f} | {cost.processor_s / floor:,.2f} | {cost.clock_s:,.1f} | {cost.memory_mb:,.0f} | "
            f"{cost.largest_mb:,.0f} | {cost.written_mb:,.0f} |"
        )
    yield ""
    per_100_mb = size.work["hearth check"].processor_s * 100 / size.file_mb
    yield f"`hearth check`: {per_100_mb:.1f} s of processor per 100 MB, its start included."
    yield ""


def _describe_margin(sizes: list[Measured]) -> Iterator[str]:
    """Say what the readings beyond the first size cost: a start costs the same whatever the size."""
    if len(sizes) == 1:
        return
    small, large = sizes[0], sizes[-1]
    yield f"## From {small.millions} to {large.millions} million readings"
    yield ""
    yield "| work | processor s more | times the floor | times pandas | clock s more |"
    yield "|---|---|---|---|---|"
    more = {name: _subtract(large.work[name], small.work[name]) for name in large.work}
    for name, (processor_s, clock_s) in more.items():
        ratios = f"{processor_s / more['floor'][0]:,.2f} | {processor_s / more['pandas'][0]:,.2f}"
        yield f"| {name} | {processor_s:,.1f} | {ratios} | {clock_s:,.1f} |"
    yield ""


def _subtract(large: Cost, small: Cost) -> tuple[float, float]:
    return large.processor_s - small.processor_s, large.clock_s - small.clock_s


def main() -> int:
    """Measure the sizes and write the page."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--millions", type=int, nargs="+", default=[1, 21], metavar="N")
    arguments.add_argument("--stages-of", type=Path, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.stages_of is not None:
        costs = {name: asdict(cost) for name, cost in measure_stages(given.stages_of).items()}
        sys.stdout.write(json.dumps(costs))
        return 0
    sizes: list[Measured] = []
    for millions in given.millions:
        sizes.append(measure_size(millions))
        page = describe(sizes).rstrip() + "\n"
        PAGE.write_text(page, encoding="utf-8")  # what is measured already stays where a larger size fails
    sys.stdout.write(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
