"""The load of heat pumps on the grid, and the effects of a small heat pump, a retrofit or a tariff."""

from __future__ import annotations

import plotly.graph_objects as go
import polars as pl

from reports import palette, text
from reports.figures.exhibit import Exhibit, homes_behind, kept_note, style, tabulate, title_above, wrapped
from reports.inputs import Published, RunInfo, provenance_of_analysis, provenance_of_demand
from transforms.tables.cost_analysis import DIVERSITY
from transforms.tables.electric import (
    HEAT_PUMP_HOURLY,
    HEAT_PUMP_PEAK,
    HEAT_PUMP_TARIFF,
    HYBRID_HEAT_PUMP,
    RETROFIT,
)

SHORT = 11  # characters per line of a name below a bar, since a phone shows four bars
PEAK = "Electricity per home on a very cold day, if all homes had heat pumps"
DASHES = ("solid", "dash", "dot", "dashdot")
PEAK_COLUMNS = (
    "store_kwh", "dwellings", "heat_kw_p50", "electricity_kw_p05", "electricity_kw_p50", "electricity_kw_p95", "feeder_kw_p50",
    "extrapolated",
)  # fmt: skip
HOUR_COLUMNS = ("hour", "outdoor_c", "cop", "heat_kw", "electricity_kw", "heat_even_kw", "electricity_even_kw")
HYBRID_COLUMNS = ("size_share", "heat_pump_kw", "heat_share", "spf", "lcoh_gbp_per_mwh", "gas_kwh", "electricity_kwh")
RETROFIT_COLUMNS = (
    "system",
    "heat_loss_cut",
    "demand_kwh",
    "design_kw",
    "lcoh_gbp_per_mwh",
    "heat_saved_kwh",
    "worth_gbp_per_mwh",
)
TARIFF_COLUMNS = ("store_kwh", "electricity_kwh", "low_share", "high_share", "price_factor")


def draw_electric_peak(published: Published, run: RunInfo) -> list[Exhibit]:
    """Draw the peak of electricity per home against the number of homes on a feeder, by store, or nothing."""
    rows = (
        published[HEAT_PUMP_PEAK]
        .frame.filter(dwelling_type="all", period=published.period)
        .sort("store_kwh", "dwellings")
    )
    if rows.is_empty():
        return []
    without = rows.filter(pl.col("store_kwh") == pl.col("store_kwh").min())
    first, last = without.row(0, named=True), without.row(-1, named=True)
    coldest = f"{first['outdoor_c']:.0f} °C in its coldest hour".replace("-", "\N{MINUS SIGN}")
    return [
        Exhibit(
            key="heat-pump-peak",
            title=PEAK,
            shows=f"Highest hour of the 1-in-20 coldest day, {coldest}. Line: median of random groups of homes; band: 5 to 95 % of "
            "them, for homes without a heat store. The band covers which homes share the feeder, and no other uncertainty.",
            alternative=f"Line chart of the electricity per home: {first['electricity_kw_p50']:.1f} kW for {_homes(first)}, "
            f"{last['electricity_kw_p50']:.1f} kW for {_homes(last)}, without a store; drawn from {homes_behind(rows)}.",
            chart=_peak_chart(rows),
            notes=[
                (
                    f"Heat pumps are sized at {first['heat_pump_kw']:.1f} kW per home by the homes' heat loss; a direct electric heater covers the "
                    "rest. Without a store they run in the hours in which boilers run today, the worst case for the grid."
                ),
                *kept_note(published[DIVERSITY], published.period or ""),
            ],
            tables=[tabulate(rows, HEAT_PUMP_PEAK, PEAK_COLUMNS, caption=PEAK)],
            data=published[HEAT_PUMP_PEAK].frame,
            provenance=provenance_of_demand(published, run, trace=published.trace(HEAT_PUMP_PEAK, PEAK_COLUMNS)),
        )
    ]


def draw_electric_day(published: Published, run: RunInfo) -> list[Exhibit]:
    """Draw the hours of the design day, as boilers heat and evenly, or nothing."""
    hours = published[HEAT_PUMP_HOURLY].frame.filter(dwelling_type="all", period=published.period).sort("hour")
    if hours.is_empty():
        return []
    title = "A very cold day by the hour, if all homes had heat pumps"
    ink, chart = palette.SYSTEM["ashp"], go.Figure()
    for column, name, dash in (
        ("electricity_kw", "When boilers run today", "solid"),
        ("electricity_even_kw", "Evenly through the day", "dash"),
    ):
        chart.add_scatter(
            x=hours["hour"], y=hours[column], mode="lines", name=name, line={"width": 3, "color": ink.light, "dash": dash},
            hovertemplate=f"{name}, %{{x}} h: %{{y:.2f}} kW per home<extra></extra>",
        )  # fmt: skip
    style(chart, height=380, left_to_right=False)
    chart.update_layout(legend={"y": 1.1}, margin_t=60)
    chart.update_xaxes(title="Hour of the day (UTC)", dtick=6)
    chart.update_yaxes(rangemode="tozero")
    title_above(chart, "Electricity per home [kW]", panel=1)
    highest = hours.sort("electricity_kw").row(-1, named=True)
    return [
        Exhibit(
            key="heat-pump-day",
            title=title,
            shows="Mean electricity of many homes on the 1-in-20 coldest day: heat pumps that run when boilers run today, and heat pumps that run evenly.",
            alternative=f"Line chart of the electricity per home: at most {highest['electricity_kw']:.1f} kW at {highest['hour']} h, where the "
            f"coefficient of performance is {highest['cop']:.2f}; evenly at most {hours['electricity_even_kw'].to_numpy().max():.1f} kW.",
            chart=chart,
            tables=[tabulate(hours, HEAT_PUMP_HOURLY, HOUR_COLUMNS, caption=title)],
            data=published[HEAT_PUMP_HOURLY].frame,
            provenance=provenance_of_demand(published, run, trace=published.trace(HEAT_PUMP_HOURLY, HOUR_COLUMNS)),
        )
    ]


def draw_hybrids(published: Published, run: RunInfo) -> list[Exhibit]:
    """Draw the share of heat and the cost of a heat pump beside a gas boiler by its size, or nothing."""
    rows = published[HYBRID_HEAT_PUMP].frame.filter(dwelling_type="all", period=published.period).sort("size_share")
    if rows.is_empty():
        return []
    title = "A small heat pump beside a gas boiler"
    cheapest = rows.sort("lcoh_gbp_per_mwh").row(0, named=True)
    return [
        Exhibit(
            key="hybrids",
            title=title,
            shows="Share of the year's heat that the heat pump supplies, by its size relative to the load on a very cold day. The boiler supplies the rest.",
            alternative=f"Line chart: a heat pump of {text.number(100 * cheapest['size_share'], 0)} % of the load gives "
            f"{text.number(100 * cheapest['heat_share'], 0)} % of the heat and costs the least, "
            f"{text.number(cheapest['lcoh_gbp_per_mwh'], 0)} £/MWh with its boiler.",
            chart=_hybrid_chart(rows),
            notes=[
                "The heat pump runs evenly through the day. The cost covers buying, maintaining and replacing both systems."
            ],
            tables=[tabulate(rows, HYBRID_HEAT_PUMP, HYBRID_COLUMNS, caption=title)],
            data=published[HYBRID_HEAT_PUMP].frame,
            provenance=provenance_of_analysis(
                published, run, trace=published.trace(HYBRID_HEAT_PUMP, HYBRID_COLUMNS), rows=rows, measured=True
            ),
        )
    ]


def draw_retrofit(published: Published, run: RunInfo) -> list[Exhibit]:
    """Draw the worth of a MWh of saved heat by system and by cut of the heat loss, or nothing."""
    rows = (
        published[RETROFIT].frame.filter(dwelling_type="all", period=published.period).sort("system", "heat_loss_cut")
    )
    if rows.is_empty():
        return []
    title = "What a smaller heat loss is worth"
    chart = go.Figure()
    told = []
    for (system,), of in rows.group_by("system", maintain_order=True):
        ink = palette.SYSTEM[str(system)]
        chart.add_scatter(
            x=100 * of["heat_loss_cut"], y=of["worth_gbp_per_mwh"], mode="lines+markers", name=text.name_of(str(system)),
            line={"width": 3, "color": ink.light},
            hovertemplate=f"{text.name_of(str(system))}, %{{x:.0f}} % less: £%{{y:,.0f}} per MWh saved<extra></extra>",
        )  # fmt: skip
        told.append(f"{text.name_of(str(system))} £{of['worth_gbp_per_mwh'][0]:,.0f}")
    style(chart, height=380, left_to_right=False)
    chart.update_layout(legend={"y": 1.1}, margin_t=60)
    chart.update_xaxes(title="Reduction of the heat loss [%]")
    chart.update_yaxes(rangemode="tozero")
    title_above(chart, "Cost avoided [£ per MWh saved]", panel=1)
    return [
        Exhibit(
            key="retrofit",
            title=title,
            shows="Cost of heat avoided for each MWh that a home no longer needs. A retrofit pays where it costs less than that.",
            alternative=f"Line chart; at the smallest cut {'; '.join(told)} per MWh saved.",
            chart=chart,
            notes=[
                "Space heating falls with the heat loss and hot water stays the same; the heating system is sized for what is left."
            ],
            tables=[tabulate(rows, RETROFIT, RETROFIT_COLUMNS, caption=title)],
            data=published[RETROFIT].frame,
            provenance=provenance_of_analysis(
                published, run, trace=published.trace(RETROFIT, RETROFIT_COLUMNS), rows=rows, measured=True
            ),
        )
    ]


def draw_tariff(published: Published, run: RunInfo) -> list[Exhibit]:
    """Draw the saving by a heat store under a tariff of three prices, or nothing."""
    rows = published[HEAT_PUMP_TARIFF].frame.filter(dwelling_type="all", period=published.period).sort("store_kwh")
    if rows.is_empty():
        return []
    title = "A store under a tariff with cheap hours"
    names = [wrapped(_store(kwh), SHORT) for kwh in rows["store_kwh"]]
    chart = go.Figure()
    chart.add_bar(
        x=names, y=100 * rows["price_factor"], marker={"color": palette.SYSTEM["ashp"].light}, name="Mean price",
        hovertemplate="%{x}: %{y:.0f} % of the price of an even load<extra></extra>", showlegend=False,
    )  # fmt: skip
    style(chart, height=360, left_to_right=False)
    chart.update_xaxes(tickangle=0)
    chart.update_yaxes(rangemode="tozero")
    title_above(chart, "Mean price [% of that of an even load]", panel=1)
    least = rows.row(-1, named=True)
    return [
        Exhibit(
            key="heat-pump-tariff",
            title=title,
            shows="Mean price that a heat pump pays, as a share of what an even load pays. Prices are 40 % lower in six hours and 50 % higher in three.",
            alternative=f"Bar chart: down to {100 * least['price_factor']:.0f} % with the largest store.",
            chart=chart,
            notes=["The store is run with perfect foresight of the day, so this is the most that it can save."],
            tables=[tabulate(rows, HEAT_PUMP_TARIFF, TARIFF_COLUMNS, caption=title)],
            data=published[HEAT_PUMP_TARIFF].frame,
            provenance=provenance_of_demand(published, run, trace=published.trace(HEAT_PUMP_TARIFF, TARIFF_COLUMNS)),
        )
    ]


def _homes(row: dict[str, float]) -> str:
    return "1 home" if row["dwellings"] == 1 else f"{row['dwellings']:,} homes"


def _store(kwh: float) -> str:
    return "No store" if kwh == 0 else "Evenly through the day" if kwh >= 1000 else f"Store of {kwh:.0f} kWh"  # noqa: PLR2004 - as the column says


def _peak_chart(rows: pl.DataFrame) -> go.Figure:
    ink, chart = palette.SYSTEM["ashp"], go.Figure()
    for dash, ((store,), of) in zip(DASHES, rows.group_by("store_kwh", maintain_order=True), strict=False):
        banded = of.drop_nulls(["electricity_kw_p05", "electricity_kw_p95"])
        for column, fill in (("electricity_kw_p05", None), ("electricity_kw_p95", "tonexty")) if store == 0 else ():
            chart.add_scatter(
                x=banded["dwellings"], y=banded[column], mode="lines", line={"width": 0, "color": ink.light}, hoverinfo="skip",
                fill=fill, fillcolor=palette.tint(ink).light, name="5 to 95 % of groups, no store", showlegend=fill is not None,
            )  # fmt: skip
        chart.add_scatter(
            x=of["dwellings"], y=of["electricity_kw_p50"], mode="lines", name=_store(float(str(store))),
            line={"width": 3, "color": ink.light, "dash": dash},
            hovertemplate=f"{_store(float(str(store)))}, %{{x:,.0f}} homes: %{{y:.2f}} kW per home<extra></extra>",
        )  # fmt: skip
    style(chart, height=440, left_to_right=False)
    chart.update_layout(legend={"y": 1.1}, margin_t=60)
    chart.update_xaxes(type="log", title="Homes on one feeder", dtick=1, tickformat=",d")
    chart.update_yaxes(rangemode="tozero")
    title_above(chart, "Electricity per home [kW]", panel=1)
    return chart


def _hybrid_chart(rows: pl.DataFrame) -> go.Figure:
    chart = go.Figure()
    chart.add_scatter(
        x=100 * rows["size_share"], y=100 * rows["heat_share"], mode="lines+markers", name="Share of the heat", showlegend=False,
        line={"width": 3, "color": palette.SYSTEM["ashp"].light}, customdata=rows["lcoh_gbp_per_mwh"],
        hovertemplate="%{x:.0f} % of the load: %{y:.0f} % of the heat, £%{customdata:.0f}/MWh<extra></extra>",
    )  # fmt: skip
    style(chart, height=380, left_to_right=False)
    chart.update_xaxes(title="Size of the heat pump [% of the load on a very cold day]")
    chart.update_yaxes(rangemode="tozero")
    title_above(chart, "Heat from the heat pump [%]", panel=1)
    return chart
