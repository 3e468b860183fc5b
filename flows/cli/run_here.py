"""The flow in this process, for `hearth run` and `hearth backfill`: its server, and how its failure is shown."""

from __future__ import annotations

import gc
import logging
import traceback
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from flows.cli.exits import FAILED, INTERRUPTED, WRONG_USAGE, is_of_configuration, stop, tell_os_error

if TYPE_CHECKING:
    from flows.settings import Settings

OUT_OF_MEMORY = "out of memory"  # DuckDB's words
OWN = ("flows.", "warehouse.", "quality.", "reports.", "transforms.")  # packages whose errors say what to do
# A run makes many objects and little garbage. Looking for garbage after every 700 objects, as Python does by default, takes a
# tenth of a small run.
OBJECTS_BETWEEN_COLLECTIONS = 50_000
PREFECT_LOGS = ("prefect.flow_runs", "prefect.task_runs")


def run_flow(settings: Settings, **parameters: Any) -> dict[str, Any]:
    """Run the flow on a Prefect server: the configured one, or our own, which starts while other modules are imported."""
    try:
        return _run(settings, parameters)
    except KeyboardInterrupt:
        stop(f"interrupted{_describe_kept(settings)}; the same command goes on from there", INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - any error that ended the run is shown in one line; the run's log has it too
        why = describe_failure(error)
        for failed in (error, error.__cause__):
            # frames would keep connections open until the process ends
            traceback.clear_frames(failed.__traceback__ if failed else None)
        if is_of_configuration(error):
            stop(why, WRONG_USAGE)
        stop(f"the run failed: {why}", FAILED)


def _run(settings: Settings, parameters: dict[str, Any]) -> dict[str, Any]:
    from flows.server.client import away_from_here, start_server, without_heartbeats

    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    settings = settings.with_whole_paths()
    settings.folders.lake.store.check()
    prefect = settings.folders.prefect
    with away_from_here(prefect), start_server(prefect) as server:
        from flows.progress import working
        from flows.server.revival import kept_alive

        with working("start the server"):
            from flows.runs.nightly import nightly

            server.wait_ready()
        for name in PREFECT_LOGS:
            logging.getLogger(name).propagate = False  # a configured server gets them all the same
        kept = settings.model_copy(
            update={"feeds": settings.kept_feeds} if settings.feeds else {}
        )  # Prefect records it
        given = kept.model_dump(mode="json", exclude_unset=True)
        with kept_alive(server), without_heartbeats() if server.is_embedded else nullcontext():
            log: dict[str, Any] = nightly(settings_given=given, **parameters)
    return log


def _describe_kept(settings: Settings) -> str:
    from warehouse.runs import describe_kept, read_runs

    ended = [log for log in read_runs(settings.folders.runs) if log.outcome == "interrupted"]
    return f": {describe_kept(ended[-1])}" if ended else ""


def describe_failure(error: Exception) -> str:
    """Return what ended a run; if it is an error in Hearth itself, print its trace first."""
    root = error.__cause__ if type(error).__name__ == "UnitsFailedError" and error.__cause__ else error
    if isinstance(root, OSError):
        return tell_os_error(root) if root is error else f"{error}; {tell_os_error(root)}"
    if type(root).__module__.startswith(OWN):
        return str(error)
    if isinstance(root, MemoryError) or OUT_OF_MEMORY in str(root).lower():
        return f"{error}: there is not enough memory; end other programs, or set HEARTH_WORKERS=1"
    traceback.print_exception(root)
    return f"{type(error).__name__}: {error}"
