"""Content negotiation for responses (RFC 9110 section 12.5.1)."""

from __future__ import annotations

from functools import lru_cache

JSON = "application/json"
RESPONSE_JSON = "application/graphql-response+json"
EVENT_STREAM = "text/event-stream"
HTML = "text/html"


@lru_cache(64)
def preferred(accept: str | None, offered: tuple[str, ...]) -> str | None:
    """The offered type that the client prefers, the first on a tie; None if none is accepted."""
    if accept is None or not accept.strip():
        return offered[0]
    ranges = [_range(part) for part in accept.lower().split(",") if part.strip()]
    best: tuple[float, int, str] | None = None
    for offered_type in offered:
        matches = [
            (specificity, quality, place)
            for place, (pattern, quality) in enumerate(ranges)
            if (specificity := _specificity(pattern, offered_type))
        ]
        if not matches:
            continue
        # The quality is that of the most specific matching range.
        _, quality, place = max(matches, key=lambda match: match[0])
        if quality > 0 and (best is None or (quality, -place) > best[:2]):
            best = (quality, -place, offered_type)
    return None if best is None else best[2]


def _range(text: str) -> tuple[str, float]:
    pattern, *parameters = (piece.strip() for piece in text.split(";"))
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return pattern, float(parameter[2:])
            except ValueError:
                return pattern, 0.0
    return pattern, 1.0


def _specificity(pattern: str, offered_type: str) -> int:
    if pattern == offered_type:
        return 3
    if pattern == offered_type.partition("/")[0] + "/*":
        return 2
    return 1 if pattern == "*/*" else 0
