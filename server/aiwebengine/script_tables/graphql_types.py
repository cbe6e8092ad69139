"""GraphQL types of the tables of scripts."""

import strawberry

from aiwebengine.core.scalars import BigInt
from aiwebengine.script_tables.types import (
    Column,
    ColumnValue,
    Filter,
    Operator,
    Order,
    Row,
    RowPage,
    Table,
    TableInfo,
    TableKind,
)


@strawberry.type
class ScriptTableSummary:
    """A table or view in the list of a script's tables.

    Attributes:
        name: its name.
        kind: what it is.
        approximate_rows: estimated number of rows; null before the first estimate.
        bytes: its size with indexes.
        column_count: number of columns.
    """

    name: str
    kind: TableKind
    approximate_rows: BigInt | None
    bytes: BigInt
    column_count: int

    @classmethod
    def of(cls, table: TableInfo) -> "ScriptTableSummary":
        """The same for GraphQL."""
        return cls(
            name=table.name,
            kind=table.kind,
            approximate_rows=None if table.rows is None else BigInt(table.rows),
            bytes=BigInt(table.bytes),
            column_count=table.columns,
        )


@strawberry.type
class ScriptColumn:
    """A column of a script's table.

    Attributes:
        name: its name.
        type: its type, as PostgreSQL writes it.
        is_nullable: whether it may be NULL.
        is_key: whether it is part of the primary key.
        is_generated: whether PostgreSQL alone sets it.
        has_default: whether an insert may leave it out although it is not nullable.
        default: the expression of its default, up to 200 characters of it.
    """

    name: str
    type: str
    is_nullable: bool
    is_key: bool
    is_generated: bool
    has_default: bool
    default: str | None

    @classmethod
    def of(cls, column: Column) -> "ScriptColumn":
        """The same for GraphQL."""
        return cls(
            name=column.name,
            type=column.type,
            is_nullable=column.is_nullable,
            is_key=column.key_position is not None,
            is_generated=column.is_generated,
            has_default=column.has_default,
            default=column.default,
        )


@strawberry.type
class ScriptTable:
    """A table or view of a script.

    Attributes:
        name: its name.
        kind: what it is.
        columns: its columns, in their order.
        key: names of the columns of its primary key, in the order of `ScriptRow.key`.
        is_insertable: whether rows can be inserted.
        is_editable: whether rows can be changed and deleted, which takes a primary key.
    """

    name: str
    kind: TableKind
    columns: list[ScriptColumn]
    key: list[str]
    is_insertable: bool
    is_editable: bool

    @classmethod
    def of(cls, table: Table) -> "ScriptTable":
        """The same for GraphQL."""
        return cls(
            name=table.name,
            kind=table.kind,
            columns=[ScriptColumn.of(column) for column in table.columns],
            key=[column.name for column in table.key],
            is_insertable=table.takes_rows,
            is_editable=table.is_editable,
        )


@strawberry.type
class ScriptShortenedCell:
    """A cell of which only the beginning is returned.

    Attributes:
        column: index of the column.
        bytes: size of the whole value; null if it is not known.
    """

    column: int
    bytes: int | None


@strawberry.type
class ScriptRow:
    """A row of a script's table.

    Attributes:
        key: the values of its primary key; null without one, or with more than 2,000 characters.
        version: changes with every write of the row; null where rows can't be changed.
        cells: the values in the order of the columns, as PostgreSQL writes them; null for NULL.
        shortened: the cells of which only the beginning is returned.
    """

    key: list[str] | None
    version: str | None
    cells: list[str | None]
    shortened: list[ScriptShortenedCell]

    @classmethod
    def of(cls, row: Row) -> "ScriptRow":
        """The same for GraphQL."""
        return cls(
            key=None if row.key is None else list(row.key),
            version=row.version,
            cells=list(row.cells),
            shortened=[
                ScriptShortenedCell(column=one.column, bytes=one.bytes) for one in row.shortened
            ],
        )


@strawberry.type
class ScriptRowPage:
    """A page of rows.

    Attributes:
        table: the table, with its columns.
        rows: the rows.
        has_next_page: whether there are more rows.
        end_cursor: where the next page begins; null on the last one, and after 10,000 rows that
          no key sorts.
    """

    table: ScriptTable
    rows: list[ScriptRow]
    has_next_page: bool
    end_cursor: str | None

    @classmethod
    def of(cls, page: RowPage, end_cursor: str | None) -> "ScriptRowPage":
        """The same for GraphQL."""
        return cls(
            table=ScriptTable.of(page.table),
            rows=[ScriptRow.of(row) for row in page.rows],
            has_next_page=page.next is not None or page.is_cut,
            end_cursor=end_cursor,
        )


@strawberry.input
class ScriptRowFilter:
    """A condition for rows.

    Attributes:
        column: name of the column.
        operator: how it is compared.
        value: the value, as PostgreSQL reads it; null for IS_NULL and IS_NOT_NULL.
    """

    column: str
    operator: Operator
    value: str | None = None

    def checked(self) -> Filter:
        """The same for the service."""
        return Filter(self.column, self.operator, self.value)


@strawberry.input
class ScriptRowOrder:
    """The order of rows.

    Attributes:
        column: name of the column; NULL comes last.
        descending: whether the largest value comes first.
    """

    column: str
    descending: bool = False

    def checked(self) -> Order:
        """The same for the service."""
        return Order(self.column, self.descending)


@strawberry.input
class ScriptColumnValue:
    """A value to write.

    Attributes:
        column: name of the column.
        value: the value, as PostgreSQL reads it; at most 1,000,000 characters. Null: NULL.
    """

    column: str
    value: str | None

    def checked(self) -> ColumnValue:
        """The same for the service."""
        return ColumnValue(self.column, self.value)


@strawberry.input
class UpdateScriptRowInput:
    """Row to change.

    Attributes:
        slug: the script.
        table: the table.
        key: the values of its primary key.
        version: its version. CONFLICT for another one.
        values: the columns to change.
    """

    slug: str
    table: str
    key: list[str]
    version: str
    values: list[ScriptColumnValue]


@strawberry.input
class InsertScriptRowInput:
    """Row to insert.

    Attributes:
        slug: the script.
        table: the table.
        values: its values; columns that are left out get their defaults.
    """

    slug: str
    table: str
    values: list[ScriptColumnValue]


@strawberry.input
class DeleteScriptRowInput:
    """Row to delete.

    Attributes:
        slug: the script.
        table: the table.
        key: the values of its primary key.
        version: its version. CONFLICT for another one.
    """

    slug: str
    table: str
    key: list[str]
    version: str


@strawberry.type
class ScriptRowPayload:
    """A row that was written.

    Attributes:
        row: the row after the change; null in a table without a primary key.
    """

    row: ScriptRow | None


@strawberry.type
class DeletedScriptRowPayload:
    """A row that was deleted.

    Attributes:
        key: the values of its primary key.
    """

    key: list[str]
