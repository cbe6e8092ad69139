"""Content types of files, by the endings of their paths."""

from __future__ import annotations

import mimetypes
import re

from aiwebengine.core.errors import BadUserInput

UNKNOWN = "application/octet-stream"
LONGEST = 100

# Not those that the machine knows besides: every instance must send the same.
_KNOWN = mimetypes.MimeTypes(filenames=())
_MORE = {
    ".avif": "image/avif",
    ".cjs": "text/javascript",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".jsx": "text/plain",
    ".map": "application/json",
    ".md": "text/markdown",
    ".mjs": "text/javascript",
    ".otf": "font/otf",
    ".toml": "application/toml",
    ".ts": "text/plain",
    ".tsx": "text/plain",
    ".ttf": "font/ttf",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
}
_TEXT = re.compile(r"text/|application/(json|javascript|toml|xml|yaml)|\w+/[\w.-]+\+(json|xml)")
_TYPE = re.compile(
    r"[a-z0-9.+-]+/[a-z0-9.+-]+( *; *[a-z0-9-]+ *= *(\"[a-z0-9 .-]*\"|[a-z0-9.-]+))*"
)


def type_of(path: str) -> str:
    """The content type of a file; text is UTF-8."""
    name = path.rpartition("/")[2].lower()
    dot = name.rfind(".")
    ending = name[dot:] if dot >= 0 else ""
    kind = _MORE.get(ending) or _KNOWN.types_map[True].get(ending, UNKNOWN)
    return f"{kind}; charset=utf-8" if _TEXT.match(kind) else kind


def checked(text: str) -> str:
    """A content type in lower case. Raises BadUserInput."""
    kept = text.strip().lower()
    if len(kept) > LONGEST or not _TYPE.fullmatch(kept):
        raise BadUserInput(
            f"type: found {text[:LONGEST]!r}; allowed: a content type such as image/png, of at most"
            f" {LONGEST} characters."
        )
    return kept
