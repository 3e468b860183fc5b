"""Text that a spreadsheet would take for a formula, made inert."""

from __future__ import annotations

import polars as pl

# Also after a semicolon, a tab or a line break: a spreadsheet that separates cells by these takes what follows for a
# cell of its own. The wide signs are those of East Asian keyboards, which spreadsheets read as the plain ones.
FORMULA_START = r"(^|[;\t\r\n])([\s--[\t\r\n]]*[=+\-@\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}])"
CONTROL_START = r"^([\t\r\n])"
NUMBER = r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$"


def make_inert(frame: pl.DataFrame) -> pl.DataFrame:
    """Put an apostrophe before what could start a formula in the text cells of a CSV file; numbers stay numbers.

    Examples
    --------
    >>> make_inert(pl.DataFrame({"name": ["=1+1", "gas.csv", "-5"]}))["name"].to_list()
    ["'=1+1", 'gas.csv', '-5']

    """
    texts = pl.selectors.string()
    guarded = texts.str.replace_all(FORMULA_START, "${1}'${2}").str.replace(CONTROL_START, "'${1}")
    return frame.with_columns(pl.when(texts.str.contains(NUMBER)).then(texts).otherwise(guarded).name.keep())
