"""Every route over HTTP, and who may call it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from inspect import getdoc, getsource, unwrap
from typing import Any

from graphql import GraphQLInputObjectType
from starlette.routing import Route, WebSocketRoute

from aiwebengine.app.engine import Engine
from aiwebengine.app.schema import schema
from aiwebengine.core.config import Config
from aiwebengine.core.errors import ReauthenticationRequired
from aiwebengine.core.rights import Rights
from aiwebengine.graphql.descriptions import words_of
from aiwebengine.web.rights import rights_of_route
from reference import errors
from reference.callers import people, recent_sign_in, scope_of, sentence
from reference.markdown import anchor, code, page, paragraphs, table

INTRODUCTION = f"""
Scripts send an API token as `Authorization: Bearer awe_…`, browsers the cookie of their session. A
token that is not valid is refused with 401 wherever one is looked at, also where a stranger is
welcome. A write that a cookie authorises must come from a page of ours. HEAD is answered wherever
GET is, but at `/graphql`. Refusals are problem details (RFC 9457) with a `code`, at `/graphql`
errors of GraphQL with the same: [errors.md](errors.md). Where the table says so, a browser must
have signed in recently, or it is refused as `{ReauthenticationRequired.code}`:
[a recent sign-in](graphql.md#a-recent-sign-in). How scripts use the routes is in
[scripting.md](../scripting.md).
""".strip()
LIMITS = """
In this order. The limits are `server.request_timeout_secs`, `security.rate_limit_per_minute` and
`security.max_request_body_bytes`. `security.cors_allowed_origins` lets pages of other sites ask.
""".strip()
# HEAD comes with every GET; these promise it.
HEAD_IS_PROMISED = ("/health",)
# A section of a docstring begins here; what it says before is for readers.
_SECTIONS = re.compile(r"^(Args|Answers):$|^Raises ", re.MULTILINE)
_ANSWER = re.compile(r"^    (\d{3}): (.*(?:\n      .*)*)", re.MULTILINE)
_RAISES = re.compile(r"^Raises ((?:.|\n(?!\n))*)", re.MULTILINE)
_REFUSAL = re.compile(r"\b([A-Z][a-z]\w+)([^,.;]*)")
_IN_BODY = re.compile(r"text_field\(body, \"(\w+)\"")
_AS_IN_GRAPHQL = re.compile(r"^As ([A-Z]\w+)\.(\w+)(.*)\.$")


@dataclass(frozen=True)
class HttpRoute:
    """One route with the methods that do the same."""

    path: str
    methods: tuple[str, ...]
    endpoint: Any
    rights: Rights

    @property
    def title(self) -> str:
        """Methods and path, as a heading."""
        return f"{', '.join(self.methods)} {self.path}"

    @property
    def meaning(self) -> str:
        """What it does: the paragraphs of its docstring."""
        return paragraphs(_SECTIONS.split(self._docstring)[0])

    @property
    def parameters(self) -> list[tuple[str, str, str]]:
        """Each parameter: its name, where it goes, its meaning."""
        in_body = set(_IN_BODY.findall(getsource(self.endpoint)))
        in_path = set(re.findall(r"{(\w+)}", self.path))
        found = []
        for name, text in words_of(self.endpoint).items():
            either = "query or body" if "POST" in self.methods else "query"
            place = "path" if name in in_path else "body" if name in in_body else either
            found.append((name, place, _resolved(text)))
        return found

    @property
    def answers(self) -> dict[int, str]:
        """Each status that it answers, beside those of every route, and what it means."""
        found: dict[int, list[str]] = {}
        for status, text in _ANSWER.findall(self._docstring):
            found.setdefault(int(status), []).append(" ".join(text.split()))
        kinds = {kind.__name__: kind for kind in errors.refusals()}
        for raises in _RAISES.findall(self._docstring):
            for name, when in _REFUSAL.findall(raises):
                if name in kinds:
                    kind = kinds[name]
                    words = " ".join(when.split())
                    said = f" {words}" if words else f": {errors.meaning(kind)}"
                    found.setdefault(kind.status, []).append(code(kind.code) + said)
        return {status: _joined(found[status]) for status in sorted(found)}

    @property
    def _docstring(self) -> str:
        return getdoc(self.endpoint) or ""


def routes() -> Iterator[HttpRoute]:
    """Every route, in the order of the paths."""
    served = Engine(Config(), "postgresql://nowhere/nothing").app().routes
    yield from sorted(map(_http_route, served), key=lambda one: (one.path, one.methods))


def passed() -> list[tuple[str, str]]:
    """What every request passes, from the outermost: name and meaning."""
    app = Engine(Config(), "postgresql://nowhere/nothing").app()
    kinds = [one.cls for one in app.user_middleware]
    return [(kind.__name__, paragraphs(getdoc(kind) or "").split("\n\n")[0]) for kind in kinds]


def text() -> str:
    """The page."""
    found = list(routes())
    overview = [
        (
            f"[{code(one.title)}](#{anchor(one.title)})",
            one.meaning.split("\n\n")[0],
            people(one.rights),
            scope_of(one.rights),
            recent_sign_in(one.rights),
        )
        for one in found
    ]
    parts = [table(("route", "what", "who", "scope of a token", "recent sign-in"), overview)]
    parts += ["## What every request passes", LIMITS, table(("part", "what it does"), passed())]
    for one in found:
        parameters = [(code(name), place, said) for name, place, said in one.parameters]
        answers = [(str(status), said) for status, said in one.answers.items()]
        parts += [
            f"## {one.title}",
            one.meaning,
            sentence(one.rights),
            table(("parameter", "in", "meaning"), parameters),
            table(("status", "meaning"), answers),
        ]
    return page("HTTP routes", INTRODUCTION, *parts)


def _http_route(route: Any) -> HttpRoute:
    path = re.sub(r":\w+}", "}", route.path)
    if isinstance(route, WebSocketRoute):
        methods: tuple[str, ...] = ("WS",)
    elif isinstance(route, Route):
        methods = tuple(
            method
            for method in sorted(route.methods or {"GET", "POST"})
            if method != "HEAD" or route.path in HEAD_IS_PROMISED
        )
    else:
        raise TypeError(f"no words for {route!r}")
    return HttpRoute(path, methods, unwrap(route.endpoint), rights_of_route(route))


def _joined(texts: list[str]) -> str:
    joined = "; ".join(text.removesuffix(".") for text in dict.fromkeys(texts))
    return f"{joined[:1].upper()}{joined[1:]}."


def _resolved(text: str) -> str:
    """What `As Type.field.` stands for: the description that the schema has."""
    found = _AS_IN_GRAPHQL.match(text)
    if found is None:
        return text
    kind = schema._schema.type_map[found[1]]
    assert isinstance(kind, GraphQLInputObjectType)  # noqa: S101 - a filter is
    description = kind.fields[found[2]].description or ""
    return f"{description.removesuffix('.')}{found[3]}."
