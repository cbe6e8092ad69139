"""Finds the route of a script for a request: exact before parameter before rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Generic, Protocol, TypeVar

ANY_METHOD = "*"


class _Route(Protocol):
    """What is matched; `path` is `/hello/:name` or `/files/*rest`, `method` may be `*`."""

    @property
    def host(self) -> str:
        """The host that its script is bound to; "" without one."""

    @property
    def method(self) -> str: ...

    @property
    def path(self) -> str: ...


R = TypeVar("R", bound=_Route)


@dataclass(frozen=True, slots=True)
class Match(Generic[R]):
    """A route and the parts of the path that its parameters stand for."""

    route: R
    params: dict[str, str]


@dataclass(frozen=True, slots=True)
class NoSuchMethod:
    """The path has routes, but none for this method."""

    allowed: tuple[str, ...]


@dataclass(slots=True)
class _Node(Generic[R]):
    """The routes that share the segments up to here."""

    static: dict[str, _Node[R]] = field(default_factory=dict)
    parameter: _Node[R] | None = None
    routes: dict[str, R] = field(default_factory=dict)
    rest: dict[str, R] = field(default_factory=dict)


class RouteTable(Generic[R]):
    """All routes that are served. Immutable: a change makes another table."""

    def __init__(self, routes: Iterable[R] = ()) -> None:
        self._trees: dict[str, _Node[R]] = {}
        for route in routes:
            self._add(route)

    def _add(self, route: R) -> None:
        node = self._trees.setdefault(route.host, _Node())
        for segment in _segments(route.path):
            if segment.startswith("*"):
                node.rest[route.method] = route
                return
            if segment.startswith(":"):
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.static.setdefault(segment, _Node())
        node.routes[route.method] = route

    @cached_property
    def hosts(self) -> frozenset[str]:
        """The hosts that scripts are bound to."""
        return frozenset(self._trees) - {""}

    def find(
        self, hosts: Sequence[str], method: str, segments: list[str]
    ) -> Match[R] | NoSuchMethod | None:
        """The route for a request; *segments* are the decoded parts of its path.

        Routes of the first of *hosts* come first; "" are those of scripts that have no host.
        """
        allowed: set[str] = set()
        for host in hosts:
            root = self._trees.get(host)
            if root is None:
                continue
            route = _find(root, segments, 0, method, allowed)
            if route is not None:
                return Match(route, _params(route.path, segments))
        return NoSuchMethod(tuple(sorted(allowed))) if allowed else None


def _find(node: _Node[R], segments: list[str], at: int, method: str, allowed: set[str]) -> R | None:
    """The most specific route below *node*. Each node is visited once at most."""
    if at == len(segments):
        found = _for_method(node.routes, method, allowed)
    else:
        segment, found = segments[at], None
        child = node.static.get(segment)
        if child is not None:
            found = _find(child, segments, at + 1, method, allowed)
        if found is None and node.parameter is not None and segment:
            found = _find(node.parameter, segments, at + 1, method, allowed)
    return found if found is not None else _for_method(node.rest, method, allowed)


def _for_method(routes: Mapping[str, R], method: str, allowed: set[str]) -> R | None:
    """The route for a method; GET answers HEAD (RFC 9110 section 9.3.2)."""
    if not routes:
        return None
    found = routes.get(method)
    if found is None and method == "HEAD":
        found = routes.get("GET")
    if found is None:
        found = routes.get(ANY_METHOD)
    if found is None:
        allowed.update(routes)
        if "GET" in routes:
            allowed.add("HEAD")
    return found


def _segments(path: str) -> list[str]:
    return path.split("/")[1:]


def _params(pattern: str, segments: list[str]) -> dict[str, str]:
    """What the parameters of *pattern* stand for; an unnamed rest is called `*`."""
    if ":" not in pattern and "*" not in pattern:
        return {}
    params = {}
    for number, name in enumerate(_segments(pattern)):
        if name.startswith(":"):
            params[name[1:]] = segments[number]
        elif name.startswith("*"):
            params[name[1:] or "*"] = "/".join(segments[number:])
    return params
