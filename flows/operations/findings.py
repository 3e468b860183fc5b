"""The findings of `hearth doctor`: for each check one line, and what to do."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

State = Literal["ok", "warn", "fail"]


class Finding(BaseModel):
    """The outcome of one check."""

    model_config = ConfigDict(frozen=True)

    check: str
    state: State
    told: str
    step: str = ""  # what to do, unless it is ok


def ok(check: str, told: str) -> Finding:
    """Return a finding that needs no action."""
    return Finding(check=check, state="ok", told=told)


def warn(check: str, told: str, step: str) -> Finding:
    """Return a finding that somebody should look at; nothing is broken."""
    return Finding(check=check, state="warn", told=told, step=step)


def fail(check: str, told: str, step: str) -> Finding:
    """Return a finding that stops runs or readers."""
    return Finding(check=check, state="fail", told=told, step=step)
