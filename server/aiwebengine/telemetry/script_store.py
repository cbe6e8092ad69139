"""SQL statements about requests that scripts answered."""

from __future__ import annotations

from collections.abc import Sequence

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
