"""GraphQL over HTTP, according to the working draft of the GraphQL Foundation."""

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
from aiwebengine.graphql.errors import client_error, refusal
from aiwebengine.graphql.execution import Answer, Context, Executor, Operation, codes_of
from aiwebengine.graphql.negotiation import EVENT_STREAM, HTML, JSON, RESPONSE_JSON, preferred
from aiwebengine.graphql.requests import GraphQLRequest, MalformedRequest
from aiwebengine.web.headers import header, request_id
from aiwebengine.web.problems import headers_of

# The response to a mutation may contain a secret, such as a new token, next to text of the caller.
# Neither the engine nor a proxy may compress it, because the size would leak the secret (BREACH).
# Nor may a proxy buffer an event stream to compress it.
SECRET = "no-store, no-transform"  # noqa: S105 - a header, not a secret

ContextOf = Callable[[Request], Awaitable[Context]]
ExecutorOf = Callable[[Request], Executor]
Page = Callable[[Request], Awaitable[Response]]


class HttpEndpoint:
    """The endpoint for GET and POST; a browser that sends no query gets *playground*.

    Each request is executed by what *executor_of* returns for it; it may raise an EngineError.
    """

    def __init__(self, executor_of: ExecutorOf, context_of: ContextOf, playground: Page) -> None:
        self._executor_of = executor_of
        self._context_of = context_of
        self._playground = playground
        self._ending = asyncio.Event()

    async def end_streams(self) -> None:
        """End all event streams because the engine stops; the clients reconnect later."""
        self._ending.set()

    @by_operation
    async def __call__(self, request: Request) -> Response:
        """GraphQL over HTTP: JSON, or server-sent events for `Accept: text/event-stream`.

        GET is for queries only; a browser gets the playground. A subscription is sent as events.
        Introspection needs a sign-in.

        Args:
            query: the document.
            variables: its variables, an object.
            operationName: the operation of the document to execute.
            extensions: an object, which is ignored.

        Answers:
            200: the result; errors are in `errors`.
            400: the document is invalid or too complex (with `application/json`: 200).
            405: a mutation by GET.
            406: a type that is not offered, or a subscription without `text/event-stream`.

        Raises MalformedRequest, Unauthenticated for an invalid token, Forbidden for a page of
        another site, UnsupportedMediaType.
        """
        if request.method not in ("GET", "POST"):
            return _refused(405, "Only GET and POST are answered here.", {"Allow": "GET, POST"})
        accept = header(request.scope, b"accept")
        has_no_query = request.method == "GET" and "query" not in request.query_params
        if has_no_query and preferred(accept, (JSON, RESPONSE_JSON, HTML)) == HTML:
            return await self._playground(request)
        media = preferred(accept, (JSON, RESPONSE_JSON, EVENT_STREAM))
        if media is None:
            offered = f"{RESPONSE_JSON}, {JSON}, {EVENT_STREAM}"
            return _refused(406, f"Accept: none of what is offered: {offered}.")
        return await self._respond(request, media)

    async def _respond(self, request: Request, media: str) -> Response:
        id_of_request = request_id(request.scope)
        try:
            executor = self._executor_of(request)
            _must_be_readable(request)
            # Authenticate before reading the body, whose limit depends on the caller.
            context = await self._context_of(request)
            parsed = await _parsed(request)
        except EngineError as error:
            return refused(request.scope, error)
        is_anonymous = not context.viewer.is_signed_in
        try:
            operation = executor.prepare(parsed, is_anonymous=is_anonymous)
        except MalformedDocument as error:
            body = {"errors": [client_error(problem, id_of_request) for problem in error.errors]}
            return _json(_well_formed(Answer(body, error.status), media), media)
        except EngineError as error:
            answer = Answer(refusal(error, id_of_request), error.status)
            return _json(_well_formed(answer, media), media)
        if media == EVENT_STREAM:
            return self._stream(executor, operation, context, request)
        if operation.kind is OperationType.SUBSCRIPTION:
            return _refused(406, f"A subscription needs `Accept: {EVENT_STREAM}` or a WebSocket.")
        if request.method == "GET" and operation.kind is not OperationType.QUERY:
            return _refused(
                405, "GET takes queries only; send mutations by POST.", {"Allow": "POST"}
            )
        answer = await executor.answer(operation, context, id_of_request)
        # For the error rate: a response with status 200 may contain an internal error.
        request.scope["state"]["error_codes"] = codes_of(answer.body)
        may_be_secret = operation.kind is OperationType.MUTATION
        return _json(_well_formed(answer, media), media, SECRET if may_be_secret else "no-store")

    def _stream(
        self, executor: Executor, operation: Operation, context: Context, request: Request
    ) -> Response:
        if request.method == "GET" and operation.kind is OperationType.MUTATION:
            return _refused(405, "GET takes no mutations; send them by POST.", {"Allow": "POST"})

        frames = sse.frames(executor, operation, context, request_id(request.scope), self._ending)
        return StreamingResponse(
            frames,
            media_type=EVENT_STREAM,
            headers={"X-Accel-Buffering": "no", "Cache-Control": SECRET, "Vary": "Accept"},
        )


def refused(scope: Scope, error: EngineError) -> Response:
    """The response for a request that was refused before its document was read."""
    media = preferred(header(scope, b"accept"), (JSON, RESPONSE_JSON)) or JSON
    response = _json(Answer(refusal(error, request_id(scope)), error.status), media)
    response.headers.update(headers_of(error))
    return response


def _must_be_readable(request: Request) -> None:
    """Raise UnsupportedMediaType unless the headers announce uncompressed JSON in UTF-8."""
    if request.method == "GET":
        return
    scope = request.scope
    kind, _, parameters = (header(scope, b"content-type") or "").lower().partition(";")
    if kind.strip() != JSON:
        # A page of another site can send forms and plain text without a CORS preflight request.
        raise UnsupportedMediaType(
            f"Content-Type: found {kind.strip()[:80] or 'none'!r}, allowed {JSON}."
        )
    if "charset" in parameters and "utf-8" not in parameters and "utf8" not in parameters:
        raise UnsupportedMediaType("Content-Type: the charset must be utf-8.")
    if header(scope, b"content-encoding") not in (None, "identity"):
        raise UnsupportedMediaType("Content-Encoding: send the body uncompressed.")


async def _parsed(request: Request) -> GraphQLRequest:
    """The GraphQL request in the query string or body. Raises MalformedRequest, BodyTooLarge."""
    if request.method == "GET":
        return requests.from_query_string(request.query_params)
    return requests.from_body(await request.body())


class UnsupportedMediaType(MalformedRequest):
    """The Content-Type of the body is not supported (RFC 9110 section 15.5.16)."""

    status = 415


def _well_formed(answer: Answer, media: str) -> Answer:
    """With `application/json`, change the status of well-formed requests to 200, except 5xx.

    With this type, a client can't distinguish a 4xx of the engine from one of a proxy (GraphQL over
    HTTP, section 6.4.1).
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
