"""Messages reach all who listen, in each worker, once and in order."""

import asyncio
import json

import psycopg
import pytest
from tests.script_streams.conftest import PATIENCE, until

from aiwebengine.core.errors import BadUserInput, Unavailable
from aiwebengine.script_streams import limits, store
from aiwebengine.script_streams.types import CHANNEL as NOTIFIED
from aiwebengine.script_streams.types import Matching, TooManyMessages

CHANNEL = "/events"


async def taken(subscription, count):
    """The data of the next messages."""
    async with asyncio.timeout(PATIENCE):
        return [(await anext(subscription)).data for _ in range(count)]


async def test_a_message_reaches_the_listeners_of_every_worker(here, there, script_id):
    with (
        here.subscribe(script_id, CHANNEL, {"group": "1"}) as one,
        there.subscribe(script_id, CHANNEL, {"group": "1"}) as other,
    ):
        number = await here.publish(
            script_id, CHANNEL, "hello", match={"group": "1"}, event="said", id="a"
        )
        async with asyncio.timeout(PATIENCE):
            messages = [await anext(one), await anext(other)]

    assert messages[0] == messages[1]
    assert messages[0].number == number
    assert (messages[0].data, messages[0].event, messages[0].id) == ("hello", "said", "a")


async def test_listeners_of_other_scripts_and_channels_get_nothing(here, there, script_id):
    with (
        there.subscribe(script_id, "/other") as other_channel,
        there.subscribe(type(script_id)(int=1), CHANNEL) as other_script,
        there.subscribe(script_id, CHANNEL) as listening,
    ):
        await here.publish(script_id, CHANNEL, "hello")
        await taken(listening, 1)

        for other in (other_channel, other_script):
            assert other._queue.empty()


async def test_all_workers_see_messages_of_all_workers_in_one_order(here, there, script_id):
    with (
        here.subscribe(script_id, CHANNEL) as one,
        there.subscribe(script_id, CHANNEL) as other,
    ):
        await asyncio.gather(
            *(
                worker.publish(script_id, CHANNEL, f"{name} {number}")
                for number in range(100)
                for name, worker in (("here", here), ("there", there))
            )
        )
        seen = await taken(one, 200)

        assert await taken(other, 200) == seen
        for name in ("here", "there"):
            of_one = [text for text in seen if text.startswith(f"{name} ")]
            assert of_one == [f"{name} {number}" for number in range(100)]


async def test_a_message_that_is_too_large_to_announce_arrives_whole(here, there, script_id):
    data = 'ä€😀\\"' * 5_000

    with there.subscribe(script_id, CHANNEL) as listening:
        await here.publish(script_id, CHANNEL, data)
        await here.publish(script_id, CHANNEL, "next")

        assert await taken(listening, 2) == [data, "next"]


@pytest.mark.parametrize(
    ("connection", "match", "matching", "is_for_it"),
    [
        ({}, {}, Matching.SUBSET, True),
        ({"group": "1"}, {}, Matching.OVERLAP, True),
        ({"group": "1", "name": "ada"}, {"group": "1"}, Matching.SUBSET, True),
        ({"group": "1"}, {"group": "1", "name": "ada"}, Matching.SUBSET, False),
        ({"group": "1"}, {"group": "1", "name": "ada"}, Matching.OVERLAP, True),
        ({"group": "2"}, {"group": "1", "name": "ada"}, Matching.OVERLAP, False),
        ({}, {"group": "1"}, Matching.SUBSET, False),
        ({}, {"group": "1"}, Matching.OVERLAP, False),
    ],
)
async def test_a_message_is_for_the_connections_that_match(
    here, script_id, connection, match, matching, is_for_it
):
    with here.subscribe(script_id, CHANNEL, connection) as listening:
        await here.publish(script_id, CHANNEL, "maybe", match=match, matching=matching)
        await here.publish(script_id, CHANNEL, "end")

        assert await taken(listening, 1) == ["maybe" if is_for_it else "end"]


async def test_what_was_sent_while_the_connection_was_lost_arrives_afterwards(
    url, here, there, script_id
):
    with there.subscribe(script_id, CHANNEL) as listening:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                """
                select pg_terminate_backend(pid) from pg_stat_activity
                where application_name = 'aiwebengine listener'
                """
            )
        for number in range(20):
            await here.publish(script_id, CHANNEL, str(number))

        assert await taken(listening, 20) == [str(number) for number in range(20)]


async def test_listeners_learn_that_messages_are_missing(url, here, there, script_id):
    with there.subscribe(script_id, CHANNEL) as listening:
        with psycopg.connect(url, autocommit=True) as connection:
            # Numbers whose messages were removed before this worker could read them.
            connection.execute("select nextval('script_message_numbers')")
            connection.execute(
                """
                select pg_terminate_backend(pid) from pg_stat_activity
                where application_name = 'aiwebengine listener'
                """
            )

        with pytest.raises(Unavailable):
            await taken(listening, 1)
        with pytest.raises(Unavailable):
            await taken(listening, 1)


def waiting(connection):
    """How many wait for a message that is being sent."""
    sql = """
        select count(*) from pg_locks
        where locktype = 'advisory' and not granted
          and database = (select oid from pg_database where datname = current_database())
    """
    return connection.execute(sql).fetchone()[0]


async def test_a_message_that_is_being_sent_when_the_connection_comes_back_arrives(
    url, here, there, script_id
):
    with (
        there.subscribe(script_id, CHANNEL) as listening,
        psycopg.connect(url, autocommit=True) as looking,
        psycopg.connect(url) as sending,
    ):
        # As a worker sends one, which takes a moment.
        sending.execute("select pg_advisory_xact_lock(%s)", [store._LOCK])
        sending.execute(
            """
            with sent as (
              insert into script_messages_sent (number, script_id, channel, body)
              values (nextval('script_message_numbers'), %s, %s, %s) returning number, body
            )
            select pg_notify(%s, number || ' ' || %s || ' ' || body) from sent
            """,
            [script_id, CHANNEL, json.dumps([CHANNEL, "sent"]), NOTIFIED, script_id],
        )
        looking.execute(
            """
            select pg_terminate_backend(pid) from pg_stat_activity
            where application_name = 'aiwebengine listener'
            """
        )
        # Of each worker one; a worker that does not wait takes the message for delivered.
        await until(lambda: waiting(looking) == 2 or there.newest)
        sending.commit()
        await here.publish(script_id, CHANNEL, "next")

        assert await taken(listening, 2) == ["sent", "next"]


async def test_listeners_learn_that_a_message_was_removed_before_it_was_read(url, here, script_id):
    with (
        here.subscribe(script_id, CHANNEL) as listening,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        # Announced without its body, which is too large for that, and no longer there.
        connection.execute("select pg_notify(%s, %s)", [NOTIFIED, f"1 {script_id} "])

        with pytest.raises(Unavailable):
            await taken(listening, 1)


async def test_a_subscriber_that_is_too_slow_is_ended(here, script_id, monkeypatch):
    monkeypatch.setattr(limits, "MOST_WAITING", 5)
    with (
        here.subscribe(script_id, CHANNEL) as slow,
        here.subscribe(script_id, CHANNEL) as fast,
    ):
        for number in range(8):
            await here.publish(script_id, CHANNEL, str(number))
            await taken(fast, 1)

        assert await taken(slow, 5) == ["0", "1", "2", "3", "4"]
        with pytest.raises(Unavailable):
            await taken(slow, 1)


async def test_nothing_is_left_of_subscribers_that_have_gone(here, script_id):
    with here.subscribe(script_id, CHANNEL), here.subscribe(script_id, "/other"):
        pass

    assert here._receivers == {}


async def test_a_message_is_sent_though_the_callers_transaction_is_rolled_back(here, script_id):
    with here.subscribe(script_id, CHANNEL) as listening:
        with pytest.raises(ZeroDivisionError):
            async with here._db.transaction():
                await here.publish(script_id, CHANNEL, "sent")
                raise ZeroDivisionError

        assert await taken(listening, 1) == ["sent"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"channel": ""}, "channel"),
        ({"channel": "x" * (limits.LONGEST_CHANNEL + 1)}, "channel"),
        ({"data": "é" * (limits.LARGEST_MESSAGE_BYTES // 2 + 1)}, "data"),
        ({"data": "\ud800"}, "data"),
        ({"match": {"a": 1}}, "match"),
        ({"match": {str(number): "" for number in range(limits.MOST_ENTRIES + 1)}}, "match"),
        ({"match": {"a": "x" * (limits.LONGEST_ENTRY + 1)}}, "match"),
        ({"event": "a\nb"}, "event"),
        ({"id": "a\0"}, "id"),
        ({"id": "x" * (limits.LONGEST_ID + 1)}, "id"),
    ],
)
async def test_what_can_not_be_sent_is_refused(here, script_id, wrong, field):
    with pytest.raises(BadUserInput, match=f"^{field}: "):
        await here.publish(script_id, **{"channel": CHANNEL, "data": "", **wrong})

    assert here.newest == 0


async def test_one_script_that_sends_too_much_stops_no_other(here, script_id):
    other = type(script_id)(int=1)
    now = 0.0
    here._rates._now = lambda: now
    for _ in range(limits.MESSAGES_AT_ONCE):
        here._rates.count(script_id, 1)

    with pytest.raises(TooManyMessages):
        await here.publish(script_id, CHANNEL, "too many")
    assert await here.publish(other, CHANNEL, "fine") > 0
    now += 1.0
    for _ in range(limits.MESSAGES_PER_SEC):
        here._rates.count(script_id, 1)
    with pytest.raises(TooManyMessages):
        await here.publish(script_id, CHANNEL, "too many")


async def test_old_messages_are_removed_but_for_the_newest_of_a_channel(url, here, script_id):
    first = await here.publish(script_id, CHANNEL, "first")
    second = await here.publish(script_id, CHANNEL, "second")
    other = await here.publish(script_id, "/other", "other")

    def kept():
        with psycopg.connect(url) as connection:
            rows = connection.execute("select number from script_messages_sent order by number")
            return [row[0] for row in rows.fetchall()]

    def are_older_by(secs):
        with psycopg.connect(url) as connection:
            connection.execute(
                "update script_messages_sent set sent_at = sent_at - make_interval(secs => %s)",
                [secs],
            )

    await here.remove_old()
    assert kept() == [first, second, other]
    are_older_by(limits.KEPT_SECS)
    await here.remove_old()
    assert kept() == [second, other]
    are_older_by(limits.NEWEST_KEPT_SECS)
    await here.remove_old()
    assert kept() == []


async def test_another_database_is_noticed(url, here, script_id):
    await here.publish(script_id, CHANNEL, "before")
    await until(lambda: here.newest == 1)
    with psycopg.connect(url, autocommit=True) as connection:
        # As after a restore of a backup.
        connection.execute("truncate script_messages_sent")
        connection.execute("alter sequence script_message_numbers restart")
        connection.execute(
            """
            select pg_terminate_backend(pid) from pg_stat_activity
            where application_name = 'aiwebengine listener'
            """
        )
    await until(lambda: here.newest == 0)

    with here.subscribe(script_id, CHANNEL) as listening:
        await here.publish(script_id, CHANNEL, "after")

        assert await taken(listening, 1) == ["after"]
