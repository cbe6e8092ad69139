"""Messages as they are stored and announced: a JSON array of everything but number and script."""

from __future__ import annotations

from uuid import UUID

import orjson

from aiwebengine.script_streams.types import Matching, StreamMessage


def body_of(message: StreamMessage) -> str:
    """The text of a message; entries that it does not have at the end are left out."""
    parts = [
        message.channel,
        message.data,
        message.match,
        message.matching,
        message.event,
        message.id,
    ]
    kept = 2 if not message.match else 4
    if message.event is not None or message.id is not None:
        kept = 6
    return orjson.dumps(parts[:kept]).decode()


def message_of(number: int, script_id: UUID, body: str) -> StreamMessage:
    """The message of a text."""
    parts = orjson.loads(body)
    channel, data = parts[0], parts[1]
    if len(parts) == 2:
        return StreamMessage(number, script_id, channel, data)
    event, own_id = (parts[4], parts[5]) if len(parts) == 6 else (None, None)
    return StreamMessage(
        number, script_id, channel, data, parts[2], Matching(parts[3]), event, own_id
    )
