"""The seals: whatever is done to the table past its triggers shows, and where."""

import asyncio

import pytest

from aiwebengine.audit import chain
from aiwebengine.audit.chain import HashChain, Head
from aiwebengine.core.errors import BadUserInput, Forbidden
from aiwebengine.core.identity import Role, operator

ROOT = operator("root")


@pytest.fixture
async def trail(engine, ada, alan):
    """The numbers of a sealed trail's events, oldest first."""
    for _ in range(6):
        await engine.services.users.grant_role(ada, alan.id, Role.EDITOR, reason="news")
        await engine.services.users.revoke_role(ada, alan.id, Role.EDITOR)
    await engine.services.chain.seal()
    return [row["id"] for row in await engine.db.all("select id from audit_events order by id")]


@pytest.fixture
def tamper(engine):
    """Change the tables as somebody who owns the database can."""

    async def tamper(statement, **values):
        async with engine.db.transaction():
            await engine.db.execute("set local session_replication_role = replica")
            await engine.db.execute(statement, **values)

    return tamper


async def verdict(engine, known=None):
    return await engine.services.chain.verify(ROOT, known)


async def test_an_untouched_trail_is_whole(engine, trail):
    found = await verdict(engine)

    assert (found.problem, found.sealed, found.unsealed) == (None, len(trail), 0)
    assert found.head.position == len(trail)
    assert await verdict(engine, Head.parse(str(found.head))) == found


@pytest.mark.parametrize(
    "change",
    [
        "actor_label = 'nobody'",
        "at = at + interval '1 microsecond'",
        "reason = null",
        """after = '{"role": "Administrator"}'""",
        "address = '192.0.2.1'",
        "action = 'role.expired'",
    ],
)
async def test_a_changed_event_is_named(engine, trail, tamper, change):
    await tamper(f"update audit_events set {change} where id = :id", id=trail[5])

    found = await verdict(engine)

    assert (found.event_id, found.problem) == (trail[5], "it, or its seal, was changed")


async def test_the_first_of_several_is_named(engine, trail, tamper):
    await tamper("update audit_events set reason = 'x' where id = any(:ids)", ids=trail[7:10])

    assert (await verdict(engine)).event_id == trail[7]


async def test_a_removed_event_is_named(engine, trail, tamper):
    await tamper("delete from audit_events where id = :id", id=trail[3])

    found = await verdict(engine)

    assert (found.event_id, found.problem) == (trail[3], "it was removed")


async def test_an_event_removed_with_its_seal_shows_at_the_next(engine, trail, tamper):
    await tamper("delete from audit_events where id = :id", id=trail[3])
    await tamper("delete from audit_chain where event_id = :id", id=trail[3])

    found = await verdict(engine)

    assert found.event_id == trail[4]
    assert "position 4" in found.problem


async def test_an_event_that_was_slipped_in_is_named(engine, trail, tamper):
    await tamper(
        """
        insert into audit_events (action, actor_kind, actor_label, target_type, target_label, door)
        values ('role.granted', 'user', 'ada@example.com', 'user', 'eve@example.com', 'graphql')
        """
    )

    found = await verdict(engine)

    assert found.problem == "it was inserted without a seal"
    assert found.event_id > trail[-1]


async def test_an_event_removed_before_its_seal_is_named(engine, ada, alan, trail, tamper):
    await engine.services.users.grant_role(ada, alan.id, Role.EDITOR)
    await tamper("delete from audit_events where id > :id", id=trail[-1])

    assert (await verdict(engine)).problem == "it was removed before it was sealed"


async def test_a_rewritten_trail_is_detected_with_a_stored_head_only(engine, trail, tamper):
    kept = (await verdict(engine)).head
    await tamper("delete from audit_chain")
    await tamper("delete from audit_events where id = :id", id=trail[3])
    await tamper("insert into audit_unsealed select id from audit_events")
    await engine.services.chain.seal()

    assert (await verdict(engine)).problem is None
    assert "before the stored head" in (await verdict(engine, kept)).problem
    shorter = Head(kept.position - 1, kept.hash)
    assert "rewritten" in (await verdict(engine, shorter)).problem


@pytest.mark.parametrize("seals", ["audit_chain", "audit_events"])
async def test_seals_are_append_only_as_well(engine, trail, seals):
    with pytest.raises(Exception, match="append-only"):
        await engine.db.execute(f"delete from {seals}")


async def test_instances_that_seal_at_once_make_one_chain(engine, ada, alan, monkeypatch):
    monkeypatch.setattr(chain, "BATCH", 3)
    sealers = [HashChain(engine.db) for _ in range(4)]
    for _ in range(8):
        await engine.services.users.grant_role(ada, alan.id, Role.EDITOR)
        await asyncio.gather(*(sealer.seal() for sealer in sealers))
        await engine.services.users.revoke_role(ada, alan.id, Role.EDITOR)
    await engine.services.chain.seal()

    found = await verdict(engine)

    assert found.problem is None
    assert found.sealed == await engine.db.value("select count(*) from audit_events")


async def test_only_administrators_verify(engine, edith):
    with pytest.raises(Forbidden):
        await engine.services.chain.verify(edith)


@pytest.mark.parametrize("text", ["", "7", "x:00", "0:" + "00" * 32, "1:abcd"])
def test_a_head_that_is_none_is_refused(text):
    with pytest.raises(BadUserInput, match="head"):
        Head.parse(text)
