"""Each message reaches each script that listens, at least once, or is a dead letter."""

import asyncio

import orjson
import pytest
from tests.script_messages.working import add_receiver, deliveries_of, finished, send, worker

from aiwebengine.core.errors import EngineError
from aiwebengine.jobs.queues import NotStarted
from aiwebengine.script_messages import queue_store, store
from aiwebengine.script_messages.types import MOST_ATTEMPTS, ScriptMessageState


@pytest.fixture
def db(engine):
    return engine.db


class Handler:
    """Notes what it gets."""

    def __init__(self, error=None):
        self.calls = []
        self.error = error

    async def __call__(self, script, handler, head, request_id):
        self.calls.append((script, orjson.loads(orjson.dumps(head))))
        if self.error is not None:
            raise self.error


async def count(db, table):
    return await db.value(f"select count(*) from {table}")


async def test_a_message_reaches_every_script_that_listens_and_is_gone(db):
    shop = await add_receiver(db, "shop")
    billing = await add_receiver(db, "billing", "order.created")
    mail = await add_receiver(db, "mail", "order.created", "user.created")
    await add_receiver(db, "other", "user.created")
    handler = Handler()
    sent = await send(db, shop, data={"total": 12.5, "note": "a\0b"})
    async with worker(db, handler) as one, worker(db, handler) as two:
        assert sum(await asyncio.gather(one.look(), two.look())) >= 1
        await finished(one)
        await finished(two)
        while await one.look():
            await finished(one)

    assert sent.receivers == 2
    assert {script for script, _ in handler.calls} == {billing, mail}
    assert len(handler.calls) == 2
    head = handler.calls[0][1]
    assert head["data"] == {"total": 12.5, "note": "a\0b"}
    assert (head["from"], head["type_name"], head["attempt"]) == ("shop", "order.created", 1)
    assert await count(db, "script_deliveries") == await count(db, "script_messages") == 0


async def test_a_message_without_a_receiver_is_not_stored(db):
    sent = await send(db, await add_receiver(db, "shop", "another"))

    assert (sent.number, sent.receivers) == (None, 0)
    assert await count(db, "script_messages") == 0


async def test_a_message_may_be_for_one_script(db):
    shop = await add_receiver(db, "shop")
    billing = await add_receiver(db, "billing", "order.created")
    await add_receiver(db, "mail", "order.created")
    await send(db, shop, to="billing")

    assert [row["script_id"] for row in await deliveries_of(db)] == [billing]


async def test_a_message_that_is_rolled_back_was_not_sent(db):
    shop = await add_receiver(db, "shop", "order.created")
    with pytest.raises(ZeroDivisionError):
        async with db.transaction():
            await send(db, shop)
            raise ZeroDivisionError

    assert await count(db, "script_messages") == 0


async def test_a_delayed_message_waits(db):
    shop = await add_receiver(db, "shop", "order.created")
    await send(db, shop, delay_ms=3_600_000)
    async with worker(db, Handler()) as one:
        assert await one.look() == 0
        await db.execute("update script_deliveries set next_at = now()")
        assert await one.look() == 1


async def test_a_message_that_keeps_failing_becomes_a_dead_letter(db):
    shop = await add_receiver(db, "shop", "order.created")
    await send(db, shop)
    handler = Handler(EngineError("no luck"))
    async with worker(db, handler) as one:
        for attempt in range(1, MOST_ATTEMPTS + 1):
            assert await one.look() == 1
            await finished(one)
            (row,) = await deliveries_of(db)
            assert (row["attempt"], row["problem"]) == (attempt, "no luck")
            assert await one.look() == 0
            await db.execute("update script_deliveries set next_at = now()")
        assert await one.look() == 0

    assert [head["attempt"] for _, head in handler.calls] == list(range(1, MOST_ATTEMPTS + 1))
    (dead,) = await store.page(db, shop, ScriptMessageState.DEAD, None, 10)
    assert (dead.problem, dead.next_attempt_at) == ("no luck", None)
    assert dead.died_at is not None


async def test_a_dead_letter_is_retried_from_the_beginning_or_discarded(db):
    shop = await add_receiver(db, "shop", "order.created")
    numbers = [(await send(db, shop)).number for _ in range(3)]
    await db.execute("update script_deliveries set state = 'dead', attempt = 5, died_at = now()")

    assert await store.retry(db, shop, [numbers[0]]) == 1
    assert await store.retry(db, shop, [numbers[0], 999]) == 0
    assert await store.discard(db, shop, [numbers[1]]) == 1
    assert await store.count(db, shop, ScriptMessageState.DEAD) == 1
    assert await store.retry(db, shop, None) == 1

    assert [(row["state"], row["attempt"]) for row in await deliveries_of(db)] == [
        ("pending", 0),
        ("pending", 0),
    ]


async def test_a_script_that_is_busy_has_not_failed(db):
    shop = await add_receiver(db, "shop", "order.created")
    await send(db, shop)
    async with worker(db, Handler(NotStarted("It is busy."))) as one:
        await one.look()
        await finished(one)

    (row,) = await deliveries_of(db)
    assert (row["attempt"], row["state"], row["runner"]) == (0, "pending", None)


async def test_a_type_that_is_not_received_any_more_is_a_dead_letter(db):
    shop = await add_receiver(db, "shop", "order.created")
    await send(db, shop)
    await store.set_listeners(db, shop, {"user.created": "message"})
    handler = Handler()
    async with worker(db, handler) as one:
        await one.look()
        await finished(one)

    (row,) = await deliveries_of(db)
    assert handler.calls == []
    assert row["state"] == "dead"
    assert "does not receive" in row["problem"]


async def test_deliveries_of_a_dead_process_are_repeated(db):
    shop = await add_receiver(db, "shop", "order.created")
    await send(db, shop)
    handler = Handler()
    async with worker(db, handler) as one:
        gone = await one._lease._runs.begin("lease", "engine")
        assert len(await queue_store.claim(db, gone.number, one._capacity())) == 1
        assert await one.look() == 0
        await db.execute(
            "update runs set beat_at = beat_at - interval '10 s' where id = :id", id=gone.number
        )
        one._next_free = 0
        assert await one.look() == 1
        await finished(one)

    assert [head["attempt"] for _, head in handler.calls] == [2]
    assert await count(db, "script_messages") == 0


async def test_a_key_sends_once(db):
    shop = await add_receiver(db, "shop", "order.created")

    async def once():
        async with db.transaction():
            before = await store.take_key(db, shop, "order 1", None)
            if before is not None:
                return before
            sent = await send(db, shop)
            await store.keep_key(db, shop, "order 1", sent)
            return sent

    sent = await asyncio.gather(*(once() for _ in range(5)))

    assert len({one.number for one in sent}) == 1
    assert sorted(one.is_duplicate for one in sent) == [False, True, True, True, True]
    assert await count(db, "script_messages") == 1


async def test_a_key_without_a_receiver_stays_free(db):
    shop = await add_receiver(db, "shop")
    assert await store.take_key(db, shop, "order 1", None) is None
    await store.keep_key(db, shop, "order 1", await send(db, shop))

    assert await store.take_key(db, shop, "order 1", None) is None


async def test_what_is_old_is_removed(db):
    shop = await add_receiver(db, "shop", "order.created")
    for _ in range(3):
        await send(db, shop)
    old, dead, _ = await deliveries_of(db)
    await db.execute(
        "update script_messages set sent_at = now() - interval '40 days' where id = :id",
        id=old["message_id"],
    )
    await db.execute(
        "update script_deliveries set next_at = now() - interval '40 days' where message_id = :id",
        id=old["message_id"],
    )
    await db.execute(
        "update script_deliveries set state = 'dead', died_at = now() - interval '40 days'"
        " where message_id = :id",
        id=dead["message_id"],
    )
    await db.execute(
        "update script_messages set sent_at = now() - interval '80 days' where id = :id",
        id=dead["message_id"],
    )

    assert await queue_store.tidy(db) == 1

    assert {row["message_id"]: row["state"] for row in await deliveries_of(db)} == {
        old["message_id"]: "dead",
        old["message_id"] + 2: "pending",
    }
    assert await count(db, "script_messages") == 2
