"""The words of a run about systems that its scenario cannot cost."""

import datetime as dt
import json

import polars as pl
import pytest

from flows.operations.status import name_not_costed
from tests.networks_only import read_with_networks_only
from warehouse.publish import History


def history(scenario: str, *, older: str | None = None) -> History:
    settings = json.dumps({"scenario": scenario, "convention": "best_practice"})
    nothing = pl.DataFrame()
    return History(
        run=pl.DataFrame({"settings": [settings], "published_at_utc": [dt.datetime(2026, 1, 1)]}),
        quality_result=nothing, build_month=nothing, assumption=read_with_networks_only(), included=nothing, judgement=nothing,
        annual_heat=nothing, monthly_heat=nothing, ledger=nothing, sources_used=frozenset(), origins=(),
        older=older,
    )  # fmt: skip


def test_each_system_without_a_price_is_named_with_the_series_that_it_lacks() -> None:
    said = name_not_costed(history("networks_only"))
    assert said == [
        "gas_boiler: scenario networks_only has no gas_residential.price_gbp_per_mwh",
        "ashp: scenario networks_only has no electricity_residential.price_gbp_per_mwh",
        "gshp: scenario networks_only has no electricity_residential.price_gbp_per_mwh",
    ]


@pytest.mark.parametrize("scenario", ["eep2018", "eep2019", "paper_fit", "desnz2023", "current2026"])
def test_nothing_is_said_of_a_scenario_that_costs_all(scenario: str) -> None:
    assert name_not_costed(history(scenario)) == []


def test_nothing_is_said_where_nothing_is_published_or_by_another_version() -> None:
    assert name_not_costed(None) == []
    assert name_not_costed(history("networks_only", older="format 1")) == []
