"""History of the settings: which version added, renamed or removed them (`history.toml`)."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from aiwebengine.core.config import Config

HISTORY = Path(__file__).with_name("history.toml")
# Placeholder for a name that the operator chooses, as in [auth.providers.NAME].
NAME = "NAME"


@dataclass(frozen=True)
class Version:
    """Changes of the settings in one version.

    Attributes:
        number: the version, such as 0.2.0.
        added: paths of new settings.
        renamed: old paths, each with the new one.
        removed: paths of removed settings, each with what to do instead.
    """

    number: str
    added: list[str] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    removed: dict[str, str] = field(default_factory=dict)


def history() -> list[Version]:
    """All versions, oldest first."""
    versions = tomllib.loads(HISTORY.read_text(encoding="utf-8"))
    return sorted((Version(number, **changes) for number, changes in versions.items()), key=_order)


def in_force(versions: list[Version]) -> set[str]:
    """The paths of the settings that exist after these versions."""
    known: set[str] = set()
    for version in versions:
        known -= version.renamed.keys() | version.removed.keys()
        known |= {*version.added, *version.renamed.values()}
    return known


def known_settings() -> dict[str, str]:
    """All settings of this version: path and description."""
    return _below(Config, "")


def release(version: str) -> tuple[int, ...]:
    """The numbers of a version, for comparisons."""
    return tuple(map(int, re.findall(r"\d+", version)))


def fits(pattern: str, key: str) -> bool:
    """Whether *key* matches *pattern*, a path that may contain NAME."""
    return re.fullmatch(re.escape(pattern).replace(NAME, r"[^.]+"), key) is not None


def _order(version: Version) -> tuple[int, ...]:
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
    """The model class in `Section`, `Section | None` or `dict[Name, Section]`, else None."""
    for kind in (annotation, *get_args(annotation)):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
    return None
