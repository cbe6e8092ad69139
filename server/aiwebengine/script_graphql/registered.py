"""Reads what a program registers for GraphQL. Nothing that it reports is believed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiwebengine.script_graphql.types import Kind, Visibility

MODULE_KIND = "graphql"
"""The registration of a module: its SDL text."""
FIELD_KIND = "graphqlField"
"""The registration of each field of a module that has a resolver; after that of the text."""
DEFAULT_VISIBILITY = Visibility.EXTERNAL
"""As routes, which everyone may call."""
MOST_FIELDS = 200
"""Fields of the root types of one script."""
LONGEST_NAME = 100
LONGEST_HANDLER = 600

_CLASSIC = {kind.value: kind for kind in Kind}
_KINDS = frozenset((MODULE_KIND, *_CLASSIC))


@dataclass(frozen=True, slots=True)
class Wanted:
    """A registered field."""

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
    reading = _Reading()
    for registration in registrations:
        if isinstance(registration, Mapping):
            reading.take(registration)
    fields = reading.fields
    if len(fields) > MOST_FIELDS:
        reading.problems.append(f"A script may have at most {MOST_FIELDS} GraphQL fields.")
    return Read(fields[:MOST_FIELDS], list(reading.texts), reading.module_text, reading.problems)


def is_about_graphql(registration: Any) -> bool:
    """Whether a registration is one of those that `read` takes."""
    return isinstance(registration, Mapping) and str(registration.get("kind")) in _KINDS


class _Reading:
    def __init__(self) -> None:
        self.fields: list[Wanted] = []
        self.texts: dict[str, None] = {}
        self.module_text: str | None = None
        self.problems: list[str] = []
        self._visibility: Any = None

    def take(self, registration: Mapping[str, Any]) -> None:
        """Read one registration."""
        kind = str(registration.get("kind"))
        if kind == MODULE_KIND:
            self.module_text = self._text(registration)
            self._visibility = registration.get("visibility")
        elif kind == FIELD_KIND and self.module_text is not None:
            given = {"visibility": self._visibility, **registration}
            self._add(_wanted(given, self.module_text, is_classic=False))
        elif kind in _CLASSIC:
            text = self._text(registration)
            if text is not None:
                given = {**registration, "operation": kind}
                self._add(_wanted(given, text, is_classic=True))

    def _text(self, registration: Mapping[str, Any]) -> str | None:
        text = registration.get("sdl")
        if not isinstance(text, str):
            self.problems.append(f"{_shown(registration)}: the SDL must be a text.")
            return None
        self.texts[text] = None
        return text

    def _add(self, wanted: Wanted | str) -> None:
        if isinstance(wanted, str):
            self.problems.append(wanted)
        else:
            self.fields.append(wanted)


def _wanted(one: Mapping[str, Any], sdl: str, *, is_classic: bool) -> Wanted | str:
    """The field, or what is wrong with it."""
    kind, name = _CLASSIC.get(str(one.get("operation"))), one.get("name")
    if kind is None or not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME:
        return f"{_shown(one)}: the name must have 1 to {LONGEST_NAME} characters."
    given = one.get("visibility")
    if given is None:
        given = DEFAULT_VISIBILITY
    if given not in [known.value for known in Visibility]:
        allowed = ", ".join(Visibility)
        return f"{kind.root}.{name}: the visibility {str(given)[:40]!r} is unknown; use {allowed}."
    handler, on_event = one.get("handler"), one.get("onEvent")
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
