"""SQL statements for demo users."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiwebengine.database import Database
from aiwebengine.demo.people import Person

# From this many rows, rebuilding the search index is faster than updating it.
REBUILD_FROM = 50_000


async def real_users(db: Database, domain: str) -> int:
    """Count users other than demo users and administrators who only use sign-in links."""
    return int(
        await db.value(
            """
            select count(*) from users u
            where u.email not like '%@' || :domain
              and not (
                u.status <> 'invited'
                and not exists (select from identities i where i.user_id = u.id)
                and exists (
                  select from user_roles r where r.user_id = u.id and r.role = 'Administrator'
                )
              )
            """,
            domain=domain,
        )
    )


async def demo_users(db: Database, domain: str) -> int:
    """Count demo users."""
    return int(
        await db.value("select count(*) from users where email like '%@' || :domain", domain=domain)
    )


@asynccontextmanager
async def bulk(db: Database, number: int) -> AsyncIterator[None]:
    """A transaction that, for large numbers, drops and rebuilds the search index."""
    async with db.transaction():
        if number >= REBUILD_FROM:
            await db.execute("drop index users_search")
        yield
        if number >= REBUILD_FROM:
            await db.execute("set local maintenance_work_mem = '512MB'")
            await db.maintain(
                "create index users_search on users using gin (search_grams(search_text, 1))"
            )


async def add(db: Database, people: Sequence[Person]) -> None:
    """Add users with their identities and roles."""
    await db.copy(
        "users",
        ("id", "email", "name", "created_at", "updated_at", "last_signed_in_at"),
        [
            (one.id, one.email, one.name, one.created_at, one.created_at, one.last_signed_in_at)
            for one in people
        ],
    )
    await db.copy(
        "user_addresses",
        ("email_key", "user_id", "email_verified_at", "email_verified_by"),
        # Lower-case ASCII addresses are their own keys.
        [(one.email, one.id, one.created_at, one.provider) for one in people],
    )
    await db.copy(
        "identities",
        (
            *("provider", "subject", "user_id", "email", "email_verified", "created_at"),
            "address_proved_at",
        ),
        [
            (one.provider, str(one.id), one.id, one.email, True, one.created_at, one.created_at)
            for one in people
        ],
    )
    await db.copy(
        "user_roles",
        ("user_id", "role", "granted_at", "granted_by"),
        [
            (one.id, role, one.created_at, "demo (command line)")
            for one in people
            for role in one.roles
        ],
    )


async def analyze(db: Database) -> None:
    """Update the planner statistics."""
    for table in ("users", "user_addresses", "identities", "user_roles"):
        await db.maintain(f"vacuum analyze {table}")
