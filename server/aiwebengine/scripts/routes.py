"""Routes of a version, read from what it registers. Nothing that a script reports is believed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from aiwebengine.core.untrusted_text import is_hidden, on_one_line
from aiwebengine.scripts.types import Diagnostic, ScriptRoute, Severity

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
ANY_METHOD = "*"
HOME = "/"
_ENGINE_HAS_HOME = (
    "/ is the engine's home page on this host. The script answers it on a host of its own, to which"
    " an administrator binds it, and on server.scripts_host."
)
MOST_ROUTES = 1_000
LONGEST_PATH = 500
# A handler of a module is named by the method and path of its route.
LONGEST_HANDLER = 600

RESERVED = (
    "/engine",
    "/auth",
    "/graphql",
    "/scripts-graphql",
    "/api/engine",
    "/editor",
    "/health",
    "/metrics",
    "/static",
    "/assets",
    "/mcp",
    "/scripts",
    "/.well-known",
    "/.aiwebengine",
    "/favicon.ico",
    "/robots.txt",
)
"""Paths of the engine: no script serves them or anything below them."""

SOCKET_METHOD = "SOCKET"
"""The method of routes for WebSockets, which no request has."""

_KINDS = ("route", "asset", "stream", "socket")
_PARAMETER = re.compile(r":[A-Za-z_]\w{0,63}")
_REST = re.compile(r"\*(?:[A-Za-z_]\w{0,63})?")


def routes_of(
    registrations: Iterable[Mapping[str, Any]], slug: str, host: str | None
) -> tuple[list[ScriptRoute], list[Diagnostic]]:
    """The routes among *registrations*, and an error for each that is not allowed.

    A route for the home page is allowed, with a warning where the engine answers it itself.

    A script with a `fetch` handler serves what is below its slug with it. Registrations of other
    kinds are not about routes and are left out.
    """
    found: dict[tuple[str, str], ScriptRoute] = {}
    problems: list[Diagnostic] = []
    for wanted in _wanted(registrations, slug):
        problem = _problem_of(wanted)
        twice = found.get((wanted.method, wanted.shape))
        if problem is None and twice is not None and wanted.kind != "fetch":
            problem = f"The routes {twice.method} {twice.path} and {_shown(wanted)} are the same."
        if problem is None and len(found) >= MOST_ROUTES:
            problem = f"A script may have at most {MOST_ROUTES} routes."
            problems.append(_error(problem))
            break
        if problem is not None:
            problems.append(_error(problem))
        elif twice is None:
            found[wanted.method, wanted.shape] = wanted
            if wanted.path == HOME and host is None:
                problems.append(_warning(f"{_shown(wanted)}: {_ENGINE_HAS_HOME}"))
    return list(found.values()), problems


def shape_of(path: str) -> str:
    """The path without the names of its parameters: two routes with one shape match the same."""
    return "/".join(
        ":" if part.startswith(":") else "*" if part.startswith("*") else part
        for part in path.split("/")
    )


def claims_of(routes: Iterable[ScriptRoute]) -> list[tuple[str, ScriptRoute]]:
    """Each route with each method that it takes: `*` takes all that the script does not list."""
    known = {(route.method, route.shape): route for route in routes}
    claims = [(route.method, route) for route in known.values()]
    for route in known.values():
        if route.method == ANY_METHOD:
            claims += [(method, route) for method in METHODS if (method, route.shape) not in known]
    return sorted(claims, key=lambda claim: (claim[1].shape, claim[0]))


def _wanted(registrations: Iterable[Mapping[str, Any]], slug: str) -> Iterable[ScriptRoute]:
    has_fetch = False
    for registration in registrations:
        kind = registration.get("kind") if isinstance(registration, Mapping) else None
        if kind == "fetch":
            has_fetch = True
        elif kind in _KINDS:
            path = _text(registration, "path")
            method = _text(registration, "method", "GET").upper()
            handler = _text(registration, "handler") or _text(registration, "asset")
            yield _route(method, path, str(kind), handler)
    if has_fetch:
        for path in (f"/{slug}", f"/{slug}/*"):
            yield _route(ANY_METHOD, path, "fetch", "fetch")


def _route(method: str, path: str, kind: str, handler: str) -> ScriptRoute:
    return ScriptRoute(method=method, path=path, kind=kind, handler=handler, shape=shape_of(path))


def _error(message: str) -> Diagnostic:
    return Diagnostic(severity=Severity.ERROR, message=message)


def _warning(message: str) -> Diagnostic:
    return Diagnostic(severity=Severity.WARNING, message=message)


def _text(registration: Mapping[str, Any], name: str, default: str = "") -> str:
    value = registration.get(name, default)
    return value if isinstance(value, str) else default


def _problem_of(route: ScriptRoute) -> str | None:
    is_socket = route.kind == "socket" and route.method == SOCKET_METHOD
    if route.method not in (*METHODS, ANY_METHOD) and not is_socket:
        return f"{_shown(route)}: allowed methods are {', '.join(METHODS)} and {ANY_METHOD}."
    if len(route.path) > LONGEST_PATH or len(route.handler) > LONGEST_HANDLER:
        return (
            f"{_shown(route)[:100]}…: a path may have at most {LONGEST_PATH} characters,"
            f" the name of a handler {LONGEST_HANDLER}."
        )
    if any(is_hidden(character) for character in route.path + route.handler):
        return f"{_shown(route)}: it contains an invisible or control character."
    return _problem_of_path(route)


def _problem_of_path(route: ScriptRoute) -> str | None:
    path = route.path
    if not path.startswith("/") or re.search(r"[?#%\\\s]", path):
        return (
            f"{_shown(route)}: a path begins with / and has no space, backslash, '?', '#' or '%'."
        )
    parts = path[1:].split("/")
    for place, part in enumerate(parts, 1):
        is_last = place == len(parts)
        if part in (".", "..") or (not part and not is_last):
            return f"{_shown(route)}: a path has no empty part and no part '.' or '..'."
        if part.startswith(":") and not _PARAMETER.fullmatch(part):
            return f"{_shown(route)}: {part!r} is no parameter; allowed: a name such as :id."
        if part.startswith("*") and not (is_last and _REST.fullmatch(part)):
            return f"{_shown(route)}: only the last part may be * or a name such as *rest."
    names = [part[1:] for part in parts if part[:1] in (":", "*") and part[1:]]
    if len(names) != len(set(names)):
        return f"{_shown(route)}: two parameters have the same name."
    reserved = reserved_for(path)
    if reserved is not None:
        return f"{_shown(route)}: {reserved} and everything below it belong to the engine."
    return None


def reserved_for(path: str) -> str | None:
    """The member of RESERVED that *path* belongs to; None for a path that a script may serve.

    Case does not matter, because it does not to some proxies: Caddy's rules for `/metrics` also
    match `/Metrics`.
    """
    path = path.casefold()
    return next((one for one in RESERVED if path == one or path.startswith(one + "/")), None)


def _shown(route: ScriptRoute) -> str:
    return on_one_line(f"{route.method} {route.path}")
