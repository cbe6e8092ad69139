"""SQL statements about requests that scripts answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from aiwebengine.database import Database, Row


async def busiest(
    db: Database, seconds: int, first: int, slugs: Sequence[str] | None = None
) -> list[Row]:
    """The scripts with the most requests: slug, requests, errors and histogram; of *slugs*, if
    given.
    """
    return await db.all(
        """
        with busy as (
          select name, sum(count) as count, sum(errors) as errors
          from timing_samples
          where kind = 'script' and at > now() - make_interval(secs => :seconds)
            and (cast(:slugs as text[]) is null or name = any(:slugs))
          group by name
          order by sum(count) desc, name
          limit :first
        )
        select
          name as slug, cast(busy.count as bigint) as requests,
          cast(busy.errors as bigint) as errors,
          array(
            select cast(sum(counted) as bigint)
            from timing_samples t, unnest(t.buckets) with ordinality as bucket (counted, place)
            where t.kind = 'script' and t.name = busy.name
              and t.at > now() - make_interval(secs => :seconds)
            group by place
            order by place
          ) as buckets
        from busy
        order by busy.count desc, name
        """,
        seconds=seconds,
        first=first,
        slugs=None if slugs is None else list(slugs),
    )


async def histograms(
    db: Database, wanted: Sequence[tuple[str, Sequence[datetime]]]
) -> dict[str, list[int]]:
    """The histogram of each slug for its hours; slugs without samples are not in it.

    Every sample is looked up by its key: six for an hour, however many other scripts there are.
    """
    pairs = {(slug, hour) for slug, hours in wanted for hour in hours}
    rows = await db.all(
        """
        select slug, array_agg(counted order by place) as buckets
        from (
          select wanted.slug, place, cast(sum(counted) as bigint) as counted
          from unnest(cast(:slugs as text[]), cast(:hours as timestamptz[])) as wanted (slug, hour)
          cross join generate_series(0, 50, 10) as slot (minutes)
          cross join lateral (
            select t.buckets from timing_samples t
            where t.kind = 'script' and t.name = wanted.slug
              and t.at = wanted.hour + make_interval(mins => slot.minutes)
            offset 0
          ) as sample
          cross join unnest(sample.buckets) with ordinality as bucket (counted, place)
          group by wanted.slug, place
        ) as summed
        group by slug
        """,
        slugs=[slug for slug, _ in pairs],
        hours=[hour for _, hour in pairs],
    )
    return {row["slug"]: row["buckets"] for row in rows}


async def failing(
    db: Database, seconds: int, least_requests: int, percent: float
) -> list[tuple[str, int, int]]:
    """Slug, requests and errors of scripts with more than *percent* errors, by slug."""
    rows = await db.all(
        """
        select name, cast(sum(count) as bigint) as requests, cast(sum(errors) as bigint) as errors
        from timing_samples
        where kind = 'script' and at > now() - make_interval(secs => :seconds)
        group by name
        having sum(count) >= :least and 100 * sum(errors) > :percent * sum(count)
        order by name
        """,
        seconds=seconds,
        least=least_requests,
        percent=percent,
    )
    return [(row["name"], row["requests"], row["errors"]) for row in rows]


async def called(db: Database, seconds: int) -> set[str]:
    """Slugs of the scripts that answered a request in the last *seconds*."""
    rows = await db.all(
        """
        select distinct name from timing_samples
        where kind = 'script' and at > now() - make_interval(secs => :seconds)
        """,
        seconds=seconds,
    )
    return {row["name"] for row in rows}


async def forget(db: Database, *, timings_secs: int, newest_secs: int) -> None:
    """Drop old samples.

    The newest one of a script stays until it is *newest_secs* old: it shows the last request.
    """
    await db.execute(
        """
        delete from timing_samples t
        where t.kind = 'script' and t.at < now() - make_interval(secs => :timings_secs) and (
          t.at < now() - make_interval(secs => :newest_secs)
          or exists (
            select from timing_samples later
            where later.kind = t.kind and later.name = t.name and later.at > t.at
          )
        )
        """,
        timings_secs=timings_secs,
        newest_secs=newest_secs,
    )
