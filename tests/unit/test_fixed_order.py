"""Sums of groups: the order of rows, and the pieces in which they lie, change no bit."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from transforms.tables.fixed_order import group_in_order

ROWS = pl.DataFrame(
    {
        "household_id": [str(n % 7) for n in range(5000)],
        "row": range(5000),
        "gas_kwh": [(n * 7919 % 1000) / 999 for n in range(5000)],
    }
)


def add_up(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the sum and the mean of each group."""
    return group_in_order(rows, "household_id", by="row").agg(
        total=pl.col("gas_kwh").sum(), mean=pl.col("gas_kwh").mean()
    )


@given(seed=st.integers(0, 2**31), pieces=st.integers(1, 9))
def test_order_and_pieces_of_rows_change_no_bit(seed: int, pieces: int) -> None:
    shuffled = ROWS.sample(fraction=1, shuffle=True, seed=seed)
    size = -(-len(shuffled) // pieces)
    scattered = pl.concat([shuffled[n : n + size] for n in range(0, len(shuffled), size)], rechunk=False)
    assert add_up(scattered).equals(add_up(ROWS))


def test_groups_come_in_the_order_of_their_keys_and_sums_are_those_of_plain_addition() -> None:
    summed = add_up(ROWS)
    assert summed["household_id"].to_list() == [str(n) for n in range(7)]
    plain = ROWS.filter(household_id="3")["gas_kwh"].to_list()
    assert abs(summed.filter(household_id="3")["total"].item() - sum(plain)) < 1e-9


def test_sums_of_few_groups_are_the_same_each_time() -> None:
    few = ROWS.with_columns(cell=pl.col("row") % 96)  # few groups, not in order: polars may add up parts of the frame

    def add_up_cells() -> bytes:
        return group_in_order(few, "cell", by=None).agg(pl.col("gas_kwh").sum())["gas_kwh"].to_numpy().tobytes()

    first = add_up_cells()
    assert all(add_up_cells() == first for _ in range(100))
