"""Operations: their arguments are checked before they are called."""

from typing import Literal

import pytest
from pydantic import BaseModel, Field

from aiwebengine.core.errors import BadUserInput
from aiwebengine.runtimes.questions import Reply
from aiwebengine.script_calls.operations import Operations


class Options(BaseModel):
    limit: int = Field(default=10, ge=1, le=100)
    order: Literal["up", "down"] = "up"


async def one(invocation, key: str, count: int, options: Options | None = None):
    return [key, count, None if options is None else options.model_dump()]


async def bytes_too(invocation, *, body: bytes = b""):
    return Reply(len(body), body[::-1])


async def anything(invocation, value: dict | list | str | None, flag: bool = False):
    return [value, flag]


@pytest.fixture
def operations():
    operations = Operations()
    for function in (one, bytes_too, anything):
        operations.add(function.__name__, function)
    return operations


@pytest.mark.parametrize(
    ("name", "arguments", "value"),
    [
        ("one", ["a", 1], ["a", 1, None]),
        ("one", ["a", 1, None], ["a", 1, None]),
        ("one", ["a", 1, {"limit": 5}], ["a", 1, {"limit": 5, "order": "up"}]),
        ("one", ["a", 1, None, None], ["a", 1, None]),
        ("anything", [None], [None, False]),
        ("anything", [{"a": [1]}, True], [{"a": [1]}, True]),
        ("anything", [["a"], None], [["a"], False]),
    ],
)
async def test_arguments_that_fit(operations, name, arguments, value):
    assert (await operations.answer(None, name, arguments)).value == value


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("one", ["a"], "one: found 1 arguments; allowed: 2 to 3."),
        ("one", ["a", 1, None, 2], "one: found 4 arguments; allowed: 2 to 3."),
        ("one", [5, 1], "one: key: found 5; input should be a valid string."),
        ("one", ["a", "1"], "one: count: found '1'; input should be a valid integer."),
        ("one", ["a", True], "one: count: found True; input should be a valid integer."),
        ("one", ["a", 1.5], "one: count: found 1.5; "),
        ("one", ["a", 1, {"limit": 0}], "one: options.limit: found 0; "),
        ("one", ["a", 1, {"order": "x" * 500}], f"one: options.order: found '{'x' * 99}…; "),
        ("one", ["a", 1, "all"], "one: options: found 'all'; "),
        ("bytes_too", [1], "bytes_too: found 1 arguments; allowed: 0."),
        ("anything", [5], "anything: value.dict"),
        ("no.such", [], "no.such is not known to this engine."),
        ("x" * 5_000, [], "x" * 100 + " is not known to this engine."),
    ],
)
async def test_arguments_that_do_not_fit_are_named(operations, name, arguments, message):
    with pytest.raises(BadUserInput) as refused:
        await operations.answer(None, name, arguments)

    assert refused.value.message.startswith(message)


@pytest.mark.parametrize("name", ["one", "anything"])
async def test_values_that_are_nested_too_deeply_are_named(operations, name):
    deep = []
    for _ in range(900):
        deep = [deep]

    with pytest.raises(BadUserInput, match="nested too deeply"):
        await operations.answer(None, name, ["a", 1, deep] if name == "one" else [deep])


async def test_bytes_go_where_they_are_taken(operations):
    reply = await operations.answer(None, "bytes_too", [], b"abc")

    assert (reply.value, reply.body) == (3, b"cba")
    with pytest.raises(BadUserInput, match="it takes no bytes"):
        await operations.answer(None, "one", ["a", 1], b"abc")


def test_a_name_is_added_once(operations):
    with pytest.raises(ValueError, match="exists already"):
        operations.add("one", one)
    assert operations.names == ["anything", "bytes_too", "one"]
