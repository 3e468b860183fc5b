"""The decision to leave one source out, for now or for good, or to let it in after all; one small object per source.

A decision is content like a manifest: every plan reads it, and nothing else remembers it.
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
    """Return the latest decision about each source that there is one about, by source id."""
    return tuple(lake.get_model(key, Decision) for key in lake.keys("quarantine"))


def withdrawn_sources(manifests: Sequence[Manifest], decisions: Collection[Decision]) -> frozenset[str]:
    """Return the sources that are withdrawn, and those taken in again whose file nobody found yet."""
    decided = {d.source_id for d in decisions if d.state == "withdrawn"}
    return frozenset(decided | {m.source_id for m in manifests if m.outcome == "withdrawn"})


def left_out_sources(manifests: Sequence[Manifest], decisions: Collection[Decision]) -> frozenset[str]:
    """Return the sources whose readings enter no table by a decision."""
    quarantined = {d.source_id for d in decisions if d.state == "quarantined"}
    return withdrawn_sources(manifests, decisions) | quarantined


def replaced_sources(manifests: Sequence[Manifest], left_out: Collection[str]) -> frozenset[str]:
    """Return the sources whose every landing path has newer content that is not left out.

    Content that is left out replaces nothing: what its path held before counts again. Whether it is itself replaced is
    told by all contents.
    """
    used = superseded_sources([m for m in manifests if m.source_id not in left_out])
    return used | (superseded_sources(list(manifests)) & frozenset(left_out))


def write_decision(lake: Lake, decision: Decision) -> None:
    """Store a decision; it replaces an earlier one about the same source."""
    lake.put_model(decision_key(decision.source_id), decision)
