"""Every SQL statement that removes old runs."""

from __future__ import annotations

from aiwebengine.database import Database


async def remove_older(db: Database, days: int, batch: int) -> int:
    """Forget at most *batch* runs of tasks that ended so long ago; each task's newest stays.

    The number of forgotten runs. Of work with a subject, as a backup, only the task's part is
    forgotten.
    """
    return int(
        await db.value(
            """
            with old as (
              select r.id, r.subject from runs r
              where r.ended_at < now() - make_interval(days => :days) and r.task is not null
                and exists (select from runs n where n.task = r.task and n.id > r.id)
              limit :batch
            ),
            kept as (
              update runs set task = null, due_at = null, lines = '{}'
              where id in (select id from old where subject is not null)
            ),
            removed as (
              delete from runs where id in (select id from old where subject is null)
            )
            select count(*) from old
            """,
            days=days,
            batch=batch,
        )
    )


async def keep_newest(db: Database, kind: str, kept: int) -> None:
    """Forget all but the newest runs of a kind; those of tasks are the tasks' business."""
    await db.execute(
        """
        delete from runs
        where kind = :kind and task is null and state <> 'running' and id < (
          select min(id) from (
            select id from runs where kind = :kind order by id desc limit :kept
          ) as newest
        )
        """,
        kind=kind,
        kept=kept,
    )
