"""Types of the upgrade check."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class LastRun:
    """The version of the program that was started last on a database.

    Attributes:
        version: such as 0.2.0; None if unknown, because versions before 0.2.0 did not record it.
        at: when it was last started; None if unknown.
    """

    version: str | None
    at: datetime | None


@dataclass(frozen=True)
class NewSetting:
    """A setting that was added after the version that served the database last.

    Attributes:
        key: its path, such as `server.drain_secs`.
        since: the version that added it.
        meaning: its description.
    """

    key: str
    since: str
    meaning: str


@dataclass(frozen=True)
class OldSetting:
    """A configured setting that does not exist in this version.

    Attributes:
        key: its path in the configuration.
        origin: the file or environment variable that sets it.
        new_key: its new path; None if it was removed.
        since: the version that renamed or removed it; None if it never existed.
        advice: what to do.
    """

    key: str
    origin: str
    new_key: str | None
    since: str | None
    advice: str


@dataclass(frozen=True)
class DueMigration:
    """A pending migration.

    Attributes:
        id: the name of its file.
        title: what it does.
        breaks: why engines of the previous version fail after it; None if they do not.
    """

    id: str
    title: str
    breaks: str | None


@dataclass(frozen=True)
class UpgradeCheck:
    """Differences between a database with its configuration and this version of the program.

    Attributes:
        version: the version of this program.
        last_run: the version that was started last on the database.
        is_older: whether a newer version has served the database already.
        migrations: pending migrations, oldest first.
        way_back: the newest applied migration, to roll back to; None if none is applied.
        strange_migrations: applied migrations whose file is missing or was changed.
        new_settings: settings that were added since the last run; all are optional.
        old_settings: configured settings that no longer exist; the engine does not start with them.
        problems: other problems of the configuration.
        older_packages: installed packages that are older than the tested versions.
        packages: number of tested packages that are installed.
    """

    version: str
    last_run: LastRun
    is_older: bool
    migrations: list[DueMigration]
    way_back: str | None
    strange_migrations: list[str]
    new_settings: list[NewSetting]
    old_settings: list[OldSetting]
    problems: list[str]
    older_packages: list[str]
    packages: int

    @property
    def is_fine(self) -> bool:
        """Whether this version can be started without any preparation."""
        return not (
            self.is_older
            or self.migrations
            or self.strange_migrations
            or self.old_settings
            or self.problems
            or self.older_packages
        )
