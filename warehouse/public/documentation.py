"""Two pages of the docs, written from the declarations of tables: the data dictionary and the schema diagram."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from types import ModuleType

from transforms.public.public import PUBLIC_TABLES
from transforms.tables import areas, cost, cost_analysis, electric, heat, lake, lineage, published, weather
from transforms.tables.catalogue import WAREHOUSE_TABLES
from transforms.tables.cost_analysis import DIVERSITY_CURVE
from transforms.tables.heat import HEAT_DEMAND_ANNUAL, HOUSEHOLD, HOUSEHOLD_PERIOD, TEMPERATURE_HOURLY
from transforms.tables.lineage import BUILD_MONTH, RUN, SOURCE
from transforms.tables.schema import Column, Table, View
from transforms.tables.views import VIEWS
from warehouse.public.public_database import RELEASE
from warehouse.publish import duckdb_type

WRITTEN_BY = "Written by `make docs` from the declarations in `transforms/tables/`; do not edit."
ABOUT = """\
Each database holds the same texts: in the table `data_dictionary`, and as COMMENT on every table, view and column.
`current.duckdb` holds every table below except those of *Only public* and *Lake*; each entry says what `public.duckdb` holds
of the table. Columns named `*_utc` are UTC without a zone and name the start of their interval. Key columns are bold."""
LAKE_TYPES = {"Enum": "VARCHAR"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A group of tables on the two pages."""

    title: str
    about: str
    tables: tuple[Table, ...]


PARENTS = (
    HOUSEHOLD,
    HOUSEHOLD_PERIOD,
    HEAT_DEMAND_ANNUAL,
    TEMPERATURE_HOURLY,
    DIVERSITY_CURVE,
    SOURCE,
    BUILD_MONTH,
    RUN,
)  # fmt: skip - tables that others refer to; two tables of results may share a key without referring to each other


def _declared(*modules: ModuleType) -> list[Table]:
    found = (value for module in modules for value in vars(module).values())
    return [value for value in found if isinstance(value, Table)]


def _published_in(*modules: ModuleType) -> tuple[Table, ...]:
    return tuple(table for table in _declared(*modules) if table in WAREHOUSE_TABLES)


ELSEWHERE = [
    table
    for table in _declared(heat, weather, cost, cost_analysis, electric, areas, lineage, published, lake)
    if table not in WAREHOUSE_TABLES
]
LAYERS = (
    Layer(
        title="Homes and heat",
        about="What each home used, and what the homes of a type use.",
        tables=_published_in(heat),
    ),
    Layer(
        title="Weather",
        about="How gas follows the temperature, and a year of normal weather.",
        tables=_published_in(weather),
    ),
    Layer(
        title="Cost of heat",
        about="What heat costs, and the assumptions that it rests on.",
        tables=_published_in(cost),
    ),
    Layer(
        title="Cost analysis",
        about="The cost of heat in more detail: homes, peaks, uncertainty, break-evens, emissions, finance.",
        tables=_published_in(cost_analysis),
    ),
    Layer(
        title="Electric heat",
        about="What heat pumps would draw, hour by hour, with a boiler beside them, after insulation, on tariffs by the hour.",
        tables=_published_in(electric),
    ),
    Layer(
        title="Areas",
        about="The neighbourhoods of London: their homes, heat and costs, the check against published gas, and contributions.",
        tables=_published_in(areas),
    ),
    Layer(
        title="Lineage and quality",
        about="Where everything comes from, and how it was judged.",
        tables=_published_in(lineage),
    ),
)
VIEW_LAYER = Layer(
    title="Views",
    about="Answers to the most common questions; each view is a SELECT on the tables above.",
    tables=VIEWS,
)
PUBLIC_LAYER = Layer(
    title="Only public",
    about="Tables of `public.duckdb` that the warehouse does not hold, or holds in more detail.",
    tables=(RELEASE, *(table for table in ELSEWHERE if table.tier == "public"), PUBLIC_TABLES["flag_count"]),
)
LAKE_LAYER = Layer(
    title="Lake",
    about="Parquet objects below `lake/`, which the warehouse is computed from; other programs should not rely on them.",
    tables=tuple(table for table in ELSEWHERE if table.tier == "lake"),
)


def write_dictionary() -> str:
    """Return docs/data-dictionary.md."""
    layers = (*LAYERS, VIEW_LAYER, PUBLIC_LAYER, LAKE_LAYER)
    contents = [f"- [{layer.title}](#{_anchor(layer.title)}): {_links(layer)}" for layer in layers]
    parts = [
        "# Data dictionary",
        WRITTEN_BY,
        ABOUT,
        "\n".join(contents),
        *(part for layer in layers for part in _describe_layer(layer)),
    ]
    return "\n\n".join(parts) + "\n"


def _describe_layer(layer: Layer) -> Iterable[str]:
    yield f"## {layer.title}"
    yield layer.about
    for table in layer.tables:
        yield f"### {_heading(layer, table)}"
        yield _describe_table(table, is_public=layer is PUBLIC_LAYER)
        yield _list_columns(table)


def _describe_table(table: Table, *, is_public: bool) -> str:
    said = f"{table.grain[0].upper()}{table.grain[1:]}. Key: {_code(table.key)}."
    if isinstance(table, View):
        return f"{said} Reads {_code(sorted(table.reads))}." + (
            " Also in `public.duckdb`." if table.tier == "public" else ""
        )
    if is_public or table.tier == "lake":
        return said
    shown = PUBLIC_TABLES.get(table.name)
    if shown is None:
        return f"{said} Not public."
    if shown.key != table.key and not set(table.key) <= set(shown.schema):
        return f"{said} In `public.duckdb` with key {_code(shown.key)}{_columns_left(table, shown)}."
    return f"{said} Also in `public.duckdb`{_columns_left(table, shown)}."


def _columns_left(table: Table, shown: Table) -> str:
    kept, gone = [name for name in table.schema if name in shown.schema], set(table.schema) - set(shown.schema)
    if not gone:
        return ""
    few = len(gone) <= len(kept)
    return f", without {_code(n for n in table.schema if n in gone)}" if few else f", with {_code(kept)} alone"


def _list_columns(table: Table) -> str:
    rows = ["| column | type | unit | meaning | values |", "|---|---|---|---|---|"]
    for column in table.columns:
        name = f"**`{column.name}`**" if column.name in table.key else f"`{column.name}`"
        rows.append(
            f"| {name} | {_type(table, column)} | {column.unit} | {_cell(column.meaning)} | {_values(column)} |"
        )
    return "\n".join(rows)


def _values(column: Column) -> str:
    if column.allowed:
        said = ", ".join(f"`{value}`" for value in column.allowed)
    elif column.lower is not None and column.upper is not None:
        said = f"{column.lower:g} to {column.upper:g}"
    elif column.lower is not None:
        said = f"from {column.lower:g}"
    else:
        said = "" if column.upper is None else f"to {column.upper:g}"
    return "; ".join(part for part in (said, "may be null" if column.nullable else "") if part)


def _type(table: Table, column: Column) -> str:
    return LAKE_TYPES.get(str(column.dtype.base_type())) or duckdb_type(table, column.name)


def write_schema() -> str:
    """Return docs/schema.md: diagrams in Mermaid, which web viewers of Markdown draw."""
    keys = "A line joins a table to a table whose whole key it holds. Key columns are marked PK."
    parts = [
        "# Schema",
        WRITTEN_BY,
        f"The tables of `current.duckdb`, by layer. {keys} What each column means: [data-dictionary.md](data-dictionary.md).",
        "## At a glance",
        _fence(_overview()),
    ]
    for layer in LAYERS:
        parts += [f"## {layer.title}", layer.about, _fence(_entities(layer))]
    parts += ["## Views", "What each view reads.", _fence(_view_graph())]
    return "\n\n".join(parts) + "\n"


def _overview() -> list[str]:
    lines = ["flowchart LR"]
    for number, layer in enumerate(LAYERS):
        names = "<br/>".join(table.name for table in layer.tables)
        lines.append(f'  layer{number}["<b>{layer.title}</b><br/>{names}"]')
    return [*lines, *(f"  {line}" for line in (
        'files[/"delivered files"/] --> lake[("lake: readings with flags")] --> layer0',
        "lake --> layer6",
        "layer0 --> layer1",
        "layer0 --> layer2",
        "layer1 --> layer2",
        "layer2 --> layer3",
        "layer0 --> layer4",
        "layer2 --> layer4",
        "layer0 --> layer5",
        "layer2 --> layer5",
        "layer3 --> layer5",
    ))]  # fmt: skip


def _entities(layer: Layer) -> list[str]:
    lines = ["erDiagram", "  direction LR"]
    for table in layer.tables:
        for parent in find_parents(table):
            many = "o|" if parent.key == table.key else "o{"
            lines.append(f'  {parent.name} |o--{many} {table.name} : "{", ".join(parent.key)}"')
    for table in layer.tables:
        lines.append(f"  {table.name} {{")
        for column in table.columns:
            marked = " PK" if column.name in table.key else ""
            unit = f' "{column.unit}"' if column.unit not in {"", "1"} else ""
            lines.append(f"    {_type(table, column)} {column.name}{marked}{unit}")
        lines.append("  }")
    return lines


def find_parents(table: Table) -> list[Table]:
    """Return the tables that a table refers to: it holds their whole key, and no other such key contains that key."""
    held = [parent for parent in PARENTS if parent is not table and set(parent.key) <= set(table.schema)]
    return [parent for parent in held if not any(set(parent.key) < set(other.key) for other in held)]


def _view_graph() -> list[str]:
    edges = [f"  {table} --> {view.name}([{view.name}])" for view in VIEWS for table in sorted(view.reads)]
    return ["flowchart LR", *edges]


def _fence(lines: Iterable[str]) -> str:
    return "\n".join(["```mermaid", *lines, "```"])


def _heading(layer: Layer, table: Table) -> str:
    return f"{table.name} (public)" if layer is PUBLIC_LAYER else table.name


def _links(layer: Layer) -> str:
    headings = (_heading(layer, table) for table in layer.tables)
    return ", ".join(f"[{table.name}](#{_anchor(name)})" for table, name in zip(layer.tables, headings, strict=True))


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-").replace("(", "").replace(")", "")


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
