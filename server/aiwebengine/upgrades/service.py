"""Checks what an upgrade to this version needs."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aiwebengine import __version__
from aiwebengine.core.config_loader import Reading
from aiwebengine.core.identity import Role, Viewer
from aiwebengine.database import Database
from aiwebengine.migrations.service import Migrations
from aiwebengine.migrations.types import Migration, MigrationState
from aiwebengine.upgrades import store
from aiwebengine.upgrades.compatibility import breaks
from aiwebengine.upgrades.history import Version, fits, history, known_settings, release
from aiwebengine.upgrades.packages import older_than_tested
from aiwebengine.upgrades.types import DueMigration, NewSetting, OldSetting, UpgradeCheck


class Upgrades:
    """Compares a database and its configuration with this version of the program.

    *folder* contains the migrations; *constraints* is the file with the tested packages.
    """

    def __init__(
        self, db: Database, migrations: Migrations, folder: Path, constraints: Path
    ) -> None:
        self._db = db
        self._migrations = migrations
        self._folder = folder
        self._constraints = constraints

    async def note_start(self) -> None:
        """Record that this version was started on the database. Raises Unavailable."""
        await store.note(self._db, __version__)

    async def check(self, viewer: Viewer, reading: Reading) -> UpgradeCheck:
        """Report what is needed before this version can serve the database. Changes nothing.

        *reading* is the result of reading the configuration. Raises Forbidden, Unavailable.
        """
        viewer.must_be(Role.ADMINISTRATOR)
        steps = await asyncio.to_thread(self._migrations.status)
        last = await store.last_run(self._db)
        versions = history()
        older, packages = await asyncio.to_thread(older_than_tested, self._constraints)
        # Nothing is new for a database that no version has served yet.
        applied = [str(step.id) for step in steps if step.applied_at]
        before = last.version or (versions[0].number if applied else __version__)
        return UpgradeCheck(
            version=__version__,
            last_run=last,
            is_older=release(before) > release(__version__),
            migrations=[self._due(one) for one in steps if one.state is MigrationState.PENDING],
            way_back=applied[-1] if applied else None,
            strange_migrations=[str(one.id) for one in steps if not one.is_intact],
            new_settings=_new_since(before, versions),
            old_settings=[_old(key, origin, versions) for key, origin in reading.unknown.items()],
            problems=reading.problems,
            older_packages=older,
            packages=packages,
        )

    def _due(self, step: Migration) -> DueMigration:
        return DueMigration(str(step.id), step.title, breaks(str(step.id), self._folder))


def _new_since(before: str, versions: list[Version]) -> list[NewSetting]:
    known = known_settings()
    return [
        NewSetting(key, version.number, known[key])
        for version in versions
        if release(version.number) > release(before)
        for key in version.added
        if key in known
    ]


def _old(key: str, origin: str, versions: list[Version]) -> OldSetting:
    for version in reversed(versions):
        for old, new in version.renamed.items():
            if fits(old, key):
                advice = f"write {new} instead"
                return OldSetting(key, origin, new, version.number, advice)
        for old, advice in version.removed.items():
            if fits(old, key):
                return OldSetting(key, origin, None, version.number, advice)
    return OldSetting(key, origin, None, None, "unknown in every version; check the spelling")
