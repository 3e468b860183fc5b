"""The data folder (`HEARTH_HOME`): every path below it, named once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from warehouse.areas.contributions import ContributionFolder
from warehouse.forgetting.tombstones import ForgottenFolder
from warehouse.lake import Lake, open_lake
from warehouse.public.releases import ReleaseFolder
from warehouse.publish import WarehouseFolder


@dataclass(frozen=True, slots=True)
class Home:
    """The paths below the data folder `root`."""

    root: Path
    lake_place: str | None = None  # a folder or `s3://bucket/prefix`; None means the folder `lake` below `root`

    @property
    def landing(self) -> Path:
        """Delivered files, unless the setting `landing` names another folder."""
        return self.root / "landing"

    @property
    def lake(self) -> Lake:
        """All readings that were taken in, and what stages computed from them."""
        return open_lake(self.lake_place or self.root / "lake")

    @property
    def warehouse(self) -> WarehouseFolder:
        """The published warehouse, its snapshots and its candidates."""
        return WarehouseFolder(self.root / "warehouse")

    @property
    def published(self) -> Path:
        """The published warehouse itself."""
        return self.warehouse.current

    @property
    def releases(self) -> ReleaseFolder:
        """The memory of releases."""
        return ReleaseFolder(self.root / "releases")

    @property
    def forgotten(self) -> ForgottenFolder:
        """The tombstones of forgotten homes."""
        return ForgottenFolder(self.root / "forgotten")

    @property
    def contributions(self) -> ContributionFolder:
        """The contributions of others to the heat map."""
        return ContributionFolder(self.root / "contributions")

    @property
    def reports(self) -> Path:
        """The sites, one folder each."""
        return self.root / "reports"

    @property
    def report_parts(self) -> Path:
        """Parts of the last site, which the next site uses again if nothing about them changed."""
        return self.reports / ".parts"

    @property
    def report(self) -> Path:
        """The link to the site of the published warehouse."""
        return self.reports / "current"

    @property
    def first_page(self) -> Path:
        """The page where a reader of the site begins."""
        return self.report / "index.html"

    @property
    def runs(self) -> Path:
        """The logs of runs."""
        return self.root / "runs"

    @property
    def alerts(self) -> Path:
        """The facts that alerts were sent for, and a lock for sending."""
        return self.root / "alerts"

    @property
    def rehearsal(self) -> Path:
        """The throwaway copy in which a backfill is done for a comparison; it exists only meanwhile."""
        return self.root / ".rehearsal"

    @property
    def code_hashes(self) -> Path:
        """The hash of the code of each stage, which spares the next run to compute it."""
        return self.root / "code-hashes.json"

    @property
    def rooms(self) -> tuple[Path, ...]:
        """The folders into which runs write."""
        lake, warehouse = self.lake, self.warehouse
        own = (self.releases.root, self.forgotten.root, self.reports, self.runs, self.alerts, self.prefect)
        local = (lake.root,) if isinstance(lake.root, Path) else ()
        return (*local, warehouse.root, warehouse.snapshots, warehouse.candidates, *own)

    @property
    def prefect(self) -> Path:
        """The files of the embedded Prefect server."""
        return self.root / "prefect"
