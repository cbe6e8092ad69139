"""Which settings came, went and changed their name in which version: `history.toml`."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from aiwebengine.core.config import Config

HISTORY = Path(__file__).with_name("history.toml")
# What stands for a name that the operator chooses, as in [auth.providers.NAME].
NAME = "NAME"


@dataclass(frozen=True)
class Version:
    """What one version did to the settings.

    Attributes:
        number: such as 0.2.0.
        added: the paths of new settings.
        renamed: the new path by the old one.
        removed: by path, what to do instead.
    """

    number: str
    added: list[str] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    removed: dict[str, str] = field(default_factory=dict)


def history() -> list[Version]:
    """Every version, oldest first."""
    told = tomllib.loads(HISTORY.read_text(encoding="utf-8"))
    return sorted((Version(number, **did) for number, did in told.items()), key=_age)


def in_force(versions: list[Version]) -> set[str]:
    """The settings that there are after these versions."""
    known: set[str] = set()
    for version in versions:
        known -= version.renamed.keys() | version.removed.keys()
        known |= {*version.added, *version.renamed.values()}
    return known


def known_settings() -> dict[str, str]:
    """The meaning of every setting of this version, by its path."""
    return _below(Config, "")


def release(version: str) -> tuple[int, ...]:
    """The numbers of a version, for comparing."""
    return tuple(map(int, re.findall(r"\d+", version)))


def fits(pattern: str, key: str) -> bool:
    """Whether *key* is the setting at *pattern*, which may hold a NAME."""
    return re.fullmatch(re.escape(pattern).replace(NAME, r"[^.]+"), key) is not None


def _age(version: Version) -> tuple[int, ...]:
    return release(version.number)


def _below(section: type[BaseModel], above: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, setting in section.model_fields.items():
        path = f"{above}{name}"
        if str(setting.annotation).startswith("dict["):
            path += f".{NAME}"
        inner = _section(setting.annotation)
        if inner is None:
            found[path] = setting.description or ""
        else:
            found |= _below(inner, f"{path}.")
    return found


def _section(annotation: Any) -> type[BaseModel] | None:
    """The section in `Section`, `Section | None` or `dict[Name, Section]`."""
    for kind in (annotation, *get_args(annotation)):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
    return None
