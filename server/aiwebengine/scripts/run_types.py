"""Runs of a script on behalf of its author."""

from dataclasses import dataclass, field

import strawberry

from aiwebengine.scripts.log_types import LogLevel


@dataclass(frozen=True)
class RunRequest:
    """The request of a run."""

    slug: str
    method: str = "GET"
    path: str = ""
    """With its query; empty: the slug's own path."""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    as_viewer: bool = False
    """Whether who runs it is the visitor; otherwise that is nobody."""


@strawberry.type
class HttpHeader:
    """A header of an answer.

    Attributes:
        name: its name in lower case.
        value: its value.
    """

    name: str
    value: str


@strawberry.type
class ScriptRunLine:
    """A line that a script logged during a run.

    Attributes:
        level: its level.
        text: the line.
        file: file that logged it.
        line: line in the file, from 1.
        column: column in the line, from 1.
    """

    level: LogLevel
    text: str
    file: str | None
    line: int | None
    column: int | None


@strawberry.type
class ScriptRun:
    """The answer of a script to a request that its author made.

    Attributes:
        request_id: ID of the request, as in the script's log.
        version: the version that answered.
        status: HTTP status of the answer.
        headers: headers of the answer, in order.
        body: beginning of the body, up to 1 MB; null if it is not text.
        body_base64: the same in base64 if it is not text; null if `body` has it.
        body_size: bytes that were read.
        is_truncated: whether the body continues.
        milliseconds: time from the request to the end of the answer.
        log: lines that the script logged until then.
    """

    request_id: str
    version: int
    status: int
    headers: list[HttpHeader]
    body: str | None
    body_base64: str | None
    body_size: int
    is_truncated: bool
    milliseconds: float
    log: list[ScriptRunLine] = field(default_factory=list)
