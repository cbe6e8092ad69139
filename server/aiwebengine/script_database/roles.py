"""The schema and role of each script: created at first use, repaired when something is missing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from uuid import UUID

from aiwebengine.core.errors import Unavailable
from aiwebengine.database import Database
from aiwebengine.database.restricted import SqlError, refusals_translated
from aiwebengine.script_database import store
from aiwebengine.script_database.limits import CONNECTIONS_OF_ROLE

_ITERATIONS = 4_096
_FORBIDDEN = "42501"
_STILL_NEEDED = "2BP01"


class NoScriptDatabases(Unavailable):
    """The server or the engine's rights on it allow no databases of scripts."""


def role_of(script_id: UUID) -> str:
    """The name of a script's role, and of its schema."""
    return f"script_{script_id.hex}"


async def ensure(db: Database, script_id: UUID, *, sets_password: bool = False) -> str:
    """Create or repair the role and the schema of a script. Idempotent. Returns the password.

    *sets_password*: also where the role exists, which may have another one after a restore. In the
    caller's transaction, or in one of its own. Raises NoScriptDatabases, Unavailable.
    """
    role = role_of(script_id)
    try:
        with refusals_translated():
            async with db.transaction():
                return await _ensure(db, script_id, role, sets_password=sets_password)
    except SqlError as error:
        if error.state != _FORBIDDEN:
            raise
        found = await problem(db)
        raise NoScriptDatabases(found or f"The database refuses: {error.message}") from error


async def _ensure(db: Database, script_id: UUID, role: str, *, sets_password: bool) -> str:
    await store.lock(db, role)
    secret = await store.password(db, script_id)
    if secret is None:
        secret, sets_password = secrets.token_hex(32), True
    found = await store.role_facts(db, role)
    if found.is_powerful:
        raise NoScriptDatabases(
            f"The role {role} has rights beyond its schema, or is a member of another role. Take"
            " them away, or drop the role."
        )
    if not found.exists:
        await store.create_role(db, role, verifier(secret), CONNECTIONS_OF_ROLE)
    elif sets_password:
        await store.set_login(db, role, verifier(secret), CONNECTIONS_OF_ROLE)
    found = await store.role_facts(db, role)
    if found.may_create_in_public:
        raise NoScriptDatabases(await problem(db) or f"{role} may create objects in public.")
    if not found.may_connect:
        await store.let_connect(db, role)
    if not found.is_engines:
        await store.act_for(db, role)
    await store.create_schema(db, role)
    await store.own_everything(db, role)
    await store.note(db, script_id, role, secret)
    return secret


async def logins(url: str) -> dict[UUID, tuple[str, str]]:
    """Role and password of each script with a database, which exist afterwards.

    For a database that was just restored, at *url*. Raises NoScriptDatabases, Unavailable.
    """
    db = Database(url, max_connections=1)
    await db.connect()
    try:
        return {
            script_id: (role_of(script_id), await ensure(db, script_id))
            for script_id in await store.scripts(db)
        }
    finally:
        await db.disconnect()


async def drop(db: Database, script_id: UUID) -> None:
    """Drop a script's schema with all its tables, and its role. In the caller's transaction.

    A role that another database of the server uses, such as a kept one, stays and can't log in.
    """
    role = role_of(script_id)
    with refusals_translated():
        await store.forget(db, script_id)
        await store.drop(db, role)
        try:
            async with db.transaction():
                with refusals_translated():
                    await store.drop_role(db, role)
        except SqlError as error:
            if error.state != _STILL_NEEDED:
                raise


async def problem(db: Database) -> str | None:
    """Why scripts can have no databases here, and what to do; None if they can."""
    found = await store.rights(db)
    engine, database = store.quoted(found["engine"]), store.quoted(found["database"])
    if not found["makes_roles"]:
        return (
            "Scripts have no database: the engine's database user can't create roles."
            f" Run `alter role {engine} createrole` as a superuser."
        )
    if not found["makes_schemas"]:
        return (
            "Scripts have no database: the engine's database user can't create schemas."
            f" Run `grant create on database {database} to {engine}` as its owner."
        )
    if found["public_is_open"]:
        return (
            "Scripts have no database: every role can create objects in the engine's schema."
            f" Run `revoke create on schema public from public` in {database} as a superuser."
        )
    return None


def verifier(password: str) -> str:
    """What the server keeps of a password: SCRAM-SHA-256 (RFC 5803), so that logs never hold it."""
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    salt_text, stored_text, server_text = (
        base64.b64encode(part).decode() for part in (salt, stored, server)
    )
    return f"SCRAM-SHA-256${_ITERATIONS}:{salt_text}${stored_text}:{server_text}"
