"""The trail: append-only, filtered, paged, one event for each change."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from aiwebengine.audit import store
from aiwebengine.audit.types import AuditAction, AuditFilter
from aiwebengine.core.errors import BadUserInput, Forbidden
from aiwebengine.core.identity import Role, operator


@pytest.mark.parametrize(
    "statement",
    [
        "update audit_events set actor_label = 'nobody'",
        "delete from audit_events",
        "truncate audit_events",
        "update audit_events set at = now() where id = 1",
    ],
)
async def test_the_database_itself_refuses_to_alter_the_trail(engine, ada, events_of, statement):
    before = await events_of()

    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
        await engine.db.execute(statement)

    assert await events_of() == before


@pytest.fixture
async def busy(engine, ada, alan, edith):
    """A trail with a few of everything."""
    users = engine.services.users
    for _ in range(3):
        await users.grant_role(ada, alan.id, Role.EDITOR, reason="Newsletter team")
        await users.revoke_role(ada, alan.id, Role.EDITOR)
    await users.suspend(operator("root"), edith.id, reason="left the company")
    return [row["id"] for row in await engine.db.all("select id from audit_events order by id")]


async def pages(engine, viewer, wanted, size):
    seen, after = [], None
    while True:
        found = await engine.services.audit.page(viewer, wanted, after, size)
        seen += [event.number for event in found[:size]]
        if len(found) <= size:
            return seen
        after = (found[size - 1].at, found[size - 1].number)


@pytest.mark.parametrize("size", [1, 2, 5, 200])
async def test_pages_show_every_event_once_newest_first(engine, ada, busy, size):
    assert await pages(engine, ada, AuditFilter(), size) == busy[::-1]


@pytest.mark.parametrize("newest", [0, 1, 3, store.NEWEST])
async def test_each_filter_lets_through_what_it_says(
    engine, ada, alan, edith, busy, monkeypatch, newest
):
    monkeypatch.setattr(store, "NEWEST", newest)
    rows = await engine.db.all("select * from audit_events")
    middle = sorted(row["at"] for row in rows)[len(rows) // 2]
    cases = {
        "actions": (
            AuditFilter(actions=[AuditAction.ROLE_GRANTED, AuditAction.USER_SUSPENDED]),
            lambda row: row["action"] in ("role.granted", "user.suspended"),
        ),
        "actor": (AuditFilter(actor_id=str(ada.id)), lambda row: row["actor_id"] == ada.id),
        "target": (AuditFilter(target_id=str(alan.id)), lambda row: row["target_id"] == alan.id),
        "user": (
            AuditFilter(user_id=str(ada.id)),
            lambda row: ada.id in (row["actor_id"], row["target_id"]),
        ),
        "request": (
            AuditFilter(request_id="test-request"),
            lambda row: row["request_id"] == "test-request",
        ),
        "since": (AuditFilter(since=middle), lambda row: row["at"] >= middle),
        "until": (AuditFilter(until=middle), lambda row: row["at"] < middle),
        "words": (
            AuditFilter(search="news tea"),
            lambda row: "Newsletter team" in (row["reason"] or ""),
        ),
        "words of a user": (
            AuditFilter(user_id=str(alan.id), search="ada"),
            lambda row: (
                alan.id in (row["actor_id"], row["target_id"])
                and "ada" in row["actor_label"] + row["target_label"]
            ),
        ),
        "words since": (
            AuditFilter(since=middle, search="ada"),
            lambda row: row["at"] >= middle and "ada" in row["actor_label"] + row["target_label"],
        ),
        "quotes": (AuditFilter(search="o'\\neil & | ! :*"), lambda row: False),
    }

    for name, (wanted, lets_through) in cases.items():
        expected = sorted((row["id"] for row in rows if lets_through(row)), reverse=True)
        assert await pages(engine, ada, wanted, 3) == expected, name
        assert await engine.services.audit.count(ada, wanted) == len(expected), name


@pytest.mark.parametrize(
    "said",
    [
        "admin@localhost",
        "grace@example.com",
        "grace+news@example.com",
        "o'neil@example.com",
        # To PostgreSQL these are numbers, signs and rests.
        "20e57f4486d701f9",
        "012587e341030a9c",
        "abb75c4e-6429-43b6-9e62-64bbf9ea228b",
        "re-organisation",
        "#4711",
        "https://example.com/tickets?id=7",
    ],
)
async def test_an_event_is_found_by_its_words(engine, ada, alan, busy, said):
    users = engine.services.users
    await users.grant_role(ada, alan.id, Role.EDITOR, reason=f"Because of {said}, as agreed")

    for search in (said, said.upper(), f"agr {said}", f"because - {said} & agreed"):
        wanted = AuditFilter(search=search)
        assert await pages(engine, ada, wanted, 3) == [busy[-1] + 1], search
        assert await engine.services.audit.count(ada, wanted) == 1, search


async def test_an_address_and_a_request_id_are_found_by_their_beginnings(engine, ada, alan):
    users = engine.services.users
    said = [
        "admin@localhost",
        "grace@example.com",
        "grace+news@example.com",
        "o'neil@example.com",
        "20e57f4486d701f9",
    ]
    await users.grant_role(ada, alan.id, Role.EDITOR, reason=" ".join(said))

    missed = [
        word[:size]
        for word in said
        for size in range(1, len(word) + 1)
        if not await engine.services.audit.count(ada, AuditFilter(search=word[:size]))
    ]

    assert missed == []


@pytest.mark.parametrize(
    "wanted",
    [
        AuditFilter(actor_id="me"),
        AuditFilter(user_id="'; --"),
        AuditFilter(since=datetime(2026, 1, 1)),
        AuditFilter(search="word " * 51),
    ],
)
async def test_a_filter_of_nonsense_is_refused(engine, ada, wanted):
    with pytest.raises(BadUserInput, match="filter"):
        await engine.services.audit.page(ada, wanted, None, 10)


async def test_only_administrators_read_the_trail(engine, edith):
    with pytest.raises(Forbidden):
        await engine.services.audit.page(edith, AuditFilter(), None, 10)
    with pytest.raises(Forbidden):
        await engine.services.audit.count(edith, AuditFilter())


async def test_an_empty_range_is_empty(engine, ada):
    future = AuditFilter(since=datetime.now(UTC) + timedelta(days=1))

    assert await engine.services.audit.page(ada, future, None, 10) == []


async def test_an_action_of_a_newer_version_is_listed_as_other(engine, ada):
    await engine.db.execute(
        """
        insert into audit_events
          (action, actor_kind, actor_label, target_type, target_label, door)
        values ('comet.sighted', 'system', 'aiwebengine', 'sky', 'above', 'engine')
        """
    )
    others = AuditFilter(actions=[AuditAction.OTHER])

    every = await engine.services.audit.page(ada, AuditFilter(), None, 1)
    found = await engine.services.audit.page(ada, others, None, 10)

    assert every[0].action is AuditAction.OTHER
    assert [event.target_label for event in found] == ["above"]
