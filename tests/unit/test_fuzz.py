"""Every parser under some mutated inputs, and under all that ever broke it; `make fuzz SECONDS=600` goes on for longer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzzing import (
    EDRP,
    GOOD_EDRP,
    TARGETS,
    Change,
    Lines,
    Target,
    check_lines,
    corpus_of,
    mutate,
    narrow,
    parse_blocks,
    read_line_again,
)
from transforms.readings.declaration import Layout, RefusalError

EXAMPLES = 25  # for each share of a target
MOST_SHARES = 6
CHANGES = st.lists(
    st.builds(Change, st.integers(0, 7), st.floats(0, 1), st.floats(0, 1), st.integers(0, 2**16)), max_size=9
)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_no_mutated_input_breaks_a_parser(target: Target) -> None:
    seeds = target.seeds()
    for seed in seeds:
        target.check(seed)

    @settings(
        max_examples=EXAMPLES * min(target.share, MOST_SHARES),
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.sampled_from(seeds), CHANGES, st.sampled_from(seeds))
    def hold(seed: bytes, changes: list[Change], other: bytes) -> None:
        target.check(mutate(seed, changes, other))

    hold()


@pytest.mark.parametrize(
    ("target", "path"), [(t, p) for t in TARGETS for p in corpus_of(t)], ids=lambda part: getattr(part, "name", "")
)
def test_inputs_that_once_broke_a_parser_break_none(target: Target, path: Path) -> None:
    target.check(path.read_bytes())


HEAD, GOOD = b"ANON_ID,ADVANCEDATETIME,HH,GASKWH\n", b"ab,01JUN09:00:00:00,1,0.1"


@pytest.mark.parametrize(
    "other", [b"AB,01JUN09:00:00:00,1,0.1", b"ab,01JUN09:00:30:00,1,0.1", b"ab,01JUN09:00:00:00,1,0.2"]
)
def test_the_oracle_sees_another_home_moment_or_value(other: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    assert GOOD_EDRP.fullmatch(GOOD)
    check_lines(HEAD + GOOD)
    outcome = read_line_again(other)
    monkeypatch.setattr("tests.fuzzing.read_line_again", lambda _: outcome)
    with pytest.raises(AssertionError):
        check_lines(HEAD + GOOD)


def test_the_oracle_sees_a_lost_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    def lose(texts: Sequence[bytes], layout: Layout, *parse: Any) -> Lines:
        lines, other, readings, rejects = parse_blocks(texts, layout, *parse)
        return lines, other, readings.head(len(readings) - 1), rejects

    monkeypatch.setattr("tests.fuzzing.parse_blocks", lose)
    with pytest.raises(AssertionError):
        check_lines(HEAD + GOOD + b"\n" + GOOD)


def test_the_oracle_judges_every_line_of_a_text_that_is_refused_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    other_header = b"household_id,interval_start_utc,gas_kwh"
    text = b"\n".join([GOOD, GOOD, other_header, GOOD])
    with pytest.raises(RefusalError):
        parse_blocks([text + b"\n"], EDRP)
    check_lines(text)
    read = read_line_again(b"ab,01JUN09:00:30:00,2,0.1")
    monkeypatch.setattr("tests.fuzzing.read_line_again", lambda _: read)
    with pytest.raises(AssertionError):
        check_lines(text)


def test_of_many_lines_the_one_is_kept_that_breaks_a_parser() -> None:
    def check(data: bytes) -> None:
        assert b"bad" not in data

    lines = [b"%d" % n for n in range(2000)]
    target = Target("words", lambda: lines, check, together=len(lines))
    assert narrow(target, [*lines[:1234], b"bad", *lines[1234:]]) == b"bad"
