"""Named parameters of statements: `:name` in the text becomes `$1` for PostgreSQL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from aiwebengine.core.errors import BadUserInput

PLANNED_FOR_ITS_VALUES = (
    "(:values_are_known or (select count(*) from generate_series(1, 1000000000)) > 0)"
)
"""A condition that makes PostgreSQL plan a statement for its values in each execution.

It is always true; pass `values_are_known=True`. PostgreSQL plans a prepared statement for its
values in the first executions. Then it switches to a generic plan, unless that looks more
expensive. A generic plan saves time for most statements, but a search needs different plans for
frequent and rare words. A generic plan can't skip the count in this condition, so it always looks
more expensive than a plan for the values, which can.
"""

# The first alternatives match text with a colon that is not a parameter; it is left unchanged.
_TOKEN = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|::|:([a-z_][a-z0-9_]*)")


@lru_cache(maxsize=1_024)
def compiled(sql: str) -> tuple[str, tuple[str, ...]]:
    """The statement with `$1`, `$2`, …, and the names of its parameters in this order."""
    names: list[str] = []

    def numbered(match: re.Match[str]) -> str:
        name = match[1]
        if name is None:
            return match[0]
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}"

    return _TOKEN.sub(numbered, sql), tuple(names)


def arguments(names: tuple[str, ...], values: Mapping[str, object]) -> list[object]:
    """The values in the order of *names*.

    Raises TypeError if *values* has not exactly these names: a forgotten parameter must not become
    a NULL. Raises BadUserInput for text that PostgreSQL can't store.
    """
    if values.keys() != set(names):
        raise TypeError(f"parameters {sorted(values)} do not fit the statement's {sorted(names)}")
    for name in names:
        value = values[name]
        if isinstance(value, str):
            check_text(name, value)
    return [values[name] for name in names]


def check_text(name: str, value: str) -> None:
    """Raise BadUserInput for a NUL or a lone surrogate, which a UTF-8 database can't store."""
    if "\0" in value or (not value.isascii() and _is_broken(value)):
        raise BadUserInput(f"{name}: holds a character that can't be stored (NUL or a surrogate).")


def _is_broken(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return True
    return False
