"""The downloads of a report: the published tables as files, their descriptions, and the whole report as one zip."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

from flows.settings import Settings
from reports.citation import NAME, PACKAGE, Cited, render_citation, render_readme
from reports.inputs import Download
from reports.workbook import About, write_workbook
from transforms.public.public import PublicTable
from transforms.tables.heat import HEAT_PROFILE
from warehouse.public.data_package import describe_manifest, describe_origin, describe_package, write_json
from warehouse.public.public_database import ReleaseInfo, collect_tables, write_public_database
from warehouse.public.public_files import PublicFile, measure_file, write_csv_files, write_parquet_files
from warehouse.writing import appearing

FOLDER = "downloads"
DATABASE, WORKBOOK, README, MANIFEST, CITATION = (
    "public.duckdb", "hearth.xlsx", "README.txt", "manifest.json", "CITATION.cff",
)  # fmt: skip
COMPRESSED = {".gz", ".parquet", ".xlsx", ".png"}
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time in a zip; a fixed time makes the same files give the same bytes


def write_downloads(site: Path, published: Mapping[str, PublicTable], info: ReleaseInfo) -> list[Download]:
    """Write all downloads below the folder `site` and return them in the order of its pages.

    Raises
    ------
    TypeError
        If a table did not pass disclosure control.

    """
    folder = site / FOLDER
    tables = collect_tables(published, info)
    write_public_database(folder / DATABASE, published, info)
    about = {"release": info.release_id, "run": info.run_id, "licence": info.licence, "origin": describe_origin(info)}
    csv, parquet = write_csv_files(folder, tables), write_parquet_files(folder, tables, about)
    write_workbook(folder / WORKBOOK, tables, _about_workbook(info, parquet))
    workbook = measure_file(folder, WORKBOOK, "all but the longest tables, a sheet each, for spreadsheets")
    write_json(folder / PACKAGE, describe_package([*csv, *parquet, workbook], info))
    package = measure_file(
        folder, PACKAGE, "types, units, keys and checksums of the tables (Frictionless Data Package)"
    )
    cited = _cite(info, package)
    (folder / README).write_text(render_readme(cited, hours=_place_of(parquet)[HEAT_PROFILE.name]), encoding="utf-8")
    described = [
        measure_file(folder, README, "what the files are and how to use them"),
        workbook,
        measure_file(folder, DATABASE, "every published table with the meaning and unit of its columns (DuckDB)"),
        package,
    ]
    write_json(folder / MANIFEST, describe_manifest([*described, *csv, *parquet], info))
    (folder / CITATION).write_text(render_citation(cited), encoding="utf-8")
    beside = [
        measure_file(folder, MANIFEST, "every other file with its size, checksum, rows, licence and run"),
        measure_file(folder, CITATION, "how to cite this snapshot"),
    ]
    return [_as_download(file) for file in (*described, *beside, *csv, *parquet)]


def _about_workbook(info: ReleaseInfo, parquet: list[PublicFile]) -> About:
    lines = (
        ("What", describe_origin(info)),
        ("Snapshot", info.release_id),
        ("Run", info.run_id),
        ("Made by", f"Hearth {info.code_version}"),
        ("Licence", info.licence),
        ("How to cite", f"{info.publisher} ({info.published_at_utc.year}): {NAME}. Snapshot {info.release_id}."),
        ("Sheets", "First row: columns. Second row: units. Times ending in _utc are UTC and name the start of an interval."),
        ("Counts of homes", f"rounded to tens; nothing rests on fewer than {info.threshold} homes"),
    )  # fmt: skip
    return About(title=NAME, lines=lines, made_at_utc=info.published_at_utc, elsewhere=_place_of(parquet))


def _place_of(files: list[PublicFile]) -> dict[str, str]:
    return {file.table.name: file.file for file in files if file.table is not None}


def _cite(info: ReleaseInfo, package: PublicFile) -> Cited:
    return Cited(
        snapshot=info.release_id,
        publisher=info.publisher,
        published_at_utc=info.published_at_utc,
        code_version=info.code_version,
        origin=describe_origin(info),
        licence=info.licence,
        licence_id=info.licence_id,
        package_sha256=package.sha256,
    )


def _as_download(file: PublicFile) -> Download:
    table = None if file.table is None else file.table.name
    return Download(f"{FOLDER}/{file.file}", file.holds, table=table, rows=file.rows, sha256=file.sha256)


def zip_report(settings: Settings, file: Path) -> Path:
    """Write the current report as one zip file, and return its path; the same report gives the same bytes.

    The zip unpacks into one folder, whose first page is `index.html`.

    Raises
    ------
    FileNotFoundError
        If there is no report yet.
    IsADirectoryError
        If `file` is a folder.

    """
    current = settings.folders.report
    if not (current / "index.html").exists():
        message = f"no report at {current}: `hearth run` or `hearth report` writes one"
        raise FileNotFoundError(message)
    if file.is_dir():
        message = f"{file} is a folder; name the zip file to write, such as {file / 'hearth-report.zip'}"
        raise IsADirectoryError(message)
    with settings.folders.releases.lock():  # so that no new report replaces it meanwhile
        folder = current.resolve()
        pages = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
        with (
            appearing(file, mode=int(settings.public_mode, 8)) as partial,
            zipfile.ZipFile(partial, "w") as archive,
        ):
            for page in pages:
                _add(archive, page, f"hearth-report-{folder.name}/{page.relative_to(folder).as_posix()}")
    return file


def _add(archive: zipfile.ZipFile, page: Path, name: str) -> None:
    entry = zipfile.ZipInfo(name, date_time=ZIP_EPOCH)
    entry.create_system = 3  # Unix: it says what the permissions below mean
    entry.external_attr = 0o644 << 16
    entry.compress_type = zipfile.ZIP_STORED if page.suffix in COMPRESSED else zipfile.ZIP_DEFLATED
    archive.writestr(entry, page.read_bytes())
