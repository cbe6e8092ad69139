"""Alerts during a database outage, when sent notifications can't be recorded in the database."""

from __future__ import annotations

import asyncio
import json
import logging
import operator
import os
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiwebengine.alerts.channels import NotDelivered
from aiwebengine.alerts.service import Alerts
from aiwebengine.alerts.store import LONGEST_SETTLE_SECS
from aiwebengine.alerts.types import AlertChannel, Notice, NoticeKind
from aiwebengine.core.config import Alerts as AlertSettings
from aiwebengine.core.formats import ended
from aiwebengine.core.private_files import open_private
from aiwebengine.health.types import HealthCheck, HealthState

log = logging.getLogger(__name__)

FIRST_PAUSE_SECS = 2.0
LONGEST_PAUSE_SECS = 300.0
# Outages that recur within this time are reported at growing intervals.
REMEMBERED = timedelta(hours=1)
MOST_TIMES = 10
# A larger file was not written by this module.
LONGEST_FILE = 65_536
LONGEST_DETAIL = 4_000


@dataclass
class _Outage:
    """An outage; *sent*: last notification per channel, *back_at*: when the database came back."""

    since: datetime
    detail: str
    times: int = 0
    back_at: datetime | None = None
    sent: dict[AlertChannel, datetime] = field(default_factory=dict)


@dataclass
class _Sending:
    """A delivery attempt on one channel, and when the next one is due."""

    task: asyncio.Task[None]
    pause: float = FIRST_PAUSE_SECS
    due: float = 0.0


class Outage:
    """Sends alerts of a database outage, once per instance: without it, instances can't coordinate.

    Sent notifications are kept in the file *path*, for the next worker or start. When the database
    is back, they are recorded there, and the end is reported like that of any other alert.
    """

    def __init__(self, path: Path, alerts: Alerts, settings: AlertSettings, instance: str) -> None:
        self._path = path
        self._alerts = alerts
        self._settings = settings
        self._instance = instance
        self._outage: _Outage | None = None
        self._sending: dict[AlertChannel, _Sending] = {}

    def resume(self) -> None:
        """Continue where another process of this instance stopped."""
        try:
            self._outage = _kept_in(self._path)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            # There is no file, a foreign file, or one that a full disk truncated: send the
            # alert again.
            self._outage = None

    def lasts(self, database: HealthCheck, others: list[HealthCheck]) -> None:
        """Report that *database* and possibly other checks fail, and send reminders.

        Does not wait for the delivery.
        """
        outage = self._current(database)
        also = [f"{one.title}: {one.detail}" for one in others if one.state is HealthState.FAILING]
        outage.detail = " ".join(
            [
                ended(database.detail),
                database.remedy or "",
                *(["Also failing:", *also] if also else []),
            ]
        )
        reminder = timedelta(hours=self._settings.reminder_hours)
        for channel in self._alerts.channels:
            last_sent = outage.sent.get(channel)
            if last_sent is not None and datetime.now(UTC) - last_sent < reminder:
                continue
            kind = NoticeKind.BEGAN if last_sent is None else NoticeKind.REMINDER
            self._send(outage, channel, self._notice(database, outage, kind))

    async def is_over(self, database: HealthCheck) -> None:
        """Record the outage in the database, which answers again. Raises Unavailable."""
        outage = self._outage
        if outage is None:
            return
        if outage.back_at is None:
            self.stop()
            sent = list(outage.sent.items())
            await self._alerts.note_outage(database, outage.since, outage.detail, sent)
            outage.back_at = datetime.now(UTC)
            self._keep()
        elif datetime.now(UTC) - outage.back_at > REMEMBERED:
            self._outage = None
            self._path.unlink(missing_ok=True)

    def stop(self) -> None:
        """Cancel running deliveries."""
        for sending in self._sending.values():
            sending.task.cancel()
        self._sending.clear()

    def _current(self, database: HealthCheck) -> _Outage:
        """The current outage; a short recovery of the database does not start a new one."""
        before, now = self._outage, datetime.now(UTC)
        if before is not None and before.back_at is None:
            return before
        if before is not None and before.back_at is not None:
            settle = self._settings.settle_secs * 2 ** min(before.times, MOST_TIMES)
            if now - before.back_at < timedelta(seconds=min(settle, LONGEST_SETTLE_SECS)):
                before.back_at = None
                return before
        times = 0 if before is None else before.times + 1
        self._outage = _Outage(since=database.since, detail=database.detail, times=times)
        return self._outage

    def _notice(self, database: HealthCheck, outage: _Outage, kind: NoticeKind) -> Notice:
        return Notice(
            kind,
            database.name,
            database.title,
            HealthState.FAILING,
            outage.detail,
            outage.since,
            self._instance,
        )

    def _send(self, outage: _Outage, channel: AlertChannel, notice: Notice) -> None:
        before = self._sending.get(channel)
        if before is not None and (not before.task.done() or time.monotonic() < before.due):
            return
        pause = FIRST_PAUSE_SECS if before is None else min(2 * before.pause, LONGEST_PAUSE_SECS)
        task = asyncio.create_task(self._deliver(outage, channel, notice))
        self._sending[channel] = _Sending(task, pause, time.monotonic() + pause)

    async def _deliver(self, outage: _Outage, channel: AlertChannel, notice: Notice) -> None:
        try:
            await self._alerts.send(channel, [notice])
        except NotDelivered as error:
            log.error("alert.not_delivered", extra={"channel": channel.value, "error": str(error)})
        else:
            log.info("alert.delivered", extra={"channel": channel.value, "notices": 1})
            outage.sent[channel] = datetime.now(UTC)
            del self._sending[channel]
            self._keep()

    def _keep(self) -> None:
        outage = self._outage
        if outage is None:
            return
        kept = {
            "since": outage.since.isoformat(),
            "detail": outage.detail,
            "times": outage.times,
            "back_at": outage.back_at.isoformat() if outage.back_at else None,
            "sent": {channel.value: at.isoformat() for channel, at in outage.sent.items()},
        }
        unfinished = self._path.with_suffix(f".{os.getpid()}")
        try:
            with open_private(unfinished) as file:
                file.write(json.dumps(kept).encode())
            unfinished.replace(self._path)
        except OSError as error:
            # This process still knows it; the next one may send the alert again.
            log.warning("alert.outage_not_kept", extra={"error": str(error)})


def _kept_in(path: Path) -> _Outage:
    """Read the file that `_keep` wrote. Raises OSError, ValueError and others for anything else."""
    # Rejects links, and does not block on a pipe without a writer.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with open(os.open(path, flags), "rb") as file:
        kept = json.loads(file.read(LONGEST_FILE))
    return _Outage(
        since=_instant(kept["since"]),
        detail=str(kept["detail"])[:LONGEST_DETAIL],
        times=max(0, min(MOST_TIMES, operator.index(kept["times"]))),
        back_at=_instant(kept["back_at"]) if kept["back_at"] else None,
        sent={AlertChannel(name): _instant(at) for name, at in kept["sent"].items()},
    )


def _instant(text: str) -> datetime:
    """Parse an instant in the past. Raises ValueError."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None or instant > datetime.now(UTC):
        raise ValueError(f"{text} is not an instant in the past")
    return instant
