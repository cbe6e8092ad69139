"""Puts secrets in the place of their names, and their names in the place of secrets."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from urllib.parse import quote_plus

from aiwebengine.core.errors import BadUserInput, Forbidden, NotFound
from aiwebengine.script_fetch.headers import Header, must_be_sendable
from aiwebengine.script_fetch.hosts import matches
from aiwebengine.script_fetch.types import SHORTEST_REDACTED, SecretValue
from aiwebengine.script_fetch.urls import Target

_NAME = "[A-Z][A-Z0-9_]{0,63}"
_PLACEHOLDER = re.compile(r"\{\{(" + _NAME + r")\}\}")
_IN_URL = re.compile(r"(?:\{|%7b){2}(" + _NAME + r")(?:#|%23|\}|%7d)", re.IGNORECASE)
_MARK = re.compile(r"[A-Za-z0-9]{1,64}")


def must_have_no_secret(url: str) -> None:
    """Raise BadUserInput for a URL with a placeholder."""
    found = _IN_URL.search(url)
    if found and found[1].isupper():
        raise BadUserInput(
            f"url: it contains the placeholder of the secret {found[1]}. Secrets are sent in"
            " headers and bodies only, because servers and proxies write URLs into their logs."
        )


def named_in_headers(headers: Iterable[Header]) -> set[str]:
    """The secrets that headers name."""
    return {name for _, value in headers for name in _PLACEHOLDER.findall(value)}


def named_in_body(body: bytes, mark: str | None) -> set[str]:
    """The secrets that a body names; see `OutboundRequest.mark`. Raises BadUserInput."""
    if mark is None:
        return set()
    if mark and not _MARK.fullmatch(mark):
        raise BadUserInput("mark: allowed: at most 64 letters and digits.")
    return {name.decode() for pair in _in_body(mark).findall(body) for name in pair if name}


def fill_headers(headers: Iterable[Header], secrets: Mapping[str, SecretValue]) -> list[Header]:
    """The headers with secrets. Raises NotFound, BadUserInput."""

    def value(found: re.Match[str]) -> str:
        if found[1] not in secrets:
            raise no_secret(found[1])
        return secrets[found[1]].value

    filled = []
    for name, text in headers:
        sent = _PLACEHOLDER.sub(value, text)
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


def pattern_of(secrets: Iterable[SecretValue]) -> tuple[re.Pattern[bytes] | None, dict[bytes, str]]:
    """A pattern that finds the values of secrets, also escaped, and whose each of them is."""
    names: dict[bytes, str] = {}
    for secret in secrets:
        if len(secret.value) < SHORTEST_REDACTED:
            continue
        for written in _as_written(secret.value):
            names.setdefault(written, secret.name)
    if not names:
        return None, names
    # The longest first: one secret may be the beginning of another.
    ordered = sorted(names, key=len, reverse=True)
    return re.compile(b"|".join(map(re.escape, ordered))), names


def redacted(text: bytes, secrets: Iterable[SecretValue]) -> bytes:
    """The text with `[secret NAME]` in the place of each secret."""
    pattern, names = pattern_of(secrets)
    if pattern is None:
        return text
    return pattern.sub(lambda found: f"[secret {names[found[0]]}]".encode(), text)


def redacted_headers(headers: Iterable[Header], secrets: Collection[SecretValue]) -> list[Header]:
    """The same for headers."""
    return [
        (name, redacted(value.encode("latin-1"), secrets).decode("latin-1"))
        for name, value in headers
    ]


def _in_body(mark: str) -> re.Pattern[bytes]:
    """Placeholders as they are, and percent-encoded as a form has them."""
    end = f"#{mark}" if mark else ""
    encoded_end = f"%23{mark}" if mark else ""
    return re.compile(
        rf"\{{\{{({_NAME}){end}\}}\}}|%7[Bb]%7[Bb]({_NAME}){encoded_end}%7[Dd]%7[Dd]".encode()
    )


def _escaped(text: str, content_type: str) -> str:
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        return json.dumps(text, ensure_ascii=False)[1:-1]
    if kind == "application/x-www-form-urlencoded":
        return quote_plus(text)
    return text


def _as_written(value: str) -> set[bytes]:
    """The value as it is, in JSON, and in a URL."""
    texts = {value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    return {text.encode() for text in (*texts, quote_plus(value), value.strip())}
