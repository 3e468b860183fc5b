"""The bill of materials holds every package of the lock, with its hashes and its dependencies."""

from __future__ import annotations

import re

from flows.cli.bill_of_materials import LOCK, make_bill, read_lock


def test_every_package_of_the_lock_stands_in_the_bill_once_with_version_and_hashes() -> None:
    lock = LOCK.read_text(encoding="utf-8")
    bill = make_bill(lock)
    hashes_of = {(one["name"], one["version"]): len(one["hashes"]) for one in bill["components"]}
    assert len(hashes_of) == len(bill["components"]) == len(re.findall(r"^[^\s#-][^\s]*==", lock, re.MULTILINE)) > 100
    assert sum(hashes_of.values()) == lock.count("--hash=sha256:")
    assert min(hashes_of.values()) >= 1
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert make_bill(lock) == bill


def test_dependencies_refer_only_to_components() -> None:
    bill = make_bill(LOCK.read_text(encoding="utf-8"))
    known = {one["bom-ref"] for one in bill["components"]}
    needs = {one["ref"].partition("@")[0]: one["dependsOn"] for one in bill["dependencies"]}
    assert {reference for found in needs.values() for reference in found} <= known
    assert {reference.partition("@")[0] for reference in needs["pkg:pypi/hearth"]} >= {
        "pkg:pypi/polars",
        "pkg:pypi/duckdb",
    }
    licences = [one["licenses"][0]["expression"] for one in bill["components"] if "licenses" in one]
    assert len(licences) > 20


def test_a_lock_is_read_with_markers_extras_and_several_hashes() -> None:
    lock = (
        f"b.B==1.0 ; python_version < '3.12' \\\n    --hash=sha256:{'0' * 64} \\\n    --hash=sha256:{'1' * 64}\na==2\n"
    )
    lock += "a[extra]==3 ; python_version >= '3.12'\n"
    assert read_lock(lock) == [("a", "2", []), ("a", "3", []), ("b-b", "1.0", ["0" * 64, "1" * 64])]
