"""Runs that a server starts: the configured one, or that of `hearth up`."""

from __future__ import annotations

from typing import Any

from flows.pipeline.stages import hash_code_of_run
from flows.pipeline.unit import fingerprint
from flows.server.client import away_from_here
from flows.server.files import use_scheduling_api
from flows.settings import Settings
from warehouse.publish import read_history


def queue_nightly(settings: Settings) -> str:
    """Queue a nightly run and say how it is called.

    Raises
    ------
    ValueError
        If no server takes it.

    """
    return _queue(settings, "nightly", {}, key=None)


def queue_backfill(settings: Settings, first: str, last: str, *, reason: str | None, force: bool) -> str:
    """Queue a backfill and say how it is called.

    A repeated request is the same run as long as a new run would do the same: request, published snapshot and code are the
    key under which Prefect stores the run.

    Raises
    ------
    ValueError
        If no server takes it.

    """
    history = read_history(settings.folders.published)
    key = fingerprint(
        first=first,
        last=last,
        reason=reason,
        force=force,
        full_audit=settings.full_audit,
        snapshot=None if history is None else history.snapshot_id,
        code=hash_code_of_run(),
    )
    asked = {
        "first_month": first, "last_month": last, "reason": reason, "force": force, "full_audit": settings.full_audit,
    }  # fmt: skip
    return _queue(settings, "backfill", asked, key=key)


def _queue(settings: Settings, name: str, parameters: dict[str, Any], *, key: str | None) -> str:
    """Queue a run of a deployment; if the server has seen the key, this is the run that it already has."""
    url = use_scheduling_api(settings.folders)
    if url is None:
        message = (
            f"no server schedules for {settings.home}: start one with `hearth up`, or name yours by PREFECT_API_URL"
        )
        raise ValueError(message)
    with away_from_here(settings.folders.prefect):
        from prefect.client.orchestration import get_client
        from prefect.exceptions import ObjectNotFound

    try:
        with get_client(sync_client=True) as client:
            deployment = client.read_deployment_by_name(f"{name}/{name}")
            run = client.create_flow_run_from_deployment(deployment.id, parameters=parameters, idempotency_key=key)
    except ObjectNotFound:
        message = f"{url} has no deployment {name}/{name}: `prefect deploy --all` makes it"
        raise ValueError(message) from None
    state = "" if run.state is None else f", {run.state.type.value.lower()}"
    return f"{name} run {run.name}{state}; {url.removesuffix('/api')}/runs/flow-run/{run.id}"
