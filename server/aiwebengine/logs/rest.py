"""Download of the log."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from aiwebengine.core.errors import BadUserInput
from aiwebengine.core.identity import Role
from aiwebengine.core.rights import needs
from aiwebengine.logs.service import Logs
from aiwebengine.logs.text import as_text
from aiwebengine.logs.types import LogEntry, LogFilter, LogLevel
from aiwebengine.web.authentication import Authentication
from aiwebengine.web.parameters import instant

PATH = "/api/engine/admin/logs"
MEDIA_TYPES = {"ndjson": "application/x-ndjson", "text": "text/plain; charset=utf-8"}
_ENDINGS = {"ndjson": "ndjson", "text": "log"}
_TEXTS = {"text", "request", "user", "path"}
_INSTANTS = ("since", "until")


def routes(logs: Logs, authentication: Authentication) -> list[Route]:
    """`GET /api/engine/admin/logs?format=ndjson|text`, with the filter of the list."""

    @needs(Role.ADMINISTRATOR)
    async def download(request: Request) -> StreamingResponse:
        """The log as a file, with the filter of the list.

        Args:
            format: `ndjson`, or `text`.
            level: as LogFilter.level.
            text: as LogFilter.text.
            request: as LogFilter.requestId.
            user: as LogFilter.userId.
            path: as LogFilter.path.
            since: as LogFilter.since.
            until: as LogFilter.until.

        Answers:
            200: the file.

        Raises Unauthenticated, Forbidden, BadUserInput for an unknown parameter or value.
        """
        viewer = await authentication.viewer(request, "rest")
        viewer.must_be(Role.ADMINISTRATOR)
        parameters = request.query_params
        kind = parameters.get("format", "ndjson")
        if kind not in MEDIA_TYPES:
            raise BadUserInput(f"format: found {kind[:40]!r}; allowed: {', '.join(MEDIA_TYPES)}.")
        pages = logs.lines(viewer, _filter(parameters))
        # The first page before the status line: until then an error can change the status.
        first = await anext(pages)
        name = f"logs-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.{_ENDINGS[kind]}"
        return StreamingResponse(
            _encoded(first, pages, kind),
            media_type=MEDIA_TYPES[kind],
            headers={
                "Content-Disposition": f'attachment; filename="{name}"',
                "Cache-Control": "no-store",
            },
        )

    return [Route(PATH, download, methods=["GET"])]


async def _encoded(
    first: list[LogEntry], pages: AsyncIterator[list[LogEntry]], kind: str
) -> AsyncIterator[bytes]:
    format_entry = as_text if kind == "text" else _as_stored
    yield "".join(format_entry(entry) + "\n" for entry in first).encode()
    async for page in pages:
        yield "".join(format_entry(entry) + "\n" for entry in page).encode()


def _as_stored(entry: LogEntry) -> str:
    return entry.line


def _filter(parameters: QueryParams) -> LogFilter:
    """The filter in the query parameters. Raises BadUserInput."""
    known = {"format", "level", *_TEXTS, *_INSTANTS}
    unknown = sorted(set(parameters.keys()) - known)
    if unknown:
        raise BadUserInput(f"{unknown[0][:40]}: unknown; known: {', '.join(sorted(known))}.")
    return LogFilter(
        level=_level(parameters.get("level")),
        since=instant("since", parameters.get("since")),
        until=instant("until", parameters.get("until")),
        text=parameters.get("text"),
        request_id=parameters.get("request"),
        user_id=parameters.get("user"),
        path=parameters.get("path"),
    )


def _level(word: str | None) -> LogLevel | None:
    if not word:
        return None
    try:
        return LogLevel[word.upper()]
    except KeyError:
        allowed = ", ".join(level.name for level in LogLevel)
        raise BadUserInput(f"level: found {word[:40]!r}; allowed: {allowed}.") from None
