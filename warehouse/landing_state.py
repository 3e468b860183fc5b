"""Whether the landing folder is there: a disk that is not mounted looks like an empty folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from warehouse.landing import LandedFile, walk_landing
from warehouse.manifest import Manifest

ASK = "is its disk mounted?"


def describe_missing(landing: Path, manifests: Sequence[Manifest]) -> str | None:
    """Say why a landing folder counts as missing, or return None.

    An empty folder counts as missing only if files were taken in from it before.
    """
    if not landing.is_dir():
        return f"there is no folder {landing}: {ASK}"
    if any(isinstance(entry, LandedFile) for entry in walk_landing(landing)):
        return None
    here = f"{landing.resolve()}/"
    gone = {place.path for m in manifests for place in m.paths if place.path.startswith(here)}
    if not gone:
        return None
    return f"{landing} is empty, and {len(gone)} files were taken in from it before: {ASK}"
