"""What a message, a filter and the name of a channel may be. Raises BadUserInput."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from aiwebengine.core.errors import BadUserInput
from aiwebengine.script_streams import limits
from aiwebengine.script_streams.types import Filter, StreamMessage

# One of these would end the line of an event (WHATWG HTML, section 9.2.6).
_BREAKS_A_LINE = re.compile("[\r\n\0]")
_SOCKET_ID = re.compile(r"[\w-]{1,64}", re.ASCII)
_CONTROL = re.compile("[\x00-\x1f\x7f]")


def checked(message: StreamMessage) -> StreamMessage:
    """The same message. Raises BadUserInput for what can't be sent."""
    must_be_channel(message.channel)
    size = len(_encoded("data", message.data))
    if size > limits.LARGEST_MESSAGE_BYTES:
        raise BadUserInput(
            f"data: found {size} bytes; allowed: {limits.LARGEST_MESSAGE_BYTES} bytes."
        )
    must_be_filter("match", message.match)
    _must_be_one_line("event", message.event, limits.LONGEST_EVENT)
    _must_be_one_line("id", message.id, limits.LONGEST_ID)
    return message


def must_be_channel(channel: str) -> None:
    """Raise BadUserInput unless it is the name of a channel."""
    if not channel:
        raise BadUserInput("channel: found an empty text; allowed: a path or a name.")
    _must_be_one_line("channel", channel, limits.LONGEST_CHANNEL)
    if _CONTROL.search(channel):
        raise BadUserInput(
            f"channel: found {channel[:100]!r}; allowed: a text without control characters."
        )


def must_be_filter(field: str, value: Mapping[Any, Any]) -> Filter:
    """The value as a filter. Raises BadUserInput unless it has texts, and few of them."""
    if len(value) > limits.MOST_ENTRIES:
        raise BadUserInput(
            f"{field}: found {len(value)} entries; allowed: {limits.MOST_ENTRIES} entries."
        )
    found: dict[str, str] = {}
    for name, text in value.items():
        if not isinstance(name, str) or not isinstance(text, str):
            raise BadUserInput(
                f"{field}: the entry {str(name)[:100]!r} is {type(text).__name__};"
                " allowed: names and values that are texts."
            )
        for part in (name, text):
            _encoded(field, part)
            if len(part) > limits.LONGEST_ENTRY:
                raise BadUserInput(
                    f"{field}: found an entry of {len(part)} characters;"
                    f" allowed: {limits.LONGEST_ENTRY} characters."
                )
        found[name] = text
    return found


def must_be_socket_id(socket_id: str) -> None:
    """Raise BadUserInput for what is no ID of a WebSocket."""
    if not _SOCKET_ID.fullmatch(socket_id):
        raise BadUserInput(f"id: found {socket_id[:40]!r}; allowed: the id of a socket.")


def must_be_closing(code: int, reason: str) -> None:
    """Raise BadUserInput unless a WebSocket may be closed like that (RFC 6455 section 7.4.2)."""
    if code != 1000 and not 3000 <= code <= 4999:
        raise BadUserInput(f"code: found {code}; allowed: 1000, and 3000 to 4999.")
    size = len(_encoded("reason", reason))
    if size > limits.LONGEST_REASON_BYTES:
        raise BadUserInput(
            f"reason: found {size} bytes; allowed: {limits.LONGEST_REASON_BYTES} bytes."
        )


def _must_be_one_line(field: str, text: str | None, longest: int) -> None:
    if text is None:
        return
    _encoded(field, text)
    if len(text) > longest:
        raise BadUserInput(f"{field}: found {len(text)} characters; allowed: {longest} characters.")
    if _BREAKS_A_LINE.search(text):
        raise BadUserInput(f"{field}: found {text[:100]!r}; allowed: a text without a line break.")


def _encoded(field: str, text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise BadUserInput(f"{field}: it contains half a surrogate pair.") from None
