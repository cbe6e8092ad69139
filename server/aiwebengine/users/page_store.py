"""Pages of users: one statement each, which reads only the requested columns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from aiwebengine.database import Database, Row
from aiwebengine.users.store import COUNTS_NOW, IS_VERIFIED, conditions_of, roles_of
from aiwebengine.users.types import (
    Identity,
    OrderDirection,
    Shown,
    User,
    UserFilter,
    UserOrder,
    UserOrderField,
    UserStatus,
)

# The largest page of any API, and one row more to see whether another page follows.
MOST_ROWS = 1_001

Key = tuple[datetime | str, UUID]

_SORT_COLUMNS = {
    UserOrderField.CREATED_AT: "u.created_at",
    UserOrderField.NAME: "lower(u.name)",
    UserOrderField.EMAIL: "lower(u.email)",
}
_OWN = "email name picture_url status version created_at updated_at last_signed_in_at".split()
_LINKED = {
    "roles": (
        "array(select r.role from user_roles r"
        f" where r.user_id = page.key and {COUNTS_NOW}) as roles"
    ),
    "providers": (
        "array(select distinct i.provider from identities i"
        " where i.user_id = page.key order by i.provider) as providers"
    ),
    "email_verified": f"{IS_VERIFIED.format('page.key')} as email_verified",
}
_IDENTITY = "provider subject email email_verified created_at last_used_at".split()
_STATUSES = {status.value: status for status in UserStatus}

EVERYTHING = Shown(frozenset([*_OWN, *_LINKED]))


async def page(
    db: Database,
    wanted: UserFilter,
    order: UserOrder,
    after: Key | None,
    limit: int,
    shown: Shown = EVERYTHING,
) -> list[User]:
    """At most *limit* users in *order* that come after the key *after*.

    Only the attributes in *shown* are set, besides `id`, `key` and `place`: the sort value as
    PostgreSQL computes it. Python folds some letters differently, and a cursor made with its value
    would skip rows.
    """
    column = _SORT_COLUMNS[order.field]
    direction = order.direction.value
    conditions, values = conditions_of(wanted)
    if after is not None:
        beyond = ">" if order.direction is OrderDirection.ASC else "<"
        conditions.append(f"({column}, u.id) {beyond} (:after_value, :after_id)")
        values |= {"after_value": after[0], "after_id": after[1]}
    own = [name for name in _OWN if name in shown.user]
    linked = [name for name in _LINKED if name in shown.user]
    identity = [name for name in _IDENTITY if name in shown.identity]
    # With the limit as a parameter PostgreSQL keeps a generic plan that assumes a tenth of all
    # rows: hence a constant limit in the text as well, above the requested one.
    rows = await db.all(
        f"""
        select {", ".join(["page.*", *(_LINKED[name] for name in linked)])}{_known(identity)}
        from (
          select {", ".join(["u.id as key", f"{column} as place", *(f"u.{name}" for name in own)])}
          from users u
          where {" and ".join(conditions) or "true"}
          order by {column} {direction}, u.id {direction}
          limit {MOST_ROWS}
        ) as page {_join(identity)}
        limit (select cast(:limit as bigint))
        """,
        **values,
        limit=limit,
    )
    return _users(rows, ["key", "place", *own, *linked], identity)


def _known(identity: Sequence[str]) -> str:
    return "".join(f", known.{name}" for name in identity)


def _join(identity: Sequence[str]) -> str:
    """Each column of a user's identities as an array: composites take longer to read."""
    if not identity:
        return ""
    columns = ", ".join(f"array_agg(i.{name}) as {name}" for name in identity)
    return f"""cross join lateral (
          select {columns}
          from (
            select * from identities where user_id = page.key order by created_at, provider
          ) as i
        ) as known"""


def _users(rows: Sequence[Row], names: list[str], identity: Sequence[str]) -> list[User]:
    """The rows as users. They bypass the constructor, which requires every attribute."""
    first = len(names)
    users = []
    for row in rows:
        user = User.__new__(User)
        # Values beyond the names belong to the identities.
        has = dict(zip(names, row, strict=False))
        has["id"] = str(has["key"])
        if "status" in has:
            has["status"] = _STATUSES[has["status"]]
        if "roles" in has:
            has["roles"] = roles_of(has["roles"])
        if identity:
            has["known_identities"] = _identities(row[first:], identity)
        user.__dict__ = has
        users.append(user)
    return users


def _identities(columns: Sequence[list[object] | None], names: Sequence[str]) -> list[Identity]:
    identities = []
    for values in zip(*(column or () for column in columns), strict=True):
        identity = Identity.__new__(Identity)
        identity.__dict__ = dict(zip(names, values, strict=True))
        identities.append(identity)
    return identities
