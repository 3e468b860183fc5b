"""A software bill of materials in CycloneDX: the packages that Hearth needs, from its lock file and what is installed.

`python -m flows.cli.bill_of_materials` prints it. The same lock and the same environment give the same bytes.
"""

from __future__ import annotations

import json
import re
import uuid
from collections import defaultdict
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCK = Path(__file__).parents[2] / "requirements.txt"
SPECIFICATION = "1.6"
PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def make_bill(lock: str) -> dict[str, Any]:
    """Return the bill of a lock file: each package with version, licence, hashes, and the packages that it needs."""
    pinned = list(read_lock(lock))
    references: dict[str, list[str]] = defaultdict(list)
    for name, found, _ in pinned:
        references[name].append(f"pkg:pypi/{name}@{found}")
    own = f"pkg:pypi/hearth@{version('hearth')}"
    components = [
        {
            "type": "library", "bom-ref": reference, "purl": reference, "name": name, "version": found,
            "hashes": [{"alg": "SHA-256", "content": content} for content in hashes],
        } | _licence(name)
        for name, found, hashes in pinned
        for reference in [f"pkg:pypi/{name}@{found}"]
    ]  # fmt: skip
    needs = [{"ref": own, "dependsOn": _needs("hearth", references)}] + [
        {"ref": reference, "dependsOn": _needs(name, references)}
        for name, own_ones in references.items()
        for reference in own_ones
    ]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": SPECIFICATION,
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, own + lock)}",
        "version": 1,
        "metadata": {
            "component": {"type": "application", "bom-ref": own, "name": "hearth", "version": version("hearth")}
            | _licence("hearth")
        },
        "components": components,
        "dependencies": needs,
    }


def read_lock(lock: str) -> list[tuple[str, str, list[str]]]:
    """Return name, version and hashes of each package of a lock file, which may pin one version for each Python."""
    starts = [*PINNED.finditer(lock)]
    ends = [*(start.start() for start in starts[1:]), len(lock)]
    return sorted(
        (canonicalize_name(start[1]), start[2], HASH.findall(lock[start.start() : end]))
        for start, end in zip(starts, ends, strict=True)
    )


def _licence(name: str) -> dict[str, Any]:
    """Return the licence of an installed package, if it names one as an SPDX expression."""
    try:
        found = metadata(name).get_all("License-Expression")
    except PackageNotFoundError:  # a package for another platform
        return {}
    return {"licenses": [{"expression": found[0]}]} if found else {}


def _needs(name: str, references: Mapping[str, list[str]]) -> list[str]:
    """Return the packages of the lock that an installed package needs."""
    try:
        needed = [Requirement(text) for text in requires(name) or ()]
    except PackageNotFoundError:
        return []
    names = {canonicalize_name(one.name) for one in needed if one.marker is None or one.marker.evaluate({"extra": ""})}
    return sorted(reference for one in names & references.keys() for reference in references[one])


if __name__ == "__main__":
    print(json.dumps(make_bill(LOCK.read_text(encoding="utf-8")), indent=1))  # noqa: T201 - what the command is for
