"""Neither a schema nor arguments keep the engine busy."""

import time

import pytest

from aiwebengine.core.errors import BadUserInput
from aiwebengine.script_mcp import schemas
from aiwebengine.script_mcp.schemas import (
    InvalidSchema,
    check_arguments,
    checked_schema,
    without_patterns,
)


def nested(depth):
    return {"a": nested(depth - 1)} if depth else {}


MANY = [{"x": n} for n in range(3_000)]
# Each level of the arguments doubles the work.
DOUBLING = checked_schema(
    {
        "$defs": {
            "tree": {
                "allOf": [
                    {"properties": {"a": {"$ref": "#/$defs/tree"}}},
                    {"properties": {"a": {"$ref": "#/$defs/tree"}}},
                ]
            }
        },
        "$ref": "#/$defs/tree",
    }
)


@pytest.mark.parametrize(
    ("schema", "arguments"),
    [
        (DOUBLING, nested(30)),
        (
            checked_schema({"properties": {"a": {"uniqueItems": True}}}),
            {"a": [{"n": n} for n in range(5_000)]},
        ),
        (
            checked_schema(
                {"properties": {"a": {"items": {"enum": [{"x": n} for n in range(3_000)]}}}}
            ),
            {"a": [{"x": -1}] * 3_000},
        ),
        (checked_schema({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}), {}),
    ],
    ids=["doubling", "unique", "enum", "endless"],
)
def test_checking_ends_after_a_number_of_steps(schema, arguments):
    begun = time.process_time()
    with pytest.raises(BadUserInput):
        check_arguments(schema, arguments)

    # Without the limit, these take hours.
    assert time.process_time() - begun < 30


@pytest.mark.parametrize(
    ("refusing", "value"),
    [({"type": "integer"}, "x" * 200_000), ({"maxProperties": 0}, {"b": [{"c": "x" * 200_000}]})],
    ids=["text", "text below"],
)
def test_refusals_of_alternatives_do_not_fill_the_memory(refusing, value):
    """The message of each refusal holds the whole value: all of them, 500 MB."""
    schema = checked_schema({"properties": {"a": {"anyOf": [refusing] * 2_500}}})

    with pytest.raises(BadUserInput, match="too large for the schema"):
        check_arguments(schema, {"a": value})


def test_the_steps_are_enough_for_arguments_as_large_as_allowed():
    schema = checked_schema(
        {"properties": {"rows": {"items": {"type": "object", "required": ["n"]}}}}
    )

    check_arguments(schema, {"rows": [{"n": n} for n in range(2_000)]})


@pytest.mark.parametrize(
    "arguments",
    [
        {"a": "w" * schemas.LARGEST_ARGUMENT_BYTES},
        nested(schemas.DEEPEST_ARGUMENTS + 1),
        nested(300),
        {"a": 1 << 64},
    ],
    ids=["bytes", "levels", "many levels", "integer"],
)
def test_arguments_are_bounded(arguments):
    with pytest.raises(BadUserInput):
        check_arguments(checked_schema({}), arguments)


@pytest.mark.parametrize(
    "schema",
    [
        "{",
        "[]",
        5,
        {"type": ["object"]},
        {"$id": "https://x.example"},
        {"properties": {"a": {"$ref": "file:///etc/passwd"}}},
        nested(schemas.DEEPEST_SCHEMA + 1),
        nested(300),
        {"required": "a"},
    ],
    ids=range(9),
)
def test_a_schema_that_is_none_is_refused(schema):
    with pytest.raises(InvalidSchema):
        checked_schema(schema)


def test_only_keywords_are_dropped_not_properties_of_their_name():
    schema = {
        "properties": {
            "pattern": {"type": "string", "pattern": "x"},
            "a": {"enum": [{"pattern": 1}]},
        },
        "patternProperties": {"x": {}},
        "additionalProperties": False,
    }

    assert without_patterns(schema) == {
        "properties": {"pattern": {"type": "string"}, "a": {"enum": [{"pattern": 1}]}}
    }
