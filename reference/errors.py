"""Every code of an error."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from inspect import getdoc

import aiwebengine
from aiwebengine.core.errors import EngineError
from aiwebengine.jobs.types import TaskFailed
from reference.markdown import code, page, paragraphs, table

INTRODUCTION = """
A GraphQL error has its code in `extensions.code`, a REST error (`application/problem+json`,
RFC 9457) in `code`. The message is for people and may change; the code is stable. `INTERNAL` with
status 500 is a bug in the program: the response has a request ID, the log has the details
(`aiwebengine logs search --request-id ID`). `RATE_LIMITED` has `retryAfter`, and the header
`Retry-After`: the seconds to wait before a retry. GraphQL returns status 200 for an error in a
field, as the GraphQL over HTTP draft specifies; the status below applies to REST, and to GraphQL
requests that are rejected as a whole.
""".strip()


def refusals() -> list[type[EngineError]]:
    """Every error that a caller may receive, by code and status."""
    for module in pkgutil.walk_packages(aiwebengine.__path__, "aiwebengine."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    # A task's result is reported as the result of its run.
    found = [kind for kind in _below(EngineError) if kind is not TaskFailed]
    return sorted(
        found,
        key=lambda kind: (
            kind.code,
            kind.status,
            len(kind.__mro__),
            kind.__name__,
            kind.__module__,
        ),
    )


def meaning(kind: type[EngineError]) -> str:
    """What it says."""
    own = kind.__doc__
    return paragraphs(getdoc(kind) or "").split("\n\n")[0] if own else ""


def text() -> str:
    """The page."""
    rows = [
        (code(one.code), str(one.status), meaning(one), code(one.__name__)) for one in refusals()
    ]
    rows.append((code(EngineError.code), "500", "A fault in the program.", ""))
    return page(
        "Error codes", INTRODUCTION, table(("code", "status", "meaning", "in the code"), rows)
    )


def _below(kind: type[EngineError]) -> Iterator[type[EngineError]]:
    for below in kind.__subclasses__():
        # Tests make some of their own.
        if below.__module__.startswith("aiwebengine."):
            yield below
        yield from _below(below)
