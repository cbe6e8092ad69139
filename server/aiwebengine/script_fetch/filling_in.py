"""Puts secrets in the place of their names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote_plus

from aiwebengine.core.errors import BadUserInput, Forbidden, NotFound
from aiwebengine.core.hosts import matches
from aiwebengine.script_fetch.headers import Header, must_be_sendable
from aiwebengine.script_fetch.types import SecretValue
from aiwebengine.script_fetch.urls import Target

_NAME = "[A-Za-z][A-Za-z0-9_]{0,63}"
# Scripts of the original engine name secrets as `{{secret:NAME}}` too.
_KIND = "(?:secret:)?"
_IN_URL = re.compile(
    rf"(?:\{{|%7b){{2}}(secret(?::|%3a))?({_NAME})(?:#|%23|\}}|%7d)", re.IGNORECASE
)
_MARK = re.compile(r"[A-Za-z0-9]{1,64}")


def must_have_no_secret(url: str) -> None:
    """Raise BadUserInput for a URL with a placeholder."""
    found = _IN_URL.search(url)
    if found and (found[1] or found[2].isupper()):
        raise BadUserInput(
            f"url: it contains the placeholder of the secret {found[2]}. Secrets are sent in"
            " headers and bodies only, because servers and proxies write URLs into their logs."
        )


def named_in_headers(headers: Iterable[Header], mark: str | None = None) -> set[str]:
    """The secrets that headers name: as `{{NAME}}`, `{{secret:NAME}}` or `{{NAME#mark}}`."""
    pattern = _in_header(mark)
    return {name for _, value in headers for name in pattern.findall(value)}


def named_in_body(body: bytes, mark: str | None) -> set[str]:
    """The secrets that a body names; see `OutboundRequest.mark`."""
    if mark is None:
        return set()
    return {name.decode() for pair in _in_body(mark).findall(body) for name in pair if name}


def checked_mark(mark: str | None) -> str | None:
    """The mark. Raises BadUserInput."""
    if mark and not _MARK.fullmatch(mark):
        raise BadUserInput("mark: allowed: at most 64 letters and digits.")
    return mark


def fill_headers(
    headers: Iterable[Header], mark: str | None, secrets: Mapping[str, SecretValue]
) -> list[Header]:
    """The headers with secrets. Raises NotFound for a name in capital letters, BadUserInput."""

    def value(found: re.Match[str]) -> str:
        if found[1] in secrets:
            return secrets[found[1]].value
        # Other braces with a word in small letters may be meant for the receiver.
        if found[0] == f"{{{{{found[1]}}}}}" and not found[1].isupper():
            return found[0]
        raise no_secret(found[1])

    filled = []
    for name, text in headers:
        sent = _in_header(mark).sub(value, text)
        if sent != text:
            must_be_sendable(name, sent)
        filled.append((name, sent))
    return filled


def fill_body(
    body: bytes, mark: str | None, content_type: str, secrets: Mapping[str, SecretValue]
) -> bytes:
    """The body with secrets, escaped as its type demands.

    Without a mark, a name that is no secret stays as it is: a body may have other such braces.
    Raises NotFound for one with a mark.
    """
    if mark is None:
        return body

    def value(found: re.Match[bytes]) -> bytes:
        plain, encoded = found[1], found[2]
        name = (plain or encoded).decode()
        if name not in secrets:
            if mark:
                raise no_secret(name)
            return found[0]
        text = secrets[name].value
        if encoded:
            return quote_plus(text).encode()
        return _escaped(text, content_type).encode()

    return _in_body(mark).sub(value, body)


def must_be_allowed(secrets: Iterable[SecretValue], target: Target, *, is_private: bool) -> None:
    """Raise Forbidden unless the secrets may be sent there: to their hosts, encrypted.

    A host that the operator named as private also gets them without TLS.
    """
    for secret in secrets:
        if not matches(secret.hosts, target.host):
            raise Forbidden(
                f"The secret {secret.name} may be sent to {', '.join(sorted(secret.hosts))} only;"
                f" this request goes to {target.host}."
            )
        if target.scheme != "https" and not is_private:
            raise Forbidden(f"The secret {secret.name} is sent by https only.")


def no_secret(name: str) -> NotFound:
    """The script has no secret with this name."""
    return NotFound(f"The script has no secret {name}.")


def _in_header(mark: str | None) -> re.Pattern[str]:
    end = f"(?:#{mark})?" if mark else ""
    return re.compile(rf"\{{\{{{_KIND}({_NAME}){end}\}}\}}")


def _in_body(mark: str) -> re.Pattern[bytes]:
    """Placeholders as they are, and percent-encoded as a form has them."""
    end = f"#{mark}" if mark else ""
    encoded_end = f"%23{mark}" if mark else ""
    return re.compile(
        rf"\{{\{{{_KIND}({_NAME}){end}\}}\}}"
        rf"|%7[Bb]%7[Bb](?:secret(?::|%3[Aa]))?({_NAME}){encoded_end}%7[Dd]%7[Dd]".encode()
    )


def _escaped(text: str, content_type: str) -> str:
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        return json.dumps(text, ensure_ascii=False)[1:-1]
    if kind == "application/x-www-form-urlencoded":
        return quote_plus(text)
    return text
