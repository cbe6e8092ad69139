"""What a script offers by MCP, read from its registrations. Nothing that it reports is believed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from aiwebengine.core.untrusted_text import without_hidden
from aiwebengine.script_mcp.schemas import InvalidSchema, checked_schema, has_patterns
from aiwebengine.scripts.types import Diagnostic, Severity

MOST_OF_KIND = 100
"""Tools of one script; also prompts, and resources."""
LONGEST_DESCRIPTION = 4_000
"""Characters of a description."""
LONGEST_TITLE = 200
"""Characters of a title."""
LONGEST_URI = 500
"""Characters of the address of a resource."""
MOST_PROMPT_ARGUMENTS = 50
"""Arguments of one prompt."""
ENGINES = "engine_"
"""The names of the administration's tools begin so."""
BETWEEN = "__"
"""Between the slug and the name, for a name that another script has."""

# What models and their programs accept as the name of a tool.
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_URI = re.compile(r"[a-z][a-z0-9+.-]{0,30}:[^\s\x00-\x1f\x7f]{1,460}")
_OF_SCHEMA = {"$schema", "additionalProperties", "description", "properties", "required", "title"}
_HINTS = ("readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint")

Json = dict[str, Any]


@dataclass(frozen=True)
class Offer:
    """A tool, prompt or resource: how it is listed, and the handler that answers it."""

    name: str
    listed: Json
    handler: str


@dataclass(frozen=True)
class Offers:
    """Everything that a version of a script offers, by name; resources by URI."""

    tools: dict[str, Offer] = field(default_factory=dict)
    prompts: dict[str, Offer] = field(default_factory=dict)
    resources: dict[str, Offer] = field(default_factory=dict)


class _Refused(ValueError):
    """A registration that can't be offered."""


def offers_of(registrations: Iterable[Any]) -> tuple[Offers, list[Diagnostic]]:
    """The offers among registrations, with an error for each that can't be one."""
    offers, problems = Offers(), []
    kinds = {
        "tool": (offers.tools, _tool),
        "prompt": (offers.prompts, _prompt),
        "resource": (offers.resources, _resource),
    }
    for registration in registrations:
        kind = registration.get("kind") if isinstance(registration, Mapping) else None
        if not isinstance(kind, str) or kind not in kinds:
            continue
        known, read = kinds[kind]
        label = f"The {kind} {str(registration.get('uri') or registration.get('name'))[:80]!r}"
        try:
            offer = read(registration)
            if offer.name in known:
                raise _Refused("is offered twice")
            if len(known) >= MOST_OF_KIND:
                raise _Refused(f"is one too many: {MOST_OF_KIND} are allowed")
        except (_Refused, InvalidSchema) as error:
            problems.append(_diagnostic(Severity.ERROR, f"{label}: {error}."))
            continue
        known[offer.name] = offer
        if kind == "tool" and has_patterns(offer.listed["inputSchema"]):
            problems.append(
                _diagnostic(
                    Severity.WARNING,
                    f"{label}: the engine does not check patterns; check them in the handler.",
                )
            )
    return offers, problems


def _tool(registration: Mapping[str, Any]) -> Offer:
    name = _name(registration)
    listed: Json = {"name": name, "inputSchema": checked_schema(registration.get("schema"))}
    hints = registration.get("annotations")
    if isinstance(hints, Mapping):
        found = {hint: hints[hint] for hint in _HINTS if isinstance(hints.get(hint), bool)}
        listed |= {"annotations": found} if found else {}
    return Offer(name, listed | _texts(registration), _handler(registration))


def _prompt(registration: Mapping[str, Any]) -> Offer:
    name = _name(registration)
    arguments = [_argument(one) for one in _list_of(registration.get("args"))]
    if len(arguments) > MOST_PROMPT_ARGUMENTS:
        raise _Refused(f"has {len(arguments)} arguments; allowed: {MOST_PROMPT_ARGUMENTS}")
    listed: Json = {"name": name, "arguments": arguments}
    return Offer(name, listed | _texts(registration), _handler(registration))


def _resource(registration: Mapping[str, Any]) -> Offer:
    uri = registration.get("uri")
    if not isinstance(uri, str) or len(uri) > LONGEST_URI or not _URI.fullmatch(uri):
        raise _Refused(f"needs an address such as notes://all, of up to {LONGEST_URI} characters")
    name = _text(registration.get("name"), LONGEST_TITLE) or uri[:LONGEST_TITLE]
    listed: Json = {"uri": uri, "name": name} | _texts(registration)
    mime_type = _text(registration.get("mimeType"), 100)
    return Offer(
        uri, listed | ({"mimeType": mime_type} if mime_type else {}), _handler(registration)
    )


def _argument(found: Any) -> Json:
    if not isinstance(found, Mapping) or not isinstance(found.get("name"), str):
        raise _Refused("has an argument without a name")
    name = without_hidden(found["name"])[:LONGEST_TITLE]
    listed: Json = {"name": name, "required": found.get("required") is True}
    description = _text(found.get("description"), LONGEST_DESCRIPTION)
    return listed | ({"description": description} if description else {})


def _list_of(found: Any) -> list[Any]:
    """Arguments of a prompt: a list, an object by name, a JSON schema, or JSON of one of them."""
    if isinstance(found, str):
        try:
            found = orjson.loads(found or "[]")
        except orjson.JSONDecodeError as error:
            raise _Refused(f"has arguments that are not JSON: {error}") from None
    if found is None:
        return []
    if isinstance(found, Mapping):
        if _is_schema(found):
            return _properties_of(found)
        return [
            {"name": name, **(about if isinstance(about, Mapping) else {})}
            for name, about in found.items()
        ]
    if not isinstance(found, list):
        raise _Refused("has arguments that are not a list")
    return found


def _is_schema(found: Mapping[str, Any]) -> bool:
    """Whether an object is the schema of an object, as of a tool, and not arguments by name."""
    properties = found.get("properties")
    return found.get("type") == "object" or (
        isinstance(properties, Mapping)
        and all(isinstance(about, Mapping | bool) for about in properties.values())
        and found.keys() <= _OF_SCHEMA
    )


def _properties_of(schema: Mapping[str, Any]) -> list[Any]:
    """The properties of a schema as arguments of a prompt."""
    properties, required = schema.get("properties", {}), schema.get("required", [])
    if not isinstance(properties, Mapping) or not isinstance(required, list):
        raise _Refused("has a schema whose properties are not an object, or required not a list")
    return [
        {
            "name": name,
            "description": about.get("description") if isinstance(about, Mapping) else None,
            "required": name in required,
        }
        for name, about in properties.items()
    ]


def _name(registration: Mapping[str, Any]) -> str:
    name = registration.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise _Refused("needs a name of 1 to 64 letters, digits, _, . and -")
    if name.startswith(ENGINES) or BETWEEN in name:
        raise _Refused(f"has a name that begins with {ENGINES} or contains {BETWEEN}")
    return name


def _handler(registration: Mapping[str, Any]) -> str:
    handler = registration.get("handler")
    if not isinstance(handler, str) or not 1 <= len(handler) <= 600:
        raise _Refused("has no handler")
    return handler


def _texts(registration: Mapping[str, Any]) -> Json:
    found = {
        "title": _text(registration.get("title"), LONGEST_TITLE),
        "description": _text(registration.get("description"), LONGEST_DESCRIPTION),
    }
    return {name: text for name, text in found.items() if text}


def _text(found: Any, longest: int) -> str | None:
    return found.strip()[:longest] if isinstance(found, str) else None


def _diagnostic(severity: Severity, message: str) -> Diagnostic:
    return Diagnostic(severity=severity, message=message)
