"""Messages as server-sent events (WHATWG HTML, section 9.2)."""

from __future__ import annotations

import re

from aiwebengine.script_streams.types import StreamMessage

_LINE_END = re.compile("\r\n|\r|\n")
_ENGINES_ID = re.compile("m([0-9]{1,18})")

HEARTBEAT = b":\n\n"
"""A comment: it keeps proxies from closing a connection that is idle."""

GAP = b"event: gap\ndata: Messages may be missing. Load the current state.\n\n"


def event_of(message: StreamMessage) -> bytes:
    """The event for a message. Its id is the script's own, or one that `number_in` reads."""
    lines = [f"id: {message.id or f'm{message.number}'}"]
    if message.event is not None:
        lines.append(f"event: {message.event}")
    # Without a line break, which is the usual case, no pattern is tried.
    if "\n" in message.data or "\r" in message.data:
        lines += [f"data: {line}" for line in _LINE_END.split(message.data)]
    else:
        lines.append(f"data: {message.data}")
    return ("\n".join(lines) + "\n\n").encode()


def retry(milliseconds: int) -> bytes:
    """Sets how long a client waits before it reconnects."""
    return f"retry: {milliseconds}\n\n".encode()


def number_in(event_id: str) -> int | None:
    """The number of the message with this id, if the engine gave it the id."""
    match = _ENGINES_ID.fullmatch(event_id)
    return None if match is None else int(match[1])
