"""`hearth doctor`: whether this installation is sound, and what to do if it is not."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from flows.operations import damage_findings, home_findings, machine_findings
from flows.operations.findings import Finding, fail
from flows.operations.state import HomeState
from flows.settings import Settings, SettingsError, load_settings

WIDTH = 80
INDENT = 18


def examine(
    home: Path | None = None, *, start_server: bool = False, verify: bool = False, repair: bool = False
) -> list[Finding]:
    """Return the finding of every check; a check that raises an error is a failure under its own name.

    Parameters
    ----------
    home
        The data folder, as `--home` names it.
    start_server
        Whether our own Prefect server is started, which takes some seconds.
    verify
        Whether every byte of the lake, the releases and the warehouses is read.
    repair
        Whether damaged files are put aside and built again; this reads every byte as well.

    """
    found = [
        *_each(
            ("python", machine_findings.check_python),
            ("packages", machine_findings.check_packages),
            ("command", machine_findings.check_command),
            ("browser", machine_findings.check_browser),
            ("time zones", machine_findings.check_zone),
        )
    ]
    try:
        settings = load_settings(home=home)
    except SettingsError as error:
        step = "correct hearth.toml or HEARTH_*, then run `hearth doctor` again: the data folder was not checked"
        return [*found, fail("settings", str(error), step)]
    return [*found, *_examine_home(settings, home, start_server=start_server, verify=verify, repair=repair)]


def _examine_home(
    settings: Settings, home: Path | None, *, start_server: bool, verify: bool, repair: bool
) -> Iterator[Finding]:
    if repair:
        yield from _each(("repair", partial(damage_findings.repair_home, settings)))
    landed, state = home_findings.list_landing(settings), HomeState(settings)
    yield from _each(
        ("memory", partial(machine_findings.check_memory, settings.workers)),
        ("settings", partial(home_findings.check_settings, settings, home)),
        ("home", partial(home_findings.check_home, settings)),
        ("disk", partial(home_findings.check_free_disk, state, landed)),
        ("landing", partial(home_findings.check_landing, settings, landed)),
        ("damage", partial(damage_findings.check_damage, settings, every_byte=verify or repair)),
        ("lost", partial(damage_findings.check_lost, state)),
        ("runs", partial(home_findings.check_runs, state)),
        ("locks", partial(home_findings.check_locks, state)),
        ("warehouse", partial(home_findings.check_warehouse, settings)),
        ("report", partial(home_findings.check_report, state)),
        ("server", partial(machine_findings.check_server, settings.folders.prefect, start=start_server)),
    )


def _each(*checks: tuple[str, Callable[[], Finding]]) -> Iterator[Finding]:
    for name, check in checks:
        try:
            yield check()
        except Exception as error:  # noqa: BLE001 - an error of one check must not keep the others from being made
            what = f"could not be checked: {type(error).__name__}: {error}"
            yield fail(name, what, "mend what it names, then run `hearth doctor` again")


def is_sound(found: Iterable[Finding]) -> bool:
    """Say whether no check failed."""
    return all(finding.state != "fail" for finding in found)


def describe_findings(found: list[Finding]) -> str:
    """Return the findings as text of at most 80 columns: state, check, what was found, and what to do."""
    lines = []
    for finding in found:
        head = f"{finding.state:<5} {finding.check:<12}"
        lines += textwrap.wrap(
            finding.told, WIDTH, initial_indent=head, subsequent_indent=" " * INDENT, break_on_hyphens=False, break_long_words=False
        )  # fmt: skip
        if finding.step:
            lines += textwrap.wrap(
                finding.step, WIDTH, initial_indent=" " * (INDENT - 3) + "-> ", subsequent_indent=" " * INDENT,
                break_on_hyphens=False, break_long_words=False,
            )  # fmt: skip
    states = [finding.state for finding in found]
    said = [f"{states.count('ok')} ok"]
    said += [f"{count} to look at"] if (count := states.count("warn")) else []
    said += [f"{count} to mend"] if (count := states.count("fail")) else []
    return "\n".join([*lines, "", ", ".join(said)])


def as_json(found: list[Finding]) -> str:
    """Return the findings as JSON."""
    return json.dumps({"sound": is_sound(found), "findings": [f.model_dump() for f in found]}, indent=1)
