"""Figures 7 and 8 of Wang 2018 as curves, and the uncertain assumptions on which a cost depends most."""

from __future__ import annotations

from dataclasses import replace

import plotly.graph_objects as go
import polars as pl
from plotly.subplots import make_subplots

from reports import palette, text
from reports.figures.exhibit import Exhibit, ordered, style, tabulate, title_above, wrapped
from reports.inputs import Published, RunInfo, provenance_of_analysis
from transforms.tables.cost_analysis import CLAIM, LCOH_SENSITIVITY, LCOH_SOBOL

PAPER_SCALE = "small"  # the network of 100 homes, on which the paper's statements hold
NAMES = {"demand": "Heat demand", "capital": "Capital", "om": "Operation and maintenance"}
LOOK = {
    "demand": (palette.SYSTEM["network"], "solid"),
    "capital": (palette.COST_PART["capital"], "dash"),
    "om": (palette.COST_PART["om"], "dot"),
}
RATES = {"discount_rate": "Discount rate [%]", "spf": "Seasonal performance factor of the heat pump"}
POINTS = {  # claim: what changes, to which value, and the sign of the published figure there
    "fig7_demand_minus50": (("demand", 0.5, 1),),
    "fig7_demand_plus50": (("demand", 1.5, 1),),
    "fig7_capital_50": (("capital", 1.5, 1), ("capital", 0.5, -1)),
    "fig7_om_50": (("om", 1.5, 1), ("om", 0.5, -1)),
    "fig8_rate_0": (("discount_rate", 0.0, 1),),
    "fig8_rate_10": (("discount_rate", 0.1, 1),),
    "fig8_spf_1": (("spf", 1.0, 1),),
    "fig8_spf_10": (("spf", 10.0, 1),),
}
PARAMETER_WIDTH = 21  # characters per line: two lines for the longest name
RISE = "Change of the levelised cost [%]"
COLUMNS = ("parameter", "change", "lcoh_gbp_per_mwh", "relative_change")
SOBOL_COLUMNS = (
    "system", "scale", "parameter", "low", "high", "unit", "first_order", "first_order_ci_low", "first_order_ci_high",
    "total_order", "total_order_ci_low", "total_order_ci_high",
)  # fmt: skip


def draw_sensitivity(published: Published, run: RunInfo) -> list[Exhibit]:
    """Draw figures 7 and 8 of the paper, each if the table has its curves."""
    rows = published.rows_of(LCOH_SENSITIVITY)
    if rows.is_empty():
        return []
    rows = rows.filter(
        scenario=run.paper_scenario, convention=run.paper_convention, system="network", scale=PAPER_SCALE
    ).sort("change")
    factors, rates = (ordered(rows, "parameter", tuple(names)) for names in (NAMES, RATES))
    points = published_points(published)
    found = []
    if not factors.is_empty():
        found.append(
            _complete(
                Exhibit(
                    key="sensitivity-factors",
                    title="Cost of heat of a network of 100 homes when demand, capital or running costs change",
                    shows="Each line changes one input from half to one and a half of its base; what is built stays as it is.",
                    chart=_factor_chart(factors, points),
                ),
                published,
                run,
                factors,
            )
        )
    if not rates.is_empty():
        found.append(
            _complete(
                Exhibit(
                    key="sensitivity-rates",
                    title="Cost of heat of a network of 100 homes by discount rate and performance of its heat pump",
                    shows="Above: one discount rate in all years. Below: the heat pump's seasonal performance factor.",
                    chart=_rate_chart(rates, points),
                ),
                published,
                run,
                rates,
            )
        )
    return found


def published_points(published: Published) -> pl.DataFrame:
    """Return the changes that the paper states: parameter, its value, change of the cost [%], and the expected verdict."""
    schema = {"parameter": pl.String, "change": pl.Float64, "published": pl.Float64, "relation": pl.String}
    claims = published.rows_of(CLAIM)
    if claims.is_empty():
        return pl.DataFrame(schema=schema)
    found = [
        (parameter, value, sign * figure, relation)
        for claim, figure, relation in claims.select("claim", "published", "relation").iter_rows()
        for parameter, value, sign in POINTS.get(claim, ())
    ]
    return pl.DataFrame(found, schema=schema, orient="row")


def _complete(exhibit: Exhibit, published: Published, run: RunInfo, rows: pl.DataFrame) -> Exhibit:
    """Return a figure of curves with its description, its rows and their source."""
    points = published_points(published).filter(pl.col("parameter").is_in(rows["parameter"].unique().to_list()))
    diamonds = " Diamonds: what the paper publishes; a triangle: the paper says below this." if points.height else ""
    ends = rows.group_by("parameter", maintain_order=True).agg(
        first=pl.col("relative_change").first(), last=pl.col("relative_change").last()
    )
    spans = [
        f"{_name(parameter)} {text.percent(first)} at the lowest and {text.percent(last)} at the highest value"
        for parameter, first, last in ends.iter_rows()
    ]
    return replace(
        exhibit,
        shows=exhibit.shows + diamonds,
        alternative=f"Line chart of the change of the levelised cost: {'; '.join(spans)}.",
        rests_on_homes=False,
        tables=[tabulate(rows, LCOH_SENSITIVITY, COLUMNS, caption=exhibit.title)],
        provenance=provenance_of_analysis(
            published, run, trace=published.trace(LCOH_SENSITIVITY, COLUMNS), rows=rows, measured=False
        ),
    )


def _name(parameter: str) -> str:
    return NAMES.get(parameter) or RATES[parameter].removesuffix(" [%]")


def _factor_chart(rows: pl.DataFrame, points: pl.DataFrame) -> go.Figure:
    chart = go.Figure()
    for parameter, name in NAMES.items():
        ink, dash = LOOK[parameter]
        of = rows.filter(parameter=parameter)
        chart.add_scatter(
            x=100 * (of["change"] - 1), y=100 * of["relative_change"], mode="lines", name=name,
            line={"color": ink.light, "dash": dash, "width": 3},
            hovertemplate=f"{name} %{{x:+.0f}} %: cost %{{y:+.1f}} %<extra></extra>",
        )  # fmt: skip
        at = points.filter(parameter=parameter)
        chart.add_scatter(**_marks(100 * (at["change"] - 1), at, ink))
    style(chart, height=420, left_to_right=False)
    chart.update_layout(margin_t=104, legend_y=1.1)  # above the title of the axis
    chart.update_xaxes(title="Change of the input [%]", ticksuffix=" %")
    chart.update_yaxes(ticksuffix=" %")
    title_above(chart, RISE, panel=1)
    return chart


def _rate_chart(rows: pl.DataFrame, points: pl.DataFrame) -> go.Figure:
    shown = [parameter for parameter in RATES if parameter in set(rows["parameter"])]
    chart = make_subplots(rows=len(shown), cols=1, vertical_spacing=0.22)
    ink = palette.SYSTEM["network"]
    for panel, parameter in enumerate(shown, start=1):
        scale = 100 if parameter == "discount_rate" else 1
        of, at = rows.filter(parameter=parameter), points.filter(parameter=parameter)
        chart.add_scatter(
            x=scale * of["change"], y=100 * of["relative_change"], mode="lines", showlegend=False, line={"color": ink.light, "width": 3},
            hovertemplate="%{x:.2f}: cost %{y:+.1f} %<extra></extra>", row=panel, col=1,
        )  # fmt: skip
        chart.add_scatter(**_marks(scale * at["change"], at, ink), row=panel, col=1)
    style(chart, height=60 + 300 * len(shown), left_to_right=False)
    chart.update_yaxes(ticksuffix=" %")
    for panel, parameter in enumerate(shown, start=1):
        chart.update_xaxes(title=wrapped(RATES[parameter], 32), row=panel, col=1)
        title_above(chart, RISE, panel=panel)
    return chart


def _marks(x: pl.Series, at: pl.DataFrame, ink: palette.Ink) -> dict[str, object]:
    return {
        "x": x, "y": at["published"], "mode": "markers", "showlegend": False, "cliponaxis": False,
        "marker": {
            "symbol": ["triangle-down" if relation == "below" else "diamond" for relation in at["relation"]],
            "size": 12, "color": palette.PAGE.light, "line": {"width": 2, "color": ink.light},
        },
        "hovertemplate": "Wang 2018: %{y:+.1f} %<extra></extra>",
    }  # fmt: skip


def draw_sobol(published: Published, run: RunInfo) -> list[Exhibit]:
    """Draw the indices of one scale of network and of an air source heat pump, or nothing."""
    rows = published.rows_of(LCOH_SOBOL)
    if rows.is_empty():
        return []
    rows = rows.filter(scenario=run.scenario, convention=run.convention)
    networks = rows.filter(system="network")["scale"].unique(maintain_order=True).to_list()
    scale = PAPER_SCALE if PAPER_SCALE in networks else next(iter(networks), "")
    shown = [rows.filter(system="ashp"), rows.filter(system="network", scale=scale)]
    shown = [of.sort("total_order", descending=True) for of in shown if not of.is_empty()]
    if not shown:
        return []
    names = [published.option(of["system"][0], of["scale"][0]).replace("\N{NO-BREAK SPACE}", " ") for of in shown]
    says = [
        f"{name}: {'; '.join(f'{text.name_of(p)} {text.percent(t)}' for p, t in of.select('parameter', 'total_order').head(3).iter_rows())}"
        for name, of in zip(names, shown, strict=True)
    ]
    both = pl.concat(shown)
    title = "Which assumptions the uncertainty of a cost comes from"
    return [
        Exhibit(
            key="sobol",
            title=title,
            shows="Bars: share of the variance that an assumption explains with all its interactions. Diamonds: alone. "
            "Thin lines: 95 % intervals of the estimates.",
            alternative=f"Bar charts of Sobol indices, largest first. {'. '.join(says)}.",
            chart=_sobol_chart(shown, names),
            notes=["Shares with interactions count an interaction once for each assumption in it, so they may add up to more than 100 %."],
            rests_on_homes=published.basis_for(["network"]) == "measured",
            tables=[tabulate(both, LCOH_SOBOL, SOBOL_COLUMNS, caption=title)],
            provenance=provenance_of_analysis(
                published, run, trace=published.trace(LCOH_SOBOL, SOBOL_COLUMNS), rows=both,
                measured=published.basis_for(["network"]) == "measured",
            ),
        )
    ]  # fmt: skip


def _sobol_chart(shown: list[pl.DataFrame], names: list[str]) -> go.Figure:
    chart = make_subplots(rows=len(shown), cols=1, vertical_spacing=0.2, row_heights=[of.height for of in shown])
    for panel, (of, name) in enumerate(zip(shown, names, strict=True), start=1):
        ink = palette.SYSTEM[of["system"][0]].light
        lines = [wrapped(text.in_chart(text.name_of(parameter)), PARAMETER_WIDTH) for parameter in of["parameter"]]
        chart.add_bar(
            x=100 * of["total_order"], y=lines, orientation="h", marker_color=ink, showlegend=False,
            error_x=_interval(of, "total_order"), hovertemplate="%{y}, with interactions: %{x:.1f} %<extra></extra>", row=panel, col=1,
        )  # fmt: skip
        chart.add_scatter(
            x=100 * of["first_order"], y=lines, mode="markers", showlegend=False, error_x=_interval(of, "first_order"),
            marker={"symbol": "diamond", "size": 10, "color": palette.PAGE.light, "line": {"width": 2, "color": palette.PUBLISHED.light}},
            hovertemplate="%{y}, alone: %{x:.1f} %<extra></extra>", row=panel, col=1,
        )  # fmt: skip
        title_above(chart, name, panel=panel)
    style(chart, height=120 + sum(38 * of.height + 50 for of in shown))
    chart.update_xaxes(ticksuffix=" %", title=wrapped("Share of the variance of the levelised cost [%]", 32))
    chart.update_yaxes(type="category", autorange="reversed")
    return chart


def _interval(of: pl.DataFrame, column: str) -> dict[str, object]:
    return {
        "type": "data", "symmetric": False, "width": 4, "thickness": 1.5, "color": palette.PUBLISHED.light,
        "array": 100 * (of[f"{column}_ci_high"] - of[column]).clip(lower_bound=0),
        "arrayminus": 100 * (of[column] - of[f"{column}_ci_low"]).clip(lower_bound=0),
    }  # fmt: skip
