"""Every SQL statement about made-up users."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiwebengine.database import Database
from aiwebengine.demo.people import Person

# From so many rows on it is quicker to build the search index anew than to keep it up to date.
MANY = 50_000


async def real_users(db: Database, domain: str) -> int:
    """How many users are neither made up nor administrators known by a sign-in link alone."""
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


async def made_up_users(db: Database, domain: str) -> int:
    """How many users are made up."""
    return int(
        await db.value("select count(*) from users where email like '%@' || :domain", domain=domain)
    )


@asynccontextmanager
async def bulk(db: Database, number: int) -> AsyncIterator[None]:
    """Everything inside is kept or nothing is; large numbers go without the search index."""
    async with db.transaction():
        if number >= MANY:
            await db.execute("drop index users_search")
        yield
        if number >= MANY:
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
        # Made of ASCII in lower case: each is its own key.
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
    """Tell the planner what there is now."""
    for table in ("users", "user_addresses", "identities", "user_roles"):
        await db.maintain(f"vacuum analyze {table}")
