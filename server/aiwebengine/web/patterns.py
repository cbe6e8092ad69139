"""Method and route of a request as labels with few possible values, for metrics and the log."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER_METHOD = "(other)"
UNROUTED = "(none)"

_CONVERTER = re.compile(r":\w+}")


def method_of(scope: Mapping[str, Any]) -> str:
    """The method of a request, or `(other)` for an unusual one."""
    method: str = scope["method"]
    return method if method in METHODS else OTHER_METHOD


def pattern_of(scope: Mapping[str, Any]) -> str:
    """The route's path template, such as `/users/{user_id}/roles`; `(none)` without a route."""
    path: str = getattr(scope.get("route"), "path", UNROUTED)
    return _CONVERTER.sub("}", path)
