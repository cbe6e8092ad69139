"""The interface of scripts: one table for types, reference, completion and the runtime's test.

Each `.toml` file here is a part, such as that of a feature:

    title = "Key-value storage"            # a heading of the reference
    intro = "…"                            # a paragraph below it

    [[name]]
    path = "env.kv.get"                    # from a global, `env`, `ctx`, `context` or `export`
    dialects = ["module"]                  # "module", "classic"; without it both
    signature = "(key: string): Promise<JsonValue | undefined>"
    doc = "The value of a key."
    throws = ["BAD_USER_INPUT"]            # codes of errors; without it none
    since = "0.4.0"
    example = "await env.kv.get('a')"      # an expression that the types must allow
    standard = false                       # true: part of the web platform, so not declared
    in_tests = false                       # true: exists only in files of tests

    [[type]]
    name = "JsonValue"
    dialects = ["module"]                  # as above
    code = "type JsonValue = …;"           # a declaration of TypeScript

A signature that begins with `(` or `<` is that of a function, one with `:` that of a property. In
`env` and `ctx` the promise that a function returns is written out. A path that ends with
`.constructor` makes its object a class.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

FOLDER = Path(__file__).parent
DIALECTS = ("module", "classic")
# Parts in this order come first; the others follow by name.
_FIRST = ("routes", "handlers", "classic")


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    dialects: list[str] = Field(default_factory=lambda: list(DIALECTS))


class Name(_Entry):
    """A name that scripts can use."""

    path: str = Field(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$")
    signature: str = Field(pattern=r"^[(<:]")
    doc: str = Field(min_length=10)
    throws: list[str] = Field(default_factory=list)
    since: str
    example: str | None = None
    standard: bool = False
    in_tests: bool = False

    @property
    def is_function(self) -> bool:
        """Whether it is called."""
        return self.signature[0] in "(<"


class Type(_Entry):
    """A type of TypeScript that signatures use."""

    name: str
    code: str


class Part(BaseModel):
    """A file of the table."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    title: str
    intro: str = ""
    name: list[Name] = Field(default_factory=list)
    type: list[Type] = Field(default_factory=list)


@dataclass(frozen=True)
class Interface:
    """All parts of the table."""

    parts: Sequence[Part]

    def names(self, dialect: str | None = None) -> list[Name]:
        """The names of one form, or of both, in the order of the table."""
        return [one for part in self.parts for one in part.name if _is_of(one, dialect)]

    def types(self, dialect: str | None = None) -> list[Type]:
        """The types of one form, or of both, in the order of the table."""
        return [one for part in self.parts for one in part.type if _is_of(one, dialect)]


def _is_of(entry: _Entry, dialect: str | None) -> bool:
    return dialect is None or dialect in entry.dialects


@lru_cache(1)
def interface() -> Interface:
    """The table. Raises ValueError for an entry that is not as described above."""
    files = sorted(FOLDER.glob("*.toml"), key=_order)
    return Interface([Part(**tomllib.loads(path.read_text("utf-8"))) for path in files])


def _order(path: Path) -> tuple[int, str]:
    known = path.stem in _FIRST
    return (_FIRST.index(path.stem) if known else len(_FIRST), path.stem)
