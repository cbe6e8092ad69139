"""What the Python peers do about people: the engine's rules, as far as they are measured."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

SQL = {path.stem: path.read_text() for path in (Path(__file__).parent / "sql").glob("*.sql")}
STORED = {"EDITOR": "Editor", "ADMINISTRATOR": "Administrator"}
LARGEST_PAGE = 200


class Refused(Exception):
    """The request is rejected; the message says why."""


@dataclass(frozen=True)
class Sender:
    """Who sends a request, and from where."""

    caller: asyncpg.Record | None
    address: str
    user_agent: str | None

    def must_administer(self) -> asyncpg.Record:
        """The caller. Raises Refused unless it is an administrator."""
        if self.caller is None:
            raise Refused("Sign in first.")
        if "ADMINISTRATOR" not in self.caller["roles"]:
            raise Refused("This needs the role ADMINISTRATOR.")
        return self.caller


class People:
    """Everything through one pool; asyncpg prepares each statement once a connection."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def sender(self, request: Any) -> Sender:
        """The sender of this request, looked up each time. Raises Refused for a bad token."""
        address, agent = request.client.host, request.headers.get("user-agent")
        kind, _, secret = request.headers.get("authorization", "").partition(" ")
        if kind != "Bearer":
            return Sender(None, address, agent)
        hashed = hashlib.sha256(secret.encode()).digest()
        caller = await self._pool.fetchrow(SQL["caller"], hashed, address)
        if caller is None:
            raise Refused("This token does not count.")
        if caller["stale"]:
            await self._pool.execute(SQL["touch_token"], caller["token_id"], address)
        return Sender(caller, address, agent)

    async def page(
        self, first: int, after: str | None, search: str | None, with_identities: bool
    ) -> list[asyncpg.Record]:
        """Users, newest first; one more than *first* when another page follows."""
        if not 1 <= first <= LARGEST_PAGE:
            raise Refused(f"first: 1 to {LARGEST_PAGE}.")
        if search:
            pattern = search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
            return await self._pool.fetch(SQL["page_search"], first + 1, pattern, search)
        if after:
            place, user_id = json.loads(base64.urlsafe_b64decode(after))
            return await self._pool.fetch(SQL["page_after"], first + 1, place, user_id)
        name = "page_identities" if with_identities else "page"
        return await self._pool.fetch(SQL[name], first + 1)

    async def count(self) -> int:
        """How many users there are."""
        number: int = await self._pool.fetchval(SQL["count"])
        return number

    async def change_role(
        self, sender: Sender, user_id: str, role: str, reason: str | None, is_grant: bool
    ) -> tuple[asyncpg.Record, bool]:
        """Give or take a role with its event in the trail; the user, and whether it changed."""
        caller = sender.must_administer()
        stored = STORED.get(role)
        if stored is None:
            raise Refused("role: EDITOR or ADMINISTRATOR.")
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.fetch(SQL["lock"], [user_id, caller["id"]])
            standing = await connection.fetchrow(SQL["standing"], user_id, caller["id"], stored)
            if standing is None:
                raise Refused(f"There is no user {user_id}.")
            if not standing["may"]:
                raise Refused("This needs the role Administrator.")
            if standing["holds"] is is_grant:
                return await connection.fetchrow(SQL["user"], user_id), False
            if is_grant:
                await connection.execute(SQL["grant"], user_id, stored, caller["email"], reason)
            else:
                await connection.execute(SQL["revoke"], user_id, stored)
            user = await connection.fetchrow(SQL["touch"], user_id)
            text = json.dumps({"role": stored})
            await connection.fetchrow(
                SQL["audit"],
                *("role.granted" if is_grant else "role.revoked", caller["id"], caller["email"]),
                *(user_id, user["email"], None if is_grant else text, text if is_grant else None),
                *(reason, caller["token_id"], secrets.token_hex(8)),
                *(sender.address, sender.user_agent),
            )
            return user, True


def cursor(user: Mapping[str, Any]) -> str:
    """The user's place in the list."""
    text = json.dumps([user["place"], str(user["id"])])
    return base64.urlsafe_b64encode(text.encode()).decode()


@asynccontextmanager
async def people() -> AsyncIterator[People]:
    """The people of the database that the environment names."""
    url, most = os.environ["PEER_DATABASE_URL"], int(os.environ["PEER_CONNECTIONS"])
    async with asyncpg.create_pool(url, min_size=1, max_size=most) as pool:
        yield People(pool)
