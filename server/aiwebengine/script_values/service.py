"""Values that scripts keep by key: the rules."""

from __future__ import annotations

import re
from uuid import UUID

from aiwebengine.core.errors import BadUserInput, Conflict, LimitExceeded, NotFound
from aiwebengine.database import Database
from aiwebengine.script_values import store
from aiwebengine.script_values.store import SHARED, Place
from aiwebengine.script_values.types import (
    LARGEST_NUMBER,
    LARGEST_PAGE_BYTES,
    LARGEST_VALUE_BYTES,
    LONGEST_KEY,
    LONGEST_TTL_SECS,
    MOST_BYTES,
    MOST_BYTES_OF_USER,
    MOST_KEYS,
    MOST_KEYS_OF_USER,
    MOST_LISTED,
    OtherVersion,
    Page,
    StoredValue,
)

MOST_REMOVED_AT_ONCE = 1_000
# A surrogate is half a character, which no database stores.
_UNFIT = re.compile("[\0\ud800-\udfff]")
_LAST_CHARACTER = "\U0010ffff"


class ScriptValues:
    """Stores values. The caller has opened the transaction that a write belongs to.

    *user_id* is the user whose values they are; None for those of the script itself. With
    *is_trial* the transaction will be rolled back.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    async def get(self, script_id: UUID, user_id: UUID | None, key: str) -> StoredValue | None:
        """The value, or None. Raises BadUserInput."""
        return await store.find(self._db, place_of(script_id, user_id), checked_key(key))

    async def set(
        self,
        script_id: UUID,
        user_id: UUID | None,
        key: str,
        value: str,
        *,
        ttl: float | None = None,
        if_version: int | None = None,
        is_trial: bool = False,
    ) -> int:
        """Set a value, JSON, which expires after *ttl* seconds; its version.

        With *if_version* only a value with that version is replaced; 0: only where there is none.
        Raises BadUserInput, OtherVersion, LimitExceeded, NotFound for an unknown user.
        """
        place, key = place_of(script_id, user_id), checked_key(key)
        value, ttl = _value(value), _ttl(ttl)
        await self._begin(is_trial=is_trial)
        if if_version is None:
            version = await store.put(self._db, place, key, value, ttl)
        elif if_version == 0:
            version = await store.add(self._db, place, key, value, ttl)
        else:
            version = await store.replace(self._db, place, key, value, ttl, if_version)
        if version is None:
            if if_version:
                await self._raise_other_version(place, key, if_version)
            if if_version == 0 and await store.find(self._db, place, key) is not None:
                await self._raise_other_version(place, key, if_version)
            raise _no_user(user_id)
        await self._must_fit(place, is_trial=is_trial)
        return version

    async def increment(
        self,
        script_id: UUID,
        user_id: UUID | None,
        key: str,
        by: int = 1,
        *,
        ttl: float | None = None,
        is_trial: bool = False,
    ) -> int:
        """Add *by* to an integer, which is 0 where there is no value; the sum.

        *ttl* counts from the first time. Raises BadUserInput, LimitExceeded, NotFound for an
        unknown user, Conflict for another value or a sum that is too large.
        """
        place, key, ttl = place_of(script_id, user_id), checked_key(key), _ttl(ttl)
        if abs(by) > LARGEST_NUMBER:
            raise BadUserInput(f"by: found {by}; allowed: up to {LARGEST_NUMBER}.")
        await self._begin(is_trial=is_trial)
        found = await store.increment(self._db, place, key, by, ttl)
        if found is None:
            if await store.find(self._db, place, key) is None:
                raise _no_user(user_id)
            raise Conflict(
                f"key: the value of {key[:100]!r} is no integer, or the sum is beyond"
                f" {LARGEST_NUMBER}."
            )
        await self._must_fit(place, is_trial=is_trial)
        return found[0]

    async def delete(
        self,
        script_id: UUID,
        user_id: UUID | None,
        key: str,
        *,
        if_version: int | None = None,
        is_trial: bool = False,
    ) -> bool:
        """Remove a value; whether there was one. Raises BadUserInput, OtherVersion."""
        place, key = place_of(script_id, user_id), checked_key(key)
        await self._begin(is_trial=is_trial)
        is_gone = await store.remove(self._db, place, key, if_version)
        if not is_gone and if_version is not None:
            await self._raise_other_version(place, key, if_version)
        return is_gone

    async def clear(self, script_id: UUID, user_id: UUID | None, *, is_trial: bool = False) -> int:
        """Remove all values; their number."""
        await self._begin(is_trial=is_trial)
        return await store.clear(self._db, place_of(script_id, user_id))

    async def page(
        self,
        script_id: UUID,
        user_id: UUID | None,
        prefix: str = "",
        *,
        after: str | None = None,
        limit: int = 100,
        with_values: bool = False,
    ) -> Page:
        """Keys that begin with *prefix*, in the order of their code points, after *after*.

        With values a page may be shorter than *limit*, so that it stays below LARGEST_PAGE_BYTES.
        Raises BadUserInput.
        """
        place = place_of(script_id, user_id)
        if prefix:
            checked_key(prefix, "prefix")
        if after is not None:
            checked_key(after, "cursor")
        if not 1 <= limit <= MOST_LISTED:
            raise BadUserInput(f"limit: found {limit}; allowed: 1 to {MOST_LISTED}.")
        found = await store.page(self._db, place, prefix, end_of(prefix), after, limit + 1)
        items, is_last = found[:limit], len(found) <= limit
        if with_values and items:
            total, fitting = 0, 0
            for item in items:
                total += item.size
                if fitting and total > LARGEST_PAGE_BYTES:
                    is_last = False
                    break
                fitting += 1
            items = items[:fitting]
        cursor = None if is_last else items[-1].key
        if with_values and items:
            items = await store.values(self._db, place, [item.key for item in items])
        return Page(items, cursor)

    async def remove_expired(self) -> int:
        """Remove some values that have expired; their number."""
        return await store.remove_expired(self._db, MOST_REMOVED_AT_ONCE)

    async def _begin(self, *, is_trial: bool) -> None:
        if is_trial:
            await store.begin_trial(self._db)

    async def _must_fit(self, place: Place, *, is_trial: bool) -> None:
        """Raise LimitExceeded if the holder has too much now: the caller rolls back."""
        total = await (store.counted if is_trial else store.total)(self._db, place)
        is_shared = place.holder_id == SHARED
        whose = "this script" if is_shared else "a user of this script"
        keys, size = (
            (MOST_KEYS, MOST_BYTES) if is_shared else (MOST_KEYS_OF_USER, MOST_BYTES_OF_USER)
        )
        if total.keys > keys:
            raise LimitExceeded(f"The values of {whose} may have at most {keys:,} keys.")
        if total.bytes > size:
            raise LimitExceeded(f"The values of {whose} may have at most {size:,} bytes.")

    async def _raise_other_version(self, place: Place, key: str, expected: int) -> None:
        found = await store.find(self._db, place, key)
        raise OtherVersion(key, expected, 0 if found is None else found.version)


def place_of(script_id: UUID, user_id: UUID | None) -> Place:
    """The place of the values of a user; without one, of the script itself."""
    return Place(script_id, SHARED if user_id is None else user_id)


def checked_key(key: str, name: str = "key") -> str:
    """The key. Raises BadUserInput for one that can't be stored."""
    if not 1 <= len(key) <= LONGEST_KEY:
        raise BadUserInput(f"{name}: {len(key)} characters; allowed: 1 to {LONGEST_KEY}.")
    if _UNFIT.search(key):
        raise BadUserInput(f"{name}: it contains a zero character or half a surrogate pair.")
    return key


def _value(value: str) -> str:
    # A character has at least one byte.
    size = len(value) if len(value) > LARGEST_VALUE_BYTES else len(value.encode("utf-8", "replace"))
    if size > LARGEST_VALUE_BYTES:
        raise BadUserInput(
            f"value: {size:,} bytes as JSON; at most {LARGEST_VALUE_BYTES:,} are allowed."
        )
    if not value or _UNFIT.search(value):
        raise BadUserInput("value: it is no JSON.")
    return value


def _ttl(ttl: float | None) -> float | None:
    if ttl is not None and not 0 < ttl <= LONGEST_TTL_SECS:
        raise BadUserInput(f"ttl: found {ttl}; allowed: seconds above 0, up to {LONGEST_TTL_SECS}.")
    return ttl


def _no_user(user_id: UUID | None) -> NotFound:
    return NotFound(f"There is no user {user_id}.")


def end_of(prefix: str) -> str | None:
    """The first text after all that begin with *prefix*; None if there is no such text."""
    kept = prefix.rstrip(_LAST_CHARACTER)
    if not kept:
        return None
    following = ord(kept[-1]) + 1
    return kept[:-1] + chr(0xE000 if following == 0xD800 else following)
