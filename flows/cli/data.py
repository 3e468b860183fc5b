"""Commands that take readings in, and rebuild what is computed from them."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

import typer

from flows.cli.exits import DONE, FAILED, WRONG_USAGE, Home, Json, read_settings, stop, tell, tell_json, usage_errors
from flows.cli.help_page import Commands
from flows.cli.run_here import run_flow

if TYPE_CHECKING:
    from flows.settings import Settings

commands = Commands("Data")
FORGOTTEN = "a home was forgotten"  # the reason of the run that publishes without it
STDIN = "-"
FullAudit = Annotated[
    bool, typer.Option("--full-audit", help="Judge unchanged months again, even if there is nothing to publish.")
]


def _day(given: str | dt.date) -> dt.date:
    try:
        return dt.date.fromisoformat(str(given))
    except ValueError:
        raise typer.BadParameter(f"{given!r} is no day; write it as 2009-01-31") from None


@commands.command(epilog="Example: hearth sample --out landing --households 60")
def sample(
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where to write.")],
    households: Annotated[int, typer.Option(min=1, metavar="N", help="Homes of the trial.")] = 600,
    start: Annotated[dt.date, typer.Option(parser=_day, metavar="DAY", help="First day.")] = dt.date(2009, 1, 1),
    end: Annotated[dt.date, typer.Option(parser=_day, metavar="DAY", help="Day after the last.")] = dt.date(2010, 1, 1),
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="The same seed gives the same files.")] = 1,
    faults: Annotated[
        Literal["none", "typical", "all"],
        typer.Option(
            metavar="KIND",
            help="none; typical: faults of single readings at measured rates; all: also odd homes, stuck, coarse and "
            "exchanged meters, wrong units, gaps in the cold.",
        ),
    ] = "typical",
    file_format: Annotated[
        Literal["edrp", "canonical"],
        typer.Option("--format", metavar="FORMAT", help="Format of the readings: edrp or canonical (our own CSV)."),
    ] = "edrp",
    force: Annotated[
        bool, typer.Option("--force", help="Also in a folder with other files; replaces the same names.")
    ] = False,
) -> None:
    """Write a made-up trial, with the truth beside it."""
    from flows.deliveries.sample import SampleOrder, write_sample
    from flows.progress import progress

    drawn = 0
    with usage_errors(), progress("draw homes", households, unit="homes") as tick:

        def count(done: int, _all: int) -> None:
            nonlocal drawn
            tick(amount=done - drawn, pieces=done - drawn)
            drawn = done

        order = SampleOrder(
            households=households, start=start, end=end, seed=seed, faults=faults, file_format=file_format
        )
        summary = write_sample(out, order, force=force, advance=count)
    tell(str(summary))


@commands.command(epilog="Example: hearth households --from edrp_metadata.xlsx --type Dwelling")
def households(
    source: Annotated[Path, typer.Option("--from", metavar="FILE", help="Workbook or CSV with one row per home.")],
    home: Home = None,
    id_column: Annotated[
        str | None,
        typer.Option("--id", metavar="COLUMN", help="Column of the home's id.", show_default="found by name"),
    ] = None,
    type_column: Annotated[
        str | None, typer.Option("--type", metavar="COLUMN", help="Column of its type.", show_default="found by name")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File to write.", show_default="households.csv in the landing folder"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Write households.csv from a workbook such as EDRP's metadata."""
    from flows.deliveries.households import write_households

    target = out or read_settings(home=home).landing_folder / "households.csv"
    with usage_errors():
        tell(write_households(source, target, id_column=id_column, type_column=type_column, force=force))


@commands.command(epilog="Example: hearth run --landing UKDA-7591-CSV")
def run(
    home: Home = None,
    landing: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Delivered files; read in place, never written.", show_default="landing in the home"
        ),
    ] = None,
    fail_on_refused: Annotated[bool, typer.Option("--fail-on-refused", help="Exit 1 if a file is refused.")] = False,
    full_audit: FullAudit = False,
    queue: Annotated[bool, typer.Option("--queue", help="Queue it on the server of `hearth up`, and return.")] = False,
) -> None:
    """Take in new files, rebuild what changed, judge, publish, report."""
    quiet = 0 if landing is not None else None  # a folder that is named holds whole files
    settings = read_settings(home=home, landing=landing, landing_quiet_seconds=quiet, full_audit=full_audit or None)
    folder = settings.landing_folder
    if folder.is_file():
        stop(f"{folder} is a file; name its folder: --landing {folder.parent}", WRONG_USAGE)
    if queue:
        from flows.runs.queueing import queue_nightly

        with usage_errors():
            if landing is not None or fail_on_refused or full_audit:
                raise ValueError("--queue goes alone: the server of `hearth up` runs with its own settings")
            tell(queue_nightly(settings))
        return
    if not folder.is_dir() and not settings.folders.lake.keys("sources"):  # otherwise the run says that it is missing
        stop(f"no landing folder {folder}; name one with --landing, or try `hearth sample --out {folder}`", WRONG_USAGE)
    finish(run_flow(settings, kind="nightly"), settings, fail_on_refused=fail_on_refused)


@commands.command(epilog="Example: hearth backfill --from 2009-01 --to 2009-03 --dry-run")
def backfill(
    first: Annotated[str, typer.Option("--from", metavar="YYYY-MM", help="First month.")],
    last: Annotated[str, typer.Option("--to", metavar="YYYY-MM", help="Last month.")],
    home: Home = None,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Reason; stored with the run.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    compare: Annotated[
        bool,
        typer.Option("--compare", help="With --dry-run: also do it in a throwaway copy, and show what would move."),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Also rebuild months that are up to date.")] = False,
    full_audit: FullAudit = False,
    queue: Annotated[
        bool, typer.Option("--queue", help="Queue it on the server of `hearth up`, once, and return.")
    ] = False,
) -> None:
    """Rebuild a span of months with today's code and rules."""
    from flows.settings import parse_month

    settings = read_settings(home=home, full_audit=full_audit or None)
    with usage_errors():
        if parse_month(first) > parse_month(last):
            raise ValueError(f"the span ends before it starts: --from {first} --to {last}")
        if compare and not dry_run:
            raise ValueError("--compare goes with --dry-run; a real backfill prints what it moved anyway")
    if dry_run:
        from flows.operations.rehearsal import compare_backfill
        from flows.pipeline.backfill import preview_backfill

        tell(preview_backfill(settings, first, last, force=force))
        with usage_errors():
            judged = settings.model_copy(update={"full_audit": settings.full_audit or force})  # as the backfill would
            tell(compare_backfill(judged, first, last) if compare else "what that would move: add --compare")
        return
    if queue:
        from flows.runs.queueing import queue_backfill

        with usage_errors():
            tell(queue_backfill(settings, first, last, reason=reason, force=force))
        return
    finish(
        run_flow(settings, kind="backfill", reason=reason, first_month=first, last_month=last, force=force), settings
    )


@commands.command(epilog="Example: hearth quarantine --lift supplier_a/2009-03.csv")
def quarantine(
    home: Home = None,
    lift: Annotated[
        str | None, typer.Option(metavar="SOURCE", help="Take it in again: file name or source id.")
    ] = None,
    accept: Annotated[
        str | None,
        typer.Option(metavar="SOURCE", help="Take it in as it is: its level and flags do not stop a publication."),
    ] = None,
    put: Annotated[str | None, typer.Option(metavar="SOURCE", help="Leave it out from now on.")] = None,
    as_json: Json = False,
) -> None:
    """List the files that are left out, or decide about one."""
    from flows.operations.quarantine import ByHand, decide, describe_decisions, list_decisions

    settings = read_settings(home=home)
    given: dict[ByHand, str | None] = {"lifted": lift, "accepted": accept, "quarantined": put}
    asked = [(source, state) for state, source in given.items() if source]
    with usage_errors():
        if len(asked) > 1:
            raise ValueError("name one of --lift, --accept and --put at a time")
        for source, state in asked:
            tell(decide(settings, source, state))
    if not asked:
        found = list_decisions(settings)
        rows = [decision.model_dump(mode="json") for decision in found]
        tell_json(rows) if as_json else tell(describe_decisions(found))


@commands.command(epilog="Example: hearth withdraw supplier_a/2009-03.csv --reason 'sent by mistake'")
def withdraw(
    source: Annotated[
        str | None,
        typer.Argument(metavar="SOURCE", help="File name, or beginning of its source id.", show_default="list"),
    ] = None,
    home: Home = None,
    *,
    reason: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Reason; kept in the ledger, not published.")
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take it in again.")] = False,
    as_json: Json = False,
) -> None:
    """Withdraw a delivered file for good, or list withdrawn files."""
    from flows.operations import withdrawal

    settings = read_settings(home=home)
    with usage_errors():
        if source is not None:
            act = withdrawal.undo if undo else withdrawal.withdraw
            tell(act(settings, source, reason=reason))
            return
        if undo or reason:
            raise ValueError("name the file: hearth withdraw SOURCE; `hearth withdraw` alone lists what is withdrawn")
    found = withdrawal.list_withdrawn(settings)
    rows = [decision.model_dump(mode="json") for decision in found]
    tell_json(rows) if as_json else tell(withdrawal.describe_withdrawn(found))


@commands.command(epilog="Example: hearth forget 10482 --reason 'consent ended'")
def forget(
    household: Annotated[
        str | None,
        typer.Argument(metavar="HOUSEHOLD", help="Id of the home; - reads it from standard input.", show_default=False),
    ] = None,
    home: Home = None,
    *,
    reason: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Reason; it is stored, so leave out the id.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for the id again.")] = False,
    finish: Annotated[bool, typer.Option("--finish", help="Go on after an interruption.")] = False,
) -> None:
    """Remove a home from all stored data, for good."""
    settings = read_settings(home=home)
    with usage_errors():
        if finish == (household is not None):
            raise ValueError("give either the id of a home or --finish")
    named = sys.stdin.readline().strip() if household == STDIN else household
    if named is not None and household != STDIN and not yes:
        again = typer.prompt("This cannot be undone. The id once more", err=True)
        if again != named:
            stop("the two ids differ; nothing was done", FAILED)
    from flows.operations import forgetting

    try:
        with usage_errors():
            done = (
                forgetting.finish(settings, run=_publish_without)
                if named is None
                else forgetting.forget(settings, named, reason=reason, run=_publish_without)
            )
    except forgetting.NotFinishedError as error:
        stop(f"not finished: {error}", FAILED)
    tell(done.describe())


def _publish_without(settings: Settings) -> dict[str, Any]:
    """Publish from the lake, with a report; results may move, since the home is gone from them."""
    from flows.operations.forgetting import NotFinishedError

    try:
        return run_flow(
            settings.model_copy(update={"accept_drift": True, "report_after_run": True}),
            kind="backfill",
            reason=FORGOTTEN,
        )
    except typer.Exit:  # the reason has been printed
        raise NotFinishedError(
            "its rows are gone, but results still rest on it; once runs work again, `hearth forget --finish`"
        ) from None


@commands.command(epilog="Example: hearth pseudonyms --new-key /etc/hearth/pseudonym.key")
def pseudonyms(
    given: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ID OR FILE]...", help="Delivered ids and names of files: tells what they are kept as."
        ),
    ] = None,
    home: Home = None,
    *,
    new_key: Annotated[Path | None, typer.Option(metavar="FILE", help="Make a key in a new file.")] = None,
    rotate: Annotated[
        bool, typer.Option("--rotate", help="Build all anew with the key that settings name now.")
    ] = False,
    former: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="FILE", help="With --rotate: the key until now.", show_default="ids as delivered"
        ),
    ] = None,
    drop_missing: Annotated[
        bool, typer.Option("--drop-missing", help="With --rotate: let go of what no landing file holds.")
    ] = False,
    landing: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="With --rotate: the delivered files.", show_default="as of runs"),
    ] = None,
) -> None:
    """Tell pseudonyms of homes, make their key, or change it."""
    with usage_errors():
        if bool(given) + rotate + (new_key is not None) != 1:
            raise ValueError("give one of: ids or names of files, --new-key FILE, --rotate")
        if new_key is not None:
            from warehouse.pseudonyms import make_key

            make_key(new_key)
            tell(
                f'a new key is in {new_key}, for you alone; set pseudonym_key_file = "{new_key.absolute()}"; keep a copy elsewhere'
            )
            return
    settings = read_settings(home=home, landing=landing)
    if not rotate:
        with usage_errors():
            named = settings.pseudonyms
            if not named.key:
                raise ValueError("ids are kept as delivered: pseudonym_key_file is not set")
            tell("\n".join(f"{one}  id {named.name(one)}  file {named.name_file(one)}" for one in given or ()))
        return
    from flows.operations import pseudonyms as changing

    try:
        with usage_errors():
            done = changing.rotate(settings, former, drop_missing=drop_missing, run=_publish_anew)
    except changing.NotRotatedError as error:
        stop(str(error), FAILED)
    tell(done.describe())


def _publish_anew(settings: Settings) -> dict[str, Any]:
    """Publish from the landing files, with a report."""
    wanted = {"landing_quiet_seconds": 0, "accept_drift": True, "report_after_run": True}
    return run_flow(settings.model_copy(update=wanted), kind="nightly", reason="pseudonyms have another key")


def finish(log: dict[str, Any], settings: Settings, *, fail_on_refused: bool = False) -> NoReturn:
    """Print how a run ended, and exit with the code for it."""
    from flows.answers.diff import describe_publication
    from flows.operations.status import summarise_run

    tell(summarise_run(log, settings))
    if moved := describe_publication(settings, log):
        tell(moved)
    good = log["outcome"] in {"published", "unchanged"} and not (fail_on_refused and log["files_refused"])
    raise typer.Exit(DONE if good else FAILED)
