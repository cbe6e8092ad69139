"""Every audit event."""

from __future__ import annotations

from collections.abc import Mapping

from aiwebengine.audit.details import EVENT_SCHEMAS
from aiwebengine.audit.types import AuditAction, AuditEvent
from aiwebengine.graphql.descriptions import words_of
from reference.markdown import code, page, table

INTRODUCTION = """
Events are kept forever. All of them record the actor, the time and the origin in the same fields.
How to find, download and verify them: [audit.md](../audit.md). GraphQL, the page and the command
line use `ROLE_GRANTED`; the log, the downloads and the table use `role.granted`.
""".strip()


def meanings() -> dict[AuditAction, str]:
    """What each action means."""
    words = words_of(AuditAction)
    return {action: words.get(action.name, "") for action in AuditAction}


def text() -> str:
    """The page."""
    fields = [(code(name), meaning) for name, meaning in words_of(AuditEvent).items()]
    rows = []
    for action, meaning in meanings().items():
        schema = EVENT_SCHEMAS[action]
        details = [
            *_keys("before", schema.before),
            *_keys("after", schema.after),
            *([f"`reason`: {schema.reason}"] if schema.reason else []),
        ]
        name = f"`{action.value}`<br>`{action.name}`"
        rows.append((name, meaning, schema.target, "<br>".join(details)))
    return page(
        "Audit events",
        INTRODUCTION,
        "## Fields of every event",
        table(("field", "meaning"), fields),
        "## Actions",
        table(("action", "meaning", "target", "details"), rows),
    )


def _keys(place: str, keys: Mapping[str, str]) -> list[str]:
    return [
        f"`{place}.{key}`: {meaning}" if key != "*" else f"`{place}`: {meaning}"
        for key, meaning in keys.items()
    ]
