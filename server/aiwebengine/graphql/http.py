"""GraphQL over HTTP, after the working draft of the GraphQL foundation."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import orjson
from graphql import OperationType
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Scope

from aiwebengine.core.errors import EngineError
from aiwebengine.core.rights import by_operation
from aiwebengine.graphql import requests, sse
from aiwebengine.graphql.documents import MalformedDocument
from aiwebengine.graphql.errors import refusal, told
from aiwebengine.graphql.execution import Answer, Context, Executor, Operation, codes_of
from aiwebengine.graphql.negotiation import EVENT_STREAM, HTML, JSON, RESPONSE_JSON, preferred
from aiwebengine.graphql.requests import GraphQLRequest, MalformedRequest
from aiwebengine.web.headers import header, request_id
from aiwebengine.web.problems import headers_of

# A mutation may answer with a secret, such as a new token, beside text of the caller's: neither we
# nor a proxy may compress it, because its size would tell something about both. Nor may a proxy
# collect a stream's events to compress them.
SECRET = "no-store, no-transform"  # noqa: S105 - a header, not a secret

ContextOf = Callable[[Request], Awaitable[Context]]
Page = Callable[[Request], Awaitable[Response]]


class HttpEndpoint:
    """Answers GET and POST at one address; a browser without a query gets *playground*."""

    def __init__(self, executor: Executor, context_of: ContextOf, playground: Page) -> None:
        self._executor = executor
        self._context_of = context_of
        self._playground = playground
        self._ending = asyncio.Event()

    async def end_streams(self) -> None:
        """Send the readers of event streams away, to come back later: the engine stops."""
        self._ending.set()

    @by_operation
    async def __call__(self, request: Request) -> Response:
        """GraphQL over HTTP: JSON, and server-sent events where `Accept: text/event-stream` asks.

        GET takes queries only; a browser gets the playground. Subscriptions are answered as events.
        Introspection is for who is signed in.

        Args:
            query: the document.
            variables: its variables, an object.
            operationName: which operation of the document.
            extensions: an object; nothing in it is used.

        Answers:
            200: the answer, with what went wrong in `errors`.
            400: the document is not valid, or too complex (by `application/json`: 200).
            405: a mutation by GET.
            406: a type that is not offered; a subscription that asks for no events.

        Raises MalformedRequest, Unauthenticated for a token that is not valid, Forbidden for a
        page of another site, UnsupportedMediaType.
        """
        if request.method not in ("GET", "POST"):
            return _refused(405, "Only GET and POST are answered here.", {"Allow": "GET, POST"})
        accept = header(request.scope, b"accept")
        is_visit = request.method == "GET" and "query" not in request.query_params
        if is_visit and preferred(accept, (JSON, RESPONSE_JSON, HTML)) == HTML:
            return await self._playground(request)
        media = preferred(accept, (JSON, RESPONSE_JSON, EVENT_STREAM))
        if media is None:
            offered = f"{RESPONSE_JSON}, {JSON}, {EVENT_STREAM}"
            return _refused(406, f"Accept: none of what is offered: {offered}.")
        return await self._respond(request, media)

    async def _respond(self, request: Request, media: str) -> Response:
        its_id = request_id(request.scope)
        try:
            _must_be_readable(request)
            # Before anything is read: how much that may be depends on who asks.
            context = await self._context_of(request)
            asked = await _asked(request)
        except EngineError as error:
            return refused(request.scope, error)
        is_stranger = not context.viewer.is_signed_in
        try:
            operation = self._executor.prepare(asked, is_stranger=is_stranger)
        except MalformedDocument as error:
            body = {"errors": [told(problem, its_id) for problem in error.errors]}
            return _json(_well_formed(Answer(body, error.status), media), media)
        except EngineError as error:
            return _json(_well_formed(Answer(refusal(error, its_id), error.status), media), media)
        if media == EVENT_STREAM:
            return self._stream(operation, context, request)
        if operation.kind is OperationType.SUBSCRIPTION:
            return _refused(406, f"A subscription needs `Accept: {EVENT_STREAM}` or a WebSocket.")
        if request.method == "GET" and operation.kind is not OperationType.QUERY:
            return _refused(
                405, "GET takes queries only; send mutations by POST.", {"Allow": "POST"}
            )
        answer = await self._executor.answer(operation, context, its_id)
        # An answer of 200 may hold a bug of ours all the same; whoever counts failures looks here.
        request.scope["state"]["error_codes"] = codes_of(answer.body)
        may_be_secret = operation.kind is OperationType.MUTATION
        return _json(_well_formed(answer, media), media, SECRET if may_be_secret else "no-store")

    def _stream(self, operation: Operation, context: Context, request: Request) -> Response:
        if request.method == "GET" and operation.kind is OperationType.MUTATION:
            return _refused(405, "GET takes no mutations; send them by POST.", {"Allow": "POST"})

        frames = sse.frames(
            self._executor, operation, context, request_id(request.scope), self._ending
        )
        return StreamingResponse(
            frames,
            media_type=EVENT_STREAM,
            headers={"X-Accel-Buffering": "no", "Cache-Control": SECRET, "Vary": "Accept"},
        )


def refused(scope: Scope, error: EngineError) -> Response:
    """How somebody is told whose document was not even read."""
    media = preferred(header(scope, b"accept"), (JSON, RESPONSE_JSON)) or JSON
    response = _json(Answer(refusal(error, request_id(scope)), error.status), media)
    response.headers.update(headers_of(error))
    return response


def _must_be_readable(request: Request) -> None:
    """Raise UnsupportedMediaType for a body that is not plain JSON, before it is read."""
    if request.method == "GET":
        return
    scope = request.scope
    kind, _, parameters = (header(scope, b"content-type") or "").lower().partition(";")
    if kind.strip() != JSON:
        # Forms and plain text need no leave from us to be sent by a foreign page.
        raise UnsupportedMediaType(
            f"Content-Type: found {kind.strip()[:80] or 'none'!r}, allowed {JSON}."
        )
    if "charset" in parameters and "utf-8" not in parameters and "utf8" not in parameters:
        raise UnsupportedMediaType("Content-Type: the charset must be utf-8.")
    if header(scope, b"content-encoding") not in (None, "identity"):
        raise UnsupportedMediaType("Content-Encoding: send the body uncompressed.")


async def _asked(request: Request) -> GraphQLRequest:
    """The request's parts. Raises MalformedRequest, BodyTooLarge."""
    if request.method == "GET":
        return requests.from_query_string(request.query_params)
    return requests.from_body(await request.body())


class UnsupportedMediaType(MalformedRequest):
    """The body is of a type that is not taken (RFC 9110 section 15.5.16)."""

    status = 415


def _well_formed(answer: Answer, media: str) -> Answer:
    """Under `application/json` a proxy might have answered 4xx: well-formed requests get 200.

    GraphQL over HTTP, section 6.4.1; outages keep their 5xx.
    """
    if media != JSON or answer.status == 200 or answer.status >= 500:
        return answer
    return Answer(answer.body)


def _json(answer: Answer, media: str, caching: str = "no-store") -> Response:
    kind = JSON if media == EVENT_STREAM else media
    headers = {
        "Content-Type": f"{kind}; charset=utf-8",
        "Vary": "Accept",
        "Cache-Control": caching,
    }
    response = Response(orjson.dumps(answer.body), answer.status, headers)
    if answer.status == 503:
        response.headers["Retry-After"] = "2"
    return response


def _refused(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    body = refusal(MalformedRequest(message), None)
    response = _json(Answer(body, status), JSON)
    response.headers.update(headers or {})
    return response
