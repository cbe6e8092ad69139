"""Asks scripts whether a visitor may connect, and to what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol
from uuid import UUID

from aiwebengine.core.errors import BadUserInput
from aiwebengine.script_calls.errors import ScriptFailed
from aiwebengine.script_calls.types import CallResult, Kind, ScriptUser, ServedScript
from aiwebengine.script_streams.checks import must_be_filter
from aiwebengine.script_streams.visits import Accepted, Refused, Visit


class FindsScripts(Protocol):
    """Where scripts are that this worker serves."""

    def served(self, script: UUID | str) -> ServedScript | None:
        """The script with this ID or slug, or None."""


class CallsScripts(Protocol):
    """What calls scripts; `script_calls.caller` does it."""

    async def call(
        self,
        script: UUID | str,
        kind: Kind,
        handler: str | None,
        head: Mapping[str, Any],
        *,
        body: bytes = b"",
        user: ScriptUser | None = None,
        request_id: str | None = None,
    ) -> CallResult:
        """What a handler returns. Raises EngineError."""


class ScriptCustomizer:
    """Calls the functions of streams; see `visits.Customizer`."""

    def __init__(self, scripts: FindsScripts, caller: CallsScripts) -> None:
        self._scripts = scripts
        self._caller = caller

    async def decide(self, visit: Visit) -> Accepted | Refused:
        """What the function of a stream returns. Without one, everybody may listen.

        Raises what `ScriptCaller.call` raises.
        """
        if not visit.handler:
            return Accepted({})
        result = await self._caller.call(
            visit.script_id,
            Kind.STREAM,
            visit.handler,
            visit.request,
            user=visit.user,
            request_id=visit.request_id,
        )
        return answer_of(result.value)

    def handler_of(self, script_id: UUID, kind: str, pattern: str) -> str | None:
        """The function of the stream or socket with this path in the version that is served now.

        "" if it has no function; None without such a route.
        """
        script = self._scripts.served(script_id)
        if script is None or script.is_suspended:
            return None
        for route in script.active.routes:
            if route.kind == kind and route.path == pattern:
                return route.handler
        return None


def answer_of(value: Any) -> Accepted | Refused:
    """What a process says that the script answers; see connection_answers.js.

    Raises ScriptFailed for what connection_answers.js does not make.
    """
    try:
        if "refusal" in value:
            refusal = value["refusal"]
            return Refused(refusal["status"], _headers(refusal), refusal["body"].encode())
        return Accepted(must_be_filter("filter", value["filter"]), _headers(value))
    except BadUserInput as error:
        raise ScriptFailed(f"The script's answer can't be used: {error.message}") from None
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ScriptFailed("The script's answer can't be used.") from None


def _headers(value: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(str(name), str(text)) for name, text in value["headers"]]
