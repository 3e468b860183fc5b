"""Progress as a terminal and as a pipe get it: counts, rate, time left, and nothing on standard output."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import time

import pytest

from flows.progress import BYTES, StageProgress, describe_rate, describe_seconds

STAGES = """
import sys, time
from flows.progress import progress, say, working
with progress("build months", 4, unit="readings", amount=4_000_000) as tick:
    for month in range(4):
        time.sleep(0.3)
        tick(f"month {month}", 1_000_000)
        if month == 1:
            say("refused: a.csv")
with working("judge and publish"):
    time.sleep(0.3)
with progress("nothing to do", 0) as tick:
    pass
"""


def on_a_terminal(program: str) -> str:
    """Run a program with standard error on a pseudo-terminal of 80 columns and return what the terminal was sent."""
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=theirs,
        env=os.environ | {"TERM": "xterm-256color", "COLUMNS": "80"},
    )  # fmt: skip
    os.close(theirs)
    sent = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the other side is closed
            break
        if not part:
            break
        sent += part
    os.close(ours)
    printed, _ = running.communicate()
    assert running.returncode == 0
    assert printed == b""
    return sent.decode()


def shown(sent: str) -> list[str]:
    """Return the states of the lines that a terminal showed, without its control sequences."""
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", sent)
    return [line.rstrip() for line in re.split(r"[\r\n]+", plain) if line.strip()]


def test_a_terminal_gets_a_bar_with_count_rate_and_time_left() -> None:
    lines = shown(on_a_terminal(STAGES))
    assert max(map(len, lines)) <= 80
    at_work = [line for line in lines if line.startswith("build months") and "2/4" in line]
    assert at_work
    assert re.search(r"2/4  [\d.]+ million readings/s  [\d.]+ s left", at_work[0])
    assert [line for line in lines if re.search(r"build months .* 4/4  [\d.]+ million readings/s  \d s", line)]
    assert [line for line in lines if re.search(r"judge and publish .*[\d.]+ s$", line)]
    assert [line for line in lines if line == "refused: a.csv"], "what is said meanwhile stands on a line of its own"


def test_a_pipe_gets_lines_without_control_sequences() -> None:
    ran = subprocess.run([sys.executable, "-c", STAGES], capture_output=True, text=True, check=True)
    assert ran.stdout == ""
    assert "\x1b" not in ran.stderr
    assert "\r" not in ran.stderr
    lines = ran.stderr.splitlines()
    assert lines[0] == "refused: a.csv"
    assert re.fullmatch(r"build months: 4 done in \d s, [\d.]+ million readings/s", lines[1])
    assert re.fullmatch(r"judge and publish: done in [\d.]+ s", lines[2])
    assert len(lines) == 3, "a stage of less than two seconds says one line, one without work none"


def test_time_left_follows_the_amount_of_work_not_the_number_of_pieces() -> None:
    stage = StageProgress(name="ingest", pieces=2, amount=1000, unit=BYTES, started=time.monotonic() - 10)
    stage.add(1, 100)
    assert stage.left_s == pytest.approx(90, abs=1)
    assert stage.describe("small.csv") == "ingest: 1 of 2 (small.csv), 10 B/s, 1 min 30 s left"


def test_a_first_tiny_piece_promises_nothing() -> None:
    stage = StageProgress(name="ingest", pieces=2, amount=1_000_000, unit=BYTES, started=time.monotonic() - 10)
    stage.add(1, 5)
    assert stage.left_s is None
    assert stage.describe("households.csv").endswith("10 s so far")


def test_time_left_goes_on_between_two_pieces_and_never_below_zero() -> None:
    stage = StageProgress(name="build", pieces=10, amount=10, unit="units", started=time.monotonic() - 10)
    stage.add(5, 5)
    stage.started -= 4
    assert stage.left_s == pytest.approx(6, abs=0.5)
    stage.started -= 100
    assert stage.left_s == 0


@pytest.mark.parametrize(
    ("per_second", "unit", "text"),
    [
        (1_240_000, "readings", "1.24 million readings/s"),
        (12_400, "readings", "12.4 thousand readings/s"),
        (8.49, "homes", "8.49 homes/s"),
        (88_100_000, BYTES, "88.1 MB/s"),
        (900, BYTES, "900 B/s"),
        (0.2, "units", "0.2 units/s"),
    ],
)
def test_a_rate_is_shown_with_three_digits(per_second: float, unit: str, text: str) -> None:
    assert describe_rate(per_second, unit) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.41, "0.4 s"), (12.4, "12 s"), (59.7, "1 min 0 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")],
)
def test_a_time_is_shown_in_everyday_units(seconds: float, text: str) -> None:
    assert describe_seconds(seconds) == text


def test_that_nobody_reads_any_more_what_is_said_stops_no_work() -> None:
    code = "import sys; from flows.progress import say; sys.stdin.read(); say('one'); say('two'); print('done')"
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe, stderr=pipe) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stderr.close()
        process.stdin.close()
        assert (process.stdout.read(), process.wait()) == (b"done\n", 0)
