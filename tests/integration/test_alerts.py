"""Alerts, posted to a real server on loopback: tried again, limited in time, told once, and silent about homes."""

from __future__ import annotations

import datetime as dt
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from flows.operations.alerts import (
    Book,
    Fact,
    describe_book,
    name_feed,
    raise_alerts,
    read_book,
    send_test,
    settle,
    write_book,
)
from flows.operations.state import HomeState
from flows.operations.watch import describe_operations, read_operations, read_queue
from flows.operations.webhook import post
from flows.settings import ALERT_TOKEN, Settings, SettingsError, explain_settings, load_settings
from tests.pipeline import run_without_report as run
from tests.pipeline import write_edrp, write_households
from tests.webhook_server import Webhook, serve
from warehouse.runs import RunLog, read_events, read_runs, running, write_run

ALL = frozenset({"gate_failed", "run_failed", "source_quarantined", "stale_data"})


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Webhook]]:
    """Give a function that starts a server answering with the statuses that it is given."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.delenv(ALERT_TOKEN, raising=False)
    servers: list[ThreadingHTTPServer] = []

    def start(*statuses: int) -> Webhook:
        hook, server = serve(list(statuses) or [200])
        servers.append(server)
        return hook

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def silent() -> Iterator[str]:
    """Give the address of a server that takes a connection and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/hook"


@pytest.fixture
def dribbling() -> Iterator[str]:
    """Give the address of a server that sends one byte now and then, and never an answer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ended = threading.Event()

        def dribble() -> None:
            connection, _ = listener.accept()
            with connection:
                while not ended.wait(0.2):
                    connection.sendall(b"H")

        threading.Thread(target=dribble, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/hook"
        ended.set()


@pytest.fixture
def refusing() -> str:
    """Give an address at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}/hook"


def settings_for(home: Path, url: str, **more: Any) -> Settings:
    return load_settings(home=home, alert_url=url, **more)


def fact(what: str = "feed a ends long ago", *, kind: Any = "stale_data") -> Fact:
    return Fact(kind=kind, key=f"{kind}:{what}", what=what, next_step="ask for it")


def test_what_is_posted_says_what_is_wrong_and_what_to_do(webhook: Callable[..., Webhook], tmp_path: Path) -> None:
    hook = webhook()
    assert settle(settings_for(tmp_path, hook.url), "r1", [fact()], ALL) is None
    (payload,) = hook.got
    assert payload["kind"] == "stale_data"
    assert payload["run_id"] == "r1"
    assert payload["what"] == "feed a ends long ago"
    assert payload["next_step"] == "ask for it"
    assert dt.datetime.fromisoformat(payload["raised_at_utc"]).tzinfo is not None
    assert "feed a" in payload["text"]
    assert "Authorization" not in hook.headers[0]


def test_trouble_of_the_server_is_tried_again_until_it_answers(webhook: Callable[..., Webhook], tmp_path: Path) -> None:
    hook = webhook(500, 503, 200)
    assert settle(settings_for(tmp_path, hook.url), "r1", [fact()], ALL) is None
    assert len(hook.got) == 3
    assert read_book(tmp_path / "alerts").standing[0].sent_at_utc is not None


def test_a_refusal_of_the_alert_itself_is_not_tried_again(webhook: Callable[..., Webhook], tmp_path: Path) -> None:
    hook = webhook(404)
    assert settle(settings_for(tmp_path, hook.url), "r1", [fact()], ALL) == "the webhook answered 404"
    assert len(hook.got) == 1


@pytest.mark.parametrize("server", ["silent", "dribbling", "refusing"])
def test_a_webhook_that_is_down_costs_no_more_than_its_seconds(
    server: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    url = request.getfixturevalue(server)
    start = time.monotonic()
    trouble = post(url, {"kind": "test"}, token=None, seconds=1.5)
    assert time.monotonic() - start < 1.5 + 1.5  # a busy machine included
    assert trouble is not None
    assert url not in trouble


def test_an_alert_that_was_not_delivered_is_tried_by_the_next_run(
    webhook: Callable[..., Webhook], refusing: str, tmp_path: Path
) -> None:
    assert settle(settings_for(tmp_path, refusing, alert_seconds=1), "r1", [fact()], ALL) is not None
    (told,) = read_book(tmp_path / "alerts").standing
    assert (told.sent_at_utc, told.run_id) == (None, "r1")
    assert "NOT DELIVERED" in describe_book(read_book(tmp_path / "alerts"))
    hook = webhook()
    assert settle(settings_for(tmp_path, hook.url), "r2", [fact()], ALL) is None
    assert len(hook.got) == 1


def test_a_fact_that_stands_is_told_once_and_again_after_its_days(
    webhook: Callable[..., Webhook], tmp_path: Path
) -> None:
    hook = webhook()
    settings = settings_for(tmp_path, hook.url)
    for night in range(4):
        settle(settings, f"r{night}", [fact()], ALL)
    assert len(hook.got) == 1
    book = read_book(tmp_path / "alerts")
    (told,) = book.standing
    assert told.sent_at_utc is not None
    for days, count in ((6.5, 1), (6.9, 2)):  # a night that starts some minutes earlier is still a week later
        moved = told.model_copy(update={"sent_at_utc": dt.datetime.now(dt.UTC) - dt.timedelta(days=days)})
        write_book(tmp_path / "alerts", Book(standing=[moved], last=book.last))
        settle(settings, "later", [fact()], ALL)
        assert len(hook.got) == count


def test_a_fact_that_ended_and_came_back_is_told_anew(webhook: Callable[..., Webhook], tmp_path: Path) -> None:
    hook = webhook()
    settings = settings_for(tmp_path, hook.url)
    for facts in ([fact()], [], [fact()]):
        settle(settings, "r", facts, ALL)
    assert len(hook.got) == 2


def test_a_run_that_failed_says_nothing_of_what_it_could_not_judge(
    webhook: Callable[..., Webhook], tmp_path: Path
) -> None:
    hook = webhook()
    settings = settings_for(tmp_path, hook.url)
    settle(settings, "r1", [fact()], ALL)
    settle(settings, "r2", [fact("a run failed", kind="run_failed")], {"run_failed", "gate_failed"})
    settle(settings, "r3", [fact()], ALL)
    assert [payload["kind"] for payload in hook.got] == ["stale_data", "run_failed"]


def test_facts_of_one_kind_are_told_together(webhook: Callable[..., Webhook], tmp_path: Path) -> None:
    hook = webhook()
    settle(settings_for(tmp_path, hook.url), "r1", [fact(f"feed {n} is late") for n in range(8)], ALL)
    (payload,) = hook.got
    assert payload["what"].endswith("feed 4 is late; and 3 more")


def test_the_token_comes_from_the_environment_alone_and_is_shown_nowhere(
    webhook: Callable[..., Webhook], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = webhook()
    monkeypatch.setenv(ALERT_TOKEN, "s3cret-token")
    monkeypatch.setenv("HEARTH_ALERT_URL", hook.url)
    settings = load_settings(home=tmp_path)
    assert send_test(settings) is None
    assert hook.headers[0]["Authorization"] == "Bearer s3cret-token"
    assert "s3cret-token" not in json.dumps(hook.got)
    shown = {name: str(value) for name, value, _, _ in explain_settings(home=tmp_path)}
    assert shown["alert_token"].startswith("set")
    assert shown["alert_url"] == "http://127.0.0.1/..."
    assert "s3cret-token" not in str(shown)
    assert "secret-path" not in settings.model_dump_json()  # what is handed to Prefect
    with pytest.raises(SettingsError, match="from the environment only"):
        load_settings(alert_token="s3cret-token")  # noqa: S106 - no secret


def test_the_token_is_not_sent_where_it_could_be_read() -> None:
    assert "https" in str(post("http://example.org/hook", {}, token="t", seconds=1))  # noqa: S106 - no secret


@pytest.mark.parametrize(
    ("feed", "homes", "told"),
    [
        ("edrp/supplier_a", {"10482"}, True),
        ("edrp/10482", {"10482"}, False),
        ("octopus/home-10482", {"10482"}, False),
        ("octopus/A 1-x", {"A 1-x"}, False),
    ],
)
def test_a_feed_that_is_named_by_a_home_is_not_named(feed: str, homes: set[str], *, told: bool) -> None:
    assert (name_feed(feed, homes) == feed) is told
    assert told or not any(home in name_feed(feed, homes) for home in homes)


def test_the_name_of_a_feed_of_a_home_does_not_depend_on_the_home() -> None:
    homes = {"10482", "10483"}
    assert len({name_feed(f"edrp/{home}", homes) for home in homes}) == 1


SPAN = (dt.date(2009, 1, 1), dt.date(2009, 3, 1))
HOMES = {"990017": 0.5, "990023": 0.8}


def test_runs_tell_of_stale_data_and_of_a_failed_gate_and_of_no_home(
    webhook: Callable[..., Webhook], tmp_path: Path, prefect_api: str
) -> None:
    """One home folder through its nights: stale, still stale, gate failed, failed again."""
    del prefect_api
    hook, home, landing = webhook(), tmp_path / "home", tmp_path / "landing"
    given = {"settings": {"alert_url": hook.url, "freshness_days": 3}}
    write_edrp(landing / "990017.csv", HOMES, *SPAN)
    write_households(landing / "households.csv", dict.fromkeys(HOMES, "flat"))
    assert run(home, landing, **given)["outcome"] == "published"
    assert [payload["kind"] for payload in hook.got] == ["stale_data"]
    assert "2009-02-28 23:30" in hook.got[0]["what"]
    assert run(home, landing, **given)["outcome"] == "unchanged"
    assert len(hook.got) == 1
    (damaged,) = (home / "lake").glob("heat_hourly/month=2009-01/*.parquet")
    damage(damaged)
    write_households(landing / "households.csv", {"990017": "flat", "990023": "terraced"})
    given["settings"]["full_audit"] = (
        True  # an ordinary night keeps the published hours of months that stay as they are
    )
    for _ in range(2):
        assert run(home, landing, **given)["outcome"] == "gate_failed"
    assert [payload["kind"] for payload in hook.got] == ["stale_data", "gate_failed"]
    assert "heat_hourly.energy" in hook.got[1]["what"]
    assert not [home for home in HOMES if home in json.dumps(hook.got)]
    assert [told.kind for told in read_book(home / "alerts").standing] == ["stale_data", "gate_failed"]
    settings = settings_for(home, hook.url)
    lines = describe_operations(read_operations(HomeState(settings)))
    assert any(line.startswith("alerts     gate_failed") and "2 facts standing" in line for line in lines)
    tell_events(home)


def damage(path: Path) -> None:
    """Make the hours of a month contradict its readings."""
    import polars as pl

    pl.read_parquet(path).with_columns(pl.col("gas_kwh", "heat_kwh") * 1.01).write_parquet(path)


def tell_events(home: Path) -> None:
    """Check the log of the first run: every unit with its counts, from the start of the run to its end."""
    first = read_runs(home / "runs")[0]
    events = read_events(home / "runs", first.run_id)
    assert {event["run_id"] for event in events} == {first.run_id}
    assert [events[0]["event"], events[-1]["event"]] == ["run started", "alert"]
    units = {event["unit"]: event for event in events if event["event"] == "unit done"}
    assert units["month 2009-01"]["readings"] == 2 * 31 * 48
    assert units["990017.csv"]["readings"] == 2 * 59 * 48
    (ended,) = [event for event in events if event["event"] == "run ended"]
    assert (ended["outcome"], ended["files_ingested"], ended["months_built"]) == ("published", 2, 2)


def failed(home: Path, error: BaseException) -> RunLog:
    """Return the log of a run that failed."""
    now = dt.datetime.now(dt.UTC)
    log = RunLog(run_id=f"{now:%Y%m%dT%H%M%S%fZ}", kind="nightly", started_at_utc=now)
    with pytest.raises(type(error)), running(home / "runs", log):
        raise error
    return log


@pytest.mark.parametrize(
    ("error", "kinds"),
    [(OSError("no disk for home 990017"), ["run_failed"]), (KeyboardInterrupt(), []), (SystemExit(1), ["run_failed"])],
)
def test_a_run_that_failed_is_told_by_the_name_of_its_error_alone(
    error: BaseException, kinds: Sequence[str], webhook: Callable[..., Webhook], tmp_path: Path
) -> None:
    hook = webhook()
    raise_alerts(settings_for(tmp_path, hook.url), failed(tmp_path, error))
    assert [payload["kind"] for payload in hook.got] == kinds
    assert "990017" not in json.dumps(hook.got)


def test_a_run_that_was_killed_is_told_by_the_next(webhook: Callable[..., Webhook], tmp_path: Path) -> None:
    hook = webhook()
    killed = RunLog(
        run_id="20260101T020000Z-a", kind="nightly", started_at_utc=dt.datetime(2026, 1, 1, 2, tzinfo=dt.UTC)
    )
    write_run(tmp_path / "runs", killed)
    good = RunLog(run_id="20260102T020000Z-b", kind="nightly", started_at_utc=dt.datetime(2026, 1, 2, 2, tzinfo=dt.UTC))
    with running(tmp_path / "runs", good):
        good.outcome = "unchanged"
    raise_alerts(settings_for(tmp_path, hook.url), good)
    assert [payload["kind"] for payload in hook.got] == ["run_failed"]
    assert killed.run_id in hook.got[0]["what"]


def test_without_a_webhook_nothing_is_remembered(tmp_path: Path) -> None:
    raise_alerts(load_settings(home=tmp_path), failed(tmp_path, OSError("x")))
    assert not (tmp_path / "alerts").exists()


def test_trouble_with_the_book_fails_no_run(
    webhook: Callable[..., Webhook], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "alerts").write_text("a file where a folder belongs", encoding="utf-8")
    raise_alerts(settings_for(tmp_path, webhook().url), failed(tmp_path, OSError("x")))
    assert "could not be delivered" in capsys.readouterr().err


def test_a_server_that_does_not_answer_has_no_queue(silent: str, refusing: str) -> None:
    start = time.monotonic()
    assert read_queue(None) is None
    assert read_queue(refusing) is None
    assert read_queue(silent) is None
    assert time.monotonic() - start < 5


def test_the_queue_of_a_prefect_server_is_told(prefect_api: str) -> None:
    queue = read_queue(prefect_api)
    assert queue is not None
    assert (queue.running, queue.late, queue.next_start_utc) == (0, 0, None)
