"""The values of scripts, as their owners read and change them."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import orjson

from aiwebengine.audit.service import AuditTrail
from aiwebengine.audit.types import AuditAction
from aiwebengine.core.errors import BadUserInput, NotFound
from aiwebengine.core.identity import Viewer
from aiwebengine.database import Database
from aiwebengine.script_values import people_store
from aiwebengine.script_values.people_store import Holder, Listed
from aiwebengine.script_values.service import ScriptValues, checked_key, end_of, place_of
from aiwebengine.script_values.types import StoredValue
from aiwebengine.scripts.access import FindsScripts, target_of
from aiwebengine.scripts.rights import Act
from aiwebengine.scripts.types import Script

NEVER = 0.0
"""As the seconds until a value expires: it never does."""
LONGEST_SHOWN = 200
"""Characters of a value in a list."""


class OwnedValues:
    """The operations on values for owners and administrators.

    *user_id* is the user whose values they are; None for those of the script itself. All raise
    Unauthenticated, Forbidden, NotFound.
    """

    def __init__(
        self, db: Database, audit: AuditTrail, scripts: FindsScripts, values: ScriptValues
    ) -> None:
        self._db = db
        self._audit = audit
        self._scripts = scripts
        self._values = values

    async def page(
        self,
        viewer: Viewer,
        slug: str,
        user_id: UUID | None,
        prefix: str,
        after: str | None,
        first: int,
    ) -> list[Listed]:
        """Values whose keys begin with *prefix* and come after *after*, by key.

        One more than *first* when another page follows. Raises BadUserInput.
        """
        script = await self._scripts.must_be_allowed_to(viewer, Act.READ_DATA, slug)
        _must_be_prefix(prefix)
        return await people_store.page(
            self._db,
            place_of(script.key, user_id),
            prefix,
            end_of(prefix),
            after,
            first + 1,
            LONGEST_SHOWN,
        )

    async def count(self, viewer: Viewer, slug: str, user_id: UUID | None, prefix: str) -> int:
        """Number of these values. Raises BadUserInput."""
        script = await self._scripts.must_be_allowed_to(viewer, Act.READ_DATA, slug)
        _must_be_prefix(prefix)
        place = place_of(script.key, user_id)
        return await people_store.count(self._db, place, prefix, end_of(prefix))

    async def find(
        self, viewer: Viewer, slug: str, user_id: UUID | None, key: str
    ) -> StoredValue | None:
        """One value with all of its content, or None. Raises BadUserInput."""
        script = await self._scripts.must_be_allowed_to(viewer, Act.READ_DATA, slug)
        return await self._values.get(script.key, user_id, key)

    async def holders(
        self, viewer: Viewer, slug: str, after: UUID | None, first: int
    ) -> list[Holder]:
        """Users who have values in the script; one more than *first* when another page follows."""
        script = await self._scripts.must_be_allowed_to(viewer, Act.READ_DATA, slug)
        return await people_store.holders(self._db, script.key, after, first + 1)

    async def count_holders(self, viewer: Viewer, slug: str) -> int:
        """Number of these users."""
        script = await self._scripts.must_be_allowed_to(viewer, Act.READ_DATA, slug)
        return await people_store.count_holders(self._db, script.key)

    async def set(
        self,
        viewer: Viewer,
        slug: str,
        user_id: UUID | None,
        key: str,
        value: str,
        version: int,
        ttl: float | None,
    ) -> StoredValue:
        """Replace the value that has *version*; 0: set one where there is none.

        It expires after *ttl* seconds, or NEVER; None: when the one before would have expired.
        Raises BadUserInput, OtherVersion, LimitExceeded.
        """
        _must_be_json(value)
        _must_be_version(version, 0)
        async with self._db.transaction():
            script = await self._scripts.must_be_allowed_to(viewer, Act.CHANGE_DATA, slug)
            if ttl is None:
                before = await self._values.get(script.key, user_id, key)
                ttl = None if before is None else _left(before.expires_at)
            elif ttl == NEVER:
                ttl = None
            await self._values.set(script.key, user_id, key, value, ttl=ttl, if_version=version)
            found = await self._values.get(script.key, user_id, key)
            await self._record(viewer, script, user_id, key, "set")
        if found is None:
            raise NotFound(f"The value of {key[:100]!r} has expired.")
        return found

    async def delete(
        self, viewer: Viewer, slug: str, user_id: UUID | None, key: str, version: int
    ) -> None:
        """Remove the value that has *version*. Raises BadUserInput, OtherVersion."""
        _must_be_version(version, 1)
        async with self._db.transaction():
            script = await self._scripts.must_be_allowed_to(viewer, Act.CHANGE_DATA, slug)
            await self._values.delete(script.key, user_id, key, if_version=version)
            await self._record(viewer, script, user_id, key, "deleted")

    async def _record(
        self, viewer: Viewer, script: Script, user_id: UUID | None, key: str, change: str
    ) -> None:
        after: dict[str, object] = {"change": change, "key": key}
        if user_id is not None:
            after["user"] = str(user_id)
        await self._audit.record(
            viewer, AuditAction.SCRIPT_DATA_CHANGED, target_of(script), after=after
        )


def _must_be_prefix(prefix: str) -> None:
    if prefix:
        checked_key(prefix, "prefix")


def _must_be_version(version: int, lowest: int) -> None:
    if not lowest <= version < 1 << 63:
        raise BadUserInput(f"version: found {version}; allowed: the version of the value.")


def _must_be_json(value: str) -> None:
    """Raise BadUserInput for a text that scripts could not parse."""
    try:
        orjson.loads(value)
    except (orjson.JSONDecodeError, UnicodeEncodeError) as error:
        raise BadUserInput(
            f"value: it is no JSON ({error}). A text needs quotation marks."
        ) from None


def _left(expires_at: datetime | None) -> float | None:
    """Seconds until a value expires; None: never."""
    if expires_at is None:
        return None
    return max((expires_at - datetime.now(UTC)).total_seconds(), 0.001)
