"""Sign-ins on the host of scripts: handed over by a one-time code, they open nothing here."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from aiwebengine.core.errors import Unauthenticated
from aiwebengine.core.identity import Role, Viewer
from aiwebengine.database import Database
from aiwebengine.sessions import script_session_store as store
from aiwebengine.sessions import secrets

CODE_LASTS_SECS = 60.0
HAND_OVER = "/.aiwebengine/session"
"""The path on the host of scripts that takes a code."""
SIGN_IN = "/.aiwebengine/sign-in"
"""The path on the host of scripts at which a sign-in there begins."""


class ScriptSessions:
    """Sign-ins that only show scripts who their visitor is.

    Each belongs to a session of the engine and ends with it: by signing out, suspension or time.
    It is no session itself, so its cookie authenticates no request to the engine, and using it does
    not keep the session from expiring after *idle_secs*.
    """

    def __init__(self, db: Database, idle_secs: float) -> None:
        self._db = db
        self._idle_secs = idle_secs

    async def offer(self, viewer: Viewer, host: str, browser_hash: bytes) -> str:
        """A code that signs the viewer in on *host*, once, within CODE_LASTS_SECS.

        It works only in the browser that has the secret of *browser_hash* for that host: nobody can
        make somebody else's browser sign in with a code of their own (RFC 6749 section 10.12).
        Raises Unauthenticated without a session: a token is not handed over.
        """
        if viewer.session_id is None:
            raise Unauthenticated("Sign in first.")
        code = secrets.new_secret()
        await store.add_code(
            self._db,
            session_id=viewer.session_id,
            host=host,
            code_hash=secrets.digest(code),
            browser_hash=browser_hash,
            lasts_secs=CODE_LASTS_SECS,
        )
        return code

    async def accept(self, code: str, host: str, browser: str) -> str | None:
        """The secret of a new sign-in on *host*; None for a code that is not valid there, or not in
        the browser with the secret *browser*.
        """
        secret = secrets.new_secret()
        hashed = secrets.digest(secret)
        async with self._db.transaction():
            session_id = await store.use_code(
                self._db,
                code_hash=secrets.digest(code),
                browser_hash=secrets.digest(browser),
                host=host,
                secret_hash=hashed,
            )
            if session_id is None:
                return None
            await store.remove_older(self._db, session_id, host, hashed)
        return secret

    async def user_of(self, secret: str, host: str, script_id: UUID) -> dict[str, Any] | None:
        """What a script learns of the visitor with this secret; None if the sign-in has ended."""
        found = await store.user(
            self._db,
            secret_hash=secrets.digest(secret),
            host=host,
            script_id=script_id,
            idle_secs=self._idle_secs,
        )
        if found is None:
            return None
        # As GraphQL writes them.
        roles = [Role.AUTHENTICATED.name, *(Role(role).name for role in found["roles"])]
        return {
            "id": str(found["id"]),
            "name": found["name"],
            "email": found["email"],
            "roles": roles,
            "scriptRoles": found["script_roles"],
            "provider": found["provider"],
        }
