"""Whether all say the same, and write the same, before anybody is measured."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import psycopg

from bench.load import NotMeasured
from bench.peers.workloads import Question, body

ANSWER_SECS = 60
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
# The columns of an event, except its number, time and request ID.
_EVENT = """
  select action, actor_kind, actor_id, actor_label, target_type, target_id, target_label,
    before, after, reason, session_id, token_id, address, user_agent, door
  from audit_events order by id desc limit 1
"""


def ask(port: int, token: str, question: Question) -> Any:
    """What the answer's `data` holds. Raises NotMeasured for anything but an answer."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql",
        body(question),
        {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "User-Agent": "wrk",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_SECS) as response:
            answer = json.loads(response.read())
    except (OSError, ValueError) as error:
        said = error.read()[:300] if isinstance(error, urllib.error.HTTPError) else ""
        raise NotMeasured(f"No answer to {question[0][:60]}: {error} {said!r}") from None
    if answer.get("errors"):
        raise NotMeasured(f"Not an answer to {question[0][:60]}: {answer['errors']!r:.300}")
    return answer["data"]


def normal(value: Any) -> Any:
    """The value with instants in one spelling, to the millisecond: JavaScript knows no finer."""
    match value:
        case dict():
            return {name: normal(part) for name, part in value.items()}
        case list():
            return [normal(part) for part in value]
        case str() if _INSTANT.match(value):
            instant = datetime.fromisoformat(value).astimezone(UTC)
            return instant.isoformat(timespec="milliseconds")
    return value


def must_agree(what: str, answers: Mapping[str, Any]) -> None:
    """Raise NotMeasured unless all said the same as the first, and something at all."""
    (first, reference), *others = answers.items()
    if not reference:
        raise NotMeasured(f"{what}: {first} says nothing.")
    for name, said in others:
        if normal(said) != normal(reference):
            raise NotMeasured(f"{what}: {difference(first, reference, name, said)}")


def difference(first: str, one: Any, second: str, other: Any) -> str:
    """Where two responses differ, to find out why."""
    left, right = (
        json.dumps(normal(said), indent=1, sort_keys=True, default=str).splitlines()
        for said in (one, other)
    )
    for mine, yours in zip(left, right, strict=False):
        if mine != yours:
            return f"{first} says {mine.strip()}, {second} says {yours.strip()}."
    return f"{first} says {len(left)} lines, {second} says {len(right)}."


def newest_event(url: str) -> tuple[Any, ...]:
    """The newest event of the trail, as far as all must write the same."""
    with psycopg.connect(url) as connection:
        row = connection.execute(_EVENT).fetchone()
    if row is None:
        raise NotMeasured("The trail holds no event.")
    return row
