"""Data loaders for scripts: each reads the related objects of a whole response at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from uuid import UUID

from strawberry.dataloader import DataLoader

from aiwebengine.scripts.activation_types import ScriptActivation
from aiwebengine.scripts.activity_types import ScriptActivity
from aiwebengine.scripts.batch_store import NumberedVersion, Page
from aiwebengine.scripts.log_types import LogCriteria, ScriptLogLine
from aiwebengine.scripts.types import ScriptFile, ScriptOwner, ScriptRoute, ScriptVersion

if TYPE_CHECKING:
    from aiwebengine.scripts.service import Scripts

Found = TypeVar("Found")

LARGEST_CONTENTS_BYTES = 10_000_000
"""Of all contents in one answer."""


@dataclass(frozen=True)
class ScriptLoaders:
    """The loaders of one request."""

    owners: DataLoader[UUID, list[ScriptOwner]]
    routes: DataLoader[UUID, list[ScriptRoute]]
    activity: DataLoader[UUID, ScriptActivity]
    latency: DataLoader[SlugInHours, float | None]
    versions: DataLoader[NumberedVersion, ScriptVersion | None]
    pages_of_versions: DataLoader[Page, list[ScriptVersion]]
    pages_of_activations: DataLoader[Page, list[ScriptActivation]]
    counts_of_activations: DataLoader[UUID, int]
    files: DataLoader[NumberedVersion, list[ScriptFile]]
    contents: DataLoader[tuple[str, int], bytes | None]
    pages_of_log: DataLoader[tuple[Page, LogCriteria], list[ScriptLogLine]]
    counts_of_log: DataLoader[tuple[UUID, LogCriteria], int]
    secrets: DataLoader[UUID, list[Any]]
    fetch_hosts: DataLoader[UUID, list[str] | None]
    drafts: DataLoader[DraftKey, Any]
    draft_files: DataLoader[DraftKey, list[Any]]


Read = Callable[[Sequence[UUID]], Awaitable[Mapping[UUID, Found]]]
"""Reads something of scripts by their ids."""

SlugInHours = tuple[str, tuple[datetime, ...]]
"""A slug, and the beginnings of the hours in which its script was called."""

DraftKey = tuple[UUID, UUID]
"""A script and a user."""


class Drafts(Protocol):
    """Reads drafts, each in the order of its keys."""

    async def many(self, keys: Sequence[DraftKey]) -> list[Any]:
        """The drafts, None where there is none."""

    async def files_of(self, keys: Sequence[DraftKey]) -> list[list[Any]]:
        """Their files."""


def script_loaders(
    scripts: Scripts,
    secrets_of: Read[list[Any]],
    fetch_hosts_of: Read[list[str] | None],
    drafts: Drafts,
    p95_of: Callable[[list[SlugInHours]], Awaitable[list[float | None]]],
) -> ScriptLoaders:
    """New loaders. Only files and contents, which never change, are kept after a load: the next
    mutation of the request may change the rest.
    """
    return ScriptLoaders(
        owners=DataLoader(scripts.owners_of, cache=False),
        routes=DataLoader(scripts.routes_of, cache=False),
        activity=DataLoader(scripts.activity_of, cache=False),
        latency=DataLoader(p95_of, cache=False),
        versions=DataLoader(scripts.versions_of, cache=False),
        pages_of_versions=DataLoader(scripts.pages_of_versions, cache=False),
        pages_of_activations=DataLoader(scripts.pages_of_activations, cache=False),
        counts_of_activations=DataLoader(scripts.counts_of_activations, cache=False),
        files=DataLoader(scripts.file_lists_of),
        contents=DataLoader(_Contents(scripts).load),
        pages_of_log=DataLoader(scripts.pages_of_log, cache=False),
        counts_of_log=DataLoader(scripts.counts_of_log, cache=False),
        secrets=DataLoader(_in_order(secrets_of), cache=False),
        fetch_hosts=DataLoader(_in_order(fetch_hosts_of), cache=False),
        drafts=DataLoader(drafts.many, cache=False),
        draft_files=DataLoader(drafts.files_of, cache=False),
    )


def _in_order(read: Read[Found]) -> Callable[[Sequence[UUID]], Awaitable[list[Found]]]:
    async def load(script_ids: Sequence[UUID]) -> list[Found]:
        found = await read(script_ids)
        return [found[script_id] for script_id in script_ids]

    return load


class _Contents:
    """Reads contents until those of one answer are too large altogether."""

    def __init__(self, scripts: Scripts) -> None:
        self._scripts = scripts
        self._left = LARGEST_CONTENTS_BYTES
        self._counted: set[str] = set()

    async def load(self, wanted: Sequence[tuple[str, int]]) -> list[bytes | None]:
        """The content of each digest and size; None for those that are too much."""
        for digest, size in wanted:
            if digest not in self._counted and size <= self._left:
                self._left -= size
                self._counted.add(digest)
        fitting = list(self._counted.intersection(digest for digest, _ in wanted))
        found = await self._scripts.contents_of(fitting) if fitting else {}
        return [found.get(digest) for digest, _ in wanted]
