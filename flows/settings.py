"""Settings: default < hearth.toml < environment `HEARTH_*` < flag, and where each value came from."""

from __future__ import annotations

import datetime as dt
import grp
import os
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
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from transforms.heat.periods import Sufficiency
from transforms.public.licences import find_licence

if TYPE_CHECKING:
    from flows.home import Home
    from warehouse.snapshots import Retention


CONFIG_FILE = "hearth.toml"


ALERT_TOKEN = "HEARTH_ALERT_TOKEN"  # noqa: S105 - the name of a variable, not what it holds


def _read_mode(given: object) -> object:
    return f"{given:04o}" if isinstance(given, int) else given  # hearth.toml may say 0o440


Mode = Annotated[str, BeforeValidator(_read_mode), StringConstraints(pattern=r"^0?[0-7]{3}$")]


class SettingsError(ValueError):
    """A setting that cannot be used; the message names it, its origin and what would be valid."""


class FeedSettings(BaseModel):
    """What is declared about one feed (format and landing subfolder), where the files themselves do not tell."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    clock: Literal["utc", "local"] | None = Field(default=None, description="clock of the stamps")
    stamp: Literal["start", "end"] | None = Field(default=None, description="what a stamp names of its half-hour")
    household_id: str | None = Field(default=None, description="home of a feed whose files name none")
    delivery_pattern: str | None = Field(
        default=None,
        description="regular expression with a group `delivery_date`; later deliveries supersede earlier ones",
    )


class Settings(BaseSettings):
    """Every setting of Hearth; `hearth config` prints them."""

    model_config = SettingsConfigDict(env_prefix="HEARTH_", toml_file=CONFIG_FILE, extra="forbid", frozen=True)

    home: Path = Field(
        default=Path("hearth-data"), description="folder of lake, warehouse, reports and Prefect's files"
    )
    landing: Path | None = Field(default=None, description="folder of delivered files; by default `landing` below home")
    landing_quiet_seconds: float = Field(
        default=60, ge=0, description="a nightly takes a file unchanged for so long [s]"
    )
    workers: int = Field(default=2, ge=1, description="units that are worked on at a time")
    very_high_kwh: float = Field(default=89.8, gt=0, description="a half-hour of so much gas is very_high [kWh]")
    completeness_min: float = Field(
        default=0.9, gt=0, le=1, description="share of a period's half-hours a home needs [1]"
    )
    cell_min: float = Field(default=0.5, ge=0, le=1, description="share of each month-by-hour cell a home needs [1]")
    study_periods: tuple[str, ...] = Field(
        default=(), description="first months YYYY-MM of the study periods; by default found from the readings"
    )
    bootstrap_replicates: int = Field(default=1000, ge=100, description="replicates behind an interval")
    sobol_samples: int = Field(default=8192, ge=64, description="base samples of Sobol indices, a power of two")
    seed: int = Field(default=1, ge=0, description="seed of everything drawn")
    scenario: str = Field(default="eep2019", description="set of prices by which the published pages compare systems")
    convention: str = Field(
        default="best_practice", description="how the cost model is read where systems are compared"
    )
    reference_folder: Path | None = Field(
        default=None, description="folder of published studies (serl/, real_gas/) that a run is compared with"
    )
    report_after_run: bool = Field(
        default=True,
        description="whether a run writes the report; else `hearth report` or the deployment `report` does",
    )
    disclosure_threshold: int = Field(default=10, ge=10, description="homes that every published cell rests on")
    data_licence: str | None = Field(
        default=None,
        description="SPDX identifier of the licence of published figures; none: CC-BY-4.0 for sample data, else no licence is given",
    )
    data_publisher: str | None = Field(default=None, description="who publishes the figures, as citations name them")
    snapshots_keep: int = Field(default=10, ge=1, description="published warehouses that are kept, with their reports")
    snapshots_keep_days: float | None = Field(
        default=None, gt=0, description="age at which a published warehouse is deleted [d]; none: at no age"
    )
    snapshots_keep_gb: float | None = Field(
        default=None, gt=0, description="disk that published warehouses may take [GB]; none: any"
    )
    disk_free_min_gb: float | None = Field(
        default=None, ge=0, description="free disk that a run must find [GB]; none: told by what it has to write"
    )
    collect_after_days: float = Field(
        default=7, ge=0, description="age at which objects nothing refers to are deleted [d]"
    )
    published_mode: Mode = Field(default="0440", description="mode of published warehouses: 0440 or 0400")
    public_mode: Mode = Field(default="0644", description="mode of the files of the report, which hold no home")
    published_group: str | None = Field(default=None, description="group of published warehouses and reports")
    alert_url: HttpUrl | None = Field(
        default=None, exclude=True, description="webhook that alerts are posted to; none: no alerts"
    )
    alert_seconds: float = Field(default=20, gt=0, le=300, description="time that all alerts of a run may take [s]")
    alert_repeat_days: float = Field(
        default=7, ge=0, description="a fact that stands is told again after so long [d]; 0: by every run"
    )
    freshness_days: int | None = Field(
        default=None, ge=0, description="age of a feed's newest reading that is an alarm [d]; none: not judged"
    )
    full_audit_days: float = Field(
        default=7, ge=0, description="age of the last full audit at which the gate measures unchanged months again [d]"
    )
    full_audit: bool = Field(
        default=False, description="measure unchanged months again in this run, also where there is nothing to publish"
    )
    accept_drift: bool = Field(
        default=False, description="publish although figures drifted far from the published ones, with a warning"
    )
    feeds: dict[str, FeedSettings] = Field(default={}, description="declarations by feed, such as `edrp/supplier_a`")

    @model_validator(mode="before")
    @classmethod
    def _has_no_token(cls, given: Any) -> Any:
        if isinstance(given, dict) and "alert_token" in given:
            raise ValueError(
                f"alert_token is read from the environment only, as {ALERT_TOKEN}, so that no file holds it"
            )
        return given

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
        """Order the sources: flags, environment, hearth.toml; the defaults come last by themselves."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def landing_folder(self) -> Path:
        """Where delivered files are looked for."""
        return self.landing or self.folders.landing

    @property
    def folders(self) -> Home:
        """Every path below the data folder."""
        from flows.home import Home

        return Home(self.home)

    @property
    def retention(self) -> Retention:
        """Which snapshots are kept."""
        from warehouse.snapshots import Retention

        return Retention(keep=self.snapshots_keep, days=self.snapshots_keep_days, gigabytes=self.snapshots_keep_gb)

    @property
    def sufficiency(self) -> Sufficiency:
        """When a home's readings suffice."""
        return Sufficiency(completeness_min=self.completeness_min, cell_min=self.cell_min)

    @property
    def period_starts(self) -> tuple[dt.date, ...]:
        """First days of the declared study periods."""
        return tuple(parse_month(month) for month in self.study_periods)

    def shaping_numbers(self) -> dict[str, Any]:
        """Return the settings that change numbers, for the record of a run."""
        names = (
            "very_high_kwh", "completeness_min", "cell_min", "study_periods", "bootstrap_replicates", "sobol_samples", "seed",
            "scenario", "convention", "feeds",
        )  # fmt: skip
        return self.model_dump(mode="json", include=set(names))


def parse_month(text: str) -> dt.date:
    """Return the first day of the month `YYYY-MM`.

    Raises
    ------
    ValueError
        If it is no month.

    """
    try:
        return dt.datetime.strptime(text, "%Y-%m").replace(tzinfo=dt.UTC).date()
    except ValueError:
        message = f"{text!r} is no month; write it as 2009-01"
        raise ValueError(message) from None


def load_settings(**flags: Any) -> Settings:
    """Return the settings, flags that are not None on top.

    Raises
    ------
    SettingsError
        If a value is invalid or a name unknown; each is named with what is wrong.

    """
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        lines = [f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors()]
        raise SettingsError("; ".join(lines)) from None
    except (ValueError, OSError) as error:
        raise SettingsError(f"{CONFIG_FILE}: {error}") from None


def explain_settings(**flags: Any) -> list[tuple[str, Any, str, str]]:
    """Return name, value, origin and meaning of every setting."""
    settings = load_settings(**flags)
    given = {name for name, value in flags.items() if value is not None}
    from_env = _names(_Sources.env())
    from_file = _names(_Sources.toml())
    rows = []
    for name, field in Settings.model_fields.items():
        if name in given:
            origin = "flag"
        elif name in from_env:
            origin = f"environment HEARTH_{name.upper()}"
        else:
            origin = CONFIG_FILE if name in from_file else "default"
        rows.append((name, _shown(name, getattr(settings, name)), origin, field.description or ""))
    token = "set, not shown" if os.environ.get(ALERT_TOKEN) else None
    origin = f"environment {ALERT_TOKEN}" if token else "default"
    return [*rows, ("alert_token", token, origin, "bearer token sent with alerts; read from the environment only")]


def _shown(name: str, value: Any) -> Any:
    """Return a value as people may see it: whoever knows the whole address of a webhook can post to it."""
    return f"{value.scheme}://{value.host}/..." if name == "alert_url" and value is not None else value


class _Sources:
    """The two sources below the flags, asked alone."""

    @staticmethod
    def env() -> dict[str, Any]:
        from pydantic_settings import EnvSettingsSource

        return EnvSettingsSource(Settings, env_prefix="HEARTH_")()

    @staticmethod
    def toml() -> dict[str, Any]:
        return TomlConfigSettingsSource(Settings)()


def _names(values: dict[str, Any]) -> set[str]:
    return {name.lower() for name in values}
