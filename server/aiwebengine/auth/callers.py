"""Resolves a cookie or token to the viewer, on every request."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache

from aiwebengine.audit.service import AuditTrail
from aiwebengine.audit.types import AuditAction, Target
from aiwebengine.auth import caller_store
from aiwebengine.core.config_providers import LINK
from aiwebengine.core.errors import Unauthenticated
from aiwebengine.core.identity import ActorKind, Origin, Role, Scope, Viewer, anonymous
from aiwebengine.database import Database, Row, SingleFlight
from aiwebengine.sessions import secrets
from aiwebengine.sessions.types import highest, roles_up_to

_KNOWN_SCOPES = frozenset(scope.value for scope in Scope)
_INVALID_TOKEN = "This API token is not valid: unknown, revoked, expired or its user can't sign in."  # noqa: S105


class CallerResolver:
    """Finds the viewer of a request. Nothing is cached: a revocation counts at the next request.

    A request keeps a session in use. A subscription does not: `refresh` reads the rights again
    without recording a use.

    Simultaneous requests with the same secret share one look-up.
    """

    def __init__(
        self, db: Database, audit: AuditTrail, idle_secs: float, fresh_secs: float
    ) -> None:
        self._db = db
        self._looks = SingleFlight(db)
        self._audit = audit
        self._idle_secs = idle_secs
        self._fresh = timedelta(seconds=fresh_secs)

    async def by_session(self, secret: str, origin: Origin) -> Viewer:
        """The session's user; anonymous when the session has ended. Raises Unavailable."""
        hashed = secrets.digest(secret)
        found = await self._looks.get(
            hashed,
            lambda: caller_store.caller_by_session(
                self._db, idle_secs=self._idle_secs, secret_hash=hashed
            ),
        )
        if found is None:
            return anonymous(origin)
        if found["stale"]:
            await caller_store.touch_session(self._db, found["session_id"])
        return self._session_viewer(found, origin)

    async def by_token(self, secret: str, origin: Origin, resource: str | None = None) -> Viewer:
        """The token's user with at most the token's rights.

        *resource* is the address that was called, for tokens that only one address accepts.
        Raises Unauthenticated (a script with an invalid token must not continue as anonymous),
        Unavailable.
        """
        found = None
        if secrets.looks_like_token(secret):
            hashed, address = secrets.digest(secret), origin.address
            found = await self._looks.get(
                (hashed, address),
                lambda: caller_store.caller_by_token(self._db, secret_hash=hashed, address=address),
            )
        if found is None:
            raise Unauthenticated(_INVALID_TOKEN)
        audience = found["audience"]
        if audience is not None and not _covers(audience, resource):
            raise Unauthenticated(f"This access token is for {audience} only.")
        if found["stale"]:
            await caller_store.touch_token(self._db, found["token_id"], origin.address)
        viewer = _token_viewer(found, origin)
        if found["is_new_address"]:
            await self._note_address(viewer)
        return viewer

    async def refresh(self, viewer: Viewer) -> Viewer:
        """The viewer with the current rights, for open connections. Raises Unauthenticated."""
        if viewer.session_id is not None:
            found = await caller_store.caller_by_session(
                self._db, idle_secs=self._idle_secs, id=viewer.session_id
            )
            if found is not None:
                return self._session_viewer(found, viewer.origin)
        elif viewer.token_id is not None:
            found = await caller_store.caller_by_token(self._db, id=viewer.token_id)
            if found is not None:
                return _token_viewer(found, viewer.origin)
        elif viewer.is_trusted:
            return viewer
        raise Unauthenticated("This session or token has ended. Sign in again.")

    async def _note_address(self, viewer: Viewer) -> None:
        token_id, address = viewer.token_id, viewer.origin.address
        if token_id is None or address is None:
            return
        async with self._db.transaction():
            if await caller_store.add_token_address(self._db, token_id, address):
                await self._audit.record(
                    viewer,
                    AuditAction.TOKEN_USED_FROM_NEW_ADDRESS,
                    Target("user", viewer.id, viewer.email),
                    after={"token": str(token_id), "address": address},
                )

    def _session_viewer(self, found: Row, origin: Origin) -> Viewer:
        return Viewer(
            ActorKind.USER,
            found["email"],
            origin,
            id=found["user_id"],
            email=found["email"],
            roles=_roles(tuple(found["roles"])),
            name=found["name"],
            session_id=found["session_id"],
            valid_until=_earliest(found["ends_at"], found["next_role_end"]),
            fresh_until=found["authenticated_at"] + self._fresh,
            is_by_link=found["provider"] == LINK,
        )


def _token_viewer(found: Row, origin: Origin) -> Viewer:
    email, made_by, makers_roles = found["email"], found["made_by"], found["makers_roles"]
    roles = _roles(tuple(found["roles"]), found["role_ceiling"])
    if makers_roles is not None:
        roles &= roles_up_to(highest(map(Role, makers_roles)))
    return Viewer(
        ActorKind.TOKEN,
        # Actions with a token that another user created name both users.
        email if made_by is None else f"{email}, by a token made by {made_by}",
        origin,
        id=found["user_id"],
        email=email,
        roles=roles,
        scopes=_scopes(tuple(found["scopes"])),
        name=found["name"],
        token_id=found["token_id"],
        token_maker_id=found["made_by_id"],
        valid_until=_earliest(
            found["expires_at"],
            found["secret_expires_at"],
            found["next_role_end"],
            found["makers_role_end"],
        ),
    )


# The mapping of names to roles is cached; the roles of a user are read at each request.
@lru_cache(256)
def _roles(held: tuple[str, ...], ceiling: str | None = None) -> frozenset[Role]:
    usable = roles_up_to(None if ceiling is None else Role(ceiling))
    return frozenset([Role.AUTHENTICATED, *map(Role, held)]) & usable


@lru_cache(256)
def _scopes(words: tuple[str, ...]) -> frozenset[Scope]:
    # During an update, a newer engine may give a token scopes that this one does not know.
    return frozenset(Scope(word) for word in words if word in _KNOWN_SCOPES)


def _covers(audience: str, resource: str | None) -> bool:
    """Whether a token for *audience* may be used at *resource*: there, or anywhere below."""
    return resource is not None and f"{resource}/".startswith(f"{audience}/")


def _earliest(*ends: datetime | None) -> datetime | None:
    return min((end for end in ends if end is not None), default=None)
