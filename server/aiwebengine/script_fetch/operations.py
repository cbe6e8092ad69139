"""What scripts ask to reach other servers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiwebengine.core.errors import BadUserInput, EngineError
from aiwebengine.runtimes.questions import Reply
from aiwebengine.runtimes.types import LogLine
from aiwebengine.script_calls.invocation import Invocation
from aiwebengine.script_calls.operations import Operations
from aiwebengine.script_calls.types import ScriptRef, user_key
from aiwebengine.script_fetch.types import (
    DEFAULT_TIMEOUT_SECS,
    Caller,
    FetchFailed,
    OutboundRequest,
    Redirect,
    SendsRequests,
)
from aiwebengine.script_fetch.urls import target_of

MOST_LINES = 100
"""Of the log about requests to other servers, of one invocation."""

WritesLine = Callable[[ScriptRef, str, str, LogLine], object]
Pairs = list[tuple[str, str]]


@dataclass
class _Running:
    """The requests of an invocation that may be cancelled, by the number that it gave them."""

    tasks: dict[int, asyncio.Task[Any]] = field(default_factory=dict)
    lines: int = 0
    """Written into the log."""


def add(operations: Operations, http: SendsRequests, log: WritesLine) -> None:
    """Add the operations `fetch` and `fetch.cancel`. *log* writes a line into a script's log."""

    async def fetch(
        invocation: Invocation,
        number: int,
        url: str,
        method: str,
        headers: Pairs,
        redirect: str,
        mark: str | None = None,
        timeout_ms: float = DEFAULT_TIMEOUT_SECS * 1_000,
        body: bytes = b"",
    ) -> Reply:
        request = OutboundRequest(
            url=url,
            method=method,
            headers=tuple(headers),
            body=body,
            redirect=_redirect(redirect),
            timeout_secs=timeout_ms / 1_000,
            mark=mark,
        )
        running = invocation.state.setdefault(_Running, _Running())
        sending = asyncio.ensure_future(http.send(caller_of(invocation), request))
        running.tasks[number] = sending
        begun, outcome = time.perf_counter(), "cancelled"
        try:
            answer = await _cancellable(sending)
            outcome = str(answer.status)
        except EngineError as error:
            outcome = error.code
            raise
        finally:
            running.tasks.pop(number, None)
            if running.lines < MOST_LINES:
                running.lines += 1
                milliseconds = (time.perf_counter() - begun) * 1_000
                text = f"fetch {method[:20]} {_host(url)}: {outcome}, {milliseconds:.0f} ms"
                log(invocation.script, invocation.id, "", LogLine(0, "debug", text))
        return Reply(
            {
                "url": answer.url,
                "status": answer.status,
                "statusText": answer.status_text,
                "headers": answer.headers,
                "redirected": answer.is_redirected,
            },
            answer.body,
        )

    async def cancel(invocation: Invocation, number: int) -> None:
        task = invocation.state.setdefault(_Running, _Running()).tasks.get(number)
        if task is not None:
            task.cancel()

    operations.add("fetch", fetch)
    operations.add("fetch.cancel", cancel)


def caller_of(invocation: Invocation) -> Caller:
    """Who sends requests in this invocation."""
    user, script = invocation.user, invocation.script
    user_id = None if user is None else user_key(user)
    return Caller(script.id, user_id, invocation.reads, script.slug)


async def _cancellable(sending: asyncio.Future[Any]) -> Any:
    """The result. Ends *sending* with this task. Raises FetchFailed if only *sending* was ended."""
    try:
        await asyncio.wait([sending])
    finally:
        sending.cancel()
    if sending.cancelled():
        raise FetchFailed("The request was cancelled.")
    return sending.result()


def _host(url: str) -> str:
    try:
        return target_of(url).host
    except BadUserInput:
        return "an invalid URL"


def _redirect(text: str) -> Redirect:
    try:
        return Redirect(text)
    except ValueError:
        raise BadUserInput(
            f"redirect: found {text[:40]!a}; allowed: follow, error, manual."
        ) from None
