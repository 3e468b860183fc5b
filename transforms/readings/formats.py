"""The source formats that Hearth reads, each a declaration; `headers` tells them apart by the names of their columns."""

from __future__ import annotations

from dataclasses import replace

from transforms.readings.declaration import Field, Format, Keep, StampFormat

_HOUSEHOLD = Field(role="household_id", names=("household_id", "ANON_ID", "anonID", "Hhold_ID"))
_SHAPE_ISO = r"^\d{4}-\d\d-\d\dT\d\d:\d\d"
_SHAPE_SECONDS = r":[0-5]\d(\.\d+)?"
_SHAPE_OFFSET = r"[+-]\d\d:?\d\d$"
_SAS = (
    StampFormat(shape=r"^\d\d[A-Za-z]{3}\d\d:\d\d:\d\d:[0-5]\d$", parse="%d%b%y:%H:%M:%S"),
    StampFormat(shape=r"^\d\d[A-Za-z]{3}\d{4}:\d\d:\d\d:[0-5]\d$", parse="%d%b%Y:%H:%M:%S"),
)
_ISO_WITH_OFFSET = (
    StampFormat(shape=_SHAPE_ISO + _SHAPE_SECONDS + _SHAPE_OFFSET, parse="%Y-%m-%dT%H:%M:%S%.f%z"),
    StampFormat(shape=_SHAPE_ISO + _SHAPE_OFFSET, parse="%Y-%m-%dT%H:%M%z"),
)
_ISO_PLAIN = (
    StampFormat(shape=_SHAPE_ISO + _SHAPE_SECONDS + "$", parse="%Y-%m-%dT%H:%M:%S%.f"),
    StampFormat(shape=_SHAPE_ISO + "$", parse="%Y-%m-%dT%H:%M"),
)
_ISO = (*_ISO_PLAIN, *_ISO_WITH_OFFSET)
_DAY_FIRST = (
    StampFormat(shape=r"^\d\d/\d\d/\d{4} \d\d:\d\d$", parse="%d/%m/%Y %H:%M"),
    StampFormat(shape=r"^\d\d/\d\d/\d{4} \d\d:\d\d:[0-5]\d$", parse="%d/%m/%Y %H:%M:%S"),
    StampFormat(shape=r"^\d\d-\d\d-\d{4} \d\d:\d\d:[0-5]\d$", parse="%d-%m-%Y %H:%M:%S"),
    StampFormat(shape=r"^\d\d-\d\d-\d{4} \d\d:\d\d$", parse="%d-%m-%Y %H:%M"),
    StampFormat(shape=r"^\d\d? [A-Za-z]{3} \d{4} \d\d:\d\d:[0-5]\d$", parse="%d %b %Y %H:%M:%S"),
    StampFormat(shape=r"^\d\d? [A-Za-z]{3} \d{4} \d\d:\d\d$", parse="%d %b %Y %H:%M"),
)
_DAYS = (
    StampFormat(shape=r"^\d{4}-\d\d-\d\d$", parse="%Y-%m-%d"),
    StampFormat(shape=r"^\d\d/\d\d/\d{4}$", parse="%d/%m/%Y"),
    StampFormat(shape=r"^\d\d-\d\d-\d{4}$", parse="%d-%m-%Y"),
    StampFormat(shape=r"^\d\d? [A-Za-z]{3} \d{4}$", parse="%d %b %Y"),
    StampFormat(shape=r"^\d{8}$", parse="%Y%m%d"),
)
_EPOCH = StampFormat(shape=r"^\d{9,10}$", parse="epoch")
_CER = StampFormat(shape=r"^\d{5}$", parse="cer")  # day from 1 January 2009, half-hour of the day
_METER_POINT = ("MPRN", "MPR", "MPR Value", "mprn", "meter_point_reference_number", "MPxN")

_HOURS_NAMED = ",".join(f"hh{n:02}" for n in range(1, 49))
_DAY_OF_USE = ",".join(["0.752", "0.617"] * 24)

EDRP = Format(
    name="edrp",
    title="EDRP trial (UKDA 7591)",
    example=("ANON_ID,ADVANCEDATETIME,HH,GASKWH", "5,13FEB08:00:30:00,1,0.425"),
    kind="readings",
    fields=(
        Field(role="household_id", names=("ANON_ID",)),
        Field(role="stamp", names=("ADVANCEDATETIME",)),
        Field(role="half_hour", names=("HH",)),
        Field(role="value", names=("GASKWH",)),
    ),
    stamp_formats=_SAS,
    clock_from="feed",
    stamp_from="half_hour",
)
OCTOPUS = Format(
    name="octopus",
    title="Octopus Energy, download of a SMETS2 gas meter",
    example=("Consumption (m³), Start, End", "0.012, 2023-01-10T00:00:00+00:00, 2023-01-10T00:30:00+00:00"),
    kind="readings",
    fields=(
        # `mâ³` is what two bytes of UTF-8 look like to a program that took them for Latin-1
        Field(role="value", names=("Consumption (m³)", "Consumption (mâ³)", "Consumption (m3)")),
        Field(role="stamp", names=("Start",)),
        Field(role="stamp_end", names=("End",)),
    ),
    extra_columns=True,  # newer exports carry the cost
    stamp_formats=_ISO_WITH_OFFSET,
    clock_from="offset",
    unit="m3",
)
OCTOPUS_KWH = replace(
    OCTOPUS,
    name="octopus_kwh",
    title="Octopus Energy, download of a SMETS1 gas meter; an electricity meter's has the same header",
    example=("Consumption (kWh), Start, End", "0.135, 2023-01-10T00:00:00+00:00, 2023-01-10T00:30:00+00:00"),
    fields=(Field(role="value", names=("Consumption (kWh)",)), *OCTOPUS.fields[1:]),
    unit="kWh",
    unit_is_sure=False,
    fuel=None,
)
OCTOPUS_API = replace(
    OCTOPUS,
    name="octopus_api",
    title="Octopus Energy, answer of its interface, as JSON or CSV; the unit and the fuel stand nowhere in it",
    example=("consumption,interval_start,interval_end", "0.012,2023-01-10T00:00:00Z,2023-01-10T00:30:00Z"),
    fields=(
        Field(role="value", names=("consumption",)),
        Field(role="stamp", names=("interval_start",)),
        Field(role="stamp_end", names=("interval_end",)),
    ),
    unit=None,
    fuel=None,
)
N3RGY = Format(
    name="n3rgy",
    title="n3rgy, gas",
    example=("timestamp (UTC),gas consumption (m3)", "2023-01-10 00:30,0.012"),
    kind="readings",
    fields=(
        Field(role="stamp", names=("timestamp (UTC)", "timestampUTC")),
        Field(role="value", names=("gas consumption (m3)", "gas consumption (m³)", "gasconsumption(m3)")),
    ),
    extra_columns=True,
    stamp_formats=_ISO,
    stamp="end",
    unit="m3",
)
N3RGY_KWH = replace(
    N3RGY,
    name="n3rgy_kwh",
    title="n3rgy, gas of a SMETS1 meter",
    example=("timestamp (UTC),gas consumption (kWh)", "2023-01-10 00:30,0.135"),
    fields=(N3RGY.fields[0], Field(role="value", names=("gas consumption (kWh)",))),
    unit="kWh",
    unit_is_sure=False,
)
N3RGY_BARE = replace(
    N3RGY,
    name="n3rgy_bare",
    title="n3rgy, its file or interface without unit and fuel",
    example=("timestamp,primaryValue", "2023-01-10 00:30,0.012"),
    fields=(
        Field(role="stamp", names=("timestamp (UTC)", "timestamp")),
        Field(
            role="value", names=("primaryValue", "consumption", "energyConsumption (kWh)", "consumption (kWh)", "value")
        ),
    ),
    extra_columns=False,
    unit=None,
    fuel=None,
)
GLOW = Format(
    name="glow",
    title="Hildebrand Glow and Bright, gas in kWh",
    example=("Date and time,Gas consumption (kWh)", "2023-01-10 00:00,0.135"),
    kind="readings",
    fields=(
        Field(role="stamp", names=("Date and time", "Datetime", "Time", "timestamp", "Local time")),
        Field(role="value", names=("Gas consumption (kWh)", "Gas (kWh)", "Gas usage (kWh)", "gas.consumption (kWh)")),
    ),
    extra_columns=True,
    stamp_formats=(*_ISO, *_DAY_FIRST),
    clock="local",
    clock_from="feed",
)
GLOW_M3 = replace(
    GLOW,
    name="glow_m3",
    title="Hildebrand Glow and Bright, gas in m3",
    example=("Date and time,Gas consumption (m³)", "2023-01-10 00:00,0.012"),
    fields=(
        GLOW.fields[0],
        Field(role="value", names=("Gas consumption (m³)", "Gas consumption (m3)", "Gas (m³)", "Gas (m3)")),
    ),
    unit="m3",
)
GLOW_API = replace(
    GLOW,
    name="glow_api",
    title="Hildebrand Glow, answer of its interface: JSON pairs of the seconds since 1970 and a value",
    example=("epoch_seconds,value", "1673308800,0.135"),
    fields=(Field(role="stamp", names=("epoch_seconds",)), Field(role="value", names=("value",))),
    extra_columns=False,
    stamp_formats=(_EPOCH,),
    clock="utc",
    clock_from="offset",
    unit=None,
    fuel=None,
)
GLOW_BARE = replace(
    GLOW,
    name="bright",
    title="Bright, its file without a fuel",
    example=("Date,Usage (kWh)", "2023-01-10 00:00,0.135"),
    fields=(
        Field(role="stamp", names=("Date", "Datetime", "Timestamp", "Time")),
        Field(role="value", names=("Usage (kWh)", "Consumption (kWh)", "kWh", "Energy (kWh)")),
    ),
    extra_columns=False,
    unit_is_sure=False,
    fuel=None,
)
DSMR_HOURS = Format(
    name="dsmr_reader",
    title="DSMR-reader, hours of gas and electricity",
    example=("Hour Start,Electricity 1,Electricity 2,Gas", "2023-01-10T01:00:00+01:00,0.2,0,0.122"),
    kind="readings",
    fields=(
        Field(role="stamp", names=("Hour Start", "Read at")),
        Field(role="value", names=("Gas",)),
    ),
    extra_columns=True,  # electricity stands beside it
    stamp_formats=_ISO_WITH_OFFSET,
    clock_from="offset",
    zone="Europe/Amsterdam",
    unit="m3",
)
P1_REGISTER = Format(
    name="p1_register",
    title="P1 meter (HomeWizard), the register of gas in m3",
    example=("time,Total gas used", "2023-01-10 00:00,2583.000"),
    kind="readings",
    fields=(
        Field(role="stamp", names=("time", "timestamp")),
        Field(
            role="value",
            names=("Total gas used", "Gas meter reading", "total_gas_m3", "gas_total_m3", "gas meter (m3)"),
        ),
    ),
    extra_columns=True,
    stamp_formats=_ISO,
    clock="local",
    clock_from="feed",
    zone="Europe/Amsterdam",
    unit="m3",
    shape="register",
)
FLUVIUS = Format(
    name="fluvius",
    title="Fluvius, hours or quarter-hours of one meter, Dutch or English",
    example=(
        "Van datum;Van tijdstip;Tot datum;Tot tijdstip;EAN-code;Meter;Metertype;Register;Volume;Eenheid;Validatiestatus",
        '10-01-2023;01:00:00;10-01-2023;02:00:00;="541448000000000001";1S;Digitale meter;Afname;1,366;kWh;Gevalideerd',
    ),
    kind="readings",
    fields=(
        Field(role="household_id", names=("EAN-code", "EAN", "EAN code")),
        Field(role="stamp", names=("Van datum", "Van (datum)", "From (date)")),
        Field(role="stamp_time", names=("Van tijdstip", "Van (tijdstip)", "From (time)")),
        Field(role="stamp_end", names=("Tot datum", "Tot (datum)", "Until (date)")),
        Field(role="stamp_end_time", names=("Tot tijdstip", "Tot (tijdstip)", "Until (time)")),
        Field(role="value", names=("Volume",)),
        Field(role="unit", names=("Eenheid", "Unit")),
    ),
    extra_columns=True,
    stamp_formats=_DAY_FIRST,
    clock="local",
    clock_from="feed",
    zone="Europe/Brussels",
    fuel=None,
    keep=(Keep(role="unit", values=("kwh",), otherwise="the same use in m3; the line in kWh is taken", proves="gas"),),
)
GRDF = Format(
    name="grdf_daily",
    title="GRDF, workbook of days",
    example=(
        "Date de relevé;Index de début de relevé (m3);Index de fin de relevé (m3);Volume consommé (m3);Energie consommée (kWh)",
        "10/01/2023;744;745;1;11",
    ),
    kind="readings",
    fields=(
        Field(role="stamp", names=("Date de relevé", "Date de releve")),
        Field(role="value", names=("Energie consommée (kWh)", "Energie consommee (kWh)", "Volume consommé (m3)")),
    ),
    extra_columns=True,
    unusable="a supplier's table of whole days (GRDF): one value a day, from 06:00 to 06:00, and the register beside it; half-hours cannot "
    "be made of days: ask for hourly or half-hourly data",
)
HOME_ASSISTANT = Format(
    name="home_assistant",
    title="Home Assistant, history of a sensor",
    example=("entity_id,state,last_changed", "sensor.gas_meter,645.067,2023-01-10T00:00:07.123Z"),
    kind="readings",
    fields=(
        Field(role="household_id", names=("entity_id",)),
        Field(role="value", names=("state",)),
        Field(role="stamp", names=("last_changed", "last_updated")),
    ),
    extra_columns=True,
    unusable="the history of a sensor (Home Assistant): its states are those of a register, at irregular moments, not the use of "
    "half-hours; deliver the hours or half-hours of the supplier or of the meter, or write the sensor's hourly use as "
    "household_id,interval_start_utc,gas_kwh",
)
WIDE = Format(
    name="wide_days",
    title="one row a day, a column for each half-hour (HH01 to HH48, [00:30] to [24:00], 00:00 to 23:30, 00:00 - 00:30)",
    example=(f"MPR Value,read_date,{_HOURS_NAMED}", f"9000000004,10/01/2023,{_DAY_OF_USE}"),
    kind="readings",
    fields=(
        Field(role="household_id", names=_METER_POINT),  # the number of a gas meter
        Field(
            role="stamp",
            names=("read_date", "Date", "ReadDate", "ReadingDate", "Reading Date", "ConsumptionDate", "day"),
        ),
    ),
    extra_columns=True,
    stamp_formats=_DAYS,
    clock="local",
    shape="day",
    interval_columns=r"^(?:hh|period|p)?(?P<number>\d\d?)$|^(?:hh)?(?P<hour>\d\d):?(?P<minute>[03]0)(?:(?:-|\u2013|to)\d\d:?[03]0)?$",
    unit_is_sure=False,
)
AMR = Format(
    name="amr_rows",
    title="automatic meter reading, one row a half-hour, the stamp names the end",
    example=("MPR,ReadDatetime,kWh,ReadType", "9000000006,10 Jan 2023 00:30:00,0.752,Actual"),
    kind="readings",
    fields=(
        Field(role="household_id", names=_METER_POINT),
        Field(role="stamp", names=("ReadDatetime", "Read Date Time", "ReadingDateTime")),
        Field(role="value", names=("kWh", "Consumption (kWh)", "Gas kWh")),
    ),
    extra_columns=True,
    stamp_formats=(*_DAY_FIRST, *_ISO),
    clock="local",
    clock_from="feed",
    stamp="end",
)
SERL = Format(
    name="serl",
    title="SERL half-hourly gas (UKDA 8666), stamps in UTC that name the end",
    example=(
        "PUPRN,Read_date_effective_local,Read_date_time_local,Read_date_time_UTC,Readdate_HH,Valid_read_time,Gas_flag,Gas_hh_m3,Gas_hh_Wh",
        "P23,2023-01-10,2023-01-10 00:30:00,2023-01-10 00:30:00,1,TRUE,1,0.067,752",
    ),
    kind="readings",
    fields=(
        Field(role="household_id", names=("PUPRN",)),
        Field(role="stamp", names=("Read_date_time_UTC",)),
        Field(role="value", names=("Gas_hh_Wh",)),
        Field(role="flag", names=("Gas_flag",)),
    ),
    extra_columns=True,
    stamp_formats=_ISO,
    stamp="end",
    unit="Wh",
    keep=(Keep(role="flag", values=("1", "1.0"), otherwise="not flagged as a valid read (Gas_flag is not 1)"),),
)
SERL_M3 = replace(
    SERL,
    name="serl_m3",
    title="SERL half-hourly gas without the column in Wh",
    example=("PUPRN,Read_date_time_UTC,Gas_flag,Gas_hh_m3", "P23,2023-01-10 00:30:00,1,0.067"),
    fields=(*SERL.fields[:2], Field(role="value", names=("Gas_hh_m3",)), SERL.fields[3]),
    unit="m3",
)
CER = Format(
    name="irish_cer",
    title="Irish CER trial: id, day from 1 January 2009 and half-hour, kWh; with or without a header",
    example=("ID,DT,Usage", "1392,36501,0.14"),
    kind="readings",
    fields=(
        Field(role="household_id", names=("ID", "Meter ID", "MeterID")),
        Field(role="stamp", names=("DT", "DDDTT", "Date Time Code", "day code")),
        Field(role="value", names=("Usage", "kWh", "Gas (kWh)", "Gas usage")),
    ),
    stamp_formats=(_CER,),
    zone="Europe/Dublin",
    clock_from="offset",
    line_shape=r"^\s*\d{3,5}[ \t,;]+\d{5}[ \t,;]+\d*\.?\d+\s*$",
    fuel=None,
)
GREEN_BUTTON = Format(
    name="green_button",
    title="Green Button (ESPI) XML",
    example=(
        "<IntervalReading><timePeriod><duration>1800</duration><start>1673308800</start></timePeriod>",
        "<value>752</value></IntervalReading>",
    ),
    kind="readings",
    fields=(
        Field(role="stamp", names=("espi_start",)),
        Field(role="stamp_end", names=("espi_end",)),
        Field(role="value", names=("espi_value",)),
        Field(role="unit", names=("espi_unit",)),
        Field(role="commodity", names=("espi_commodity",)),
    ),
    stamp_formats=(_EPOCH,),
    clock_from="offset",
    keep=(Keep(role="commodity", values=("natural gas",), otherwise="not natural gas, by its ReadingType"),),
)
CANONICAL = Format(
    name="canonical",
    title="Hearth's own",
    example=("household_id,interval_start_utc,gas_kwh", "1001,2023-01-10 00:00:00,0.752"),
    kind="readings",
    fields=(
        Field(role="household_id", names=("household_id",)),
        Field(role="stamp", names=("interval_start_utc",)),
        Field(role="value", names=("gas_kwh",)),
    ),
    stamp_formats=_ISO,
)

_WIDE_ANY = replace(
    WIDE,
    name="wide_days_any",
    title="the same with an id that is no gas meter's number",
    example=(f"household_id,date,{_HOURS_NAMED}", f"1001,10/01/2023,{_DAY_OF_USE}"),
    fields=(
        Field(role="household_id", names=("household_id", "Meter", "Meter Id", "Site Id", "Site", "id")),
        WIDE.fields[1],
    ),
    fuel=None,
)
_WIDE_ONE = replace(
    WIDE,
    name="wide_days_one",
    title="the same without an id: one home",
    example=(f"date,{_HOURS_NAMED}", f"10/01/2023,{_DAY_OF_USE}"),
    fields=WIDE.fields[1:],
    fuel=None,
)
HOUSEHOLDS = Format(
    name="households",
    title="table of homes and their dwelling types",
    example=("household_id,dwelling_type", "1001,detached"),
    kind="households",
    fields=(
        _HOUSEHOLD,
        Field(role="dwelling_type", names=("dwelling_type",)),
        Field(role="heating_system", names=("heating_system",), required=False),
        Field(role="origin", names=("origin",), required=False),
        Field(role="nuts1", names=("nuts1",), required=False),
        Field(role="nuts4", names=("nuts4",), required=False),
        Field(role="lad_code", names=("lad_code", "LACode", "lad22cd"), required=False),
        Field(role="msoa_code", names=("msoa_code", "msoa11cd"), required=False),
        Field(role="lsoa_code", names=("lsoa_code", "lsoa11cd"), required=False),
        Field(role="gsp_group", names=("gsp_group",), required=False),
        Field(role="ldz", names=("ldz",), required=False),
    ),
    extra_columns=True,
)
TEMPERATURE_DAILY = Format(
    name="temperature_daily",
    title="outdoor temperature by day",
    example=("date,temperature_mean_c", "2023-01-10,7.4"),
    kind="temperature",
    fields=(
        Field(role="date", names=("date", "time")),
        Field(
            role="temperature_mean_c",
            names=("temperature_mean_c", "temperature_c", "cet_mean_c", "mean_c", "temperature_2m_mean (°C)"),
        ),
        Field(role="temperature_min_c", names=("temperature_min_c", "cet_min_c", "min_c"), required=False),
        Field(role="temperature_max_c", names=("temperature_max_c", "cet_max_c", "max_c"), required=False),
    ),
    extra_columns=True,
    stamp_formats=(StampFormat(shape=r"^\d{4}-\d\d-\d\d$", parse="%Y-%m-%d"),),
)
TEMPERATURE_HOURLY = Format(
    name="temperature_hourly",
    title="outdoor temperature by hour",
    example=("hour_start_utc,temperature_c", "2023-01-10 00:00,7.4"),
    kind="temperature",
    fields=(
        Field(role="hour_start_utc", names=("hour_start_utc", "time")),
        Field(role="temperature_c", names=("temperature_c", "temperature_mean_c", "temperature_2m (°C)")),
    ),
    extra_columns=True,
    stamp_formats=_ISO,
)
HADCET = Format(
    name="hadcet",
    title="Met Office HadCET, daily means (meantemp_daily_totals.txt)",
    example=("Date        Value", "2023-01-10    7.4"),
    kind="temperature",
    fields=(
        Field(role="date", names=("Date",)),
        Field(role="temperature_mean_c", names=("Value",)),
    ),
    stamp_formats=TEMPERATURE_DAILY.stamp_formats,
    by_blanks=True,
    other_names=r"(?i)(max|min)temp",
    other_content="the daily maxima or minima of HadCET, under the header of its means: deliver meantemp_daily_totals.txt",
)
MIDAS_DAILY = Format(
    name="midas_daily",
    title="Met Office MIDAS Open, daily extremes of a station (uk-daily-temperature-obs)",
    example=("ob_end_time,ob_hour_count,max_air_temp,min_air_temp", "2023-01-11 09:00:00,24,9.6,5.2"),
    kind="temperature",
    fields=(
        Field(role="period_end_utc", names=("ob_end_time",)),
        Field(role="period_hours", names=("ob_hour_count",)),
        Field(role="temperature_max_c", names=("max_air_temp",)),
        Field(role="temperature_min_c", names=("min_air_temp",)),
    ),
    extra_columns=True,
    stamp_formats=_ISO,
    last_line="end data",
)
MIDAS_HOURLY = Format(
    name="midas_hourly",
    title="Met Office MIDAS Open, hours of a station (uk-hourly-weather-obs)",
    example=("ob_time,air_temperature", "2023-01-10 00:00:00,7.4"),
    kind="temperature",
    fields=(
        Field(role="hour_start_utc", names=("ob_time",)),
        Field(role="temperature_c", names=("air_temperature",)),
    ),
    extra_columns=True,
    stamp_formats=_ISO,
    last_line="end data",
    repeats="averaged",  # a station reports some hours by several messages
)
FORMATS = (
    EDRP, OCTOPUS, OCTOPUS_KWH, OCTOPUS_API, N3RGY, N3RGY_KWH, N3RGY_BARE, GLOW, GLOW_M3, GLOW_API, DSMR_HOURS, P1_REGISTER, FLUVIUS,
    GRDF, HOME_ASSISTANT, WIDE, _WIDE_ANY, _WIDE_ONE, AMR, SERL, SERL_M3, CER, GREEN_BUTTON, CANONICAL, GLOW_BARE,
    HOUSEHOLDS, TEMPERATURE_DAILY, TEMPERATURE_HOURLY, HADCET, MIDAS_DAILY, MIDAS_HOURLY,
)  # fmt: skip
FORMAT_BY_NAME = {known.name: known for known in FORMATS}

DAY_SLOTS = {
    **dict.fromkeys((46, 48, 50), 30),
    **dict.fromkeys((23, 24, 25), 60),
}  # columns of a day -> minutes of each
