"""Statements that PostgreSQL plans in each execution, and those that it plans once."""

from datetime import UTC, datetime

import pytest

from aiwebengine.audit import store as audit_store
from aiwebengine.audit.types import AuditFilter
from aiwebengine.auth import caller_store
from aiwebengine.database import Database
from aiwebengine.users import page_store, store
from aiwebengine.users.types import UserFilter, UserOrder

# PostgreSQL plans the first five executions of a prepared statement for their values.
FIRST = 5
TIMES = 2 * FIRST


@pytest.fixture
async def db(url):
    database = Database(url, max_connections=1)
    await database.connect()
    yield database
    await database.disconnect()


async def plans(db, part):
    """How often the statement with this *part* was planned for its values, and not."""
    return tuple(
        await db.one(
            """
            select custom_plans, generic_plans from pg_prepared_statements
            where statement like '%' || :part || '%' and statement not like '%pg_prepared%'
            """,
            part=part,
        )
    )


async def test_what_runs_before_each_request_is_planned_once(db):
    for _ in range(TIMES):
        await caller_store.caller_by_token(db, secret_hash=b"unknown", address="127.0.0.1")
        await caller_store.caller_by_session(db, idle_secs=60, secret_hash=b"unknown")

    assert await plans(db, "from api_tokens") == (FIRST, TIMES - FIRST)
    assert await plans(db, "from sessions") == (FIRST, TIMES - FIRST)


async def test_a_page_is_planned_once_and_a_search_for_its_word(db):
    await db.execute(
        """
        insert into users (email, name)
        select number || '@example.com', 'Somebody ' || number
        from generate_series(1, 2000) as number
        """
    )
    await db.execute("analyze users")
    for _ in range(TIMES):
        await page_store.page(db, UserFilter(), UserOrder(), None, 51)
        await page_store.page(db, UserFilter(search="somebody"), UserOrder(), None, 51)
        await store.count(db, UserFilter(search="somebody 7"))

    assert await plans(db, "from users u\n          where true") == (FIRST, TIMES - FIRST)
    assert await plans(db, "as place%search_grams") == (TIMES, 0)
    assert await plans(db, "count(*)%search_grams") == (TIMES, 0)


async def test_a_filtered_trail_is_planned_for_its_values(db):
    wanted = AuditFilter(since=datetime(2026, 1, 1, tzinfo=UTC))
    for _ in range(TIMES):
        await audit_store.page(db, wanted, None, 51)

    assert await plans(db, "from audit_events") == (TIMES, 0)


@pytest.mark.parametrize("words", ["everybody", "nobody", "everybody person777@example.com"])
async def test_no_search_in_the_trail_walks_all_of_it(db, monkeypatch, words):
    monkeypatch.setattr(audit_store, "NEWEST", 300)
    await db.execute(
        """
        insert into audit_events (action, actor_kind, actor_label, target_type, target_label, door)
        select 'role.granted', 'system', 'everybody', 'user', 'person' || number || '@example.com',
          'engine'
        from generate_series(1, 20000) as number
        """
    )
    await db.execute("vacuum analyze audit_events")
    read = "select sum(seq_tup_read + idx_tup_fetch) from pg_stat_user_tables"
    read += " where relname = 'audit_events'"
    await db.execute("select pg_stat_force_next_flush()")
    before = await db.value(read)

    await audit_store.page(db, AuditFilter(search=words), None, 51)

    await db.execute("select pg_stat_force_next_flush()")
    assert await db.value(read) - before <= 301
