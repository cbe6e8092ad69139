"""Download of the audit trail."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime

import strawberry
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from aiwebengine.audit.export import Export
from aiwebengine.audit.types import AuditAction, AuditFilter
from aiwebengine.core.errors import BadUserInput
from aiwebengine.core.identity import Role
from aiwebengine.core.rights import needs
from aiwebengine.web.authentication import Authentication
from aiwebengine.web.parameters import instant

PATH = "/api/engine/admin/audit"
MEDIA_TYPES = {"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson"}
_PARAMETERS = {
    "user": "user_id",
    "actor": "actor_id",
    "target": "target_id",
    "request": "request_id",
    "search": "search",
}
_INSTANTS = ("since", "until")


def routes(export: Export, authentication: Authentication) -> list[Route]:
    """`GET /api/engine/admin/audit?format=csv|ndjson`, with the filter of the list."""

    @needs(Role.ADMINISTRATOR)
    async def download(request: Request) -> StreamingResponse:
        """The audit trail as a file, with the filter of the list.

        Args:
            format: `ndjson`, or `csv`.
            action: as AuditFilter.actions; may be repeated.
            user: as AuditFilter.userId.
            actor: as AuditFilter.actorId.
            target: as AuditFilter.targetId.
            request: as AuditFilter.requestId.
            search: as AuditFilter.search.
            since: as AuditFilter.since.
            until: as AuditFilter.until.

        Answers:
            200: the file, newest event first.

        Raises Unauthenticated, Forbidden, BadUserInput for an unknown parameter or value.
        """
        viewer = await authentication.viewer(request, "rest")
        viewer.must_be(Role.ADMINISTRATOR)
        asked = request.query_params
        kind = asked.get("format", "ndjson")
        if kind not in MEDIA_TYPES:
            raise BadUserInput(f"format: found {kind[:40]!r}; allowed: {', '.join(MEDIA_TYPES)}.")
        write = export.as_csv if kind == "csv" else export.as_ndjson
        pages = write(viewer, _filter(asked))
        # The first page before the status line: until then an error can change the status.
        first = await anext(pages)
        name = f"audit-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.{kind}"
        return StreamingResponse(
            _with_first(first, pages),
            media_type=MEDIA_TYPES[kind],
            headers={
                "Content-Disposition": f'attachment; filename="{name}"',
                "Cache-Control": "no-store",
            },
        )

    return [Route(PATH, download, methods=["GET"])]


async def _with_first(first: bytes, pages: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for page in pages:
        yield page


def _filter(asked: QueryParams) -> AuditFilter:
    """The filter in the query parameters. Raises BadUserInput."""
    known = {"format", "action", *_PARAMETERS, *_INSTANTS}
    unknown = sorted(set(asked.keys()) - known)
    if unknown:
        raise BadUserInput(f"{unknown[0][:40]}: unknown; known: {', '.join(sorted(known))}.")
    return filter_of(asked.getlist("action"), asked)


def filter_of(actions: list[str], asked: Mapping[str, str]) -> AuditFilter:
    """The filter of these parameters. Raises BadUserInput."""
    values = {name: asked[word] for word, name in _PARAMETERS.items() if asked.get(word)}
    return AuditFilter(
        actions=[_action(name) for name in actions] or None,
        actor_id=_id(values.get("actor_id")),
        target_id=_id(values.get("target_id")),
        user_id=_id(values.get("user_id")),
        request_id=values.get("request_id"),
        search=values.get("search"),
        since=instant("since", asked.get("since")),
        until=instant("until", asked.get("until")),
    )


def _id(text: str | None) -> strawberry.ID | None:
    return None if text is None else strawberry.ID(text)


def _action(name: str) -> AuditAction:
    try:
        return AuditAction[name.upper()]
    except KeyError:
        allowed = ", ".join(action.name for action in AuditAction)
        raise BadUserInput(f"action: found {name[:40]!r}; allowed: {allowed}.") from None
