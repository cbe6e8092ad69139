"""Opens, closes and sends alerts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from aiwebengine.alerts import store
from aiwebengine.alerts.channels import Channel, NotDelivered
from aiwebengine.alerts.messages import message
from aiwebengine.alerts.types import (
    ADMINISTRATOR_ADDED,
    SCRIPT_SUSPENDED,
    Alert,
    AlertChannel,
    ChannelResult,
    Notice,
    NoticeKind,
    Open,
)
from aiwebengine.audit.service import AuditTrail
from aiwebengine.audit.types import AuditAction, AuditEvent, Target
from aiwebengine.core.config import Alerts as AlertSettings
from aiwebengine.core.errors import Conflict
from aiwebengine.core.formats import ended
from aiwebengine.core.identity import Role, Scope, Viewer
from aiwebengine.database import Database
from aiwebengine.health.types import HealthCheck, HealthState

log = logging.getLogger(__name__)

# A single failure may be accidental, such as a dropped connection or a CPU spike.
ENOUGH_TIMES = 2
BAD = (HealthState.WARNING, HealthState.FAILING)


class NoChannel(Conflict):
    """No alert channel is configured."""


class Alerts:
    """Notifies people once of a problem, reminds them while it lasts, and reports its end.

    Sent notifications are kept in the database, so that only one of several instances sends them.
    *instance* is the name of this instance, *url* the address of the engine.
    """

    def __init__(
        self,
        db: Database,
        audit: AuditTrail,
        settings: AlertSettings,
        channels: Mapping[AlertChannel, Channel],
        instance: str,
        url: str,
    ) -> None:
        self._db = db
        self._audit = audit
        self._settings = settings
        self._channels = channels
        self._instance = instance
        self._url = url
        self._reminder_secs = settings.reminder_hours * 3_600

    async def page(self, viewer: Viewer, after: int | None, first: int) -> list[Alert]:
        """Alerts, newest first; one more than *first* if another page follows.

        Raises Unauthenticated, Forbidden.
        """
        viewer.must_be(Role.ADMINISTRATOR)
        return await store.page(self._db, after, first + 1)

    async def count(self, viewer: Viewer) -> int:
        """Number of alerts. Raises as `page` does."""
        viewer.must_be(Role.ADMINISTRATOR)
        return await store.count(self._db)

    async def test(self, viewer: Viewer, channel: AlertChannel | None) -> list[ChannelResult]:
        """Send a test alert to one channel or all; the result for each.

        Raises Unauthenticated, Forbidden, NoChannel.
        """
        viewer.must_be(Role.ADMINISTRATOR, Scope.OPS_WRITE)
        wanted = [one for one in self._channels if channel in (None, one)]
        if not wanted:
            raise NoChannel(
                "No alert channel is configured. Set alerts.webhook_url, or alerts.email_to with"
                " alerts.email_from and alerts.smtp.host."
            )
        notice = Notice(
            NoticeKind.TEST,
            "test",
            "Test alert",
            HealthState.OK,
            f"{viewer.label} sent this test. No action is needed.",
            datetime.now(UTC),
            self._instance,
        )
        results = await asyncio.gather(*(self._tried(one, notice) for one in wanted))
        await self._audit.record(
            viewer,
            AuditAction.ALERT_TEST_SENT,
            Target("alert", None, "test"),
            after={one.channel.value: one.error or "delivered" for one in results},
        )
        return list(results)

    async def observe(self, checks: Sequence[HealthCheck]) -> None:
        """Open, repeat and close alerts according to *checks*. Raises Unavailable.

        Safe for concurrent instances: each step is one statement that succeeds for only one of
        them. An unknown check neither opens nor closes an alert.
        """
        known = {
            alert.name: alert
            for alert in await store.open_alerts(self._db, self._instance, self._reminder_secs)
        }
        for check in checks:
            alert = known.get(check.name)
            is_bad = check.state in BAD and check.times >= ENOUGH_TIMES
            if alert is None and is_bad:
                await self._begin(check)
            elif alert is not None and check.state in BAD:
                await self._last(alert, check, is_sure=is_bad)
            elif alert is not None and check.state is HealthState.OK:
                await self._calm(alert, check)
            elif alert is not None and (alert.is_calm or alert.is_stale):
                # Unknown: the alert stays open, and a recovery has to be seen again.
                await store.keep_open(self._db, alert.id)

    async def note_outage(
        self,
        check: HealthCheck,
        since: datetime,
        detail: str,
        sent: Sequence[tuple[AlertChannel, datetime]],
    ) -> None:
        """Record an outage of the database that was reported without it. Raises Unavailable.

        Its end is reported like any other; channels that failed meanwhile are notified now.
        """
        async with self._db.transaction():
            alert_id = await store.begin(
                self._db,
                name=check.name,
                instance=self._instance,
                severity=HealthState.FAILING,
                title=check.title,
                detail=detail,
                since=since,
                settle_secs=self._settings.settle_secs,
            )
            if alert_id is None:
                # The recovery was too short: the same outage continues.
                await store.not_calm(self._db, check.name, self._instance)
                return
            await store.note_sent(self._db, alert_id, HealthState.FAILING, detail, sent)
            late = [one for one in self._channels if one not in dict(sent)]
            await self._notify(alert_id, NoticeKind.BEGAN, HealthState.FAILING, detail, late)

    async def report_events(self) -> None:
        """Report each administrator who was added, and each script that the engine suspended.

        Raises Unavailable.

        Misses none while no instance runs: the position in the audit trail is stored.
        """
        async with self._db.transaction():
            position = await store.lock_position(self._db)
            if position is None:
                return
            newest, events = await self._audit.alarming_after(position)
            for event in events:
                name, title, what = _event(event)
                detail = ended(f"{what}{f': {event.reason}' if event.reason else ''}")
                alert_id = await store.add_event(
                    self._db,
                    name=name,
                    severity=HealthState.WARNING,
                    title=title,
                    detail=detail,
                    at=event.at,
                )
                await self._notify(alert_id, NoticeKind.EVENT, HealthState.WARNING, detail)
            if newest > position:
                await store.move_position(self._db, newest)

    async def deliver(self) -> None:
        """Send pending notifications, one message per channel. Raises Unavailable."""
        await asyncio.gather(*map(self._deliver, self._channels))

    async def tidy(self) -> None:
        """Close alerts that are no longer reported, remove old ones. Raises Unavailable."""
        gone = "No longer reported: the instance was stopped or the check was removed."
        async with self._db.transaction():
            for row in await store.end_forgotten(self._db):
                await self._notify(row["id"], NoticeKind.OVER, HealthState.UNKNOWN, gone)
        await store.remove_old(self._db)

    async def send(self, channel: AlertChannel, notices: Sequence[Notice]) -> None:
        """Send *notices* now, as one message. Raises NotDelivered."""
        await self._channels[channel].send(message(notices, self._url, self._instance))

    @property
    def channels(self) -> list[AlertChannel]:
        """The configured channels."""
        return list(self._channels)

    async def _begin(self, check: HealthCheck) -> None:
        async with self._db.transaction():
            alert_id = await store.begin(
                self._db,
                name=check.name,
                instance="" if check.is_shared else self._instance,
                severity=check.state,
                title=check.title,
                detail=_detail(check),
                since=check.since,
                settle_secs=self._settings.settle_secs,
            )
            if alert_id is not None:
                log.warning("alert.began", extra={"alert": check.name, "detail": check.detail})
                await self._notify(alert_id, NoticeKind.BEGAN, check.state, _detail(check))

    async def _last(self, alert: Open, check: HealthCheck, *, is_sure: bool) -> None:
        if alert.is_calm or alert.is_stale:
            await store.still(self._db, alert.id, _detail(check))
        is_worse = alert.severity is HealthState.WARNING and check.state is HealthState.FAILING
        if is_sure and is_worse:
            async with self._db.transaction():
                if await store.worsen(self._db, alert.id, check.state):
                    await self._notify(alert.id, NoticeKind.WORSE, check.state, _detail(check))
        elif alert.needs_reminder:
            async with self._db.transaction():
                if await store.remind(self._db, alert.id, self._reminder_secs):
                    await self._notify(alert.id, NoticeKind.REMINDER, check.state, _detail(check))

    async def _calm(self, alert: Open, check: HealthCheck) -> None:
        if not alert.is_settled:
            if not alert.is_calm or alert.is_stale:
                await store.calm(self._db, alert.id)
            return
        async with self._db.transaction():
            if await store.end(self._db, alert.id):
                log.warning("alert.over", extra={"alert": check.name, "detail": check.detail})
                await self._notify(alert.id, NoticeKind.OVER, HealthState.OK, check.detail)

    async def _notify(
        self,
        alert_id: int,
        kind: NoticeKind,
        severity: HealthState,
        detail: str,
        channels: Sequence[AlertChannel] | None = None,
    ) -> None:
        await store.notify(
            self._db,
            alert_id,
            kind,
            severity,
            detail,
            self.channels if channels is None else channels,
            self._settings.group_secs,
        )

    async def _deliver(self, channel: AlertChannel) -> None:
        waiting = await store.claim(self._db, channel)
        if not waiting:
            return
        ids = [one.id for one in waiting]
        try:
            await self.send(channel, [one.notice for one in waiting])
        except NotDelivered as error:
            log.error(
                "alert.not_delivered",
                extra={
                    "channel": channel.value,
                    "error": str(error),
                    "attempts": 1 + max(one.attempts for one in waiting),
                },
            )
            await store.failed(self._db, ids, str(error))
        else:
            log.info("alert.delivered", extra={"channel": channel.value, "notices": len(ids)})
            await store.sent(self._db, ids)

    async def _tried(self, channel: AlertChannel, notice: Notice) -> ChannelResult:
        target = self._channels[channel].target
        try:
            await self.send(channel, [notice])
        except NotDelivered as error:
            return ChannelResult(channel=channel, target=target, delivered=False, error=str(error))
        return ChannelResult(channel=channel, target=target, delivered=True, error=None)


def _event(event: AuditEvent) -> tuple[str, str, str]:
    """Name, title and detail of the alert for an audit event."""
    if event.action is AuditAction.SCRIPT_SUSPENDED:
        what = f"The engine suspended the script {event.target_label}"
        return SCRIPT_SUSPENDED, "A script was suspended", what
    what = f"{event.target_label} was made an administrator by {event.actor_label}"
    return ADMINISTRATOR_ADDED, "An administrator was added", what


def _detail(check: HealthCheck) -> str:
    return f"{ended(check.detail)} {check.remedy}" if check.remedy else check.detail
