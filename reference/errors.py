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
A GraphQL error carries its code in `extensions.code`, a REST error (`application/problem+json`,
RFC 9457) in `code`. The message is for people and may change; the code stays. `INTERNAL` with
status 500 is a fault in the program: the caller is told a request id, the log has the rest
(`aiwebengine logs search --request-id ID`). `RATE_LIMITED` tells in `retryAfter`, and in the
header `Retry-After`, after how many seconds to come back. GraphQL answers with 200 in spite of
such an error in a field, as its draft for HTTP has it; the status below is what REST answers, and
GraphQL for a request that was refused as a whole.
""".strip()


def refusals() -> list[type[EngineError]]:
    """Every kind of refusal that a caller may be told of, by code and status."""
    for module in pkgutil.walk_packages(aiwebengine.__path__, "aiwebengine."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    # A task's result is told as the result of its run.
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
