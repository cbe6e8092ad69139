"""Texts of notifications."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import orjson

from aiwebengine.alerts.links import MANAGER, page_of
from aiwebengine.alerts.types import Notice, NoticeKind
from aiwebengine.core.formats import second
from aiwebengine.core.untrusted_text import on_one_line
from aiwebengine.health.types import HealthState

# Longer messages are not read; the page lists the rest.
MAX_LISTED = 30
MAX_SUBJECT_CHARS = 150

_RANK = [HealthState.FAILING, HealthState.WARNING, HealthState.UNKNOWN, HealthState.OK]
_WORDS = {
    NoticeKind.OVER: "Resolved",
    NoticeKind.REMINDER: "Reminder",
    NoticeKind.EVENT: "Notice",
    NoticeKind.TEST: "Test",
}


@dataclass(frozen=True)
class Message:
    """A notification: subject, text for people, body for programs."""

    subject: str
    text: str
    body: bytes


def message(notices: Sequence[Notice], url: str, sender: str) -> Message:
    """Build one message from *notices*, worst first; *sender* is the instance that sends it."""
    ranked = sorted(notices, key=lambda notice: _RANK.index(notice.severity))
    # It contains text of other people, and mail clients act on hidden characters.
    listed, more = [_shown(one) for one in ranked[:MAX_LISTED]], len(ranked) - MAX_LISTED
    now = datetime.now(UTC)
    subject = _line(f"[aiwebengine] {_headline(ranked[0])}")
    if len(ranked) > 1:
        subject += f", and {len(ranked) - 1} more"
    lines = [_paragraph(notice, url, now) for notice in listed]
    if more > 0:
        lines.append(f"… and {more} more.\n{url}{MANAGER}/health")
    text = "\n\n".join(lines)
    worst = _as_data(listed[0], url, now)
    body: dict[str, Any] = {
        **worst,
        "instance": worst["instance"] or sender,
        "url": url,
        "sentAt": now,
        "text": f"{subject}\n\n{text}",
        "alerts": [_as_data(notice, url, now) for notice in listed],
    }
    return Message(subject, text, orjson.dumps(body))


def _shown(notice: Notice) -> Notice:
    return replace(
        notice,
        title=on_one_line(notice.title),
        detail=on_one_line(notice.detail),
        instance=on_one_line(notice.instance or "") or notice.instance,
    )


def _headline(notice: Notice) -> str:
    word = _WORDS.get(notice.kind, notice.severity.name.title())
    return f"{word}: {notice.title}"


def _paragraph(notice: Notice, url: str, now: datetime) -> str:
    place = f" on {notice.instance}" if notice.instance else ""
    since = second(notice.since)
    when = "At" if notice.kind in (NoticeKind.EVENT, NoticeKind.TEST) else "Since"
    address = _address(notice, url, now)
    return f"{_headline(notice)}{place}\n{notice.detail}\n{when} {since}.\n{address}"


def _address(notice: Notice, url: str, now: datetime) -> str:
    """URL of the page that explains the notice."""
    return url + page_of(notice.name, notice.since, now if notice.kind is NoticeKind.OVER else None)


def _as_data(notice: Notice, url: str, now: datetime) -> dict[str, Any]:
    return {
        "kind": notice.kind.value,
        "name": notice.name,
        "state": notice.severity.name,
        "title": notice.title,
        "detail": notice.detail,
        "since": notice.since,
        "instance": notice.instance,
        "link": _address(notice, url, now),
    }


def _line(text: str) -> str:
    """Text on one line, safe for a mail header."""
    kept = "".join(one if one.isprintable() else " " for one in text)
    return " ".join(kept.split())[:MAX_SUBJECT_CHARS]
