"""SQL of requests that failed."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import strawberry

from aiwebengine.database import Database
from aiwebengine.script_trials.recording import FailedRequest
from aiwebengine.script_trials.types import ScriptFailure

KEEP_EACH = 50
"""Failures of one script that are kept."""
KEEP_DAYS = 7


async def add(db: Database, failures: Sequence[FailedRequest]) -> None:
    """Store failures, and remove those that are old or too many. A script that was removed
    meanwhile is skipped.
    """
    async with db.transaction():
        for one in failures:
            await db.execute(
                """
                insert into script_failures
                  (script_id, version, request_id, method, path, headers, body, message)
                select id, :version, :request_id, :method, :path, :headers, :body, :message
                from scripts where id = :script_id
                """,
                script_id=one.script_id,
                version=one.version,
                request_id=one.request_id,
                method=one.method,
                path=one.path,
                headers=[list(pair) for pair in one.headers],
                body=one.body,
                message=one.message,
            )
        await db.execute(
            """
            delete from script_failures f
            where f.script_id = any(:scripts) and (
              f.at < now() - make_interval(days => cast(:days as integer))
              or f.id not in (
                select n.id from script_failures n where n.script_id = f.script_id
                order by n.at desc, n.id limit :most
              )
            )
            """,
            scripts=list({one.script_id for one in failures}),
            days=KEEP_DAYS,
            most=KEEP_EACH,
        )


async def newest(db: Database, script_id: UUID, first: int) -> list[ScriptFailure]:
    """The newest failures, newest first."""
    rows = await db.all(
        """
        select id, request_id, version, at, method, path, message,
          body is not null as can_be_replayed
        from script_failures where script_id = :script_id
        order by at desc, id limit :first
        """,
        script_id=script_id,
        first=first,
    )
    return [ScriptFailure(**{**dict(row), "id": strawberry.ID(str(row["id"]))}) for row in rows]


async def find(db: Database, script_id: UUID, failure_id: UUID) -> FailedRequest | None:
    """A failure of a script, or None."""
    row = await db.one(
        """
        select script_id, version, request_id, method, path, headers, body, message
        from script_failures where script_id = :script_id and id = :failure_id
        """,
        script_id=script_id,
        failure_id=failure_id,
    )
    if row is None:
        return None
    headers = tuple((name, value) for name, value in row["headers"])
    return FailedRequest(**{**dict(row), "headers": headers})
