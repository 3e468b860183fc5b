"""The pages of the site: the question of each page, and its figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from reports.figures.break_even_map import draw_cheapest_map
from reports.figures.changes import draw_demand_change
from reports.figures.choice import draw_abatement, draw_break_evens, draw_finance, draw_performance, draw_probability
from reports.figures.claims import claims_lead, draw_claims
from reports.figures.completeness import draw_completeness, draw_lost_readings
from reports.figures.cost import draw_cost_shares, draw_emissions, draw_individual, draw_networks
from reports.figures.demand import draw_annual_demand, draw_profile
from reports.figures.diversity import draw_diversity
from reports.figures.duration import draw_load_duration
from reports.figures.electric import draw_electric_day, draw_electric_peak, draw_hybrids, draw_retrofit, draw_tariff
from reports.figures.exhibit import Exhibit
from reports.figures.external import draw_external
from reports.figures.gate import draw_gate
from reports.figures.hours import draw_day_map, draw_weeks
from reports.figures.lenses import draw_individual_beside, draw_readings
from reports.figures.quality import draw_flags, draw_judgements
from reports.figures.ranges import draw_cost_ranges, draw_distribution
from reports.figures.scale import draw_trench
from reports.figures.season import draw_bands, draw_day_kinds, draw_months
from reports.figures.selection import draw_funnel, draw_selection_effect
from reports.figures.sensitivity import draw_sensitivity, draw_sobol
from reports.figures.spread import draw_spread
from reports.figures.weather import draw_gas_uses, draw_weather_fit
from reports.findings import find
from reports.inputs import Published, RunInfo

Draw = Callable[[Published, RunInfo], Exhibit | list[Exhibit]]
Drawing = Callable[[Draw, Published, RunInfo], Sequence[Exhibit]]


@dataclass(frozen=True, slots=True)
class Part:
    """Figures that answer one question together."""

    key: str
    title: str
    lead: str
    draws: tuple[Draw, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page; its key is the name of its file, and of its template if it has its own."""

    key: str
    name: str  # name in the navigation
    title: str
    lead: str
    parts: tuple[Part, ...] = ()

    @property
    def file(self) -> str:
        """The file that the page is written to."""
        return f"{self.key}.html"


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a page with its figures drawn."""

    key: str
    title: str
    lead: str
    exhibits: Sequence[Exhibit]


OVERVIEW = Page(
    key="index",
    name="Overview",
    title="Heat demand and the cost of heat",
    lead="Half-hourly gas readings of homes, made into hourly heat, and what that heat would cost from a gas boiler, a heat pump or a heat network.",
    parts=(Part("changes", "What changed since the last release", "", (draw_demand_change,)),),
)
PAGES = (
    OVERVIEW,
    Page(
        key="demand", name="Demand", title="Heat demand", lead="How much heat homes need, when they need it, and how the weather moves it.",
        parts=(
            Part("annual", "In a year", "How much heat homes use in a year, and how far homes of one type differ.", (draw_annual_demand, draw_spread)),
            Part("hours", "Hour by hour", "When homes need heat.", (draw_profile, draw_load_duration, draw_day_map)),
            Part("weather", "Weather", "What the same homes would use in a year of normal weather, and on a very cold day.", (draw_weather_fit, draw_gas_uses)),
            Part(
                "season", "Season and time of day", "How the day's heat changes with the month, the weekday and the cold.",
                (draw_weeks, draw_months, draw_day_kinds, draw_bands),
            ),
            Part("together", "Homes together", "How much lower the common peak of many homes is than the sum of their own peaks.", (draw_diversity,)),
        ),
    ),
    Page(
        key="compare", name="Compare", title="Compare ways to heat a home",
        lead="Choose a home, prices and a grant: the page works out what heat costs, to society and to the household.",
    ),
    Page(
        key="individual", name="Individual", title="Heating home by home", lead="What a heating system in each home costs and emits, and which one is the cheapest.",
        parts=(
            Part("costs", "Cost", "What a MWh of heat costs to society and to the household, and how far homes differ.", (draw_individual, draw_individual_beside, draw_readings, draw_distribution)),
            Part("cheapest-system", "Which system is the cheapest", "How firm the order of the systems is, and what would change it.", (draw_cheapest_map, draw_probability, draw_cost_ranges, draw_break_evens)),
            Part("carbon", "Carbon dioxide", "What the systems emit, and what it costs to save a tonne.", (draw_emissions, draw_abatement)),
            Part("heat-pumps", "Performance of heat pumps", "How much heat a heat pump gives for its electricity.", (draw_performance,)),
            Part("grid", "Heat pumps on the grid", "What homes would draw from the grid if they had heat pumps.", (draw_electric_peak, draw_electric_day, draw_tariff)),
            Part("smaller", "Smaller heat pumps", "What changes with a boiler for the coldest hours, or with a home that loses less heat.", (draw_hybrids, draw_retrofit)),
        ),
    ),
    Page(
        key="networks", name="Networks", title="Heat networks", lead="What heat from a network costs, what that depends on, and whether a network pays.",
        parts=(
            Part("scale", "Cost and size", "What networks cost beside systems in homes, what the cost consists of, and what moves it.", (draw_networks, draw_cost_shares, draw_trench)),
            Part("investment", "As an investment", "What a network is worth to its operator.", (draw_finance,)),
        ),
    ),
    Page(
        key="map", name="Map", title="Heat map of London",
        lead="How much heat the homes of each neighbourhood need, what a network through it would cost, and how sure that is.",
    ),
    Page(
        key="sensitivity", name="Sensitivity", title="What moves the cost", lead="How the cost of heat moves when assumptions change, and which of them matter.",
        parts=(
            Part("one-by-one", "One assumption at a time", "The paper's network of 100 homes, with one input changed.", (draw_sensitivity,)),
            Part("all-at-once", "All assumptions at once", "Which assumptions the uncertainty comes from.", (draw_sobol,)),
        ),
    ),
    Page(
        key="quality", name="Quality", title="Data quality", lead="Which homes and readings the figures rest on, what was left out, and how the release was checked.",
        parts=(
            Part("homes", "Homes", "How many homes enter the figures, and what the selection does to them.", (draw_funnel, draw_selection_effect)),
            Part("readings", "Readings", "Which readings are left out, and which could not be judged.", (draw_completeness, draw_lost_readings, draw_flags, draw_judgements)),
            Part("gate", "Checks", "What is checked before each publication, and with what result.", (draw_gate,)),
            Part("external", "Beside published figures", "Whether other studies that measured gas in homes found the same.", (draw_external,)),
        ),
    ),
    Page(
        key="claims", name="Claims", title="The paper's statements", lead="Every statement of Wang 2018 that can be checked, beside what the model or the readings give.",
        parts=(Part("statements", "Statements", "", (draw_claims,)),),
    ),
    Page(key="method", name="Method", title="Method", lead="What each step computes, the assumptions that the costs rest on, and where a number comes from."),
    Page(key="dictionary", name="Dictionary", title="Data dictionary", lead="Every published table and column, with its unit and its meaning."),
    Page(key="downloads", name="Downloads", title="Downloads", lead="The published tables as files, with their licence in README.txt."),
)  # fmt: skip


SUMMARY = Page(
    key="summary", name="Summary", title="Heat demand and the cost of heat: summary",
    lead="How much heat a home needs, what that heat costs, and how sure both are.",
)  # fmt: skip


def draw_listed(draw: Draw, published: Published, run: RunInfo) -> Sequence[Exhibit]:
    """Draw the figures of one function."""
    drawn = draw(published, run)
    return drawn if isinstance(drawn, list) else [drawn]


def sections(page: Page, published: Published, run: RunInfo, drawing: Drawing = draw_listed) -> list[Section]:
    """Return the parts of a page for which this release has results, with their figures drawn by `drawing`."""
    drawn = []
    for part in page.parts:
        exhibits = [
            replace(exhibit, finding=find(exhibit.key, published, run))
            for draw in part.draws
            for exhibit in drawing(draw, published, run)
        ]
        lead = claims_lead(published) if part.key == "statements" else part.lead
        if exhibits:
            drawn.append(Section(part.key, part.title, lead, exhibits))
    return drawn
