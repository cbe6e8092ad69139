"""The nouns of this room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class LastRun:
    """The version of the program that served a database last.

    Attributes:
        version: such as 0.2.0; None when nobody noted it, as versions before 0.2.0 did not.
        at: when it was last started; None when nobody noted it.
    """

    version: str | None
    at: datetime | None


@dataclass(frozen=True)
class NewSetting:
    """A setting that the version before did not know.

    Attributes:
        key: its path, such as `server.drain_secs`.
        since: the version that brought it.
        meaning: what it is for.
    """

    key: str
    since: str
    meaning: str


@dataclass(frozen=True)
class OldSetting:
    """A setting that is configured and that this version does not know.

    Attributes:
        key: its path as it is configured.
        origin: the file or the variable that sets it.
        new_key: what it is called now; None when there is nothing of the kind any more.
        since: the version that renamed or removed it; None when no version ever knew it.
        advice: what to do about it.
    """

    key: str
    origin: str
    new_key: str | None
    since: str | None
    advice: str


@dataclass(frozen=True)
class DueMigration:
    """A migration that would run.

    Attributes:
        id: the name of its file.
        title: what it does.
        breaks: why engines of the version before can't go on beside it; None when they can.
    """

    id: str
    title: str
    breaks: str | None


@dataclass(frozen=True)
class UpgradeCheck:
    """What stands between a database as it is and this version of the program.

    Attributes:
        version: of this program.
        last_run: what served the database last.
        is_older: whether a newer version has served the database already.
        migrations: those that would run, oldest first.
        way_back: the newest migration that the tables have; None while they have none.
        strange_migrations: applied ones whose file is missing here or says something else.
        new_settings: what can be configured since the last run; nothing has to be.
        old_settings: what is configured and not known any more; the engine would not start.
        problems: what else is wrong with the configuration.
        older_packages: installed packages that are older than the tested ones.
        packages: how many of the tested packages are installed.
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
        """Whether the program can be started as it is, with nothing to be done before."""
        return not (
            self.is_older
            or self.migrations
            or self.strange_migrations
            or self.old_settings
            or self.problems
            or self.older_packages
        )
