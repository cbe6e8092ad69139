"""SQL statements about scripts that need somebody's attention."""

from __future__ import annotations

from dataclasses import dataclass

from aiwebengine.database import Database


@dataclass(frozen=True)
class Attention:
    """What an administrator should look at: slugs, in order."""

    total: int
    """Scripts that are not deleted."""
    suspended: list[str]
    without_owner: list[str]
    """No owner is active and still an editor or administrator."""
    active: list[str]
    """A version is active, and they are not suspended."""
    long_active: list[str]
    """Those among them whose active version was deployed long ago."""


async def attention(db: Database, days: int) -> Attention:
    """The scripts to look at; *days* ago is long ago."""
    row = await db.one(
        """
        with known as (
          select s.slug, s.suspended_at is not null as is_suspended,
            exists (
              select from script_owners o
              join users u on u.id = o.user_id and u.status = 'active'
              join user_roles r on r.user_id = u.id
                and (r.expires_at is null or r.expires_at > now())
              where o.script_id = s.id
            ) as has_owner,
            s.active_version is not null as is_active,
            -- Looked up for each active script: a join would read all versions of all scripts.
            (
              select v.deployed_at < now() - make_interval(days => cast(:days as integer))
              from script_versions v
              where v.script_id = s.id and v.number = s.active_version
            ) as is_old
          from scripts s
          where s.deleted_at is null
        )
        select count(*) as total,
          coalesce(array_agg(slug order by slug) filter (where is_suspended), '{}') as suspended,
          coalesce(array_agg(slug order by slug) filter (where not has_owner), '{}')
            as without_owner,
          coalesce(
            array_agg(slug order by slug) filter (where is_active and not is_suspended), '{}'
          ) as active,
          coalesce(array_agg(slug order by slug) filter (where is_old and not is_suspended), '{}')
            as long_active
        from known
        """,
        days=days,
    )
    assert row is not None  # noqa: S101 - an aggregate always returns a row
    return Attention(**row)
