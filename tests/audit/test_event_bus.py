"""Followers of the audit trail get each event once, also after the connection was lost."""

import psycopg
from tests.conftest import configured

from aiwebengine.app.engine import Engine
from aiwebengine.audit import store
from aiwebengine.audit.event_bus import AuditEventBus
from aiwebengine.audit.types import AuditAction, Target
from aiwebengine.core.identity import engine as the_engine
from aiwebengine.database import Listener


def recorded(connection, label):
    """Record an event; its number."""
    target = Target("script", None, label)
    action = AuditAction.SCRIPT_CREATED
    return store.append_at_once(connection, the_engine(), action, target)


async def test_an_event_that_is_committed_late_while_nobody_listens_is_delivered(url, tmp_path):
    engine = Engine(configured(tmp_path), url)
    await engine.prepare()
    bus = AuditEventBus(engine.db, Listener(url, store.CHANNEL))
    with psycopg.connect(url) as slow, psycopg.connect(url, autocommit=True) as quick:
        recorded(quick, "before all")
        await bus._fill_gap()
        async with bus.follow() as events:
            first = recorded(slow, "committed late")
            second = recorded(quick, "committed at once")
            await bus._on_number(f"{second} script.created")
            assert first < second

            # The connection is lost now, and with it the announcement of this event.
            slow.commit()
            recorded(quick, "after it")
            await bus._fill_gap()
            await bus._fill_gap()

            told = []
            while not events._queue.empty():
                told.append((await anext(events)).target_label)
            assert told == ["committed at once", "committed late", "after it"]
    await engine.db.disconnect()
