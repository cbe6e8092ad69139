"""SQL about rows of one table. Each name in it was read from the catalogue, and is quoted.

Values are parameters of type text, which PostgreSQL converts to the type of the column.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from aiwebengine.core.errors import BadUserInput
from aiwebengine.script_database.tables import name as quoted
from aiwebengine.script_tables.types import (
    AfterKey,
    Column,
    ColumnValue,
    Filter,
    Operator,
    Order,
    Skip,
    Start,
    Table,
    TableKind,
)

_SIZED = ("text", "character varying", "bpchar", "bytea")
"""Types whose size is known without reading the value."""


@dataclass
class Sql:
    """A statement that is being built, and the values of its parameters."""

    text: str = ""
    values: list[str | None] = field(default_factory=list)

    def parameter(self, value: str | None) -> str:
        """The place of a text."""
        self.values.append(value)
        return f"cast(${len(self.values)} as text)"

    def typed(self, column: Column, value: str | None) -> str:
        """The place of a value of a column."""
        return f"cast({self.parameter(value)} as {column.cast})"


@dataclass(frozen=True)
class Wanted:
    """Which rows to read, from where, and how many characters of each cell."""

    filters: Sequence[Filter]
    order: Order | None
    start: Start | None
    limit: int
    characters: int


def page(schema: str, table: Table, wanted: Wanted) -> Sql:
    """The rows of a page."""
    sql = Sql()
    conditions = [_condition(sql, table, one) for one in wanted.filters]
    if isinstance(wanted.start, AfterKey):
        columns = ", ".join(_name(column) for column in table.key)
        places = ", ".join(
            sql.typed(column, value)
            for column, value in zip(table.key, wanted.start.key, strict=True)
        )
        conditions.append(f"({columns}) > ({places})")
    sql.text = f"{_selected(schema, table, wanted.characters)}{_where(conditions)}"
    sql.text += f"{_order(table, wanted.order)} limit {wanted.limit:d}"
    if isinstance(wanted.start, Skip):
        sql.text += f" offset {wanted.start.rows:d}"
    return sql


def one(schema: str, table: Table, key: Sequence[str], characters: int) -> Sql:
    """The row with this key."""
    sql = Sql()
    sql.text = f"{_selected(schema, table, characters)}{_where(_is_key(sql, table, key))}"
    return sql


def update(
    schema: str, table: Table, key: Sequence[str], version: str, values: Sequence[ColumnValue]
) -> Sql:
    """Change the row with this key and version; its key afterwards."""
    sql = Sql()
    assigned = ", ".join(
        f"{quoted(one.column)} = {sql.typed(column_of(table, one.column), one.value)}"
        for one in values
    )
    conditions = [*_is_key(sql, table, key), f"{_VERSION} = {sql.parameter(version)}"]
    sql.text = f"update {_table(schema, table)} set {assigned}{_where(conditions)}"
    sql.text += f" returning {_texts(table.key)}"
    return sql


def insert(schema: str, table: Table, values: Sequence[ColumnValue]) -> Sql:
    """Add a row; its key."""
    sql = Sql()
    columns = ", ".join(quoted(one.column) for one in values)
    places = ", ".join(sql.typed(column_of(table, one.column), one.value) for one in values)
    sql.text = f"insert into {_table(schema, table)}"
    sql.text += f" ({columns}) values ({places})" if values else " default values"
    sql.text += f" returning {_texts(table.key)}"
    return sql


def delete(schema: str, table: Table, key: Sequence[str], version: str) -> Sql:
    """Remove the row with this key and version."""
    sql = Sql()
    conditions = [*_is_key(sql, table, key), f"{_VERSION} = {sql.parameter(version)}"]
    sql.text = f"delete from {_table(schema, table)}{_where(conditions)} returning 1"
    return sql


def column_of(table: Table, name: str) -> Column:
    """The column. Raises BadUserInput."""
    for column in table.columns:
        if column.name == name:
            return column
    raise BadUserInput(f"column: {table.name} has no column {name[:70]!r}.")


# Each change writes a new row, with the number of its transaction (manual, System Columns).
_VERSION = "cast(t.xmin as text)"


def _selected(schema: str, table: Table, characters: int) -> str:
    cells = ", ".join(_shown(column, characters) for column in table.columns)
    sizes = ", ".join(_size(column) for column in table.columns)
    version = _VERSION if table.is_editable else "null"
    # Arrays: a select list has at most 1,664 expressions.
    return (
        f"select cast(array[{cells}] as text[]) as cells, cast(array[{sizes}] as int[]) as sizes,"
        f" {_texts(table.key)} as key, {version} as version from {_table(schema, table)}"
    )


def _shown(column: Column, characters: int) -> str:
    """One character more than asked for shows that there are more."""
    if column.cast == "bytea":
        part = f"substring({_name(column)} from 1 for {characters // 2 + 1:d})"
        return rf"'\x' || encode({part}, 'hex')"
    return f"left(cast({_name(column)} as text), {characters + 1:d})"


def _size(column: Column) -> str:
    return f"octet_length({_name(column)})" if column.cast in _SIZED else "null"


def _texts(columns: Sequence[Column]) -> str:
    listed = ", ".join(f"cast({_name(column)} as text)" for column in columns)
    return f"cast(array[{listed}] as text[])"


def _condition(sql: Sql, table: Table, wanted: Filter) -> str:
    column = column_of(table, wanted.column)
    name, operator = _name(column), wanted.operator
    if operator in (Operator.IS_NULL, Operator.IS_NOT_NULL):
        return f"{name} {operator.value}"
    if operator is Operator.CONTAINS:
        return f"position(lower({sql.parameter(wanted.value)}) in lower(cast({name} as text))) > 0"
    if operator is Operator.STARTS_WITH:
        return f"starts_with(cast({name} as text), {sql.parameter(wanted.value)})"
    return f"{name} {operator.value} {sql.typed(column, wanted.value)}"


def _is_key(sql: Sql, table: Table, key: Sequence[str]) -> list[str]:
    return [
        f"{_name(column)} = {sql.typed(column, value)}"
        for column, value in zip(table.key, key, strict=True)
    ]


def _where(conditions: Sequence[str]) -> str:
    return f" where {' and '.join(conditions)}" if conditions else ""


def _order(table: Table, order: Order | None) -> str:
    parts = [] if order is None else [_sorted(column_of(table, order.column), order)]
    parts += [_name(column) for column in table.key]
    if not table.key and table.kind is TableKind.TABLE:
        # Pages of a table without a key: as the rows lie.
        parts.append("t.ctid")
    return f" order by {', '.join(parts)}" if parts else ""


def _sorted(column: Column, order: Order) -> str:
    return f"{_name(column)} {'desc' if order.is_descending else 'asc'} nulls last"


def _name(column: Column) -> str:
    return f"t.{quoted(column.name)}"


def _table(schema: str, table: Table) -> str:
    return f"{quoted(schema)}.{quoted(table.name)} as t"
