"""Proves that every active version is complete and loads; nothing of it is called."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from aiwebengine.core.errors import Unavailable
from aiwebengine.core.formats import count
from aiwebengine.scripts.files import digest_of, digest_of_tree
from aiwebengine.scripts.records import ActiveScript, Checked
from aiwebengine.scripts.service import Scripts
from aiwebengine.scripts.types import Severity

# Loading takes a process each; the machine has other work.
AT_ONCE = 2
MOST_NAMED = 10


@dataclass
class Verified:
    """The active versions that were looked at, and what is wrong with them."""

    active: int = 0
    loaded: int = 0
    wrong: list[str] = field(default_factory=list)
    not_loaded: str | None = None
    """Why versions could not be loaded here, which says nothing about them."""

    @property
    def problem(self) -> str | None:
        """The versions that are not complete or do not load; None if all are fine."""
        if not self.wrong:
            return None
        more = len(self.wrong) - MOST_NAMED
        named = " ".join(self.wrong[:MOST_NAMED])
        return f"{named} {more} more." if more > 0 else named

    @property
    def summary(self) -> str:
        """What was found where nothing is wrong."""
        complete = f"{count(self.active, 'active script')}, all files complete; {self.loaded} load."
        return complete if self.not_loaded is None else f"{complete} {self.not_loaded}"


async def verified(scripts: Scripts) -> Verified:
    """Check the files of every active version against their digests, and load it.

    Raises Unavailable while the database does not answer.
    """
    active = [one for one in await scripts.active_programs() if one.version is not None]
    found, places = Verified(active=len(active)), asyncio.Semaphore(AT_ONCE)

    async def look(script: ActiveScript) -> None:
        async with places:
            await _look(scripts, script, found)

    async with asyncio.TaskGroup() as tasks:
        for script in active:
            tasks.create_task(look(script))
    found.wrong.sort()
    return found


async def _look(scripts: Scripts, script: ActiveScript, found: Verified) -> None:
    name = f"{script.slug} version {script.version}"
    broken = await _broken_files(scripts, script)
    if broken:
        found.wrong.append(f"{name}: damaged or missing: {', '.join(broken[:MOST_NAMED])}.")
        return
    if found.not_loaded is not None:
        return
    try:
        checked = await scripts.try_load(script)
    except Unavailable as error:
        found.not_loaded = error.message
        return
    if checked.is_deployable:
        found.loaded += 1
    else:
        found.wrong.append(f"{name} does not load: {_first_error(checked)}")


async def _broken_files(scripts: Scripts, script: ActiveScript) -> Sequence[str]:
    """Paths of the files that differ from what was saved."""
    assert script.version is not None  # noqa: S101 - the caller looked
    digests = await scripts.digests_of(script.id, script.version)
    files = await scripts.files_of(script.id, script.version)
    broken = [
        path
        for path, digest in digests.items()
        if path not in files or digest_of(files[path]) != digest
    ]
    is_whole = digest_of_tree(digests, script.entry, script.dialect) == script.digest
    return broken or ([] if is_whole else ["its list of files"])


def _first_error(checked: Checked) -> str:
    return next(one.text for one in checked.diagnostics if one.severity is Severity.ERROR)
