"""Every operation and type of GraphQL, and who may ask."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

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

from aiwebengine.app.schema import schema
from aiwebengine.core.config import Auth
from aiwebengine.core.errors import ReauthenticationRequired
from aiwebengine.core.identity import Scope
from aiwebengine.core.rights import Rights
from aiwebengine.graphql.descriptions import words_of
from aiwebengine.graphql.rights import rights_by_operation
from reference.callers import people, recent_sign_in, scope_of, sentence
from reference.markdown import anchor, code, page, table

ROOTS = {"Query": "Queries", "Mutation": "Mutations", "Subscription": "Subscriptions"}
INTRODUCTION = """
All of it is asked at `/graphql`. The schema in GraphQL's own words is `schema.graphql` at the
root, or `aiwebengine schema print`. Each operation declares the role, the scope and the recent
sign-in that it needs; a test calls every operation as every kind of caller. An API token never
allows more than its user's roles. Codes of refusals: [errors.md](errors.md).
""".strip()

RECENT = "recent sign-in"


@dataclass(frozen=True)
class Operation:
    """One field of a root type, and what it needs."""

    root: str
    name: str
    field: GraphQLField
    rights: Rights


def operations() -> Iterator[Operation]:
    """Every operation, by root type and name."""
    rights = rights_by_operation(schema)
    for root in ROOTS:
        kind = schema._schema.type_map[root]
        assert isinstance(kind, GraphQLObjectType)  # noqa: S101 - roots are
        for name, field in sorted(kind.fields.items()):
            yield Operation(root, name, field, rights[f"{root}.{name}"])


def types() -> list[GraphQLNamedType]:
    """Every type of ours but the roots, in the order of their names."""
    return [
        kind
        for name, kind in sorted(schema._schema.type_map.items())
        if name not in ROOTS
        and not is_introspection_type(kind)
        and not is_specified_scalar_type(kind)
    ]


def text() -> str:
    """The page."""
    words = words_of(Scope)
    scopes = [(code(scope.value), words.get(scope.name, "")) for scope in Scope]
    found = list(operations())
    parts = ["## Scopes of API tokens", table(("scope", "what for"), scopes)]
    parts += [f"## A {RECENT}", _recent_sign_in()]
    for root, heading in ROOTS.items():
        those = [one for one in found if one.root == root]
        parts.append(f"## {heading}")
        if root == "Mutation":
            parts.append(_overview(those))
        for one in those:
            arguments = [
                (code(key), _link(argument.type), _default(argument), argument.description or "")
                for key, argument in one.field.args.items()
            ]
            parts += [
                f"### {one.name}",
                one.field.description or "",
                f"Gives {_link(one.field.type)}. {sentence(one.rights)}",
                table(("argument", "type", "default", "meaning"), arguments),
            ]
    parts.append("## Types")
    for kind in types():
        parts += [f"### {kind.name}", kind.description or "", _members(kind)]
    return page("GraphQL", INTRODUCTION, *parts)


def _recent_sign_in() -> str:
    minutes = Auth.model_fields["sudo_minutes"].default
    return (
        "What can do most harm asks a browser for a sign-in within `auth.sudo_minutes`"
        f" ({minutes} minutes). After an older one it is refused as"
        f" `{ReauthenticationRequired.code}`; `/auth/login?again=1` asks for a new one."
        " `extensions.reauthentication` says how: `provider`, or `link` for a session that"
        " began with a sign-in link. [sign-in.md](../sign-in.md#signing-in-again) says what counts."
        " API tokens are exempt: their scopes say what they are for."
    )


def _overview(found: list[Operation]) -> str:
    """Each operation, who may ask, and what for."""
    rows = [
        (
            f"[`{one.name}`](#{anchor(one.name)})",
            people(one.rights),
            scope_of(one.rights),
            recent_sign_in(one.rights),
        )
        for one in found
    ]
    return table(("mutation", "who", "scope of a token", RECENT), rows)


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
