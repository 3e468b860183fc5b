"""Heat pumps in the measured homes, if they had them: load on the grid, hybrids, retrofit and tariffs."""

from __future__ import annotations

from transforms.tables.schema import Column, Table
from transforms.tables.words import B, F, N, convention, period, profile_group, scenario, system

STORE = Column(
    "store_kwh", F, "heat that the store of one home holds; 1,000: the heat pump runs evenly all day", "kWh", lower=0
)

HEAT_PUMP_PEAK = Table(
    "heat_pump_peak", "highest hour of electricity per home on the design day, if a number of homes had air source heat pumps",
    ("dwelling_type", "period", "store_kwh", "dwellings"),
    (
        profile_group, period, STORE,
        Column("dwellings", N, "homes on one feeder", "1", lower=1),
        Column("households", N, "homes from which groups are drawn", "1", lower=1),
        Column("heat_kw_p50", F, "highest hour of heat per home on the design day, median", "kW", lower=0),
        Column("heat_pump_kw", F, "size of the heat pump of one home, by its heat loss", "kW", lower=0),
        Column("outdoor_c", F, "outdoor temperature in the coldest hour of the design day", "degC", lower=-60, upper=45),
        Column("electricity_kw_p05", F, "highest hour of electricity per home, 5 % of draws lie below", "kW", nullable=True, lower=0),
        Column("electricity_kw_p50", F, "highest hour of electricity per home, median", "kW", lower=0),
        Column("electricity_kw_p95", F, "highest hour of electricity per home, 95 % of draws lie below", "kW", nullable=True, lower=0),
        Column("feeder_kw_p50", F, "highest hour of electricity of all these homes together, median", "kW", lower=0),
        Column("extrapolated", B, "whether the peak of heat comes from the fitted curve instead of the homes"),
    ),
    may_be_empty=True,
    made_by="transforms.electric.tables:electric_tables",
)  # fmt: skip

HEAT_PUMP_HOURLY = Table(
    "heat_pump_hourly", "one hour of the design day, mean of many homes with air source heat pumps", ("dwelling_type", "period", "hour"),
    (
        profile_group, period,
        Column("hour", N, "hour of the day (UTC)", "h", lower=0, upper=23),
        Column("outdoor_c", F, "outdoor temperature", "degC", lower=-60, upper=45),
        Column("cop", F, "coefficient of performance", "1", lower=0),
        Column("heat_kw", F, "heat per home, in the hours in which boilers give it today", "kW", lower=0),
        Column("electricity_kw", F, "electricity per home for this heat, with a direct heater where the heat pump is too small", "kW", lower=0),
        Column("heat_even_kw", F, "heat per home if it is made evenly through the day", "kW", lower=0),
        Column("electricity_even_kw", F, "electricity per home if the heat is made evenly through the day", "kW", lower=0),
    ),
    may_be_empty=True,
    made_by="transforms.electric.tables:electric_tables",
)  # fmt: skip

HYBRID_HEAT_PUMP = Table(
    "hybrid_heat_pump", "an air source heat pump of one size beside a gas boiler in one home",
    ("scenario", "convention", "dwelling_type", "period", "size_share"),
    (
        scenario, convention, profile_group, period,
        Column("size_share", F, "size of the heat pump over the design load of the home", "1", lower=0),
        Column("heat_pump_kw", F, "size of the heat pump", "kW", lower=0),
        Column("heat_share", F, "share of the year's heat that the heat pump gives", "1", lower=0, upper=1),
        Column("spf", F, "heat of the heat pump over its electricity", "1", lower=0),
        Column("lcoh_gbp_per_mwh", F, "levelised cost of heat of both together", "GBP/MWh", lower=0),
        Column("gas_kwh", F, "gas of the boiler", "kWh/yr", lower=0),
        Column("electricity_kwh", F, "electricity of the heat pump", "kWh/yr", lower=0),
    ),
    may_be_empty=True,
    made_by="transforms.electric.tables:electric_tables",
)  # fmt: skip

RETROFIT = Table(
    "retrofit", "one home with one system after a retrofit that cuts its heat loss", ("scenario", "convention", "dwelling_type", "period", "system", "heat_loss_cut"),
    (
        scenario, convention, profile_group, period, system,
        Column("heat_loss_cut", F, "share by which the heat loss falls", "1", lower=0, upper=1),
        Column("demand_kwh", F, "heat of the home after the retrofit", "kWh/yr", lower=0),
        Column("design_kw", F, "load of the home on a cold day after the retrofit", "kW", lower=0),
        Column("lcoh_gbp_per_mwh", F, "levelised cost of the remaining heat", "GBP/MWh", lower=0),
        Column("heat_saved_kwh", F, "heat that the retrofit saves", "kWh/yr", lower=0),
        Column("worth_gbp_per_mwh", F, "cost of heat avoided per MWh saved: a retrofit that costs less per MWh pays", "GBP/MWh"),
    ),
    may_be_empty=True,
    made_by="transforms.electric.tables:electric_tables",
)  # fmt: skip

HEAT_PUMP_TARIFF = Table(
    "heat_pump_tariff", "a year of electricity of an air source heat pump under a tariff of three prices, with a store",
    ("dwelling_type", "period", "store_kwh"),
    (
        profile_group, period, STORE,
        Column("electricity_kwh", F, "electricity per home and year", "kWh/yr", lower=0),
        Column("low_share", F, "share of the electricity in the hours of the low price", "1", lower=0, upper=1),
        Column("high_share", F, "share of the electricity in the hours of the high price", "1", lower=0, upper=1),
        Column("price_factor", F, "mean price paid over the price of an even load under the same tariff", "1", lower=0),
    ),
    may_be_empty=True,
    made_by="transforms.electric.tables:electric_tables",
)  # fmt: skip

ELECTRIC_TABLES = (HEAT_PUMP_PEAK, HEAT_PUMP_HOURLY, HYBRID_HEAT_PUMP, RETROFIT, HEAT_PUMP_TARIFF)
