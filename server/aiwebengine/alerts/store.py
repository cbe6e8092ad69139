"""SQL statements of alerts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import strawberry

from aiwebengine.alerts.types import (
    Alert,
    AlertChannel,
    AlertState,
    Notice,
    NoticeKind,
    Open,
    Waiting,
)
from aiwebengine.database import Database, Row
from aiwebengine.health.types import HealthState

# Maximum time until a recovery is reported, however often the alert recurs.
LONGEST_SETTLE_SECS = 900
# After this many messages in ten minutes, further notifications are grouped for longer.
MANY_MESSAGES = 6
CALM_GROUP_SECS = 60
LONGEST_PAUSE_SECS = 900
CLAIM_SECS = 60
# Notifications that could not be delivered for this long are dropped.
GIVE_UP_HOURS = 24
KEPT_DAYS = 90
# Instances confirm their open alerts once a minute.
FORGOTTEN_MINUTES = 10


async def open_alerts(db: Database, instance: str, reminder_secs: float) -> list[Open]:
    """Open alerts of this instance and shared ones."""
    rows = await db.all(
        """
        select id, name, title, severity, since, calm_since is not null as is_calm,
          coalesce(calm_since <= now() - make_interval(secs => settle_secs), false) as is_settled,
          seen_at < now() - interval '1 minute' as is_stale,
          reminded_at <= now() - make_interval(secs => :reminder) as needs_reminder
        from alerts
        where state = 'open' and instance in ('', :instance)
        """,
        instance=instance,
        reminder=reminder_secs,
    )
    return [Open(**{**row, "severity": HealthState(row["severity"])}) for row in rows]


async def begin(
    db: Database,
    *,
    name: str,
    instance: str,
    severity: HealthState,
    title: str,
    detail: str,
    since: datetime,
    settle_secs: float,
) -> int | None:
    """Open an alert; None if it is already open.

    Each recurrence within an hour doubles the time until the alert counts as over.
    """
    found: int | None = await db.value(
        """
        insert into alerts (name, instance, state, severity, title, detail, since, settle_secs)
        select :name, :instance, 'open', :severity, :title, :detail, :since,
          least(:longest, :settle * power(2, least(10, count(*))))
        from alerts
        where name = :name and instance = :instance and state = 'over'
          and over_at > now() - interval '1 hour'
        on conflict (name, instance) where state = 'open' do nothing
        returning id
        """,
        name=name,
        instance=instance,
        severity=severity.value,
        title=title,
        detail=detail,
        since=since,
        settle=float(settle_secs),
        longest=float(max(settle_secs, LONGEST_SETTLE_SECS)),
    )
    return found


async def add_event(
    db: Database, *, name: str, severity: HealthState, title: str, detail: str, at: datetime
) -> int:
    """Record a one-time event."""
    return int(
        await db.value(
            """
            insert into alerts (name, instance, state, severity, title, detail, since)
            values (:name, '', 'event', :severity, :title, :detail, :at)
            returning id
            """,
            name=name,
            severity=severity.value,
            title=title,
            detail=detail,
            at=at,
        )
    )


async def still(db: Database, alert_id: int, detail: str) -> None:
    """Record that the problem persists."""
    await db.execute(
        """
        update alerts set seen_at = now(), calm_since = null, detail = :detail
        where id = :id and state = 'open'
        """,
        id=alert_id,
        detail=detail,
    )


async def keep_open(db: Database, alert_id: int) -> None:
    """Record that the check still exists, although its state is unknown."""
    await db.execute(
        "update alerts set seen_at = now(), calm_since = null where id = :id and state = 'open'",
        id=alert_id,
    )


async def calm(db: Database, alert_id: int) -> None:
    """Record a recovery; it counts after the settle time."""
    await db.execute(
        """
        update alerts set seen_at = now(), calm_since = coalesce(calm_since, now())
        where id = :id and state = 'open'
        """,
        id=alert_id,
    )


async def not_calm(db: Database, name: str, instance: str) -> None:
    """Record that the problem recurred before it counted as over."""
    await db.execute(
        """
        update alerts set seen_at = now(), calm_since = null
        where name = :name and instance = :instance and state = 'open'
        """,
        name=name,
        instance=instance,
    )


async def worsen(db: Database, alert_id: int, severity: HealthState) -> bool:
    """Raise the severity; whether this call was the first to do so."""
    return bool(
        await db.value(
            """
            update alerts set severity = :severity, reminded_at = now()
            where id = :id and state = 'open' and severity <> :severity
            returning true
            """,
            id=alert_id,
            severity=severity.value,
        )
    )


async def remind(db: Database, alert_id: int, reminder_secs: float) -> bool:
    """Claim a due reminder; whether this call got it."""
    return bool(
        await db.value(
            """
            update alerts set reminded_at = now()
            where id = :id and state = 'open'
              and reminded_at <= now() - make_interval(secs => :reminder)
            returning true
            """,
            id=alert_id,
            reminder=reminder_secs,
        )
    )


async def end(db: Database, alert_id: int) -> bool:
    """Close an alert after its settle time; whether this call closed it."""
    return bool(
        await db.value(
            """
            update alerts set state = 'over', over_at = now()
            where id = :id and state = 'open'
              and calm_since <= now() - make_interval(secs => settle_secs)
            returning true
            """,
            id=alert_id,
        )
    )


async def end_forgotten(db: Database) -> list[Row]:
    """Close alerts whose instance or check no longer exists."""
    return await db.all(
        """
        update alerts set state = 'over', over_at = now()
        where state = 'open' and seen_at < now() - make_interval(mins => :minutes)
        returning id
        """,
        minutes=FORGOTTEN_MINUTES,
    )


async def remove_old(db: Database) -> None:
    """Remove alerts that ended long ago."""
    await db.execute(
        """
        delete from alerts where state <> 'open' and since < now() - make_interval(days => :days)
          and coalesce(over_at, since) < now() - make_interval(days => :days)
        """,
        days=KEPT_DAYS,
    )


async def notify(
    db: Database,
    alert_id: int,
    kind: NoticeKind,
    severity: HealthState,
    detail: str,
    channels: Sequence[AlertChannel],
    group_secs: float,
) -> None:
    """Queue a notification on *channels*, grouped with others in the meantime."""
    await db.execute(
        """
        insert into alert_notices (alert_id, channel, kind, severity, detail, due_at)
        select :alert_id, channel, :kind, :severity, :detail,
          now() + make_interval(secs => case when (
            select count(distinct sent_at) from alert_notices as old
            where old.channel = new.channel and old.sent_at > now() - interval '10 minutes'
          ) < :many then cast(:group_secs as double precision)
            else greatest(:group_secs, cast(:calm_group_secs as double precision)) end)
        from unnest(cast(:channels as text[])) as new (channel)
        """,
        alert_id=alert_id,
        kind=kind.value,
        severity=severity.value,
        detail=detail,
        channels=[channel.value for channel in channels],
        many=MANY_MESSAGES,
        group_secs=float(group_secs),
        calm_group_secs=float(CALM_GROUP_SECS),
    )


async def note_sent(
    db: Database,
    alert_id: int,
    severity: HealthState,
    detail: str,
    sent: Sequence[tuple[AlertChannel, datetime]],
) -> None:
    """Record notifications that were sent without the database."""
    await db.execute(
        """
        insert into alert_notices (alert_id, channel, kind, severity, detail, due_at, sent_at)
        select :alert_id, channel, 'began', :severity, :detail, sent_at, sent_at
        from unnest(cast(:channels as text[]), cast(:sent as timestamptz[]))
          as delivered (channel, sent_at)
        """,
        alert_id=alert_id,
        severity=severity.value,
        detail=detail,
        channels=[channel.value for channel, _ in sent],
        sent=[at for _, at in sent],
    )


async def claim(db: Database, channel: AlertChannel) -> list[Waiting]:
    """Claim all pending notifications of this channel once one of them is due.

    A claim expires after a minute, so that another process can take over.
    """
    rows = await db.all(
        """
        with waiting as (
          select id from alert_notices
          where channel = :channel and sent_at is null
            and at > now() - make_interval(hours => :give_up)
            and (claimed_until is null or claimed_until < now())
          for update skip locked
        ), claimed as (
          update alert_notices set claimed_until = now() + make_interval(secs => :claim)
          where id in (select id from waiting)
            and exists (
              select from alert_notices where due_at <= now() and id in (select id from waiting)
            )
          returning *
        )
        select n.id, n.attempts, n.kind, n.severity, n.detail, n.at, a.state,
          a.name, a.title, a.since, nullif(a.instance, '') as instance
        from claimed n join alerts a on a.id = n.alert_id
        order by n.id
        """,
        channel=channel.value,
        give_up=GIVE_UP_HOURS,
        claim=float(CLAIM_SECS),
    )
    return [_waiting(row) for row in rows]


async def sent(db: Database, notices: Sequence[int]) -> None:
    """Record that these were sent, as one message."""
    await db.execute(
        """
        update alert_notices
        set sent_at = now(), attempts = attempts + 1, last_error = null, claimed_until = null
        where id = any(:ids)
        """,
        ids=list(notices),
    )


async def failed(db: Database, notices: Sequence[int], error: str) -> None:
    """Record a failed delivery; retried with growing pauses."""
    await db.execute(
        """
        update alert_notices
        set attempts = attempts + 1, last_error = :error, claimed_until = null,
          due_at = now() + make_interval(secs => least(:longest, 2 * power(2, least(attempts, 20))))
        where id = any(:ids)
        """,
        ids=list(notices),
        error=error[:500],
        longest=float(LONGEST_PAUSE_SECS),
    )


async def page(db: Database, after: int | None, limit: int) -> list[Alert]:
    """At most *limit* alerts older than the number *after*, newest first."""
    rows = await db.all(
        """
        select a.id, a.name, a.title, nullif(a.instance, '') as instance, a.state, a.severity,
          a.detail as message, a.since, a.over_at, n.last_sent_at, n.channels, n.last_error
        from alerts a left join lateral (
          select max(sent_at) as last_sent_at, array_agg(distinct channel) as channels,
            max(last_error) filter (where sent_at is null) as last_error
          from alert_notices where alert_id = a.id
        ) n on true
        where cast(:after as bigint) is null or a.id < :after
        order by a.id desc
        limit :limit
        """,
        after=after,
        limit=limit,
    )
    return [_alert(row) for row in rows]


async def count(db: Database) -> int:
    """Number of alerts."""
    return int(await db.value("select count(*) from alerts"))


async def lock_position(db: Database) -> int | None:
    """Lock and return the position in the audit trail; None while another instance holds it."""
    position: int | None = await db.value(
        "select position from alert_position for update skip locked"
    )
    return position


async def move_position(db: Database, position: int) -> None:
    """Store the position in the audit trail."""
    await db.execute("update alert_position set position = :position", position=position)


def _waiting(row: Row) -> Waiting:
    notice = Notice(
        kind=NoticeKind(row["kind"]),
        name=row["name"],
        title=row["title"],
        severity=HealthState(row["severity"]),
        detail=row["detail"],
        since=row["since"],
        instance=row["instance"],
    )
    return Waiting(row["id"], row["attempts"], notice)


def _alert(row: Row) -> Alert:
    return Alert(
        **{
            **row,
            "id": strawberry.ID(str(row["id"])),
            "state": AlertState(row["state"]),
            "severity": HealthState(row["severity"]),
            "channels": [AlertChannel(channel) for channel in row["channels"] or ()],
        }
    )
