"""Reading users: lists, counts, roles and the users of events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from aiwebengine.audit.types import AuditAction
from aiwebengine.core import addresses
from aiwebengine.core.caching import Cache
from aiwebengine.core.errors import NotFound
from aiwebengine.core.identity import Role, Viewer
from aiwebengine.database import Database, SingleFlight
from aiwebengine.users import address_store, page_store, store
from aiwebengine.users.changed import ChangedUsers
from aiwebengine.users.types import (
    Identity,
    RoleGrant,
    RoleInfo,
    Shown,
    User,
    UserFilter,
    UserOrder,
)

ROLE_DESCRIPTIONS = {
    Role.AUTHENTICATED: "Every user. Can be neither granted nor revoked.",
    Role.EDITOR: "May write the engine's scripts.",
    Role.ADMINISTRATOR: "May do everything: users and roles, health, logs, backups.",
}


MOST_TO_ASK = 5
"""Administrators whom a page names to somebody who lacks a role."""

CHANGES_TOTALS = frozenset(
    {
        AuditAction.ROLE_GRANTED,
        AuditAction.ROLE_REVOKED,
        AuditAction.ROLE_EXPIRED,
        AuditAction.USER_CREATED,
        AuditAction.USER_INVITED,
        AuditAction.USER_RENAMED,
        AuditAction.USER_SUSPENDED,
        AuditAction.USER_REINSTATED,
        AuditAction.USER_DELETED,
        AuditAction.IDENTITY_LINKED,
    }
)
"""Audit actions after which `count`, `roles` and `totals` return other numbers."""


class UserReads:
    """The methods of `Users` that change nothing."""

    def __init__(self, db: Database, cache: Cache) -> None:
        self._db = db
        self._cache = cache
        self._changed = ChangedUsers(self._find)
        self._pages = SingleFlight(db)

    async def page(
        self,
        viewer: Viewer,
        wanted: UserFilter,
        order: UserOrder,
        after: page_store.Key | None,
        first: int,
        shown: Shown = page_store.EVERYTHING,
    ) -> list[User]:
        """Users in *order*; one more than *first* when another page follows.

        Only the attributes in *shown* are set, besides the ids and the sort values.
        Raises Unauthenticated, Forbidden.
        """
        viewer.must_be(Role.ADMINISTRATOR)
        # After a change every open browser window reads its page again at the same time.
        return await self._pages.get(
            (wanted, order.field, order.direction, after, first, shown),
            lambda: page_store.page(self._db, wanted, order, after, first + 1, shown),
        )

    async def count(self, viewer: Viewer, wanted: UserFilter) -> int:
        """Number of users that match the filter. Raises as `page` does."""
        viewer.must_be(Role.ADMINISTRATOR)
        return await self._cache.get(("users.count", wanted), lambda: store.count(self._db, wanted))

    async def find(self, viewer: Viewer, user_id: UUID) -> User | None:
        """The user, or None. Raises Unauthenticated, Forbidden."""
        if user_id != viewer.id:
            viewer.must_be(Role.ADMINISTRATOR)
        return await store.find(self._db, user_id)

    async def find_by_email(self, viewer: Viewer, email: str) -> User:
        """The user with this address, in any spelling with the same key.

        Raises Unauthenticated, Forbidden, NotFound.
        """
        viewer.must_be(Role.ADMINISTRATOR)
        user_id = await self._owner(email)
        user = None if user_id is None else await store.find(self._db, user_id)
        if user is None:
            raise NotFound(f"There is no user with the address {email}.")
        return user

    async def roles(self, viewer: Viewer) -> list[RoleInfo]:
        """Every role with its number of holders. Raises Unauthenticated, Forbidden."""
        viewer.must_be(Role.ADMINISTRATOR)
        totals = await self._totals()
        total = totals["total"]
        active = total - totals["suspended"] - totals["invited"]
        holders = {Role.AUTHENTICATED: (total, active), **await self._holders()}
        return [
            RoleInfo(
                role=role,
                description=ROLE_DESCRIPTIONS[role],
                user_count=holders.get(role, (0, 0))[0],
                active_user_count=holders.get(role, (0, 0))[1],
            )
            for role in Role
        ]

    async def totals(self, viewer: Viewer) -> dict[str, int]:
        """The counts of UserStats by name, without the trend. Raises Forbidden."""
        viewer.must_be(Role.ADMINISTRATOR)
        holders = await self._holders()
        return {
            **await self._totals(),
            "administrators": holders.get(Role.ADMINISTRATOR, (0, 0))[0],
            "editors": holders.get(Role.EDITOR, (0, 0))[0],
        }

    async def created_by_day(self, since: datetime) -> dict[date, int]:
        """Number of users created on each day (UTC) since *since*."""
        return await self._cache.get(
            ("users.created_by_day", since), lambda: store.created_by_day(self._db, since)
        )

    async def is_administrator(self, user_id: UUID) -> bool:
        """Check whether the user is an administrator now."""
        return await store.grant_of(self._db, user_id, Role.ADMINISTRATOR) is not None

    async def administrators_to_ask(self, viewer: Viewer) -> list[str]:
        """Addresses of the active administrators who signed in last, for somebody without access.

        Raises Unauthenticated: strangers learn no addresses.
        """
        viewer.must_be_signed_in()
        return await store.newest_administrators(self._db, MOST_TO_ASK)

    async def an_administrator_has_signed_in(self) -> bool:
        """Check whether any active administrator has ever signed in."""
        return await store.an_administrator_has_signed_in(self._db)

    async def many(self, user_ids: Sequence[UUID]) -> list[User | None]:
        """The users in the order of the ids; for loaders; the caller checked the rights."""
        found = await store.find_many(self._db, user_ids)
        return [found.get(user_id) for user_id in user_ids]

    async def changed_by(self, event_id: str, user_id: UUID) -> User | None:
        """The user of an event, read once for all subscribers; their rights were checked.

        Raises Unavailable.
        """
        return await self._changed.of(event_id, user_id)

    async def grants_of(self, user_ids: Sequence[UUID]) -> list[list[RoleGrant]]:
        """The grants of each user that count now, in the order of the ids."""
        grants = await store.grants_of(self._db, user_ids)
        return [grants[user_id] for user_id in user_ids]

    async def identities_of(self, user_ids: Sequence[UUID]) -> list[list[Identity]]:
        """The identities of each user, in the order of the ids."""
        identities = await address_store.identities_of(self._db, user_ids)
        return [identities[user_id] for user_id in user_ids]

    async def _owner(self, email: str) -> UUID | None:
        try:
            address = addresses.parse(email)
        except addresses.NotAnAddress:
            found = None
        else:
            found = await address_store.owner(self._db, address)
        return found or await address_store.find_by_spelling(self._db, email)

    async def _find(self, user_id: UUID) -> User | None:
        return (await self.many([user_id]))[0]

    async def _totals(self) -> dict[str, int]:
        return await self._cache.get("users.totals", lambda: store.totals(self._db))

    async def _holders(self) -> dict[Role, tuple[int, int]]:
        return await self._cache.get("users.holders", lambda: store.holders(self._db))
