"""Which statements a script may run.

The script's own role is what keeps it from all other data (docs/decisions/0040). What is refused
here would reach beyond the script without reading data: notifications, locks and settings that
outlive a call, transactions that the engine does not know, and what the server says about itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from aiwebengine.core.errors import BadUserInput
from aiwebengine.script_database.lexing import Kind, Token, tokens
from aiwebengine.script_database.limits import MOST_SQL_CHARACTERS

_QUERIES = frozenset(("select", "with", "values", "table"))
_CHANGES = frozenset(("insert", "update", "delete", "merge", "truncate"))
_DEFINITIONS = frozenset(("create", "alter", "drop", "comment"))
# What CREATE, ALTER and DROP may be followed by, after `_BETWEEN`.
_OBJECTS = frozenset(
    ("table", "index", "view", "materialized", "sequence", "type", "domain", "column")
)
_BETWEEN = frozenset(("or", "replace", "unique", "unlogged", "on", "recursive"))

_FUNCTIONS = frozenset(
    """
    set_config current_setting
    lo_create lo_creat lo_from_bytea lo_get lo_put lo_import lo_export lo_open lo_close lo_unlink
    lo_lseek lo_lseek64 lo_tell lo_tell64 lo_truncate lo_truncate64 loread lowrite
    query_to_xml query_to_xmlschema query_to_xml_and_xmlschema
    cursor_to_xml cursor_to_xmlschema
    table_to_xml table_to_xmlschema table_to_xml_and_xmlschema
    schema_to_xml schema_to_xmlschema schema_to_xml_and_xmlschema
    database_to_xml database_to_xmlschema database_to_xml_and_xmlschema
    ts_stat ts_rewrite ts_debug
    dblink dblink_connect dblink_connect_u dblink_exec dblink_open dblink_fetch dblink_send_query
    crosstab crosstabn connectby xpath_table
    txid_current txid_status
    """.split()
)
# Types whose values are names of objects of other scripts.
_TYPES = frozenset(
    """
    regclass regcollation regconfig regdictionary regnamespace regoper regoperator regproc
    regprocedure regrole regtype
    to_regclass to_regcollation to_regnamespace to_regoper to_regoperator to_regproc
    to_regprocedure to_regrole to_regtype
    """.split()
)
LONGEST_REMEMBERED = 4_000
"""Characters of a statement whose check is remembered."""
_HARMLESS = frozenset(("pg_typeof", "pg_column_size"))


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement that a script may run."""

    sql: str
    verb: str
    """Its first word."""
    line: int = 1
    """The line in its file where it begins."""

    @property
    def only_reads(self) -> bool:
        """Whether it can be sent again without effect; false for `with`, which may change rows."""
        return self.verb in ("select", "values", "table")


class RefusedStatement(BadUserInput):
    """Scripts may not run this statement; *position* counts characters from 0."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


def statement(sql: str) -> Statement:
    """The only statement in *sql*. Raises NotSql, RefusedStatement."""
    # Scripts use few long statements, and thousands of them would fill the memory.
    return _remembered(sql) if len(sql) <= LONGEST_REMEMBERED else _only(sql)


@lru_cache(maxsize=1_000)
def _remembered(sql: str) -> Statement:
    return _only(sql)


def _only(sql: str) -> Statement:
    if len(sql) > MOST_SQL_CHARACTERS:
        raise RefusedStatement(
            f"The statement has {len(sql)} characters; at most {MOST_SQL_CHARACTERS} are allowed.",
            0,
        )
    found = list(split(sql))
    if not found:
        raise RefusedStatement("The statement is empty.", 0)
    if len(found) > 1:
        raise RefusedStatement(
            "There are several statements; run one statement at a time.", sql.index(found[1].sql)
        )
    return found[0]


def split(sql: str) -> Iterator[Statement]:
    """The statements of *sql*, each checked. Raises NotSql, RefusedStatement."""
    return (_checked(sql, part) for part in _parts(sql))


def unchecked(sql: str) -> Iterator[str]:
    """The statements of *sql* as they are: for what pg_dump wrote. Raises NotSql."""
    return (sql[part[0].start : part[-1].end] for part in _parts(sql))


def line_of(sql: str, position: int) -> int:
    """The line, from 1, of a character."""
    return sql.count("\n", 0, position) + 1


def _parts(sql: str) -> Iterator[list[Token]]:
    """The tokens of each statement."""
    part: list[Token] = []
    for token in tokens(sql):
        if token.kind is not Kind.SYMBOL or token.value != ";":
            part.append(token)
        elif part:
            yield part
            part = []
    if part:
        yield part


def _checked(sql: str, part: Sequence[Token]) -> Statement:
    verb = _must_be_allowed(part)
    for token in part:
        if token.kind in (Kind.WORD, Kind.NAME) and _is_refused_name(token.value):
            raise RefusedStatement(f"{token.value} is not available to scripts.", token.start)
    _must_not_select_into(part)
    _must_not_name_engine_schema(part)
    _must_not_secure_rows(part)
    start = part[0].start
    return Statement(sql[start : part[-1].end], verb, line_of(sql, start))


def _must_be_allowed(part: Sequence[Token]) -> str:
    """The first word. Raises RefusedStatement unless its kind of statement is allowed."""
    words = [token for token in part if token.value != "(" or token.kind is not Kind.SYMBOL]
    first = words[0] if words else part[0]
    verb = first.value if first.kind is Kind.WORD else ""
    if verb in _QUERIES or verb in _CHANGES:
        return verb
    if verb == "comment":
        return verb
    if verb in _DEFINITIONS:
        _must_define(words)
        return verb
    if verb == "explain":
        _must_be_allowed(_explained(part))
        return verb
    raise RefusedStatement(
        f"{first.value.upper() or 'This'} is not available to scripts; allowed are SELECT, INSERT,"
        " UPDATE, DELETE, MERGE, TRUNCATE, EXPLAIN, COMMENT, and CREATE, ALTER and DROP of tables,"
        " indexes, views, sequences, types and domains.",
        first.start,
    )


def _must_define(words: Sequence[Token]) -> None:
    for token in words[1:]:
        if token.kind is Kind.WORD and token.value in _BETWEEN:
            continue
        if token.kind is Kind.WORD and token.value in _OBJECTS:
            return
        raise RefusedStatement(
            f"{words[0].value.upper()} {token.value.upper()} is not available to scripts; allowed"
            " are tables, indexes, views, sequences, types and domains.",
            token.start,
        )
    raise RefusedStatement(f"{words[0].value.upper()} of what? The statement ends.", words[0].start)


def _explained(part: Sequence[Token]) -> Sequence[Token]:
    """What comes after EXPLAIN and its options. Raises RefusedStatement without a statement."""
    rest = list(part[1:])
    if rest and rest[0].value == "(" and rest[0].kind is Kind.SYMBOL:
        closing = (at for at, token in enumerate(rest) if token.value == ")")
        # Options hold no nested parentheses; `explain (select 1)` has none.
        if len(rest) > 1 and rest[1].value not in _QUERIES and rest[1].value != "(":
            rest = rest[next(closing, len(rest)) + 1 :]
    while rest and rest[0].kind is Kind.WORD and rest[0].value in ("analyze", "verbose"):
        rest.pop(0)
    if not rest:
        raise RefusedStatement("EXPLAIN of what? The statement ends.", part[0].start)
    return rest


def _must_not_select_into(part: Sequence[Token]) -> None:
    """SELECT INTO creates temporary tables too, which stay in the session.

    INTO is a reserved word: without quotes it follows INSERT, MERGE or the columns of a SELECT.
    """
    for before, token in pairwise(part):
        if (token.kind, token.value) != (Kind.WORD, "into"):
            continue
        if before.kind is not Kind.WORD or before.value not in ("insert", "merge"):
            raise RefusedStatement(
                "SELECT INTO is not available to scripts; use CREATE TABLE … AS.", token.start
            )


def _must_not_name_engine_schema(part: Sequence[Token]) -> None:
    """A view or column needs no right to use a table or its type, and stops it from changing."""
    for token, after in pairwise(part):
        is_name = token.kind in (Kind.WORD, Kind.NAME)
        if is_name and token.value == "public" and (after.kind, after.value) == (Kind.SYMBOL, "."):
            raise RefusedStatement("The schema public is not available to scripts.", token.start)


def _must_not_secure_rows(part: Sequence[Token]) -> None:
    """With FORCE ROW LEVEL SECURITY, the engine could no longer back up the table."""
    for first, second, third in zip(part, part[1:], part[2:], strict=False):
        if (first.value, second.value, third.value) == ("row", "level", "security"):
            raise RefusedStatement("ROW LEVEL SECURITY is not available to scripts.", first.start)


def _is_refused_name(name: str) -> bool:
    name = name.lower()
    if name.startswith("pg_"):
        return name not in _HARMLESS
    # The function that runs migrations begins with the engine's name.
    prefixes = ("aiwebengine_", "dblink", "has_")
    return name in _FUNCTIONS or name in _TYPES or name.startswith(prefixes)
