"""Named parameters: `:name` in the text becomes `$1` on the wire."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from aiwebengine.core.errors import BadUserInput

PLANNED_FOR_ITS_VALUES = (
    "(:values_are_known or (select count(*) from generate_series(1, 1000000000)) > 0)"
)
"""A condition, true for `values_are_known=True`: the statement's best plan hangs on its values.

PostgreSQL plans a prepared statement a few times for the values it is given; from then on it takes
one plan for all, unless that looks dearer. For most of ours that is right and saves more time than
they take to run. A search, though, needs one plan for a word that everybody has and another for one
that nobody has: a plan without the values can't leave out the count here, and so always looks
dearer; a plan with them can.
"""

# What may hold a colon without being a parameter comes first and is left as it is.
_TOKEN = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|::|:([a-z_][a-z0-9_]*)")


@lru_cache(maxsize=1_024)
def compiled(sql: str) -> tuple[str, tuple[str, ...]]:
    """The statement as PostgreSQL takes it, and the names of its parameters in order."""
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

    Raises TypeError when the statement and the call disagree: a forgotten parameter must not
    become a NULL. Raises BadUserInput for text that PostgreSQL can't hold.
    """
    if values.keys() != set(names):
        raise TypeError(f"parameters {sorted(values)} do not fit the statement's {sorted(names)}")
    for name in names:
        value = values[name]
        if isinstance(value, str):
            check_text(name, value)
    return [values[name] for name in names]


def check_text(name: str, value: str) -> None:
    """Raise BadUserInput for a NUL or half a surrogate pair, which no UTF-8 database can hold."""
    if "\0" in value or (not value.isascii() and _is_broken(value)):
        raise BadUserInput(f"{name}: holds a character that can't be stored (NUL or a surrogate).")


def _is_broken(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return True
    return False
