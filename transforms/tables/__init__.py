"""Every table of Hearth, declared once.

The polars schemas, the DuckDB tables with their comments, the expectations of the gate, the data
dictionary and the axis titles are all derived from these declarations.
"""

from transforms.tables.cost import ASSUMPTION, LCOH
from transforms.tables.heat import (
    HEAT_DEMAND_ANNUAL,
    HEAT_HOURLY,
    HEAT_PROFILE,
    HEAT_PROFILE_SEASON,
    HOUSEHOLD,
    HOUSEHOLD_PERIOD,
    SELECTION_FUNNEL,
    TEMPERATURE_HOURLY,
)
from transforms.tables.lake import (
    CELL,
    CLOSED_RUN,
    DAY,
    EQUAL_RUN,
    HOME_LEVEL,
    LEVEL_CHANGE,
    MONTH_READINGS,
    OPEN_RUN,
    READING,
    RECENT_DAY,
    REJECT,
    UNSETTLED,
)
from transforms.tables.lineage import (
    BUILD_MONTH,
    DATA_DICTIONARY,
    FLAG_COUNT,
    FLAG_JUDGEMENT,
    QUALITY_RESULT,
    RUN,
    SOURCE,
    SOURCE_LEVEL,
    SUSPECT_SPAN,
)
from transforms.tables.published import EXTERNAL_CHECK, HEAT_DEMAND_QUANTILE
from transforms.tables.weather import HOUSEHOLD_WEATHER, WEATHER_DAY, WEATHER_FIT
from transforms.tables.words import (
    DWELLING_TYPES,
    DWELLING_TYPES_OR_UNKNOWN,
    EXACT_FLAGS,
    EXCLUSIONS,
    FLAG_DTYPE,
    FLAGS,
    INFERRED_FLAGS,
    LINE_FLAGS,
    PROFILE_GROUPS,
    SEGMENTATIONS,
    SYSTEMS,
)

WAREHOUSE_TABLES = (
    HOUSEHOLD, HOUSEHOLD_PERIOD, SELECTION_FUNNEL, HEAT_HOURLY, HEAT_PROFILE, HEAT_PROFILE_SEASON, HEAT_DEMAND_ANNUAL,
    TEMPERATURE_HOURLY, WEATHER_FIT, WEATHER_DAY, HOUSEHOLD_WEATHER,
    LCOH, ASSUMPTION,
    SOURCE, SOURCE_LEVEL, FLAG_COUNT, FLAG_JUDGEMENT, SUSPECT_SPAN, BUILD_MONTH, RUN, QUALITY_RESULT, DATA_DICTIONARY,
)  # fmt: skip

__all__ = [
    "ASSUMPTION",
    "BUILD_MONTH",
    "CELL",
    "CLOSED_RUN",
    "DATA_DICTIONARY",
    "DAY",
    "DWELLING_TYPES",
    "DWELLING_TYPES_OR_UNKNOWN",
    "EQUAL_RUN",
    "EXACT_FLAGS",
    "EXCLUSIONS",
    "EXTERNAL_CHECK",
    "FLAGS",
    "FLAG_COUNT",
    "FLAG_DTYPE",
    "FLAG_JUDGEMENT",
    "HEAT_DEMAND_ANNUAL",
    "HEAT_DEMAND_QUANTILE",
    "HEAT_HOURLY",
    "HEAT_PROFILE",
    "HEAT_PROFILE_SEASON",
    "HOME_LEVEL",
    "HOUSEHOLD",
    "HOUSEHOLD_PERIOD",
    "HOUSEHOLD_WEATHER",
    "INFERRED_FLAGS",
    "LCOH",
    "LEVEL_CHANGE",
    "LINE_FLAGS",
    "MONTH_READINGS",
    "OPEN_RUN",
    "PROFILE_GROUPS",
    "QUALITY_RESULT",
    "READING",
    "RECENT_DAY",
    "REJECT",
    "RUN",
    "SEGMENTATIONS",
    "SELECTION_FUNNEL",
    "SOURCE",
    "SOURCE_LEVEL",
    "SUSPECT_SPAN",
    "SYSTEMS",
    "TEMPERATURE_HOURLY",
    "UNSETTLED",
    "WAREHOUSE_TABLES",
    "WEATHER_DAY",
    "WEATHER_FIT",
]  # fmt: skip
