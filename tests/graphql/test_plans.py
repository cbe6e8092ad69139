"""The short cut says what the reference executor says, to the letter, errors and nulls included."""

import random
from datetime import UTC, date, datetime, timedelta, timezone
from enum import Enum
from inspect import isawaitable
from typing import Optional

import orjson
import pytest
import strawberry
from graphql import execute, parse, validate

from aiwebengine.graphql import plans
from aiwebengine.graphql.context import known_as
from aiwebengine.graphql.plans import PlannedExecutor, Plans

QUERIES = 2_000


@strawberry.enum
class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@strawberry.enum
class Shade(Enum):
    LIGHT = "light"
    DARK = strawberry.enum_value("dark", name="VERY_DARK")


@strawberry.type
class Part:
    name: str
    size: int
    weight: float
    is_spare: bool
    colour: Colour
    shade: Shade
    made_at: datetime
    sold_on: date | None
    note: str | None
    labels: list[str]
    colours: list[Colour | None] | None
    inner: Optional["Part"]
    twin: "Part"
    parts: list["Part"]
    maybe: list[Optional["Part"]] | None

    @known_as("brought")
    def linked(self) -> list["Part"]:
        brought = getattr(self, "brought", None)
        return self.parts if brought is None else brought

    @known_as("hushed")
    async def whisper(self) -> str | None:
        return self.note

    @property
    def hushed(self):
        return self.note

    @strawberry.field
    def shout(self) -> str:
        return self.name.upper()

    @strawberry.field
    async def later(self) -> str | None:
        return self.note


async def _awaitable():
    return "late"


# What a store might hand out by mistake, for any field at all.
WRONG = [
    None,
    3,
    2**40,
    1.5,
    float("nan"),
    "text",
    True,
    [],
    {},
    object(),
    Colour.RED,
    ValueError("x"),
]


INSTANTS = [
    datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    datetime(2026, 1, 2, 3, 4, 5, 60, tzinfo=UTC),
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=5, minutes=30))),
    datetime(1900, 1, 2, tzinfo=timezone(-timedelta(minutes=19, seconds=32))),
    datetime(2026, 1, 2),
]


def part(dice, depth=0):
    """A part, now and then with something wrong in it."""

    def inner():
        return part(dice, depth + 1) if depth < 3 else None

    made = Part(
        name=dice.choice(["nut", "bolt", "ünïcode"]),
        size=dice.choice([0, -5, 2**31 - 1]),
        weight=dice.choice([0.5, 2.0, 3]),
        is_spare=dice.random() < 0.5,
        colour=dice.choice(list(Colour)),
        shade=dice.choice(list(Shade)),
        made_at=dice.choice(INSTANTS),
        sold_on=dice.choice([None, date(2026, 1, 2)]),
        note=dice.choice([None, "", "a note"]),
        labels=["a"] * dice.randint(0, 2),
        colours=dice.choice([None, [Colour.RED, None], [Colour.BLUE]]),
        inner=inner() if dice.random() < 0.5 else None,
        twin=inner(),
        parts=[found for _ in range(dice.randint(0, 2)) if (found := inner())],
        maybe=dice.choice([None, [None, inner()]]),
    )
    if dice.random() < 0.05:
        made.parts.append(dice.choice(WRONG))
    if dice.random() < 0.7:
        # Now and then nothing was brought, and the resolver is asked.
        made.brought = made.parts if dice.random() < 0.9 else dice.choice(WRONG)
    if dice.random() < 0.1:
        field = dice.choice(list(made.__dataclass_fields__))
        setattr(made, field, dice.choice(WRONG) if dice.random() < 0.9 else (made,))
    if dice.random() < 0.03:
        del made.size
    return made


@strawberry.type
class Query:
    @strawberry.field
    def parts(self, info: strawberry.Info) -> list[Part]:
        return info.context["parts"]

    @strawberry.field
    async def part(self, info: strawberry.Info) -> Part | None:
        return info.context["parts"][0]

    @strawberry.field
    def stream(self, info: strawberry.Info) -> list[Part]:
        return tuple(info.context["parts"])


SCHEMA = strawberry.Schema(Query)._schema
LEAVES = [
    *"name size weight isSpare colour shade madeAt soldOn note".split(),
    *"labels colours whisper __typename".split(),
]
BRANCHES = "inner twin parts maybe linked".split()
RESOLVED = "shout later".split()


def selection(dice, depth=0):
    """A selection set: fields, aliases, conditions, fragments."""
    written = []
    for _ in range(dice.randint(1, 6)):
        kind = dice.random()
        if kind < 0.2 and depth < 3:
            field = f"{dice.choice(BRANCHES)} {selection(dice, depth + 1)}"
        elif kind < 0.23:
            field = dice.choice(RESOLVED)
        else:
            field = dice.choice(LEAVES)
        if "{" in field or dice.random() < 0.2:
            # A name of its own, so that two selections of one field never contradict each other.
            field = f"a{dice.getrandbits(40)}: {field}"
        condition = dice.choice(
            ["", "", "", "@skip(if: $yes)", "@include(if: $no)", "@skip(if: $no)"]
        )
        head, brace, rest = field.partition("{")
        written.append(f"{head} {condition} {brace}{rest}")
    if dice.random() < 0.2:
        written.append("... on Part { name size }")
    if dice.random() < 0.2:
        written.append("...Known")
    return "{ " + " ".join(written) + " }"


def query(dice):
    roots = dice.sample(["parts", "part", "stream"], dice.randint(1, 3))
    body = " ".join(f"{root} {selection(dice)}" for root in roots)
    return (
        f"query ($yes: Boolean!, $no: Boolean!) {{ {body} ...Used }}"
        " fragment Known on Part { note colour inner { name } }"
        " fragment Used on Query { seen: part @include(if: $yes) @skip(if: $no) { ...Known } }"
    )


async def answer(document, values, parts, **how):
    result = execute(
        SCHEMA, document, context_value={"parts": parts}, variable_values=values, **how
    )
    if isawaitable(result):
        result = await result
    errors = [str(error.formatted) for error in result.errors or ()]
    # Errors of fields that are awaited together have no order of their own, and the short cut
    # awaits no resolver whose answer is known.
    is_awaited = "whisper" in document.loc.source.body
    return orjson.dumps(result.data), sorted(errors) if is_awaited else errors


@pytest.fixture(autouse=True)
def executed_by():
    """These tests compare both ways themselves."""


@pytest.fixture
def compiled(monkeypatch):
    """How the short cut ended, each time: True for done, False for handed back."""
    ends = []
    real = plans._compiled

    def counted(*arguments):
        plan = real(*arguments)
        if plan is None:
            return None

        def complete(value):
            ends.append(False)
            done = plan(value)
            ends[-1] = True
            return done

        return complete

    monkeypatch.setattr(plans, "_compiled", counted)
    return ends


async def test_two_thousand_queries_are_answered_the_same(compiled):
    dice = random.Random(6)
    failed = 0
    for _ in range(QUERIES):
        document = parse(query(dice))
        assert validate(SCHEMA, document) == []
        parts = [part(dice) for _ in range(dice.randint(1, 3))]
        short = {"executor_class": PlannedExecutor, "plans": Plans(document)}
        for values in ({"yes": True, "no": False}, {"yes": False, "no": True}):
            expected = await answer(document, values, parts)
            found = await answer(document, values, parts, **short)
            again = await answer(document, values, parts, **short)
            assert found == expected
            assert again == expected
            failed += bool(expected[1])

    assert failed > QUERIES / 10
    assert compiled.count(True) > QUERIES
    assert compiled.count(False) > QUERIES / 10


async def test_something_to_await_is_left_to_the_reference(compiled):
    document = parse("{ parts { name } }")
    one = part(random.Random(1))
    one.name = _awaitable()

    # The reference awaits what an attribute holds; it can be awaited this once.
    found = await answer(document, {}, [one], executor_class=PlannedExecutor, plans=Plans(document))

    assert found == (b'{"parts":[{"name":"late"}]}', [])
    # Once for the list, and once for the one item of it.
    assert compiled == [False, False]
