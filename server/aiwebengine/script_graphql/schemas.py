"""The schemas of all hosts, kept equal to the scripts that are served."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from graphql import GraphQLSchema

from aiwebengine.core.errors import Unavailable
from aiwebengine.graphql.execution import Context, Executor
from aiwebengine.graphql.limits import Limits
from aiwebengine.script_graphql.composer import Attach, Composed, Composer, Contribution
from aiwebengine.script_graphql.offers import offer_of
from aiwebengine.script_graphql.results import explained, plain_value
from aiwebengine.script_graphql.types import NOTHING, Audience, Offer, Origin

log = logging.getLogger(__name__)

DOCUMENTS_BYTES = 2_000_000
"""Memory for the parsed documents of one schema."""

Hosts: TypeAlias = tuple[str, ...]
"""The hosts whose scripts are served together; "" is that of unbound scripts."""


@dataclass(frozen=True, slots=True)
class Served:
    """A script as a worker serves it."""

    script: Any
    """The key by which it is called."""
    slug: str
    version_key: str
    """Another one for each version."""
    host: str
    activation: int
    is_classic: bool
    registrations: Sequence[Any]


@dataclass(frozen=True, slots=True)
class _Host:
    """What one group of hosts serves, and what it was made of."""

    parts: tuple[tuple[Any, str, str], ...]
    composed: Composed
    executors: Mapping[Audience, Executor]


class ScriptSchemas:
    """Finds the schema for a request.

    A schema never changes; after a deployment, the next operation gets another one. They are made
    in a thread, and a script is read once for each of its versions. *scripts_host* also serves the
    scripts of the engine's host.
    """

    def __init__(self, attach: Attach, limits: Limits, scripts_host: str | None = None) -> None:
        self._composer = Composer(attach)
        self._limits = limits
        self._scripts_host = scripts_host
        self._lock = asyncio.Lock()
        self._offers: dict[str, Offer] = {}
        self._by_hosts: dict[Hosts, _Host] = {}
        self._nothing = self._host((), self._composer.compose(()))
        self._is_loaded = False

    async def update(self, served: Callable[[], Iterable[Served]]) -> None:
        """Serve the fields of the scripts that *served* returns, and of no others.

        Scripts without fields need not be among them.
        """
        async with self._lock:
            scripts = sorted(served(), key=lambda one: one.activation)
            by_hosts: dict[Hosts, list[Served]] = defaultdict(list)
            for script in scripts:
                for hosts in self._groups_of(script.host):
                    by_hosts[hosts].append(script)
            # In a thread: the scripts of a large engine take some hundred milliseconds.
            changed = await asyncio.to_thread(self._changed, scripts, by_hosts)
            for host in changed.values():
                for slug in host.composed.left_out:
                    log.error("script_graphql.left_out", extra={"script": slug})
            kept = {hosts: one for hosts, one in self._by_hosts.items() if hosts in by_hosts}
            self._by_hosts = {**kept, **changed}
            self._is_loaded = True

    def executor(self, hosts: Hosts, audience: Audience) -> Executor:
        """Executes operations on the current schema. Raises Unavailable during the start."""
        return self._found(hosts).executors[audience]

    def schema(self, hosts: Hosts, audience: Audience) -> GraphQLSchema:
        """The current schema. Raises Unavailable during the start."""
        return self._found(hosts).composed.schemas[audience]

    def hosts_of(self, host: str | None) -> Hosts:
        """The hosts whose scripts are beside one that is bound to *host*."""
        if host is not None and host == self._scripts_host:
            return (host, "")
        return (host or "",)

    def composed(self, hosts: Hosts) -> Composed:
        """All fields that are served there. Raises Unavailable during the start."""
        return self._found(hosts).composed

    def _found(self, hosts: Hosts) -> _Host:
        if not self._is_loaded:
            raise Unavailable("The engine is starting: it has not read the scripts yet.")
        return self._by_hosts.get(hosts, self._nothing)

    def _groups_of(self, host: str) -> Iterable[Hosts]:
        if self._scripts_host is not None and host in ("", self._scripts_host):
            yield (self._scripts_host, "")
        if host != self._scripts_host:
            yield (host,)

    def _changed(
        self, scripts: Sequence[Served], by_hosts: Mapping[Hosts, Sequence[Served]]
    ) -> dict[Hosts, _Host]:
        """The hosts whose schemas must change."""
        self._offers = {one.version_key: self._offer(one) for one in scripts}
        self._composer.keep_only(map(self._contribution, scripts))
        changed: dict[Hosts, _Host] = {}
        for hosts, some in by_hosts.items():
            parts = tuple((one.script, one.slug, one.version_key) for one in some)
            known = self._by_hosts.get(hosts)
            if known is None or known.parts != parts:
                same = (one for one in changed.values() if one.parts == parts)
                changed[hosts] = next(same, None) or self._host(
                    parts, self._composer.compose(map(self._contribution, some))
                )
        return changed

    def _contribution(self, script: Served) -> Contribution:
        origin = Origin(script.script, script.slug, script.is_classic)
        return Contribution(origin, self._offers[script.version_key], script.version_key)

    def _offer(self, script: Served) -> Offer:
        known = self._offers.get(script.version_key)
        if known is not None:
            return known
        checked = offer_of(script.registrations)
        # It was checked when it was deployed; another version of the engine may be stricter.
        return checked.offer or NOTHING

    def _host(self, parts: tuple[tuple[Any, str, str], ...], composed: Composed) -> _Host:
        executors: dict[int, Executor] = {}
        for schema in composed.schemas.values():
            executors.setdefault(id(schema), self._executor(schema))
        return _Host(
            parts,
            composed,
            {audience: executors[id(schema)] for audience, schema in composed.schemas.items()},
        )

    def _executor(self, schema: GraphQLSchema) -> Executor:
        return Executor(
            schema,
            self._limits,
            _may_introspect,
            documents_bytes=DOCUMENTS_BYTES,
            # Plans read attributes of the engine's own objects.
            compiled_plans=False,
            field_resolver=plain_value,
            explained=explained,
        )


def _may_introspect(context: Context) -> bool:
    return bool(context.is_internal or context.viewer.is_signed_in)
