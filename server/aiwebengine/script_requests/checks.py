"""Validation of requests to save."""

from __future__ import annotations

import re
from uuid import UUID

from aiwebengine.core.errors import BadUserInput, NotFound
from aiwebengine.core.untrusted_text import must_show_all
from aiwebengine.script_requests.types import (
    LARGEST_HEADERS,
    LONGEST_BODY,
    LONGEST_NAME,
    LONGEST_PATH,
    MOST_HEADERS,
    NewRequest,
)

_METHOD = re.compile(r"[A-Za-z]{1,20}")
# PostgreSQL stores neither NUL nor halves of surrogate pairs.
_NOT_STORABLE = re.compile(r"[\0\ud800-\udfff]")


def checked(wanted: NewRequest) -> NewRequest:
    """The request as it is stored. Raises BadUserInput."""
    name = wanted.name.strip()
    if not name:
        raise BadUserInput("name: found nothing; allowed: 1 to 100 characters.")
    _must_be_short("name", name, LONGEST_NAME)
    must_show_all("name", name)
    if not _METHOD.fullmatch(wanted.method):
        raise BadUserInput(f"method: found {wanted.method[:40]!r}; allowed: a method such as GET.")
    if not wanted.path.startswith("/"):
        raise BadUserInput(
            f"path: found {wanted.path[:100]!r}; allowed: a path such as /hello?name=Ada."
        )
    _must_be_short("path", wanted.path, LONGEST_PATH)
    _must_be_short("body", wanted.body, LONGEST_BODY)
    _check_headers(wanted)
    for field, text in (("path", wanted.path), ("body", wanted.body)):
        _must_be_storable(field, text)
    return NewRequest(
        name,
        wanted.method.upper(),
        wanted.path,
        wanted.headers,
        wanted.body,
        wanted.as_viewer,
    )


def request_id(text: str) -> UUID:
    """The ID of a saved request. Raises NotFound for what can't be one."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(f"There is no saved request {text[:40]}.") from None


def _check_headers(wanted: NewRequest) -> None:
    if len(wanted.headers) > MOST_HEADERS:
        raise BadUserInput(f"headers: found {len(wanted.headers)}; allowed: {MOST_HEADERS}.")
    texts = [text for pair in wanted.headers for text in pair]
    size = sum(map(len, texts))
    if size > LARGEST_HEADERS:
        raise BadUserInput(
            f"headers: found {size} characters; allowed: {LARGEST_HEADERS} in all names and values."
        )
    for text in texts:
        _must_be_storable("headers", text)


def _must_be_short(field: str, text: str, longest: int) -> None:
    if len(text) > longest:
        raise BadUserInput(f"{field}: found {len(text)} characters; allowed: {longest}.")


def _must_be_storable(field: str, text: str) -> None:
    if _NOT_STORABLE.search(text):
        raise BadUserInput(f"{field}: it contains NUL or half a surrogate pair.")
