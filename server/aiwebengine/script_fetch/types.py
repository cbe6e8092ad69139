"""Requests to other servers, their answers, and how they fail."""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from aiwebengine.core.errors import EngineError

DEFAULT_TIMEOUT_SECS = 30.0
LONGEST_TIMEOUT_SECS = 300.0
"""From the request to the last byte of the answer, redirects included."""
CONNECT_TIMEOUT_SECS = 10.0
"""For the name and the connection of one request."""
MOST_REDIRECTS = 5
LARGEST_REQUEST_BYTES = 10_000_000
LARGEST_ANSWER_BYTES = 10_000_000
"""Of the body of an answer, as sent and also decompressed."""
LONGEST_URL = 8_000
MOST_HEADERS = 100
LONGEST_HEADER = 8_000
"""Characters of a name and its value together."""
LARGEST_HEADERS = 32_000
"""Characters of all names and values of a request."""
MOST_OF_SCRIPT = 8
"""Requests of one script at a time in a worker; more of them wait."""
MOST_AT_ONCE = 64
"""Requests of all scripts at a time in a worker; more of them wait."""
MOST_WAITING_OF_SCRIPT = 256
MOST_BYTES_AT_ONCE = 128_000_000
"""Of all answers that a worker is reading."""


class Redirect(enum.Enum):
    """What a redirect leads to, as in the Fetch standard; `MANUAL` returns its answer."""

    FOLLOW = "follow"
    ERROR = "error"
    MANUAL = "manual"


class SecretValue(Protocol):
    """A secret of a script."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def value(self) -> str:
        """What is sent."""

    @property
    def hosts(self) -> Collection[str]:
        """Where it may be sent: `api.example.org`, `*.example.org`, or `*` for any host."""


@dataclass(frozen=True)
class Caller:
    """The script that sends a request.

    *user_id* is the visitor, whose own secrets come before those of the script. *reads* is where
    its secrets are read, such as a transaction that will be rolled back; *slug* is for metrics.
    """

    script_id: UUID
    user_id: UUID | None = None
    reads: Callable[[], AbstractAsyncContextManager[None]] = nullcontext
    slug: str = ""


class SecretSource(Protocol):
    """Reads secrets to send them; `ScriptSecrets` does."""

    async def to_send(self, caller: Caller, names: Collection[str]) -> Mapping[str, SecretValue]:
        """The secrets with these names that the script has. Raises Unavailable."""


class HostSource(Protocol):
    """Knows to which hosts a script may send requests; `FetchHosts` does."""

    async def hosts_of(self, script_id: UUID) -> Collection[str] | None:
        """Names such as `api.example.org` and `*.example.org`; None: any public host."""


@dataclass(frozen=True)
class OutboundRequest:
    """A request to another server.

    In the values of *headers*, `{{NAME}}` stands for the secret NAME. In *body* it does too if
    *mark* is empty. With another *mark* `{{NAME#mark}}` does, in both, which no visitor of the
    script can guess. None leaves the body as it is.
    """

    url: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    redirect: Redirect = Redirect.FOLLOW
    timeout_secs: float = DEFAULT_TIMEOUT_SECS
    mark: str | None = None


@dataclass(frozen=True)
class OutboundAnswer:
    """The answer of another server; *url* is where it came from, after redirects."""

    url: str
    status: int
    status_text: str
    headers: list[tuple[str, str]]
    body: bytes = b""
    is_redirected: bool = False


class SendsRequests(Protocol):
    """Sends requests of scripts to other servers; `OutboundHttp` does."""

    async def send(self, caller: Caller, request: OutboundRequest) -> OutboundAnswer:
        """The answer, whatever its status.

        Raises BadUserInput for an invalid request, Forbidden for an address, port or secret that is
        not allowed there, NotFound for a secret that the script does not have, FetchFailed,
        FetchTimedOut.
        """


class FetchFailed(EngineError):
    """The other server could not be reached, or its answer could not be used."""

    code = "FETCH_FAILED"
    status = 502


class FetchTimedOut(FetchFailed):
    """The other server did not answer in time."""

    code = "FETCH_TIMED_OUT"
    status = 504


@dataclass
class Sent:
    """What became of a request, for metrics."""

    host: str
    status: int | None = None
    milliseconds: float = 0.0
    error: str | None = None
    """Its code."""
    bytes_in: int = 0
