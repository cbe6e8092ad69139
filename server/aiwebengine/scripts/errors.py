"""Errors about scripts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from aiwebengine.core.errors import BadUserInput, Conflict
from aiwebengine.core.formats import instant
from aiwebengine.scripts.activation_types import ActivationKind, ScriptActivation
from aiwebengine.scripts.route_store import Clash
from aiwebengine.scripts.types import Diagnostic, Severity


class OutdatedVersion(Conflict):
    """A newer version was saved since the one that the caller started from."""

    def __init__(self, expected: int, newest: int, author: str, at: datetime | None) -> None:
        by = f", saved by {author} at {instant(at)}" if at is not None else ""
        super().__init__(
            f"The newest version is {newest}{by}; expected {expected}. Read it, merge your changes,"
            " then save again.",
            newestVersion=newest,
            author=author,
        )


class OtherActiveVersion(Conflict):
    """Somebody else deployed or rolled back since the caller read the active version."""

    def __init__(self, slug: str, active: int | None, last: ScriptActivation | None) -> None:
        if active is None:
            happened = f"{slug} was changed meanwhile: no version of it is active."
        elif last is not None and last.version == active:
            act = "deployed" if last.kind is ActivationKind.DEPLOYED else "rolled back to"
            happened = (
                f"{last.by or 'Somebody'} {act} version {active} of {slug} meanwhile, at"
                f" {instant(last.at)}."
            )
        else:
            happened = f"{slug} was changed meanwhile; its active version is {active}."
        super().__init__(
            f"{happened} Compare the versions, then deploy again.", activeVersion=active
        )


class RouteTaken(Conflict):
    """Another script has one of the routes."""

    def __init__(self, clashes: Sequence[Clash]) -> None:
        first = clashes[0]
        others = f" {len(clashes) - 1} more routes clash." if len(clashes) > 1 else ""
        super().__init__(
            f"The route {first.method} {first.path} belongs to the script {first.slug}.{others}",
            routes=[
                {"method": one.method, "path": one.path, "slug": one.slug} for one in clashes[:50]
            ],
        )


class LastOwner(Conflict):
    """The change would leave the script without an owner."""


class NotLoadable(BadUserInput):
    """The version can't be loaded, or what it offers is not allowed."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        errors = [one for one in diagnostics if one.severity is Severity.ERROR]
        others = f" ({len(errors) - 1} more errors)" if len(errors) > 1 else ""
        super().__init__(
            f"{errors[0].text}{others}",
            diagnostics=[one.as_json() for one in diagnostics],
        )
        self.diagnostics = list(diagnostics)


class PreconditionFailed(Conflict):
    """The script is not in the state that the header of the request names (RFC 9110 13.1)."""

    status = 412
