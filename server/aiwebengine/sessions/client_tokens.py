"""API tokens of programs that a user connected: short secrets, replaced by refresh secrets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from aiwebengine.audit.service import AuditTrail
from aiwebengine.audit.types import AuditAction, Target
from aiwebengine.core.identity import Viewer
from aiwebengine.database import Database
from aiwebengine.sessions import client_token_store, secrets, store
from aiwebengine.sessions.tokens import details_of
from aiwebengine.sessions.types import ApiToken

SECRET_LASTS_SECS = 3_600.0
"""How long an access token is valid; a refresh replaces it."""


@dataclass(frozen=True)
class Program:
    """A program that acts for a user: its registration, its name and where it gets its answer."""

    id: UUID
    name: str
    redirect_uri: str


@dataclass(frozen=True)
class Issued:
    """Secrets for a program, which are not stored."""

    token: ApiToken
    secret: str
    refresh_secret: str
    lasts_secs: float = SECRET_LASTS_SECS


class ClientTokens:
    """Tokens of connected programs. Users list and revoke them with their other API tokens.

    One token is one connection: a refresh replaces its secret and its refresh secret. A refresh
    secret that is used twice revokes the token, because one of the two who have it is a thief
    (RFC 9700 section 4.14.2). The token ends *lifetime* after it was created.
    """

    def __init__(self, db: Database, audit: AuditTrail, *, lifetime: timedelta) -> None:
        self._db = db
        self._audit = audit
        self._lifetime = lifetime

    async def issue(
        self, viewer: Viewer, program: Program, scopes: Sequence[str], audience: str
    ) -> Issued:
        """Create a token of the viewer, which only *audience* accepts."""
        assert viewer.id is not None  # noqa: S101 - who consented was signed in
        secret, refresh_secret = secrets.new_token(), secrets.new_secret()
        async with self._db.transaction():
            await store.lock_tokens_of(self._db, viewer.id)
            token = await store.add_token(
                self._db,
                user_id=viewer.id,
                name=program.name,
                prefix=secret[: secrets.PREFIX_LENGTH],
                secret_hash=secrets.digest(secret),
                scopes=scopes,
                role_ceiling=None,
                expires_at=datetime.now(UTC) + self._lifetime,
                parent_id=None,
                made_by_id=viewer.id,
                made_by=viewer.label,
                audience=audience,
                client_id=program.id,
                secret_lasts_secs=SECRET_LASTS_SECS,
            )
            await client_token_store.add_refresh_secret(
                self._db, token.key, secrets.digest(refresh_secret)
            )
            client = {"id": str(program.id), "name": program.name, "redirect": program.redirect_uri}
            await self._audit.record(
                viewer,
                AuditAction.TOKEN_CREATED,
                Target("user", viewer.id, viewer.email),
                after={**details_of(token), "client": client},
            )
        return Issued(token, secret, refresh_secret)

    async def refresh(self, viewer: Viewer, client_id: UUID, secret: str) -> Issued | None:
        """Replace the secrets of a token; None for a refresh secret that is not valid.

        *viewer* is who sent the request, for the audit event of a revoked token.
        """
        used = secrets.digest(secret)
        async with self._db.transaction():
            token_id = await client_token_store.use_refresh_secret(self._db, used)
            if token_id is not None:
                return await self._replaced(token_id, client_id)
        stolen = await client_token_store.token_refreshed_by(self._db, used)
        if stolen is not None:
            await self.revoke(viewer, stolen, "A refresh token was used twice.")
        return None

    async def _replaced(self, token_id: UUID, client_id: UUID) -> Issued | None:
        new, new_refresh = secrets.new_token(), secrets.new_secret()
        token = await client_token_store.replace_secret(
            self._db,
            token_id,
            client_id,
            prefix=new[: secrets.PREFIX_LENGTH],
            secret_hash=secrets.digest(new),
            lasts_secs=SECRET_LASTS_SECS,
        )
        if token is None:
            return None
        await client_token_store.add_refresh_secret(self._db, token_id, secrets.digest(new_refresh))
        return Issued(token, new, new_refresh)

    async def revoke_secret(self, viewer: Viewer, client_id: UUID, secret: str) -> None:
        """Revoke the token with this secret or refresh secret, if it is one of this program."""
        token_id = await client_token_store.token_of_client(
            self._db, client_id, secrets.digest(secret)
        )
        if token_id is not None:
            await self.revoke(viewer, token_id, "The program disconnected itself.")

    async def revoke(self, viewer: Viewer, token_id: UUID, reason: str) -> None:
        """Revoke a token and those that it created. Doing it again changes nothing."""
        async with self._db.transaction():
            token = await store.token(self._db, token_id)
            if token is None:
                return
            await store.lock_tokens_of(self._db, token.user_key)
            email = await store.email_of(self._db, token.user_key) or ""
            for one in await store.revoke_token(self._db, token_id):
                await self._audit.record(
                    viewer,
                    AuditAction.TOKEN_REVOKED,
                    Target("user", token.user_key, email),
                    before=details_of(one),
                    reason=reason,
                )
