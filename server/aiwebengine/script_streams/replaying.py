"""What a client missed while it was not connected."""

from __future__ import annotations

from dataclasses import dataclass, field

from aiwebengine.database import Database
from aiwebengine.script_streams import events, limits, store
from aiwebengine.script_streams.bodies import message_of
from aiwebengine.script_streams.types import Filter
from aiwebengine.script_streams.visits import Visit
from aiwebengine.web.writing import chunk


@dataclass(frozen=True, slots=True)
class Missed:
    """Messages by number, as chunks; *gap* is the event that says that some are missing."""

    gap: bytes = b""
    events: list[tuple[int, bytes]] = field(default_factory=list)


async def missed_events(
    db: Database, visit: Visit, connection: Filter, last_event_id: str | None
) -> Missed:
    """The messages after the one with this id, as far as they are kept. Raises Unavailable.

    While that message is kept, all later ones are.
    """
    if not last_event_id:
        return Missed()
    number = await _number_of(db, visit, last_event_id)
    if number is None:
        return Missed(events.GAP)
    most = limits.MOST_REPLAYED + 1
    rows = await store.of_channels_after(db, visit.script_id, visit.channels, number, most)
    is_whole = bool(rows) and rows[0]["number"] == number
    found = []
    for row in rows:
        message = message_of(row["number"], row["script_id"], row["body"])
        if message.number > number and message.is_for(connection):
            found.append((message.number, chunk(events.event_of(message))))
    return Missed(b"" if is_whole else events.GAP, found[-limits.MOST_REPLAYED :])


async def _number_of(db: Database, visit: Visit, event_id: str) -> int | None:
    if len(event_id) > limits.LONGEST_ID or not event_id.isprintable():
        return None
    # Headers have bytes; an `EventSource` sends the id in UTF-8.
    text = event_id.encode("latin-1").decode("utf-8", "replace")
    own = await store.number_of(db, visit.script_id, visit.channels, text)
    return events.number_in(text) if own is None else own
