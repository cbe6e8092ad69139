"""SQL of saved requests."""

from __future__ import annotations

from uuid import UUID

import strawberry

from aiwebengine.database import Database, Row
from aiwebengine.script_requests.types import NewRequest, ScriptRequest
from aiwebengine.scripts.run_types import HttpHeader


async def all_of(db: Database, script_id: UUID) -> list[ScriptRequest]:
    """The saved requests of a script, by name."""
    rows = await db.all(
        """
        select id, name, method, path, headers, body, as_viewer, saved_at, saved_by
        from script_requests where script_id = :script_id order by name
        """,
        script_id=script_id,
    )
    return [_request(row) for row in rows]


async def put(
    db: Database, script_id: UUID, request_id: UUID | None, wanted: NewRequest, saved_by: str
) -> ScriptRequest | None:
    """Save a request: a new one, or the one with *request_id*; None if there is no such one."""
    values = {
        "script_id": script_id,
        "name": wanted.name,
        "method": wanted.method,
        "path": wanted.path,
        "headers": [list(pair) for pair in wanted.headers],
        "body": wanted.body,
        "as_viewer": wanted.as_viewer,
        "saved_by": saved_by,
    }
    if request_id is None:
        row = await db.one(
            """
            insert into script_requests
              (script_id, name, method, path, headers, body, as_viewer, saved_by)
            values
              (:script_id, :name, :method, :path, :headers, :body, :as_viewer, :saved_by)
            returning id, name, method, path, headers, body, as_viewer, saved_at, saved_by
            """,
            **values,
        )
    else:
        row = await db.one(
            """
            update script_requests set
              name = :name, method = :method, path = :path, headers = :headers, body = :body,
              as_viewer = :as_viewer, saved_at = now(), saved_by = :saved_by
            where script_id = :script_id and id = :request_id
            returning id, name, method, path, headers, body, as_viewer, saved_at, saved_by
            """,
            **values,
            request_id=request_id,
        )
    return None if row is None else _request(row)


async def remove(db: Database, script_id: UUID, request_id: UUID) -> bool:
    """Remove a request; False if there is no such one."""
    return bool(
        await db.value(
            """
            delete from script_requests where script_id = :script_id and id = :request_id
            returning true
            """,
            script_id=script_id,
            request_id=request_id,
        )
    )


def _request(row: Row) -> ScriptRequest:
    headers = [HttpHeader(name=name, value=value) for name, value in row["headers"]]
    return ScriptRequest(**{**dict(row), "id": strawberry.ID(str(row["id"])), "headers": headers})
