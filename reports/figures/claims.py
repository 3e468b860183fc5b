"""The paper's statements beside the results of the model."""

from __future__ import annotations

import polars as pl

from reports import text
from reports.figures.exhibit import DataTable, Exhibit, Heading
from reports.inputs import Published, RunInfo, provenance_of_analysis
from transforms.tables.cost_analysis import CLAIM

RESTS_ON = {
    "fitted": "that the prices were fitted to (they show consistency, not proof)",
    "depends_on_fitted": "that depend on a fitted price or size",
    "algebra": "that hold whatever the prices are",
    "independent": "that depend on nothing fitted",
    "sample": "about the readings",
}
BASIS = {
    "fitted": "prices fitted to it", "depends_on_fitted": "rests on a fitted value", "algebra": "algebra", "independent": "rests on nothing fitted",
    "sample": "readings",
}  # fmt: skip
EXPECTED = {"pass": "to be met", "known_inconsistent": "not to be met: the paper contradicts itself"}  # nosec B105  # a word for people
RELATIONS = {
    "approx": "about", "just_above": "a little above", "just_below": "a little below", "above": "above", "below": "below", "holds": "holds",
}  # fmt: skip
COLUMNS = ("claim", "says", "published", "tolerance", "model", "basis", "expected", "as_expected", "reason")
LONGEST = 400
HEADINGS = (
    Heading("Statement"), Heading("Published"), Heading("Tolerance", numeric=True), Heading("Model or readings", numeric=True),
    Heading("Unit"), Heading("Basis"), Heading("Expected"), Heading("As expected"), Heading("Reason"), Heading("Where"),
)  # fmt: skip


def verdicts(rows: pl.DataFrame) -> tuple[int, int, int]:
    """Return the number of statements that are met, that were judged, and that are missed as expected."""
    judged = rows.filter(pl.col("as_expected").is_not_null())
    missed = judged.filter(~pl.col("within_tolerance"))
    return judged.height - missed.height, judged.height, int(missed["as_expected"].sum())


def claims_lead(published: Published) -> str:
    """Return the number of statements that are met for each basis, since each basis proves something else."""
    rows = published.rows_of(CLAIM)
    if rows.is_empty():
        return ""
    counts = []
    for basis, rests in RESTS_ON.items():
        of = rows.filter(basis=basis)
        met, judged, foreseen = verdicts(of)
        open_ = f" ({of.height - judged} not judged)" if of.height > judged else ""
        if of.height:
            said = f", {foreseen} not met because the paper contradicts itself" if foreseen else ""
            counts.append(f"{met} of {judged} statements {rests}{said}{open_}")
    return f"Met: {'; '.join(counts)}."


def draw_claims(published: Published, run: RunInfo) -> list[Exhibit]:
    """Show every statement of the paper with its verdict, or nothing."""
    rows = published.rows_of(CLAIM)
    if rows.is_empty():
        return []
    rows = ordered_by_basis(rows)
    of_sample = rows.filter(basis="sample").height > 0
    told = rows.select(scenario=pl.lit(run.paper_scenario), convention=pl.lit(run.paper_convention))
    title = "What the paper says beside what the model gives"
    return [
        Exhibit(
            key="claims-table",
            title=title,
            shows="Each statement of the paper with its tolerance, and what the model or the readings give. Some cannot all be met, because the paper contradicts itself.",
            alternative=f"Table of {rows.height} statements of the paper beside the model.",
            rests_on_homes=of_sample,
            notes=_unexpected(rows),
            tables=[DataTable(title, HEADINGS, tuple(_row(row) for row in rows.iter_rows(named=True)))],
            data=rows,
            provenance=provenance_of_analysis(
                published, run, trace=published.trace(CLAIM, COLUMNS), rows=told, measured=of_sample
            ),
        )
    ]


def _unexpected(rows: pl.DataFrame) -> list[str]:
    """Return one sentence for each basis with statements whose verdict was not expected."""
    odd = rows.filter(~pl.col("as_expected"))
    return [
        f"Not as expected of statements {RESTS_ON[str(basis)]}: {'; '.join(_words(says) for says in of['says'])}."
        for (basis,), of in odd.group_by("basis", maintain_order=True)
    ]


def ordered_by_basis(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the statements by basis; those with an unexpected verdict come first."""
    return rows.sort(pl.col("basis").cast(pl.Enum(list(RESTS_ON))), "as_expected", maintain_order=True)


def _row(row: dict[str, object]) -> tuple[str, ...]:
    model = _number(row["model"])
    if row["model_ci_low"] is not None and row["model_ci_high"] is not None:
        model += f" ({_number(row['model_ci_low'])} to {_number(row['model_ci_high'])})"
    relation = str(row["relation"])
    holds = relation == "holds"
    stated = "holds" if holds else f"{RELATIONS.get(relation, text.visible(relation))} {_number(row['published'])}"
    if holds and row["model"] is not None:
        model = "holds" if row["model"] == row["published"] else "does not hold"
    return (
        _words(row["says"]),
        stated,
        text.NOTHING if holds or not row["tolerance"] else _number(row["tolerance"]),
        model,
        "" if row["unit"] == "1" else text.visible(text.show_unit(str(row["unit"]))),
        BASIS[str(row["basis"])],
        EXPECTED[str(row["expected"])],
        "not judged" if row["as_expected"] is None else text.cell(row["as_expected"]),
        _words(row["reason"]),
        _words(row["source"]),
    )


def _number(value: object) -> str:
    return text.significant(float(value)) if isinstance(value, int | float) else text.NOTHING


def _words(value: object) -> str:
    return text.NOTHING if value is None else text.visible(text.show_unit(str(value)), LONGEST)
