"""Tables of scripts, pages of their rows, and how much of them is shown."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import strawberry

MOST_CELLS = 20_000
"""Cells of one page: of a wide table fewer rows are shown."""
MOST_CHARACTERS = 1_000_000
"""Characters of all cells of one page."""
LONGEST_SHOWN = 200
"""Characters of a cell in a page of rows."""
SHORTEST_SHOWN = 20
"""Characters of a cell that are shown, however many cells there are."""
LONGEST_CELL = 100_000
"""Characters of a cell where one row is read."""
MOST_SKIPPED = 10_000
"""Rows that a page can skip where it can not begin after a key."""
LONGEST_KEY = 2_000
"""Characters of a row's key. A row with a longer one can be read, not changed."""
MOST_FILTERS = 10
"""Conditions of one page."""
LARGEST_VALUE = 1_000_000
"""Characters of one value that is compared or written."""
MOST_WAITING = 20
"""Readers and changes of one script that wait, in one worker."""
WAIT_SECS = 10.0
"""Wait for another reader of the same script: each process runs one at a time."""


@strawberry.enum(name="ScriptTableKind")
class TableKind(enum.Enum):
    """What can be read like a table.

    Attributes:
        TABLE: a table.
        PARTITIONED_TABLE: a table whose rows are in its partitions.
        VIEW: a view.
        MATERIALIZED_VIEW: a view whose rows are stored.
    """

    TABLE = "r"
    PARTITIONED_TABLE = "p"
    VIEW = "v"
    MATERIALIZED_VIEW = "m"


@strawberry.enum(name="ScriptRowOperator")
class Operator(enum.Enum):
    """How a filter compares a column with its value.

    Attributes:
        EQUAL: it is the same.
        NOT_EQUAL: it is another one.
        LESS: it is less.
        LESS_OR_EQUAL: it is less or the same.
        GREATER: it is greater.
        GREATER_OR_EQUAL: it is greater or the same.
        CONTAINS: its text contains the value; upper and lower case are the same.
        STARTS_WITH: its text starts with the value.
        IS_NULL: it is NULL.
        IS_NOT_NULL: it is not NULL.
    """

    EQUAL = "="
    NOT_EQUAL = "<>"
    LESS = "<"
    LESS_OR_EQUAL = "<="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="
    CONTAINS = "contains"
    STARTS_WITH = "starts with"
    IS_NULL = "is null"
    IS_NOT_NULL = "is not null"


@dataclass(frozen=True)
class TableInfo:
    """A table in the list of a script's tables."""

    name: str
    kind: TableKind
    rows: int | None
    """An estimate of PostgreSQL; None before the first one."""
    bytes: int
    """With indexes."""
    columns: int


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    name: str
    type: str
    """As PostgreSQL writes it."""
    cast: str
    """The type without length or precision, for casts, which would cut values to that length."""
    is_nullable: bool
    is_generated: bool
    """Whether PostgreSQL alone sets it."""
    has_default: bool
    default: str | None
    """The beginning of the expression of its default."""
    key_position: int | None
    """Place in the primary key, from 0; None outside of it."""


@dataclass(frozen=True)
class Table:
    """A table with its columns."""

    name: str
    kind: TableKind
    columns: tuple[Column, ...]

    @property
    def key(self) -> list[Column]:
        """The columns of the primary key, in its order; empty without one."""
        found = [column for column in self.columns if column.key_position is not None]
        return sorted(found, key=lambda column: column.key_position or 0)

    @property
    def takes_rows(self) -> bool:
        """Whether rows can be inserted here."""
        return self.kind in (TableKind.TABLE, TableKind.PARTITIONED_TABLE)

    @property
    def is_editable(self) -> bool:
        """Whether rows can be changed and deleted here, which takes a primary key."""
        return self.takes_rows and bool(self.key)


@dataclass(frozen=True)
class Filter:
    """A condition for rows; *value* is a text as PostgreSQL reads it, None for IS_NULL."""

    column: str
    operator: Operator
    value: str | None


@dataclass(frozen=True)
class Order:
    """A column to sort by."""

    column: str
    is_descending: bool = False


@dataclass(frozen=True)
class AfterKey:
    """A page begins after the row with this key."""

    key: tuple[str, ...]


@dataclass(frozen=True)
class Skip:
    """A page begins after so many rows."""

    rows: int


Start: TypeAlias = AfterKey | Skip


@dataclass(frozen=True)
class Shortened:
    """A cell of which only the beginning is shown; *bytes* where that is known without reading."""

    column: int
    bytes: int | None


@dataclass(frozen=True)
class Row:
    """A row. *version* is another one after each change; None where rows can't be changed."""

    key: tuple[str, ...] | None
    version: str | None
    cells: Sequence[str | None]
    """As PostgreSQL writes them, in the order of the columns."""
    shortened: Sequence[Shortened]


@dataclass(frozen=True)
class RowPage:
    """A page of rows; *next* is where the next one begins, None on the last."""

    table: Table
    rows: list[Row]
    next: Start | None
    is_cut: bool
    """Whether there are more rows, which no page can begin at."""


@dataclass(frozen=True)
class ColumnValue:
    """A value to write, as PostgreSQL reads it; None: NULL."""

    column: str
    value: str | None
