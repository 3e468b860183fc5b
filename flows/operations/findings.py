"""What `hearth doctor` finds: one line per check, and what to do about it."""

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
    step: str = ""  # what to do, where it is not ok


def ok(check: str, told: str) -> Finding:
    """Return that all is well."""
    return Finding(check=check, state="ok", told=told)


def warn(check: str, told: str, step: str) -> Finding:
    """Return what works and deserves a look."""
    return Finding(check=check, state="warn", told=told, step=step)


def fail(check: str, told: str, step: str) -> Finding:
    """Return what stops a run or a reader."""
    return Finding(check=check, state="fail", told=told, step=step)
