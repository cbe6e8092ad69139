"""Runs a script for its author: the same code as for a visitor's request, without a connection."""

from __future__ import annotations

import asyncio
import base64
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from secrets import token_hex
from urllib.parse import quote, unquote, urlsplit
from uuid import UUID

from starlette.types import Message, Receive, Scope, Send

from aiwebengine.core.errors import BadUserInput, Conflict, NotFound, Unavailable
from aiwebengine.core.identity import Viewer
from aiwebengine.runtimes.types import LogLine, Lost
from aiwebengine.script_calls.journal import Journal
from aiwebengine.script_calls.types import ServedScript
from aiwebengine.script_routes.active import ActiveScripts
from aiwebengine.script_routes.endpoint import ScriptRoutes
from aiwebengine.script_routes.matching import Match
from aiwebengine.script_routes.visitors import RunVisitor
from aiwebengine.scripts.log_types import NewLogLine
from aiwebengine.scripts.rights import Act
from aiwebengine.scripts.run_types import HttpHeader, RunRequest, ScriptRun, ScriptRunLine
from aiwebengine.scripts.service import Scripts
from aiwebengine.scripts.types import Script

RUN_SECS = 25.0
LARGEST_BODY_BYTES = 1_000_000
LONGEST_PATH = 8_000
MOST_HEADERS = 100
LONGEST_HEADER = 8_000
MOST_LINES = 1_000

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,100}")
_METHOD = re.compile(r"[A-Za-z]{1,20}")
# The connection's, which a run does not have.
_LEFT_OUT = frozenset(("host", "content-length", "transfer-encoding", "connection"))


@dataclass(frozen=True)
class Serving:
    """How this process answers requests by scripts."""

    active: ActiveScripts
    journal: Journal
    routes: Callable[[Journal, RunVisitor, bool], ScriptRoutes]
    """The application that answers this visitor by scripts. The flag says whether everything that
    scripts write is undone.
    """
    url: str
    """Where scripts that are bound to no host are served."""
    redact: Callable[[UUID, Sequence[str]], Awaitable[list[str]]]
    """Takes the secrets of a script out of texts."""


class ScriptRuns:
    """Sends requests to scripts as a visitor would, for those who may."""

    def __init__(self, scripts: Scripts) -> None:
        self._scripts = scripts
        self.serving: Serving | None = None
        """Set where scripts are served."""

    async def run(self, viewer: Viewer, wanted: RunRequest, *, is_trial: bool = False) -> ScriptRun:
        """The answer of the active version. In a trial everything that it writes is undone.

        The visitor is anonymous, or with `as_viewer` the viewer: the script learns who that is, and
        can do no more than when the viewer opens it in a browser.
        What the answer has after 25 s, or after 1 MB, is left out.
        Raises Unauthenticated, Forbidden, NotFound for a path that is not the script's,
        BadUserInput, Conflict when no version is active, Unavailable.
        """
        script = await self._scripts.must_be_allowed_to(viewer, Act.RUN, wanted.slug)
        serving = self.serving
        if serving is None:
            raise Unavailable("Scripts are off: scripts.enabled is false.")
        if script.active_version is None:
            raise Conflict(f"No version of {script.slug} is active. Deploy one first.")
        visitor = self._visitor(viewer, wanted, script)
        scope = _scope(wanted, serving.url, script.host)
        await serving.active.refresh()
        recorder, collector = _Recorder(serving.journal), _Collector()
        app = serving.routes(recorder, visitor, is_trial)
        found = _served(app, scope, wanted.slug)
        begun = time.perf_counter()
        try:
            async with asyncio.timeout(RUN_SECS):
                await app(scope, _body(wanted.body), collector.send)
        except _Enough:
            pass
        except TimeoutError:
            collector.is_truncated = True
        milliseconds = (time.perf_counter() - begun) * 1_000
        if collector.status == 0:
            raise Unavailable(f"The script did not answer within {RUN_SECS:.0f} s.")
        text, encoded = collector.content()
        texts = await serving.redact(found.id, [line.text for line in recorder.lines])
        return ScriptRun(
            request_id=scope["state"]["request_id"],
            version=found.version,
            status=collector.status,
            headers=collector.headers,
            body=text,
            body_base64=encoded,
            body_size=len(collector.body),
            is_truncated=collector.is_truncated,
            milliseconds=round(milliseconds, 3),
            log=[
                replace(line, text=text) for line, text in zip(recorder.lines, texts, strict=True)
            ],
        )

    def _visitor(self, viewer: Viewer, wanted: RunRequest, script: Script) -> RunVisitor:
        """Raises BadUserInput where the viewer can't be a visitor."""
        if not wanted.as_viewer:
            return RunVisitor(None, self._scripts.roles_of_user)
        if viewer.id is None:
            raise BadUserInput(
                "asViewer: found true, but no user runs the script; allowed: false, for an"
                " anonymous visitor."
            )
        if script.host is not None:
            raise BadUserInput(
                f"asViewer: found true, but nobody can sign in on {script.host}, which the script"
                " is bound to; allowed: false, for an anonymous visitor."
            )
        return RunVisitor(viewer, self._scripts.roles_of_user)


def _scope(wanted: RunRequest, url: str, host: str | None) -> Scope:
    """The request as a server would pass it on; without *host* to that of *url*.

    Raises BadUserInput.
    """
    base = urlsplit(url)
    path, _, query = (wanted.path or f"/{wanted.slug}").partition("?")
    if not path.startswith("/") or "#" in wanted.path or len(wanted.path) > LONGEST_PATH:
        raise BadUserInput(
            f"path: found {wanted.path[:100]!r}; allowed: a path such as /hello?name=Ada, of at"
            f" most {LONGEST_PATH} characters."
        )
    if not _METHOD.fullmatch(wanted.method):
        raise BadUserInput(f"method: found {wanted.method[:40]!r}; allowed: a method such as GET.")
    try:
        raw = quote(path, safe="/%:@!$&'()*+,;=~")
        query = quote(query, safe="/%:@!$&'()*+,;=~?[]")
    except UnicodeEncodeError:
        raise BadUserInput("path: it contains half a surrogate pair.") from None
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": wanted.method.upper(),
        "scheme": base.scheme,
        "path": unquote(raw),
        "raw_path": raw.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"host", (host or base.netloc).encode()), *_headers(wanted)],
        "client": None,
        "server": None,
        "state": {"request_id": token_hex(8)},
    }


def _headers(wanted: RunRequest) -> list[tuple[bytes, bytes]]:
    if len(wanted.headers) > MOST_HEADERS:
        raise BadUserInput(f"headers: found {len(wanted.headers)}; allowed: {MOST_HEADERS}.")
    sent = []
    for name, value in wanted.headers:
        if not _TOKEN.fullmatch(name):
            raise BadUserInput(f"headers: the name {name[:100]!r} is not allowed in HTTP.")
        if len(value) > LONGEST_HEADER or any(character in value for character in "\r\n\0"):
            raise BadUserInput(
                f"headers: the value of {name} has a line break, or more than"
                f" {LONGEST_HEADER} characters."
            )
        try:
            encoded = value.encode("latin-1")
        except UnicodeEncodeError:
            raise BadUserInput(
                f"headers: the value of {name} has characters beyond Latin-1."
            ) from None
        if name.lower() not in _LEFT_OUT:
            sent.append((name.lower().encode(), encoded))
    return sent


def _served(app: ScriptRoutes, scope: Scope, slug: str) -> ServedScript:
    """The script of the route for this request. Raises NotFound unless it is this one."""
    _, found = app.find(scope)
    asked = f"{scope['method']} {scope['path'][:200]}"
    if isinstance(found, Match) and found.route.script.slug != slug:
        raise NotFound(f"{asked} belongs to the script {found.route.script.slug}.")
    if not isinstance(found, Match):
        raise NotFound(f"The script {slug} has no route for {asked}.")
    return found.route.script


def _body(body: bytes) -> Receive:
    parts = [body]

    async def receive() -> Message:
        if not parts:
            # Nobody leaves a run.
            await asyncio.get_running_loop().create_future()
        return {"type": "http.request", "body": parts.pop(), "more_body": False}

    return receive


async def no_route(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer what is no script's: only scripts are run. Raises NotFound."""
    raise NotFound(f"{scope['path'][:200]} belongs to the engine.")


class _Enough(Exception):
    """More of the answer is not wanted."""


class _Collector:
    """Collects an answer."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: list[HttpHeader] = []
        self.body = bytearray()
        self.is_truncated = False

    async def send(self, message: Message) -> None:
        """A part of the answer. Raises _Enough when there is too much."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = [
                HttpHeader(name=name.decode("latin-1"), value=value.decode("latin-1"))
                for name, value in message["headers"]
            ]
            return
        self.body += message.get("body", b"")
        if len(self.body) > LARGEST_BODY_BYTES:
            del self.body[LARGEST_BODY_BYTES:]
            self.is_truncated = True
            raise _Enough

    def content(self) -> tuple[str | None, str | None]:
        """The body as text, or in base64."""
        body = bytes(self.body)
        try:
            return body.decode(), None
        except UnicodeDecodeError as error:
            # A character may be cut in two at the end.
            if self.is_truncated and error.start > len(body) - 4:
                return body[: error.start].decode(), None
        return None, base64.b64encode(body).decode()


class _Recorder:
    """Keeps the lines of a run, and passes everything on."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.lines: list[ScriptRunLine] = []

    def line(
        self, script: ServedScript, request_id: str, route: str, line: LogLine
    ) -> NewLogLine | None:
        """Note a line."""
        kept = self._journal.line(script, request_id, route, line)
        if kept is not None and len(self.lines) < MOST_LINES:
            self.lines.append(
                ScriptRunLine(
                    level=kept.level,
                    text=kept.text,
                    file=kept.file,
                    line=kept.line,
                    column=kept.column,
                )
            )
        return kept

    def answered(self, script: ServedScript, status: int, seconds: float) -> None:
        """Count a call."""
        self._journal.answered(script, status, seconds)

    def lost(self, script: ServedScript, error: Lost) -> None:
        """Pass on that a process ended."""
        self._journal.lost(script, error)
