"""Tables that exist only published: made at the border of the restricted tier, for pages and downloads."""

from __future__ import annotations

from transforms.schema import Column, Table
from transforms.tables.words import F, N, S, period, profile_group

HEAT_DEMAND_QUANTILE = Table(
    "heat_demand_quantile", "one quantile of the homes' annual heat, as the mean of the ten homes nearest to it",
    ("dwelling_type", "period", "quantile"),
    (
        profile_group,
        period,
        Column("quantile", F, "share of homes below", "1", lower=0, upper=1),
        Column("households", N, "included homes", "1", lower=1),
        Column("heat_kwh_annual", F, "mean annual heat of the ten homes nearest to the quantile", "kWh/yr", lower=0),
    ),
    tier="public",
    may_be_empty=True,
)  # fmt: skip

EXTERNAL_CHECK = Table(
    "external_check", "one figure of this run beside the same figure of a published study", ("study", "quantity", "segment"),
    (
        Column("study", S, "what it is compared with"),
        Column("quantity", S, "what is compared"),
        Column("segment", S, "dwelling type, temperature band, hour of day, or all"),
        Column("unit", S, "unit of both figures"),
        Column("own", F, "figure of this run"),
        Column("published", F, "figure of the study"),
        Column("ratio", F, "own over published", "1", nullable=True),
        Column("households", N, "homes behind the own figure", "1", lower=1),
        Column("explanation", S, "what explains the difference"),
    ),
    tier="public",
    may_be_empty=True,
)  # fmt: skip
