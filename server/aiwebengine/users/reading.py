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
"""After these the numbers of users, as `count`, `roles` and `totals` tell them, are others."""


class UserReads:
    """The part of `Users` that changes nothing."""

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

        They have only what is *shown*, beside their ids and places in the list.
        Raises Unauthenticated, Forbidden.
        """
        viewer.must_be(Role.ADMINISTRATOR)
        # A change makes every open window read its page again, at the same moment.
        return await self._pages.get(
            (wanted, order.field, order.direction, after, first, shown),
            lambda: page_store.page(self._db, wanted, order, after, first + 1, shown),
        )

    async def count(self, viewer: Viewer, wanted: UserFilter) -> int:
        """How many users the filter lets through. Raises as `page` does."""
        viewer.must_be(Role.ADMINISTRATOR)
        return await self._cache.get(("users.count", wanted), lambda: store.count(self._db, wanted))

    async def find(self, viewer: Viewer, user_id: UUID) -> User | None:
        """The user, or None. Raises Unauthenticated, Forbidden."""
        if user_id != viewer.id:
            viewer.must_be(Role.ADMINISTRATOR)
        return await store.find(self._db, user_id)

    async def find_by_email(self, viewer: Viewer, email: str) -> User:
        """The user with this address, in any spelling that has the same key.

        Raises Unauthenticated, Forbidden, NotFound.
        """
        viewer.must_be(Role.ADMINISTRATOR)
        user_id = await self._owner(email)
        user = None if user_id is None else await store.find(self._db, user_id)
        if user is None:
            raise NotFound(f"There is no user with the address {email}.")
        return user

    async def roles(self, viewer: Viewer) -> list[RoleInfo]:
        """Every role with how many hold it. Raises Unauthenticated, Forbidden."""
        viewer.must_be(Role.ADMINISTRATOR)
        totals = await self._totals()
        everybody = totals["total"]
        active = everybody - totals["suspended"] - totals["invited"]
        holders = {Role.AUTHENTICATED: (everybody, active), **await self._holders()}
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
        """Counts under the names of UserStats, but for the trend. Raises Forbidden."""
        viewer.must_be(Role.ADMINISTRATOR)
        holders = await self._holders()
        return {
            **await self._totals(),
            "administrators": holders.get(Role.ADMINISTRATOR, (0, 0))[0],
            "editors": holders.get(Role.EDITOR, (0, 0))[0],
        }

    async def created_by_day(self, since: datetime) -> dict[date, int]:
        """How many users came on each day (UTC) from *since* on."""
        return await self._cache.get(
            ("users.created_by_day", since), lambda: store.created_by_day(self._db, since)
        )

    async def is_administrator(self, user_id: UUID) -> bool:
        """Whether the user holds the role now."""
        return await store.grant_of(self._db, user_id, Role.ADMINISTRATOR) is not None

    async def an_administrator_has_signed_in(self) -> bool:
        """Whether any active administrator ever did."""
        return await store.an_administrator_has_signed_in(self._db)

    async def many(self, user_ids: Sequence[UUID]) -> list[User | None]:
        """Each of the users, in the order asked; for loaders, which ask after the rule."""
        found = await store.find_many(self._db, user_ids)
        return [found.get(user_id) for user_id in user_ids]

    async def changed_by(self, event_id: str, user_id: UUID) -> User | None:
        """The user of an event, for those who may follow; read once for all of them.

        Raises Unavailable.
        """
        return await self._changed.of(event_id, user_id)

    async def grants_of(self, user_ids: Sequence[UUID]) -> list[list[RoleGrant]]:
        """The grants of each user that count now, in the order asked."""
        grants = await store.grants_of(self._db, user_ids)
        return [grants[user_id] for user_id in user_ids]

    async def identities_of(self, user_ids: Sequence[UUID]) -> list[list[Identity]]:
        """How providers know each user, in the order asked."""
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
