"""SQL statements of telemetry."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from aiwebengine.database import Database, Row
from aiwebengine.telemetry.beats import Beat, ThisWorker
from aiwebengine.telemetry.counters import SLOT_SECS, Pending
from aiwebengine.telemetry.samples import Sample

# Any number that no other advisory lock uses.
THINNING_LOCK = 7_271_901
# A worker writes a slot with its first beat after the slot's end.
LATE_SECS = 3


async def database_stats(db: Database) -> Row:
    """Version, size and connections of the database."""
    row = await db.one(
        """
        select
          current_setting('server_version') as version,
          pg_database_size(current_database()) as size_bytes,
          (select count(*) from pg_stat_activity where datname = current_database()) as connections,
          cast(current_setting('max_connections') as integer) as max_connections
        """
    )
    assert row is not None  # noqa: S101 - a select without from always returns a row
    return row


# A worker is up if it was seen recently and no other worker has replaced it.
_WORKERS = """
  select *,
    last_seen_at > now() - make_interval(secs => :gone_after_secs)
    and row_number() over (partition by instance_id, place order by started_at desc, id) = 1
      as is_up
  from engine_workers
"""


async def record(
    db: Database, worker: ThisWorker, beat: Beat, pending: Pending, gone_after_secs: float
) -> datetime:
    """Record a beat and add the worker's counts to the totals; returns the database's time."""
    async with db.transaction():
        now: datetime = await _note_worker(db, worker, beat)
        # In order, so that two workers never deadlock.
        for start, slot in sorted(pending.slots.items()):
            await db.execute(
                """
                insert into system_samples as s (
                  step_secs, at, seconds, requests, errors, buckets, cpu_seconds, loop_lag_secs
                )
                values (
                  cast(:step_secs as integer), :at, cast(:step_secs as integer), :requests,
                  :errors, :buckets, :cpu_seconds, :loop_lag_secs
                )
                on conflict (step_secs, at) do update set
                  requests = s.requests + excluded.requests,
                  errors = s.errors + excluded.errors,
                  buckets = (
                    select array_agg(here + there order by place)
                    from unnest(s.buckets, excluded.buckets)
                      with ordinality as pair (here, there, place)
                  ),
                  cpu_seconds = s.cpu_seconds + excluded.cpu_seconds,
                  loop_lag_secs = greatest(s.loop_lag_secs, excluded.loop_lag_secs)
                """,
                step_secs=SLOT_SECS,
                at=datetime.fromtimestamp(start, UTC),
                requests=slot.requests,
                errors=slot.errors,
                buckets=slot.buckets,
                cpu_seconds=slot.cpu_seconds,
                loop_lag_secs=slot.loop_lag_secs,
            )
        await _gauge(db, max(pending.slots), gone_after_secs)
        for (kind, start, name), timing in sorted(pending.timings.items(), key=lambda one: one[0]):
            await db.execute(
                """
                insert into timing_samples as t (kind, at, name, count, errors, seconds, buckets)
                values (:kind, :at, :name, :count, :errors, :seconds, :buckets)
                on conflict (kind, at, name) do update set
                  count = t.count + excluded.count,
                  errors = t.errors + excluded.errors,
                  seconds = t.seconds + excluded.seconds,
                  buckets = (
                    select array_agg(here + there order by place)
                    from unnest(t.buckets, excluded.buckets)
                      with ordinality as pair (here, there, place)
                  )
                """,
                kind=kind,
                at=datetime.fromtimestamp(start, UTC),
                name=name,
                count=timing.count,
                errors=timing.errors,
                seconds=timing.seconds,
                buckets=timing.buckets,
            )
    return now


async def _note_worker(db: Database, worker: ThisWorker, beat: Beat) -> datetime:
    now: datetime = await db.value(
        """
        insert into engine_workers (
          id, instance_id, instance_started_at, instance_workers, place, host, pid, version,
          started_at, last_seen_at, requests, errors, memory_bytes, cpu_percent, loop_lag_secs,
          pool_in_use, pool_maximum, subscriptions
        )
        values (
          :id, :instance_id, :instance_started_at, :instance_workers, :place, :host, :pid, :version,
          :started_at, now(), :requests, :errors, :memory_bytes, :cpu_percent, :loop_lag_secs,
          :pool_in_use, :pool_maximum, :subscriptions
        )
        on conflict (id) do update set
          last_seen_at = now(),
          requests = excluded.requests,
          errors = excluded.errors,
          memory_bytes = excluded.memory_bytes,
          cpu_percent = excluded.cpu_percent,
          loop_lag_secs = excluded.loop_lag_secs,
          pool_in_use = excluded.pool_in_use,
          pool_maximum = excluded.pool_maximum,
          subscriptions = excluded.subscriptions
        returning now()
        """,
        **vars(worker),
        requests=beat.requests,
        errors=beat.errors,
        memory_bytes=beat.memory_bytes,
        cpu_percent=beat.cpu_percent,
        loop_lag_secs=beat.loop_lag_secs,
        pool_in_use=beat.pool_in_use,
        pool_maximum=beat.pool_maximum,
        subscriptions=beat.subscriptions,
    )
    return now


async def _gauge(db: Database, start: int, gone_after_secs: float) -> None:
    """Record the levels of all running workers; the last beat within a slot counts."""
    await db.execute(
        f"""
        update system_samples set
          (workers, memory_bytes, pool_in_use, subscriptions) = (
            select count(*), sum(memory_bytes), sum(pool_in_use), sum(subscriptions)
            from ({_WORKERS}) as known
            where is_up
          )
        where step_secs = :step_secs and at = :at
        """,
        gone_after_secs=gone_after_secs,
        step_secs=SLOT_SECS,
        at=datetime.fromtimestamp(start, UTC),
    )


async def describe_database(db: Database, step_secs: int) -> None:
    """Record database size and connections in the newest sample, unless already recorded."""
    await db.execute(
        """
        update system_samples set
          database_bytes = pg_database_size(current_database()),
          connections = (select count(*) from pg_stat_activity where datname = current_database())
        where step_secs = :step_secs
          and at = (select max(at) from system_samples where step_secs = :step_secs)
          and database_bytes is null
        """,
        step_secs=step_secs,
    )


async def remove_worker(db: Database, worker_id: UUID) -> None:
    """Remove a worker that stops cleanly."""
    await db.execute("delete from engine_workers where id = :id", id=worker_id)


async def workers(db: Database, gone_after_secs: float) -> list[Row]:
    """Running and recently lost workers, by instance."""
    return await db.all(
        f"""
        {_WORKERS}
        order by instance_started_at, instance_id, place, started_at, id
        limit 1000
        """,
        gone_after_secs=gone_after_secs,
    )


_SAMPLE = """
  step_secs, at, seconds, requests, errors, buckets, cpu_seconds, loop_lag_secs, workers,
  memory_bytes, pool_in_use, subscriptions, connections, database_bytes
"""


async def samples(db: Database, seconds: int) -> list[Sample]:
    """The complete samples of the last *seconds*, oldest first."""
    rows = await db.all(
        f"""
        select {_SAMPLE} from system_samples
        where at >= now() - make_interval(secs => :seconds)
          and at <= now() - make_interval(secs => least(step_secs, :slot_secs) + :late_secs)
        order by at, step_secs
        """,
        seconds=seconds,
        slot_secs=SLOT_SECS,
        late_secs=LATE_SECS,
    )
    return [Sample(**row) for row in rows]


async def answered_since(db: Database, seconds: int) -> tuple[int, int, list[list[int]]]:
    """Requests, errors and buckets of the last *seconds*, up to now."""
    rows = await db.all(
        """
        select requests, errors, buckets from system_samples
        where at > now() - make_interval(secs => :seconds)
        """,
        seconds=seconds,
    )
    return (
        sum(row["requests"] for row in rows),
        sum(row["errors"] for row in rows),
        [row["buckets"] for row in rows],
    )


async def try_thinning_lock(db: Database) -> bool:
    """Acquire the lock for thinning out; false while another transaction holds it."""
    return bool(await db.value("select pg_try_advisory_xact_lock(:lock)", lock=THINNING_LOCK))


async def take_samples(
    db: Database, step_secs: int, into_secs: int, older_than_secs: int
) -> list[Sample]:
    """Remove and return samples of a step whose enclosing coarser slot is old enough."""
    rows = await db.all(
        f"""
        delete from system_samples
        where step_secs = :step_secs
          and at < to_timestamp(:into_secs * floor(
            extract(epoch from now() - make_interval(secs => :older_than_secs)) / :into_secs
          ))
        returning {_SAMPLE}
        """,
        step_secs=step_secs,
        into_secs=into_secs,
        older_than_secs=older_than_secs,
    )
    return sorted((Sample(**row) for row in rows), key=lambda sample: sample.at)


async def add_samples(db: Database, samples: Sequence[Sample]) -> None:
    """Store merged samples."""
    for sample in samples:
        await db.execute(
            f"""
            insert into system_samples ({_SAMPLE})
            values (
              :step_secs, :at, :seconds, :requests, :errors, :buckets, :cpu_seconds,
              :loop_lag_secs, :workers, :memory_bytes, :pool_in_use, :subscriptions,
              :connections, :database_bytes
            )
            on conflict do nothing
            """,
            **vars(sample),
        )


async def forget(db: Database, *, samples_secs: int, timings_secs: int, workers_secs: int) -> None:
    """Drop samples, timings and workers past their retention."""
    await db.execute(
        "delete from system_samples where at < now() - make_interval(secs => :secs)",
        secs=samples_secs,
    )
    await db.execute(
        """
        delete from timing_samples
        where kind in ('operation', 'statement') and at < now() - make_interval(secs => :secs)
        """,
        secs=timings_secs,
    )
    await db.execute(
        "delete from engine_workers where last_seen_at < now() - make_interval(secs => :secs)",
        secs=workers_secs,
    )


async def slowest(db: Database, kind: str, seconds: int, first: int) -> list[Row]:
    """The slowest on average: name, number of runs and histogram."""
    return await db.all(
        """
        with slow as (
          select name, sum(count) as count, sum(errors) as errors, sum(seconds) as seconds
          from timing_samples
          where kind = :kind and at > now() - make_interval(secs => :seconds)
          group by name
          order by sum(seconds) / sum(count) desc, name
          limit :first
        )
        select
          name, cast(slow.count as bigint) as count, cast(slow.errors as bigint) as errors,
          slow.seconds,
          array(
            select cast(sum(counted) as bigint)
            from timing_samples t, unnest(t.buckets) with ordinality as bucket (counted, place)
            where t.kind = :kind and t.name = slow.name
              and t.at > now() - make_interval(secs => :seconds)
            group by place
            order by place
          ) as buckets
        from slow
        order by slow.seconds / slow.count desc, name
        """,
        kind=kind,
        seconds=seconds,
        first=first,
    )
