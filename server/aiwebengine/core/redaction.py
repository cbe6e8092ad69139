"""Replaces secrets in texts by their names."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterable
from urllib.parse import quote_plus

SHORTEST_REDACTED = 4
"""Characters: a shorter secret is in too many texts by chance to be replaced in them."""


class Redaction:
    """Replaces the values of secrets, also as JSON and URLs write them, by `[secret NAME]`.

    *secrets* are pairs of name and value. Shorter ones than SHORTEST_REDACTED stay.
    """

    def __init__(self, secrets: Iterable[tuple[str, str]]) -> None:
        self._names: dict[bytes, bytes] = {}
        for name, value in secrets:
            if len(value) >= SHORTEST_REDACTED:
                for written in _as_written(value):
                    self._names.setdefault(written, f"[secret {name}]".encode())
        # The longest first: one secret may be the beginning of another.
        ordered = sorted(self._names, key=len, reverse=True)
        self._pattern = re.compile(b"|".join(map(re.escape, ordered))) if ordered else None

    def content(self, content: bytes) -> bytes:
        """The content without secrets."""
        if self._pattern is None:
            return content
        return self._pattern.sub(lambda found: self._names[found[0]], content)

    def text(self, text: str) -> str:
        """The text without secrets."""
        if self._pattern is None:
            return text
        content = self.content(text.encode("utf-8", "surrogatepass"))
        return content.decode("utf-8", "surrogatepass")


def _as_written(value: str) -> set[bytes]:
    texts = {value, value.strip(), quote_plus(value)}
    texts |= {json.dumps(value, ensure_ascii=is_ascii)[1:-1] for is_ascii in (True, False)}
    written = {text.encode() for text in texts if len(text) >= SHORTEST_REDACTED}
    with contextlib.suppress(UnicodeEncodeError):
        # In headers.
        written.add(value.encode("latin-1"))
    return written
