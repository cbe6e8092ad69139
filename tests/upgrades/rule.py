"""What in a migration the version before could not live with, by PostgreSQL's own parser.

Only what is known to be harmless is let through: a statement that nobody thought of is refused.
"""

from __future__ import annotations

from collections.abc import Iterator

from pglast import ast, parse_sql
from pglast.enums import AlterTableType, ConstrType

HARMLESS = (
    ast.CreateStmt,
    ast.CreateSeqStmt,
    ast.CreateTrigStmt,
    ast.CreateEnumStmt,
    ast.CommentStmt,
    ast.SelectStmt,
    ast.InsertStmt,
    ast.UpdateStmt,
    ast.VariableSetStmt,
)
# These ask of old rows, or of what the version before writes, what nobody promised.
_DEMANDING = {
    ConstrType.CONSTR_PRIMARY,
    ConstrType.CONSTR_UNIQUE,
    ConstrType.CONSTR_CHECK,
    ConstrType.CONSTR_FOREIGN,
    ConstrType.CONSTR_EXCLUSION,
}


def faults(sql: str) -> list[str]:
    """What breaks engines of the previous version that are still running; one line each."""
    statements = [raw.stmt for raw in parse_sql(sql)]
    new = {one.relation.relname for one in statements if isinstance(one, ast.CreateStmt)}
    found = [fault for one in statements for fault in _of(one, new)]
    waits = [one for one in statements if isinstance(one, ast.VariableSetStmt)]
    if "-- transactional: false" not in sql and "lock_timeout" not in [one.name for one in waits]:
        found.append(
            "no `set local lock_timeout`: it could wait for ever, and all others behind it"
        )
    return found


def _of(statement: ast.Node, new: set[str]) -> Iterator[str]:
    match statement:
        case ast.AlterTableStmt(relation=relation, cmds=changes):
            if relation.relname not in new:
                for change in changes:
                    yield from _of_change(relation.relname, change)
        case ast.IndexStmt(relation=relation, concurrent=concurrent, unique=unique):
            if relation.relname in new:
                return
            if not concurrent:
                yield f"an index on {relation.relname} that locks it: create index concurrently"
            if unique:
                yield f"a unique index on {relation.relname}: writes of the old version may fail"
        case ast.CreateFunctionStmt(replace=True):
            yield "another body of a function that is in use"
        case ast.CreateFunctionStmt():
            return
        case _ if not isinstance(statement, HARMLESS):
            yield f"{type(statement).__name__}: not known to be harmless"


def _of_change(table: str, change: ast.AlterTableCmd) -> Iterator[str]:
    match change:
        case ast.AlterTableCmd(subtype=AlterTableType.AT_AddColumn, def_=column):
            kinds = {one.contype for one in column.constraints or ()}
            fills = {
                ConstrType.CONSTR_DEFAULT,
                ConstrType.CONSTR_IDENTITY,
                ConstrType.CONSTR_GENERATED,
            }
            if ConstrType.CONSTR_NOTNULL in kinds and not kinds & fills:
                yield f"{table}.{column.colname}: not null without a default"
            if kinds & (_DEMANDING - {ConstrType.CONSTR_CHECK, ConstrType.CONSTR_FOREIGN}):
                yield f"{table}.{column.colname}: unique at once"
        case ast.AlterTableCmd(subtype=AlterTableType.AT_AddConstraint, def_=constraint):
            if constraint.contype not in _DEMANDING or not constraint.skip_validation:
                yield f"{table}: a constraint that is checked at once"
        case ast.AlterTableCmd(subtype=AlterTableType.AT_ColumnDefault, def_=None):
            yield f"{table}.{change.name}: its default is dropped"
        case ast.AlterTableCmd(subtype=AlterTableType.AT_DropConstraint) if (
            # PostgreSQL's name for a check. A check less allows what the old version writes.
            change.name.endswith("_check")
        ):
            return
        case ast.AlterTableCmd(
            subtype=AlterTableType.AT_ColumnDefault
            | AlterTableType.AT_ValidateConstraint
            | AlterTableType.AT_SetLogged
        ):
            return
        case _:
            what = AlterTableType(change.subtype).name.removeprefix("AT_")
            yield f"{table}: {what} {change.name or ''}".rstrip()
