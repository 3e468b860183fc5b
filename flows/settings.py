"""Settings: default < hearth.toml < environment `HEARTH_*` < flag, and where each value came from."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from flows.ingest_decisions import FeedOptions, IngestOptions
from transforms.line_flags import LineThresholds
from transforms.periods import Sufficiency

CONFIG_FILE = "hearth.toml"


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
    seed: int = Field(default=1, ge=0, description="seed of everything drawn")
    scenario: str = Field(default="eep2019", description="set of prices by which the published pages compare systems")
    convention: str = Field(
        default="best_practice", description="how the cost model is read where systems are compared"
    )
    reference_folder: Path | None = Field(
        default=None, description="folder of published studies (serl/, real_gas/) that a run is compared with"
    )
    disclosure_threshold: int = Field(default=10, ge=10, description="homes that every published cell rests on")
    snapshots_keep: int = Field(default=10, ge=1, description="published warehouses that are kept")
    collect_after_days: float = Field(
        default=7, ge=0, description="age at which objects nothing refers to are deleted [d]"
    )
    warehouse_group: str | None = Field(default=None, description="group that may read the published warehouse")
    freshness_days: int | None = Field(
        default=None, ge=0, description="age of a feed's newest reading that is an alarm [d]; none: not judged"
    )
    accept_drift: bool = Field(
        default=False, description="publish although figures drifted far from the published ones, with a warning"
    )
    feeds: dict[str, FeedSettings] = Field(default={}, description="declarations by feed, such as `edrp/supplier_a`")

    @field_validator("study_periods")
    @classmethod
    def _are_months(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for month in value:
            parse_month(month)
        if len({parse_month(month).year for month in value}) < len(value):
            message = f"two study periods start in one year: {', '.join(value)}; name one per year"
            raise ValueError(message)
        return value

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
        return self.landing or self.home / "landing"

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
            "very_high_kwh", "completeness_min", "cell_min", "study_periods", "bootstrap_replicates", "seed",
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


def ingest_options(settings: Settings, *, today: dt.date) -> IngestOptions:
    """Return what ingest is told: thresholds, quiet time and what is declared about feeds."""
    return IngestOptions(
        run_date=today,
        quiet_seconds=settings.landing_quiet_seconds,
        thresholds=LineThresholds(very_high_kwh=settings.very_high_kwh),
        feeds={name: FeedOptions(**feed.model_dump()) for name, feed in settings.feeds.items()},
    )


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
        rows.append((name, getattr(settings, name), origin, field.description or ""))
    return rows


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
