"""Reading operations: list of backups, runs, locations and previews."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aiwebengine.audit.service import AuditTrail
from aiwebengine.audit.types import AuditAction, Target
from aiwebengine.backups import archive, create, store
from aiwebengine.backups.catalog import BackupCatalog
from aiwebengine.backups.drill import MakeEngine
from aiwebengine.backups.executor import BackupExecutor
from aiwebengine.backups.runs import Runs
from aiwebengine.backups.signing import SigningKeys
from aiwebengine.backups.storage import Directory
from aiwebengine.backups.types import Backup, BackupRun, BackupRunKind
from aiwebengine.core.config import S3, Config
from aiwebengine.core.config import Backup as BackupRules
from aiwebengine.core.identity import Role, Scope, Viewer
from aiwebengine.core.recent_sign_in import SensitiveAction
from aiwebengine.database import Database

if TYPE_CHECKING:
    from aiwebengine.backups.remote import Remote


class Archives:
    """The operations on backups that only read; the subclass `Backups` adds the others."""

    def __init__(
        self, db: Database, audit: AuditTrail, config: Config, url: str, make_engine: MakeEngine
    ) -> None:
        self._db = db
        self._audit = audit
        self._config = config
        self._url = url
        self._directory = Directory(config.backup.directory)
        s3 = config.backup.s3
        self._remote = _remote(s3) if s3 else None
        self._runs = Runs(db, audit, url)
        self._keys = keys = SigningKeys(config)
        self.signing_key_file = keys.file
        self._shelf = BackupCatalog(db, self._directory, self._remote, self._runs, keys)
        self._work = BackupExecutor(
            db,
            config,
            url,
            make_engine,
            self._directory,
            self._remote,
            self._runs,
            self._shelf,
            keys,
        )

    async def all(self, viewer: Viewer) -> list[Backup]:
        """Every backup, newest first, wherever it lies. Raises Unauthenticated, Forbidden."""
        viewer.must_be(Role.ADMINISTRATOR)
        return await self._shelf.backups()

    async def find(self, viewer: Viewer, name: str) -> Backup:
        """The backup of this name. Raises Unauthenticated, Forbidden, NotFound."""
        viewer.must_be(Role.ADMINISTRATOR)
        return await self._shelf.find(name)

    async def newest(self) -> Backup | None:
        """The newest backup on this machine that this engine signed and nothing speaks against."""
        return await self._shelf.newest()

    async def unsigned(self) -> list[Backup]:
        """The backups on this machine that this engine did not sign. No drill takes one."""
        return await self._shelf.unsigned()

    def ignored(self, viewer: Viewer) -> list[str]:
        """Files that looked like archives in the last listing but are not."""
        viewer.must_be(Role.ADMINISTRATOR)
        return self._shelf.ignored()

    async def remote_trouble(self, viewer: Viewer) -> str | None:
        """Why the S3 storage can't be used; None when it can, or when there is none."""
        viewer.must_be(Role.ADMINISTRATOR)
        await self._shelf.backups()
        return self._shelf.remote_trouble

    def retention(self, viewer: Viewer) -> BackupRules:
        """The rules that say which backups are kept. Raises Unauthenticated, Forbidden."""
        viewer.must_be(Role.ADMINISTRATOR)
        return self._config.backup

    async def runs(
        self, viewer: Viewer, kinds: Sequence[BackupRunKind], before: int | None, first: int
    ) -> list[BackupRun]:
        """Runs, newest first; one more than *first* when another page follows.

        Raises Unauthenticated, Forbidden.
        """
        viewer.must_be(Role.ADMINISTRATOR)
        return await store.page(self._db, kinds, before, first + 1)

    async def count_runs(self, viewer: Viewer, kinds: Sequence[BackupRunKind]) -> int:
        """How many runs of these kinds there are. Raises Unauthenticated, Forbidden."""
        viewer.must_be(Role.ADMINISTRATOR)
        return await store.count(self._db, kinds)

    async def hand_out(self, viewer: Viewer, name: str, *, recorded: bool) -> Path:
        """The path of an archive for a download, which is recorded in the audit trail.

        Raises Unauthenticated, Forbidden, ReauthenticationRequired, NotFound, Unavailable.
        """
        must_operate(viewer)
        viewer.must_have_signed_in_recently(SensitiveAction.DOWNLOAD_BACKUP)
        path = self._directory.path(name)
        if recorded:
            await self._audit.record(
                viewer, AuditAction.BACKUP_DOWNLOADED, Target("backup", None, name)
            )
        return path

    def secrets_of(self, viewer: Viewer, name: str) -> list[str]:
        """The names of the sealed files in an archive. Raises Forbidden, NotFound, Damaged."""
        must_operate(viewer)
        manifest = archive.read_manifest(self._directory.path(name))
        return [part.name for part in manifest.parts if part.name.startswith(create.SECRETS)]

    def path(self, viewer: Viewer, name: str) -> Path:
        """Where the archive lies on this machine. Raises Forbidden, NotFound."""
        must_operate(viewer)
        return self._directory.path(name)


def must_operate(viewer: Viewer) -> None:
    """Raise Unauthenticated or Forbidden unless the viewer may work with backups."""
    viewer.must_be(Role.ADMINISTRATOR, Scope.OPS_WRITE)


def _remote(config: S3) -> Remote:
    from aiwebengine.backups.remote import Remote

    return Remote(config)
