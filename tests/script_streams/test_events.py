"""Messages as server-sent events, read as an `EventSource` reads them."""

from uuid import UUID

import pytest

from aiwebengine.script_streams import events
from aiwebengine.script_streams.types import StreamMessage


def read(event):
    """The fields of an event by the rules of WHATWG HTML, section 9.2.6."""
    assert event.endswith(b"\n\n")
    fields = {"data": []}
    for line in event.decode()[:-2].split("\n"):
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            fields["data"].append(value)
        else:
            fields[name] = value
    return {**fields, "data": "\n".join(fields["data"])}


def message(data="", **more):
    return StreamMessage(7, UUID(int=1), "/events", data, **more)


@pytest.mark.parametrize(
    ("data", "arrives"),
    [
        ("hello", "hello"),
        ("", ""),
        (" a", " a"),
        ("a\nb", "a\nb"),
        ("a\r\nb\rc\n", "a\nb\nc\n"),
        ("id: 9\n\ndata: x", "id: 9\n\ndata: x"),
        ("ä😀\u2028\x85\x0b", "ä😀\u2028\x85\x0b"),
    ],
    ids=range(7),
)
def test_data_arrive_unchanged(data, arrives):
    assert read(events.event_of(message(data))) == {"id": "m7", "data": arrives}


def test_type_and_id_of_the_script_are_sent():
    event = events.event_of(message("x", event="said", id="a 1"))

    assert read(event) == {"id": "a 1", "event": "said", "data": "x"}


@pytest.mark.parametrize(
    ("event_id", "number"),
    [("m7", 7), ("7", None), ("m", None), ("m-7", None), ("m7 ", None), ("m" + "9" * 19, None)],
)
def test_the_number_is_read_from_ids_of_the_engine_only(event_id, number):
    assert events.number_in(event_id) == number
