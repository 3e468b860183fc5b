"""Settings: default < hearth.toml < environment `HEARTH_*` < flag, and where each value came from.

hearth.toml is read from the data folder, or from where `--config` or HEARTH_CONFIG name it. It is never read from the
current folder, which may hold files that somebody delivered.
"""

from __future__ import annotations

import datetime as dt
import difflib
import grp
import json
import os
import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    HttpUrl,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableValueError

from transforms.climate.weather_normal import NormalYears
from transforms.heat.periods import Sufficiency
from transforms.lcoh.model.demands import CostWeather
from transforms.public.licences import find_licence

if TYPE_CHECKING:
    from flows.home import Home
    from transforms.readings.pseudonyms import Pseudonyms
    from warehouse.snapshots import Retention


CONFIG_FILE = "hearth.toml"
PREFIX = "HEARTH_"  # variables that hold settings begin so
CONFIG = "HEARTH_CONFIG"  # the variable that names a hearth.toml elsewhere
ALERT_TOKEN = "HEARTH_ALERT_TOKEN"  # noqa: S105 - the name of a variable, not what it holds  # nosec B105
CENTURY_DAYS = 36_525  # the longest time in days that a setting may name
LARGEST_GB = 1e9  # the most gigabytes that a setting may name
PATHS = frozenset(
    {"home", "landing", "reference_folder", "area_folder", "pseudonym_key_file"}
)  # settings that name a path of this machine
SECRET = frozenset({"alert_url", "lake"})  # settings that messages do not repeat: both addresses may hold a secret
BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._=-]+)*/?")
SCHEDULER = re.compile(r"(tcp|tls|ws|wss)://[^/@\s]+:\d+")


def _read_mode(given: object) -> object:
    return f"{given:04o}" if isinstance(given, int) else given  # hearth.toml may say 0o440


Mode = Annotated[str, BeforeValidator(_read_mode), StringConstraints(pattern=r"^0?[0-7]{3}$")]


HouseholdFrom = Literal["column", "folder", "file", "table"]


class SettingsError(ValueError):
    """A setting cannot be used; the message names it, its origin and what would be valid."""


class FeedSettings(BaseModel):
    """What is declared about one feed (format and landing subfolder), if its files themselves do not say it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    clock: Literal["utc", "local"] | None = Field(default=None, description="clock of the stamps")
    stamp: Literal["start", "end"] | None = Field(
        default=None, description="whether stamps name the start or the end of a half-hour"
    )
    household_id: str | None = Field(default=None, description="home of a feed whose files name no home")
    household_from: HouseholdFrom | None = Field(
        default=None, description="where to find the home of a file that names no home"
    )
    fuel: Literal["gas", "electricity"] | None = Field(
        default=None, description="fuel, if two fuels have the same header"
    )
    unit: Literal["kWh", "Wh", "m3"] | None = Field(default=None, description="unit, if the header does not name it")
    interval_minutes: int | None = Field(
        default=None, gt=0, le=60, description="length of the intervals [min]; by default found"
    )
    absent: Literal["zero", "missing"] | None = Field(
        default=None, description="meaning of half-hours that a file leaves out"
    )
    calorific_value: float | None = Field(default=None, ge=30, le=50, description="of gas by volume [MJ/m3]")
    volume_correction: float | None = Field(default=None, ge=0.9, le=1.1, description="of gas by volume [1]")
    encoding: Literal["utf-8", "utf-16-le", "utf-16-be", "latin-1"] | None = Field(
        default=None, description="of the text"
    )
    decimal: Literal[".", ","] | None = Field(default=None, description="decimal mark")
    delivery_pattern: str | None = Field(
        default=None,
        description="regular expression with a group `delivery_date`; later deliveries supersede earlier ones",
    )

    @field_validator("delivery_pattern")
    @classmethod
    def _names_a_date(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            groups = re.compile(value).groupindex
        except re.error as error:
            message = f"this is no regular expression: {error}"
            raise ValueError(message) from None
        if "delivery_date" not in groups:
            raise ValueError("it has no group `delivery_date`; write (?P<delivery_date>...)")
        return value


class Settings(BaseSettings):
    """Every setting of Hearth; `hearth config` prints them."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    home: Path = Field(
        default=Path("hearth-data"), description="folder of lake, warehouse, reports and Prefect's files"
    )
    landing: Path | None = Field(default=None, description="folder of delivered files; by default `landing` below home")
    landing_quiet_seconds: float = Field(
        default=60, ge=0, le=7 * 86_400, description="a nightly run takes a file after this time without a change [s]"
    )
    lake: str | None = Field(
        default=None, description="folder of the lake, or s3://bucket/prefix; by default `lake` below home"
    )
    workers: int = Field(default=2, ge=1, le=256, description="units that are worked on at a time")
    task_runner: Literal["threads", "dask"] = Field(
        default="threads", description="where units are worked on: here, or on the workers of dask_scheduler"
    )
    dask_scheduler: str | None = Field(default=None, description="address of a Dask scheduler, such as tcp://host:8786")
    very_high_kwh: float = Field(
        default=89.8, gt=0, le=1e6, description="a half-hour with this much gas or more is very_high [kWh]"
    )
    completeness_min: float = Field(
        default=0.9, gt=0, le=1, description="share of a period's half-hours that a home needs [1]"
    )
    cell_min: float = Field(
        default=0.5, ge=0, le=1, description="share of each month-by-hour cell that a home needs [1]"
    )
    study_periods: tuple[str, ...] = Field(
        default=(), description="first months YYYY-MM of the study periods; by default found from the readings"
    )
    bootstrap_replicates: int = Field(default=1000, ge=100, le=1_000_000, description="replicates behind an interval")
    sobol_samples: int = Field(
        default=8192, ge=64, le=2**22, description="base samples of Sobol indices, a power of two"
    )
    seed: int = Field(default=1, ge=0, lt=2**63, description="seed of all random draws")
    scenario: str = Field(
        default="current2026", description="set of prices by which the published pages compare systems"
    )
    convention: str = Field(
        default="best_practice", description="convention of the cost model by which systems are compared"
    )
    normal_weather: NormalYears = Field(
        default="1991-2010",
        description="years of normal weather, for which costs are computed: 1991-2010, which end with the trial, or the newest",
    )
    cost_weather: CostWeather = Field(
        default="normal",
        description="year whose demand costs rest on: a year of normal weather, or the measured year",
    )
    reference_folder: Path | None = Field(
        default=None, description="folder of published studies (serl/, real_gas/) that a run is compared with"
    )
    area_folder: Path | None = Field(
        default=None, description="folder of published files about London's LSOAs; none: built-in boroughs and MSOAs"
    )
    report_after_run: bool = Field(
        default=True,
        description="whether a run writes the report; otherwise `hearth report` or the deployment `report` does",
    )
    disclosure_threshold: int = Field(
        default=10, ge=10, le=1_000_000, description="the fewest homes behind a published cell"
    )
    data_licence: str | None = Field(
        default=None,
        description="SPDX identifier of the licence of published results; none: CC-BY-4.0 for sample data, no licence for others",
    )
    data_publisher: str | None = Field(default=None, description="the publisher of the results in citations")
    snapshots_keep: int = Field(
        default=10, ge=1, le=1_000_000, description="published warehouses that are kept, with their reports"
    )
    snapshots_keep_days: float | None = Field(
        default=None,
        gt=0,
        le=CENTURY_DAYS,
        description="age at which a published warehouse is deleted [d]; none: at no age",
    )
    snapshots_keep_gb: float | None = Field(
        default=None, gt=0, le=LARGEST_GB, description="disk that published warehouses may take [GB]; none: any"
    )
    disk_free_min_gb: float | None = Field(
        default=None,
        ge=0,
        le=LARGEST_GB,
        description="free disk that a run needs [GB]; none: computed from what it has to write",
    )
    collect_after_days: float = Field(
        default=7, ge=0, le=CENTURY_DAYS, description="age at which objects without a reference are deleted [d]"
    )
    published_mode: Mode = Field(default="0440", description="mode of published warehouses: 0440 or 0400")
    public_mode: Mode = Field(default="0644", description="mode of the files of the report, which hold no home")
    published_group: str | None = Field(default=None, description="group of published warehouses and reports")
    alert_url: HttpUrl | None = Field(
        default=None, exclude=True, description="webhook that alerts are posted to; none: no alerts"
    )
    alert_seconds: float = Field(default=20, gt=0, le=300, description="time that all alerts of a run may take [s]")
    alert_repeat_days: float = Field(
        default=7,
        ge=0,
        le=CENTURY_DAYS,
        description="an alert about a fact that still holds is sent again after this time [d]; 0: by every run",
    )
    freshness_days: int | None = Field(
        default=None,
        ge=0,
        le=CENTURY_DAYS,
        description="age of a feed's newest reading that is an alarm [d]; none: not judged",
    )
    sql_seconds: float = Field(
        default=300, gt=0, le=7 * 86_400, description="time that one statement of `hearth sql` may take [s]"
    )
    sql_memory_gb: float = Field(
        default=2, ge=0.1, le=LARGEST_GB, description="memory that one statement of `hearth sql` may take [GB]"
    )
    full_audit_days: float = Field(
        default=7,
        ge=0,
        le=CENTURY_DAYS,
        description="age of the last full audit at which the gate measures unchanged months again [d]",
    )
    full_audit: bool = Field(
        default=False, description="measure unchanged months again in this run, even if there is nothing to publish"
    )
    accept_drift: bool = Field(
        default=False, description="publish although results drifted far from the published ones, with a warning"
    )
    unpacked_ratio_max: float = Field(
        default=1000, gt=1, le=1_000_000, description="a packed file that holds this many times its size is refused"
    )
    unpacked_gb_max: float = Field(
        default=200, gt=0, le=1_000_000, description="a packed file that holds more is refused [GB]"
    )
    pseudonym_key_file: Path | None = Field(
        default=None,
        description="file with the key by which ids of homes become pseudonyms; none: ids stay as delivered",
    )
    feeds: dict[str, FeedSettings] = Field(default={}, description="declarations by feed, such as `edrp/supplier_a`")

    @model_validator(mode="before")
    @classmethod
    def _has_no_token(cls, values: Any) -> Any:
        if isinstance(values, dict) and "alert_token" in values:
            raise ValueError(
                f"alert_token is read from the environment only, as {ALERT_TOKEN}, so that no file holds it"
            )
        return values

    @field_validator("lake")
    @classmethod
    def _is_a_place(cls, value: str | None) -> str | None:
        if value is None or not _is_address(value):
            return value
        if not BUCKET.fullmatch(value):
            raise ValueError("write it as s3://bucket/prefix; credentials stand in the environment or in ~/.aws only")
        _need_extra("boto3", "a lake on s3://")
        return value.rstrip("/")

    @field_validator("dask_scheduler")
    @classmethod
    def _is_an_address(cls, value: str | None) -> str | None:
        if value is not None and not SCHEDULER.fullmatch(value):
            raise ValueError("write it as tcp://host:8786, or tls://host:8786")
        return value

    @model_validator(mode="after")
    def _can_reach_workers(self) -> Settings:
        if self.task_runner == "dask":
            if self.dask_scheduler is None:
                raise ValueError('task_runner = "dask" needs dask_scheduler, such as tcp://host:8786')
            _need_extra("distributed", 'task_runner = "dask"')
        return self

    @field_validator("published_mode")
    @classmethod
    def _is_for_few(cls, value: str) -> str:
        if int(value, 8) not in {0o400, 0o440}:
            message = f"{value} is refused: homes are in there, and nobody writes to it; use 0440 with published_group, or 0400"
            raise ValueError(message)
        return value

    @field_validator("public_mode")
    @classmethod
    def _can_be_read(cls, value: str) -> str:
        if int(value, 8) & 0o400 != 0o400 or int(value, 8) & ~0o644:  # noqa: PLR2004 - rights that a page may have
            message = f"{value} is refused: its owner must be able to read, others can only read; use 0644, 0444, 0640 or 0440"
            raise ValueError(message)
        return value

    @field_validator("published_group")
    @classmethod
    def _can_be_given(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            group = grp.getgrnam(value)
        except KeyError:
            message = f"there is no group {value!r} on this machine; `getent group` lists them"
            raise ValueError(message) from None
        if os.geteuid() != 0 and group.gr_gid not in os.getgroups():
            message = f"you are no member of the group {value!r}, and only members may give it files"
            raise ValueError(message)
        return value

    @field_validator("sobol_samples")
    @classmethod
    def _is_power_of_two(cls, value: int) -> int:
        if value & (value - 1):
            message = f"{value} is no power of two; {1 << value.bit_length()} is the next one"
            raise ValueError(message)
        return value

    @field_validator("study_periods")
    @classmethod
    def _are_months(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for month in value:
            parse_month(month)
        if len({parse_month(month).year for month in value}) < len(value):
            message = f"two study periods start in one year: {', '.join(value)}; name one per year"
            raise ValueError(message)
        return value

    @field_validator("data_licence")
    @classmethod
    def _is_known(cls, value: str | None) -> str | None:
        return None if value is None else find_licence(value).identifier

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return the sources in order: flags, environment, hearth.toml; pydantic adds the defaults."""
        del dotenv_settings, file_secret_settings
        home = init_settings().get("home") or env_settings().get("home")
        return init_settings, env_settings, InitSettingsSource(settings_cls, read_config(find_config(home)))

    @property
    def landing_folder(self) -> Path:
        """The folder of delivered files."""
        return self.landing or self.folders.landing

    @property
    def folders(self) -> Home:
        """Every path below the data folder."""
        from flows.home import Home

        return Home(self.home, lake_place=self.lake)

    @property
    def pseudonyms(self) -> Pseudonyms:
        """What ids of homes and names of files are kept as; reading the key raises `PseudonymKeyError`."""
        from warehouse.pseudonyms import read_pseudonyms

        return read_pseudonyms(self.pseudonym_key_file)

    @property
    def kept_feeds(self) -> dict[str, FeedSettings]:
        """The declarations by feed, as names of folders and ids of homes are kept."""
        pseudonyms = self.pseudonyms
        return {
            pseudonyms.name_feed(name): feed.model_copy(
                update={"household_id": feed.household_id and pseudonyms.name(feed.household_id)}
            )
            for name, feed in self.feeds.items()
        }

    @property
    def retention(self) -> Retention:
        """Which snapshots are kept."""
        from warehouse.snapshots import Retention

        return Retention(keep=self.snapshots_keep, days=self.snapshots_keep_days, gigabytes=self.snapshots_keep_gb)

    def with_whole_paths(self) -> Settings:
        """Return the settings with absolute paths."""
        paths = {name: path.absolute() for name in PATHS if (path := getattr(self, name)) is not None}
        lake = self.lake if self.lake is None or _is_address(self.lake) else str(Path(self.lake).absolute())
        return self.model_copy(update=paths | ({"lake": lake} if lake else {}))

    @property
    def sufficiency(self) -> Sufficiency:
        """The shares of readings that a home needs."""
        return Sufficiency(completeness_min=self.completeness_min, cell_min=self.cell_min)

    @property
    def period_starts(self) -> tuple[dt.date, ...]:
        """First days of the declared study periods."""
        return tuple(parse_month(month) for month in self.study_periods)

    def shaping_numbers(self) -> dict[str, Any]:
        """Return the settings that change numbers, for the record of a run."""
        names = (
            "very_high_kwh", "completeness_min", "cell_min", "study_periods", "bootstrap_replicates", "sobol_samples", "seed",
            "scenario", "convention", "normal_weather", "cost_weather", "feeds",
        )  # fmt: skip
        return self.model_copy(update={"feeds": self.kept_feeds}).model_dump(mode="json", include=set(names))


def _is_address(place: str) -> bool:
    return "://" in place


def _need_extra(package: str, wanted_for: str) -> None:
    """Check that a package of the extra `cluster` is installed, without importing it."""
    if find_spec(package) is None:
        raise ValueError(f"{wanted_for} needs the package {package}; docs/operations.md says how to install it")


def parse_month(text: str) -> dt.date:
    """Return the first day of the month `YYYY-MM`.

    Raises
    ------
    ValueError
        If the text is no month.

    """
    try:
        return dt.datetime.strptime(text, "%Y-%m").replace(tzinfo=dt.UTC).date()
    except ValueError:
        message = f"{text!r} is no month; write it as 2009-01"
        raise ValueError(message) from None


def find_config(home: Path | str | None) -> Path:
    """Return the hearth.toml to read: the one that is named, or else that of the data folder, which need not exist."""
    if named := os.environ.get(CONFIG):
        return Path(named)
    return Path(home or Settings.model_fields["home"].default) / CONFIG_FILE


def read_config(file: Path) -> dict[str, Any]:
    """Return the values in a hearth.toml; its relative paths begin at its own folder.

    Raises
    ------
    SettingsError
        If it was named and does not exist, cannot be read, is no TOML, or is in the data folder and names another one.

    """
    is_named = bool(os.environ.get(CONFIG))
    try:
        given = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if is_named:
            raise SettingsError(f"there is no file {file}, which --config or {CONFIG} names") from None
        return {}
    except NotADirectoryError:  # the data folder is a file; the first write to it gives an error
        return {}
    except tomllib.TOMLDecodeError as error:
        last = file.read_text(encoding="utf-8").count("\n") + 1
        why = str(error).replace("at end of document", f"at line {last}, its last")
        raise SettingsError(f"{file}: {why}") from None
    except UnicodeDecodeError as error:
        raise SettingsError(f"{file}: {error}; save it as UTF-8") from None
    except RecursionError:
        raise SettingsError(f"{file}: its lists are nested too deeply") from None
    except OSError as error:
        raise SettingsError(f"{file}: {error.strerror}") from None
    if "home" in given and not is_named:
        line = _find_line(file, ("home",))
        raise SettingsError(f"{file}, line {line}: home: this file lies in the data folder itself; take the line out")
    paths = [name for name in (PATHS | {"lake"}) & given.keys() if not _is_address(str(given[name]))]
    given |= {name: str(file.parent / str(given[name])) for name in paths}
    return given


def find_ignored_config(settings: Settings) -> Path | None:
    """Return the hearth.toml of the current folder, if it is not the one that is read."""
    here, read = Path(CONFIG_FILE), find_config(settings.home)
    if not here.exists() or (read.exists() and here.samefile(read)):
        return None
    return here


def load_settings(**flags: Any) -> Settings:
    """Return the settings; flags that are not None come before all other sources.

    Raises
    ------
    SettingsError
        If values are invalid or names unknown; the message names each with its place and what is wrong.

    """
    given = {name: value for name, value in flags.items() if value is not None}
    if unknown := _unknown_variables():
        raise SettingsError("\n".join(unknown))
    try:
        return Settings(**given)
    except ValidationError as error:
        file = find_config(given.get("home") or os.environ.get(f"{PREFIX}HOME"))
        raise SettingsError("\n".join(_describe(e["loc"], e, given, file) for e in error.errors())) from None
    except UnreadableValueError as error:  # its message holds the name of the field in quotes
        name = re.search(r'field "(\w+)"', str(error))
        where = f"{PREFIX}{name[1].upper()}" if name else "the environment"
        raise SettingsError(f"{where}: this is no JSON: {error.__cause__}") from None


def _unknown_variables() -> list[str]:
    """Return a line for each variable HEARTH_* that is no setting."""
    known = {PREFIX + name.upper() for name in Settings.model_fields} | {ALERT_TOKEN, CONFIG}
    names = sorted(name for name in os.environ if name.upper().startswith(PREFIX) and name.upper() not in known)
    return [f"{name}: there is no such setting{_did_you_mean(name.upper(), known)}" for name in names]


def _did_you_mean(name: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]}?" if close else "; `hearth config` lists them all"


def _describe(place: Sequence[int | str], error: Mapping[str, Any], flags: Mapping[str, Any], file: Path) -> str:
    """Say where an invalid value is set, what it is, and what would be valid."""
    name = ".".join(str(part) for part in place)
    if not place:
        return str(error["msg"]).removeprefix("Value error, ")
    where = _find_origin(str(place[0]), flags, file)
    if where == str(file):
        where = f"{file}, line {_find_line(file, place)}"
    if error["type"] == "extra_forbidden":
        known = set(Settings.model_fields) if len(place) == 1 else set(FeedSettings.model_fields)
        return f"{where}: {name}: there is no such setting{_did_you_mean(str(place[-1]), known)}"
    value = "" if place[0] in SECRET else f" = {json.dumps(error['input'], default=str)}"
    why = re.sub("^Input should", "it should", str(error["msg"]).removeprefix("Value error, "))
    return f"{where}: {name}{value}: {why}"


def _find_line(file: Path, place: Sequence[int | str]) -> int:
    """Return the line of a file that sets a value, from 1; each part of its name is searched for after the one before."""
    lines, at = file.read_text(encoding="utf-8").splitlines(), 0
    for part in map(str, place):
        key = re.compile(rf"""(^|[\[.{{,\s])["']?{re.escape(part)}["']?\s*[\].=]""")
        at = next((n for n in range(at, len(lines)) if key.search(lines[n])), at)
    return at + 1


def _find_origin(name: str, flags: Mapping[str, Any], file: Path) -> str:
    """Return where the value of a setting comes from."""
    if name in flags:
        return "flag"
    variables = {variable.upper(): variable for variable in os.environ}
    if (variable := variables.get(PREFIX + name.upper())) is not None:
        return f"environment {variable}"
    return str(file) if name in read_config(file) else "default"


def explain_settings(**flags: Any) -> list[tuple[str, Any, str, str]]:
    """Return name, value, origin and meaning of every setting."""
    settings = load_settings(**flags)
    given = {name: value for name, value in flags.items() if value is not None}
    file = find_config(settings.home)
    rows = [
        (name, _shown(name, getattr(settings, name)), _find_origin(name, given, file), field.description or "")
        for name, field in Settings.model_fields.items()
    ]
    token = "set, not shown" if os.environ.get(ALERT_TOKEN) else None
    origin = f"environment {ALERT_TOKEN}" if token else "default"
    return [*rows, ("alert_token", token, origin, "bearer token sent with alerts; read from the environment only")]


def _shown(name: str, value: Any) -> Any:
    """Return a value to print; the address of a webhook is shortened, since anyone who knows it can post to it."""
    return f"{value.scheme}://{value.host}/..." if name == "alert_url" and value is not None else value
