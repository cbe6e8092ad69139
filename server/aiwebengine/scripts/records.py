"""What operations on scripts pass on, which no client sees as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from aiwebengine.runtimes.types import Limits
from aiwebengine.scripts.types import (
    Diagnostic,
    Dialect,
    PageMode,
    Script,
    ScriptRoute,
    ScriptVersion,
    Severity,
)


@dataclass(frozen=True)
class Tree:
    """The checked files of one version."""

    files: Mapping[str, bytes]
    """Contents by path."""
    digests: Mapping[str, str]
    """SHA-256 of each content by path, as hexadecimal digits."""
    entry: str
    dialect: Dialect
    digest: str
    """SHA-256 of everything above."""


@dataclass(frozen=True)
class ActiveScript:
    """What an instance needs to serve a script, or to stop serving it."""

    id: UUID
    slug: str
    activation: int
    version: int | None
    """None: it is deleted or has no active version, and is no longer served."""
    digest: str
    entry: str
    dialect: Dialect
    limits: Limits
    host: str | None
    page_mode: PageMode
    is_suspended: bool
    routes: list[ScriptRoute]
    registrations: list[dict[str, Any]]
    """Everything that the version offers, as it reported when it was deployed."""


@dataclass(frozen=True)
class Checked:
    """Result of loading a version without deploying it."""

    routes: list[ScriptRoute]
    diagnostics: list[Diagnostic]
    registrations: list[dict[str, Any]]

    @property
    def is_deployable(self) -> bool:
        """Whether no diagnostic is an error."""
        return not any(one.severity is Severity.ERROR for one in self.diagnostics)


@dataclass(frozen=True)
class Saved:
    """A version after saving it, and whether saving added it."""

    script: Script
    version: ScriptVersion
    changed: bool


@dataclass(frozen=True)
class Deployed:
    """A script after a deployment; *changed* is false when the version was active already."""

    script: Script
    version: int
    routes: list[ScriptRoute]
    diagnostics: list[Diagnostic]
    changed: bool
    is_new: bool = False
    """Whether the script was created by the same call."""


@dataclass(frozen=True)
class ScriptSettings:
    """What the configuration says about scripts."""

    defaults: Limits = field(default_factory=Limits)
    maxima: Limits | None = None
    """The highest limits that an administrator may set; None: those of `limits.MAXIMA`."""
    engine_host: str | None = None
    """The engine's own host, to which no script is bound."""
    scripts_host: str | None = None
    """The host for full pages."""
