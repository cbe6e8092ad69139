"""Tools, prompts and resources of the scripts that this worker serves."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Protocol
from uuid import UUID

import orjson

from aiwebengine.core.errors import BadUserInput, Forbidden
from aiwebengine.core.identity import Scope, Viewer
from aiwebengine.database import Database
from aiwebengine.script_calls.types import CallResult, Kind, ScriptUser, ServedScript
from aiwebengine.script_mcp import answers, store
from aiwebengine.script_mcp.offers import BETWEEN, Offer, Offers, offers_of
from aiwebengine.script_mcp.schemas import LARGEST_ARGUMENT_BYTES, check_arguments
from aiwebengine.script_mcp.sources import Json, McpCall

MOST_KEPT = 1_000
"""Scripts whose offers are cached."""


_Lists = Mapping[str, Mapping[str, Json]]
"""What a script offers of each kind, as it is listed."""
_NOTHING: _Lists = {"tool": {}, "prompt": {}, "resource": {}}


class CallsScripts(Protocol):
    """Calls scripts; `ScriptCaller` does."""

    async def call(
        self,
        script: UUID | str,
        kind: Kind,
        handler: str | None,
        head: Mapping[str, Any],
        *,
        user: ScriptUser | None = None,
        request_id: str | None = None,
    ) -> CallResult:
        """What a handler returns. Raises EngineError."""


class ScriptTools:
    """The source of what scripts offer, for callers with the scope `scripts:call`.

    At `/mcp` a name belongs to the script that was the first to activate it; another one's is
    `slug__name`. At `/mcp/scripts/{slug}` all have their plain names.
    """

    def __init__(
        self,
        db: Database,
        served: Callable[[], Iterable[ServedScript]],
        caller: Callable[[], CallsScripts],
    ) -> None:
        self._db = db
        self._served = served
        self._caller = caller
        self._offers: dict[tuple[UUID, int], Offers] = {}
        self._listed_of: dict[UUID, tuple[str, _Lists]] = {}
        self.on_change: Callable[[str, set[str]], None] = lambda *_: None
        """Gets the slug of a script whose lists have changed in this worker, and their kinds."""

    def scripts_changed(self, script_ids: Collection[UUID]) -> None:
        """This worker serves other versions of these scripts, or none any more."""
        served = {one.id: one for one in self._served_for(None)}
        for script_id in script_ids:
            script = served.get(script_id)
            slug, before = self._listed_of.pop(script_id, ("", _NOTHING))
            now = _NOTHING if script is None else self._lists_of(script)
            if script is not None and now != _NOTHING:
                slug = script.slug
                self._listed_of[script_id] = slug, now
            if before != now:
                self.on_change(slug, {kind for kind in now if now[kind] != before[kind]})

    async def tools(self, call: McpCall) -> list[Json]:
        """The tools that the caller may use."""
        return await self._listed(call, "tool", lambda offers: offers.tools)

    async def prompts(self, call: McpCall) -> list[Json]:
        """The prompts that the caller may use."""
        return await self._listed(call, "prompt", lambda offers: offers.prompts)

    async def resources(self, call: McpCall) -> list[Json]:
        """The resources that the caller may read; of several with one address the first one."""
        found: dict[str, Json] = {}
        for script in self._scripts(call):
            for uri, offer in self._offers_of(script).resources.items():
                found.setdefault(uri, offer.listed)
        return list(found.values())

    async def call_tool(
        self, call: McpCall, name: str, arguments: Mapping[str, Any]
    ) -> Json | None:
        """Call a tool. Raises EngineError."""
        found = await self._find(call, "tool", name, lambda offers: offers.tools)
        if found is None:
            return None
        script, offer = found
        check_arguments(offer.listed["inputSchema"], arguments)
        head = {"name": offer.name, "args": dict(arguments)}
        return answers.tool_result(await self._called(call, script, Kind.TOOL, offer, head))

    async def get_prompt(
        self, call: McpCall, name: str, arguments: Mapping[str, str]
    ) -> Json | None:
        """The messages of a prompt. Raises EngineError."""
        found = await self._find(call, "prompt", name, lambda offers: offers.prompts)
        if found is None:
            return None
        script, offer = found
        _check_prompt(offer, arguments)
        head = {"name": offer.name, "args": dict(arguments)}
        value = await self._called(call, script, Kind.PROMPT, offer, head)
        return answers.prompt_result(value, offer.listed.get("description"))

    async def read_resource(self, call: McpCall, uri: str) -> Json | None:
        """The content of a resource. Raises EngineError."""
        for script in self._scripts(call):
            offer = self._offers_of(script).resources.get(uri)
            if offer is not None:
                value = await self._called(call, script, Kind.RESOURCE, offer, {"uri": uri})
                return answers.resource_result(uri, value, offer.listed.get("mimeType"))
        return None

    async def _listed(
        self, call: McpCall, kind: str, part: Callable[[Offers], Mapping[str, Offer]]
    ) -> list[Json]:
        scripts = self._scripts(call)
        owners = await store.owners(self._db, kind) if scripts and call.slug is None else {}
        found = []
        for script in scripts:
            for name, offer in part(self._offers_of(script)).items():
                is_plain = call.slug is not None or owners.get(name) == script.id
                shown = name if is_plain else f"{script.slug}{BETWEEN}{name}"
                found.append({**offer.listed, "name": shown})
        return sorted(found, key=lambda one: str(one["name"]))

    async def _find(
        self,
        call: McpCall,
        kind: str,
        name: str,
        part: Callable[[Offers], Mapping[str, Offer]],
    ) -> tuple[ServedScript, Offer] | None:
        """The script and its offer. Raises Forbidden if the caller's token is not for scripts."""
        scripts = {script.id: script for script in self._served_for(call.slug)}
        script, plain = None, name
        if call.slug is not None:
            script = next(iter(scripts.values()), None)
        elif BETWEEN in name:
            slug, _, plain = name.partition(BETWEEN)
            script = next((one for one in scripts.values() if one.slug == slug), None)
        else:
            owner = await store.owner(self._db, kind, name)
            script = None if owner is None else scripts.get(owner)
        offer = None if script is None else part(self._offers_of(script)).get(plain)
        if script is None or offer is None:
            return None
        if not _may_call(call.viewer):
            raise Forbidden(f"This token lacks the scope {Scope.SCRIPTS_CALL.value}.")
        return script, offer

    async def _called(
        self, call: McpCall, script: ServedScript, kind: Kind, offer: Offer, head: Json
    ) -> Any:
        result = await self._caller().call(
            script.id,
            kind,
            offer.handler,
            head,
            user=_user(call.viewer),
            request_id=call.request_id,
        )
        return result.value

    def _scripts(self, call: McpCall) -> list[ServedScript]:
        """The scripts that the caller may call, by slug."""
        return self._served_for(call.slug) if _may_call(call.viewer) else []

    def _served_for(self, slug: str | None) -> list[ServedScript]:
        found = (one for one in self._served() if not one.is_suspended)
        return sorted((one for one in found if slug in (None, one.slug)), key=lambda one: one.slug)

    def _lists_of(self, script: ServedScript) -> _Lists:
        if not any(one.get("kind") in _NOTHING for one in script.registrations):
            return _NOTHING
        offers = self._offers_of(script)
        found = {"tool": offers.tools, "prompt": offers.prompts, "resource": offers.resources}
        return {kind: {name: one.listed for name, one in of.items()} for kind, of in found.items()}

    def _offers_of(self, script: ServedScript) -> Offers:
        """What the script offers, read once for each version."""
        key = (script.id, script.version)
        found = self._offers.get(key)
        if found is None:
            if len(self._offers) >= MOST_KEPT:
                self._offers.clear()
            found, _ = offers_of(script.registrations)
            self._offers[key] = found
        return found


def _may_call(viewer: Viewer) -> bool:
    return Scope.SCRIPTS_CALL in viewer.scopes


def _user(viewer: Viewer) -> ScriptUser:
    """The user of the token, as scripts see it. The token itself they do not see."""
    roles = tuple(sorted(role.name for role in viewer.roles))
    return ScriptUser(str(viewer.id), viewer.name, viewer.email, roles)


def _check_prompt(offer: Offer, arguments: Mapping[str, str]) -> None:
    size = len(orjson.dumps(arguments))
    if size > LARGEST_ARGUMENT_BYTES:
        raise BadUserInput(f"The arguments have {size} bytes; allowed: {LARGEST_ARGUMENT_BYTES}.")
    for argument in offer.listed["arguments"]:
        if argument["required"] and argument["name"] not in arguments:
            raise BadUserInput(f"{argument['name']}: this argument is required.")
