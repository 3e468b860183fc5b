"""Decisions about sources: to leave one out for now or for good, or to let it in after all; one small object per source.

The lake holds decisions beside manifests, and every plan reads them; no other place stores them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from warehouse.lake import Lake
from warehouse.manifest import Manifest, superseded_sources

State = Literal["quarantined", "lifted", "accepted", "withdrawn"]
LEFT_OUT = ("quarantined", "withdrawn")  # states of sources whose readings enter no table


class Decision(BaseModel):
    """What was decided about one source.

    `quarantined`: its readings enter no table. `lifted`: it is taken in again and judged like any other. `accepted`:
    it is taken in, and its level and its flags no longer stop a publication. `withdrawn`: its supplier or its owner takes
    it back; its readings enter no table and go from the lake.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source_id: str
    file_name: str
    state: State
    reason: str
    decided_at_utc: dt.datetime


def decision_key(source_id: str) -> str:
    """Return the key under which the decision about a source is stored."""
    return f"quarantine/{source_id}.json"


def read_decisions(lake: Lake) -> tuple[Decision, ...]:
    """Return the decisions, by source id; each source has one at most."""
    return tuple(lake.get_model(key, Decision) for key in lake.keys("quarantine"))


def withdrawn_sources(manifests: Sequence[Manifest], decisions: Collection[Decision]) -> frozenset[str]:
    """Return the sources that are withdrawn, and those that were let in again but have not been read anew yet."""
    decided = {d.source_id for d in decisions if d.state == "withdrawn"}
    return frozenset(decided | {m.source_id for m in manifests if m.outcome == "withdrawn"})


def left_out_sources(manifests: Sequence[Manifest], decisions: Collection[Decision]) -> frozenset[str]:
    """Return the sources that are quarantined or withdrawn."""
    quarantined = {d.source_id for d in decisions if d.state == "quarantined"}
    return withdrawn_sources(manifests, decisions) | quarantined


def replaced_sources(manifests: Sequence[Manifest], left_out: Collection[str]) -> frozenset[str]:
    """Return the sources that newer content has replaced at every landing path.

    A source that is left out replaces nothing, so the earlier content of its path counts again. It can itself be replaced
    by any newer content.
    """
    used = superseded_sources([m for m in manifests if m.source_id not in left_out])
    return used | (superseded_sources(list(manifests)) & frozenset(left_out))


def write_decision(lake: Lake, decision: Decision) -> None:
    """Store a decision; it replaces an earlier one about the same source."""
    lake.put_model(decision_key(decision.source_id), decision)
