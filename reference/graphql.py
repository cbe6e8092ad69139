"""Every operation and type of GraphQL, and who may ask."""

from __future__ import annotations

from collections.abc import Iterator

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    get_named_type,
    is_introspection_type,
    is_specified_scalar_type,
    print_ast,
)
from graphql.pyutils import Undefined
from graphql.utilities import ast_from_value
from tests.test_who_may_do_what import OPERATIONS, rows

from aiwebengine.graphql.descriptions import words_of
from aiwebengine.graphql.schema import schema
from aiwebengine.viewer import Scope
from reference.markdown import anchor, code, page, table

ROOTS = {"Query": "Queries", "Mutation": "Mutations", "Subscription": "Subscriptions"}
INTRODUCTION = """
All of it is asked at `/graphql`. The schema in GraphQL's own words is `schema.graphql` at the
root, or `aiwebengine schema print`. Who may ask is a table that a test runs against every
operation; besides, nobody reads more through an API token than its scopes and its user's roles
allow. Codes of refusals: [errors.md](errors.md).
""".strip()


def operations() -> Iterator[tuple[str, str, GraphQLField, str]]:
    """Each operation: its root type, its name, the field, who may ask."""
    allowed = rows(OPERATIONS)
    for root in ROOTS:
        kind = schema._schema.type_map[root]
        assert isinstance(kind, GraphQLObjectType)  # noqa: S101 - roots are
        for name, field in sorted(kind.fields.items()):
            yield root, name, field, who(allowed[f"{root}.{name}"])


def types() -> list[GraphQLNamedType]:
    """Every type of ours but the roots, in the order of their names."""
    return [
        kind
        for name, kind in sorted(schema._schema.type_map.items())
        if name not in ROOTS
        and not is_introspection_type(kind)
        and not is_specified_scalar_type(kind)
    ]


def who(row: dict[str, str]) -> str:
    """Who gets an answer, from a row of the table of who may do what."""
    if row["stranger"] not in ("401", "403"):
        return "Anybody; who is not signed in gets null."
    if row["plain"] not in ("401", "403"):
        people = "Whoever is signed in"
    elif row["editor"] not in ("401", "403"):
        people = "Editors and administrators"
    else:
        people = "Administrators"
    scope = "with a scope that writes" if row["narrow"] == "403" else "with the scope `read`"
    return f"{people}; an API token {scope}."


def text() -> str:
    """The page."""
    words = words_of(Scope)
    scopes = [(code(scope.value), words.get(scope.name, "")) for scope in Scope]
    parts = ["## Scopes of API tokens", table(("scope", "what for"), scopes)]
    found = list(operations())
    for root, heading in ROOTS.items():
        parts.append(f"## {heading}")
        for _, name, field, allowed in (one for one in found if one[0] == root):
            arguments = [
                (code(key), _link(argument.type), _default(argument), argument.description or "")
                for key, argument in field.args.items()
            ]
            parts += [
                f"### {name}",
                field.description or "",
                f"Gives {_link(field.type)}. {allowed}",
                table(("argument", "type", "default", "meaning"), arguments),
            ]
    parts.append("## Types")
    for kind in types():
        parts += [f"### {kind.name}", kind.description or "", _members(kind)]
    return page("GraphQL", INTRODUCTION, *parts)


def _members(kind: GraphQLNamedType) -> str:
    match kind:
        case GraphQLEnumType():
            values = [(code(name), one.description or "") for name, one in kind.values.items()]
            return table(("value", "meaning"), values)
        case GraphQLInputObjectType():
            keys = [
                (code(name), _link(one.type), _default(one), one.description or "")
                for name, one in kind.fields.items()
            ]
            return table(("key", "type", "default", "meaning"), keys)
        case GraphQLObjectType():
            fields = [
                (_signature(name, one), _link(one.type), one.description or "")
                for name, one in kind.fields.items()
            ]
            return table(("field", "type", "meaning"), fields)
        case GraphQLScalarType():
            return ""
    raise TypeError(f"no words for {kind!r}")


def _signature(name: str, field: GraphQLField) -> str:
    if not field.args:
        return code(name)
    arguments = [
        f"{key}: {one.type}{f' = {_default(one)}' if _default(one) else ''}".replace("`", "")
        for key, one in field.args.items()
    ]
    return code(f"{name}({', '.join(arguments)})")


def _link(kind: object) -> str:
    """A type's name, with a link to its place on the page when it is ours."""
    named = get_named_type(kind)  # type: ignore[call-overload]
    if is_specified_scalar_type(named):
        return code(str(kind))
    return f"[`{kind}`](#{anchor(named.name)})"


def _default(argument: object) -> str:
    value = argument.default_value  # type: ignore[attr-defined]
    if value is Undefined or value is None:
        return ""
    written = ast_from_value(value, argument.type)  # type: ignore[attr-defined]
    return "" if written is None else code(print_ast(written))
