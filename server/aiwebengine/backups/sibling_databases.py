"""Sibling databases on the same server: restored, scratch and kept databases."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from secrets import token_hex

import psycopg

from aiwebengine.backups import cluster_store, rights_store
from aiwebengine.core.errors import Conflict, EngineError

# To the microsecond, as two restores may follow each other within a second.
_KEPT_TIME = "%Y%m%d%H%M%S%f"
_KEPT_DIGITS = 20
# PostgreSQL ends its own work on a database, such as vacuum, for its superuser only.
_DROP_SECS = 30.0
_DROP_PAUSE_SECS = 0.2
# The longest that a companion's name adds.
_LONGEST_BASE = cluster_store.LONGEST_NAME - len("_before_") - _KEPT_DIGITS


def base_name(url: str) -> str:
    """What the names of this database's companions begin with."""
    return cluster_store.name_of(url)[:_LONGEST_BASE]


def companion(url: str, purpose: str) -> str:
    """A new name for a database beside the one at *url*."""
    return f"{base_name(url)}_{purpose}_{token_hex(4)}"


def kept_name(url: str) -> str:
    """A name for the database at *url* after it is replaced."""
    return f"{base_name(url)}_before_{datetime.now(UTC):{_KEPT_TIME}}"


def kept_since(name: str) -> datetime | None:
    """When a database got its name from `kept_name`; None when it has that name from elsewhere."""
    try:
        return datetime.strptime(name[-_KEPT_DIGITS:], _KEPT_TIME).replace(tzinfo=UTC)
    except ValueError:
        return None


def kept_pattern(url: str) -> str:
    """Which databases were replaced and kept, as a regular expression."""
    return f"^{_quoted(base_name(url))}_before_[0-9]{{{_KEPT_DIGITS}}}$"


def leftover_pattern(url: str) -> str:
    """Which databases a killed restore or drill may have left, as a regular expression."""
    return f"^{_quoted(base_name(url))}_(restore|drill)_[0-9a-f]{{8}}$"


def create(url: str, name: str) -> None:
    """Make an empty database like the one at *url*, open to the same roles."""
    with cluster_store.maintenance(url) as connection:
        like = cluster_store.name_of(url)
        cluster_store.create(connection, name, like)
        rights_store.copy_access(connection, name, like)


def copy(url: str, kept: str, name: str) -> None:
    """Make the database *name* as a copy of the kept one. Raises Conflict, Unavailable."""
    with cluster_store.maintenance(url) as connection:
        try:
            cluster_store.copy(connection, name, kept)
        except psycopg.errors.InvalidCatalogName as error:
            raise Conflict(f"The database {kept} does not exist any more.") from error
        except psycopg.errors.ObjectInUse as error:
            raise Conflict(
                f"The database {kept} can't be copied while a client is connected to it. End that"
                " connection and try again."
            ) from error
        except psycopg.errors.DiskFull as error:
            raise Conflict(
                f"The disk of the database has no space for a copy of {kept}. Free disk space and"
                " try again."
            ) from error


def kept(url: str) -> dict[str, int]:
    """Name and bytes of the databases that a restore replaced, newest first."""
    with cluster_store.maintenance(url) as connection:
        found = cluster_store.sizes_like(connection, kept_pattern(url))
    return {name: found[name] for name in sorted(found, reverse=True) if kept_since(name)}


def drop(url: str, name: str) -> None:
    """Remove a database of the server at *url*; one that is gone is fine. Raises Conflict."""
    try:
        with cluster_store.maintenance(url) as connection:
            _drop(connection, name)
    except psycopg.Error as error:
        said = error.diag.message_primary or str(error).split("\n", 1)[0]
        raise Conflict(f"The database {name} can't be dropped: {said}.") from error


async def drop_whatever_happens(url: str, name: str) -> None:
    """Drop a database after its use; what can't be dropped now, the next run clears away."""
    with suppress(EngineError, psycopg.Error):
        await asyncio.shield(asyncio.to_thread(drop, url, name))


def replaced(url: str, now: datetime, retention_days: int) -> list[str]:
    """Databases that a restore replaced and that are older than the rules say."""
    with cluster_store.maintenance(url) as connection:
        kept = cluster_store.named_like(connection, kept_pattern(url))
    oldest = now - timedelta(retention_days)
    return [name for name in kept if (since := kept_since(name)) is not None and since < oldest]


def clear_leftovers(url: str) -> None:
    """Drop what killed restores and drills left. For the one runner only."""
    with cluster_store.maintenance(url) as connection:
        for name in cluster_store.named_like(connection, leftover_pattern(url)):
            _drop(connection, name)


def _drop(connection: cluster_store.Connection, name: str) -> None:
    """Drop a database as its owner, who must wait for what PostgreSQL itself does in there."""
    end = time.monotonic() + _DROP_SECS
    while True:
        try:
            cluster_store.drop(connection, name)
            return
        except psycopg.errors.InsufficientPrivilege:
            if time.monotonic() > end:
                raise
            time.sleep(_DROP_PAUSE_SECS)


def _quoted(name: str) -> str:
    """A name as a part of PostgreSQL's regular expressions."""
    return "".join(c if c.isalnum() or c == "_" else f"\\{c}" for c in name)
