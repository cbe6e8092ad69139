"""Reads what a program registers for GraphQL. Nothing that it reports is believed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiwebengine.script_graphql.types import Kind, Visibility

MODULE_KIND = "graphql"
"""The registration of a module: one SDL text and its resolvers."""
DEFAULT_VISIBILITY = Visibility.EXTERNAL
"""As routes, which everyone may call."""
MOST_FIELDS = 200
"""Fields of the root types of one script."""
LONGEST_NAME = 100
LONGEST_HANDLER = 600

_CLASSIC = {kind.value: kind for kind in Kind}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A field as it was registered."""

    kind: Kind
    name: str
    visibility: Visibility
    handler: str | None
    on_event: str | None
    sdl: str
    is_classic: bool

    @property
    def path(self) -> str:
        """`Query.users`."""
        return f"{self.kind.root}.{self.name}"


@dataclass(frozen=True, slots=True)
class Read:
    """All registrations about GraphQL."""

    fields: list[Wanted]
    texts: list[str]
    """The SDL texts, each once, in the order of their registration."""
    module_text: str | None
    """The text of a module, in which each field needs a resolver."""
    problems: list[str]


def read(registrations: Sequence[Any]) -> Read:
    """The fields and SDL texts among *registrations*, and what is wrong with them."""
    fields: list[Wanted] = []
    texts: dict[str, None] = {}
    problems: list[str] = []
    module_text: str | None = None
    for registration in registrations:
        if not isinstance(registration, Mapping):
            continue
        kind, sdl = str(registration.get("kind")), registration.get("sdl")
        if kind != MODULE_KIND and kind not in _CLASSIC:
            continue
        if not isinstance(sdl, str):
            problems.append(f"{_shown(registration)}: the SDL must be a text.")
            continue
        texts[sdl] = None
        if kind == MODULE_KIND:
            module_text = sdl
        for one in _each(registration):
            if len(fields) >= MOST_FIELDS:
                return Read(fields, list(texts), module_text, [*problems, _TOO_MANY])
            wanted = _wanted(one, registration.get("visibility"), sdl, kind in _CLASSIC)
            if isinstance(wanted, str):
                problems.append(wanted)
            else:
                fields.append(wanted)
    return Read(fields, list(texts), module_text, problems)


_TOO_MANY = f"A script may have at most {MOST_FIELDS} GraphQL fields."


def _each(registration: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What is registered for each field: a classic registration is about one."""
    if registration.get("kind") in _CLASSIC:
        yield {**registration, "operation": str(registration["kind"])}
        return
    fields = registration.get("fields")
    for one in fields if isinstance(fields, list) else ():
        if isinstance(one, Mapping):
            yield one


def _wanted(one: Mapping[str, Any], default: Any, sdl: str, is_classic: bool) -> Wanted | str:
    """The field, or what is wrong with it."""
    kind, name = _CLASSIC.get(str(one.get("operation"))), one.get("name")
    if kind is None or not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME:
        return f"{_shown(one)}: the name must have 1 to {LONGEST_NAME} characters."
    given = one.get("visibility")
    if given is None:
        given = DEFAULT_VISIBILITY if default is None else default
    if given not in [known.value for known in Visibility]:
        allowed = ", ".join(Visibility)
        return f"{kind.root}.{name}: the visibility {str(given)[:40]!r} is unknown; use {allowed}."
    handler, on_event = one.get("handler"), one.get("on_event")
    if not _is_handler(handler) or not _is_handler(on_event):
        return (
            f"{kind.root}.{name}: the name of a resolver has at most {LONGEST_HANDLER} characters."
        )
    if handler is None and kind is not Kind.SUBSCRIPTION:
        return f"{kind.root}.{name} has no resolver."
    return Wanted(kind, name, Visibility(given), handler, on_event, sdl, is_classic)


def _is_handler(value: Any) -> bool:
    return value is None or (isinstance(value, str) and len(value) <= LONGEST_HANDLER)


def _shown(registration: Mapping[str, Any]) -> str:
    kind = registration.get("operation", registration.get("kind"))
    return f"{kind} {str(registration.get('name', ''))[:40]}".strip()
