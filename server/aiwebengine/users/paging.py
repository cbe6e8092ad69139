"""Cursors of ordered lists of users."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from aiwebengine.core.errors import BadUserInput
from aiwebengine.users.page_store import Key
from aiwebengine.users.types import User, UserFilter, UserOrder

LIST = "users"


def binding(wanted: UserFilter, order: UserOrder) -> str:
    """Identifies the filtered and sorted list that a cursor belongs to."""
    return repr((wanted, order.field.value, order.direction.value))


def key(user: User) -> tuple[object, ...]:
    """The user's place in the list that it was read from."""
    return user.place, user.key


def key_of(decoded: tuple[object, ...] | None) -> Key | None:
    """A decoded cursor as a key of this list. Raises BadUserInput."""
    match decoded:
        case None:
            return None
        case (datetime() | str() as value, UUID() as user_id):
            return value, user_id
    raise BadUserInput("`after` is not a cursor of this list.")
