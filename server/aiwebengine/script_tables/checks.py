"""Checks of what a caller says about rows, against the columns of the table."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aiwebengine.core.errors import BadUserInput
from aiwebengine.script_tables.statements import column_of
from aiwebengine.script_tables.types import (
    LARGEST_VALUE,
    LONGEST_KEY,
    MOST_FILTERS,
    ColumnValue,
    Filter,
    Operator,
    Table,
)

# A surrogate is half a character, which no database stores.
_UNFIT = re.compile("[\0\ud800-\udfff]")
_WITHOUT_VALUE = (Operator.IS_NULL, Operator.IS_NOT_NULL)


def filters(given: Sequence[Filter]) -> None:
    """Raise BadUserInput for filters that no table has."""
    if len(given) > MOST_FILTERS:
        raise BadUserInput(f"filter: found {len(given)} conditions; allowed: {MOST_FILTERS}.")
    for one in given:
        if one.operator in _WITHOUT_VALUE:
            continue
        if one.value is None:
            raise BadUserInput(
                f"filter: {one.operator.name} of {one.column[:70]!r} has no value; allowed: a"
                " text. To find NULL, use IS_NULL."
            )
        _text("filter", one.value)


def key(table: Table, given: Sequence[str]) -> None:
    """Raise BadUserInput unless this can be the key of a row that can be changed."""
    if not table.is_editable:
        raise BadUserInput(
            f"{table.name} has no primary key, so no single row of it can be read or changed."
        )
    if len(given) != len(table.key):
        names = ", ".join(column.name for column in table.key)
        raise BadUserInput(
            f"key: found {len(given)} values; allowed: {len(table.key)}, of {names}."
        )
    for value in given:
        _text("key", value, LONGEST_KEY)


def values(table: Table, given: Sequence[ColumnValue]) -> None:
    """Raise BadUserInput for what can't be written into this table."""
    for one in given:
        if column_of(table, one.column).is_generated:
            raise BadUserInput(f"values: PostgreSQL sets {one.column[:70]!r}; leave it out.")
        if one.value is not None:
            _text(f"values: {one.column[:70]!r}", one.value)
    if len({one.column for one in given}) < len(given):
        raise BadUserInput("values: a column is named twice.")


def _text(name: str, value: str, longest: int = LARGEST_VALUE) -> None:
    if len(value) > longest:
        raise BadUserInput(f"{name}: {len(value):,} characters; allowed: {longest:,}.")
    if _UNFIT.search(value):
        raise BadUserInput(f"{name}: it contains a zero character or half a surrogate pair.")
