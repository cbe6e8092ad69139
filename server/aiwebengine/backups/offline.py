"""Commands that go on without the database: archives are files, and the truth about backups."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from aiwebengine.core.errors import EngineError, Unavailable
from aiwebengine.core.identity import Viewer, operator
from aiwebengine.database.embedded import EmbeddedFailed, NoDatabase
from aiwebengine.migrations.service import NoTables
from aiwebengine.terminal.commands import (
    NOWHERE,
    configuration,
    database_url,
    login,
    made_engine,
    progress,
    refusals_printed,
    say,
)

if TYPE_CHECKING:
    from aiwebengine.app.engine import Engine

Result = TypeVar("Result")


async def nothing(engine: Engine, viewer: Viewer) -> None:
    """Do nothing first."""


def with_or_without_database(
    path: Path | None,
    work: Callable[[Engine, Viewer], Awaitable[Result]],
    first: Callable[[Engine, Viewer], Awaitable[None]] = nothing,
    *,
    creates: bool = False,
) -> Result:
    """Do some work; archives are files and can be seen when the database is lost or too new.

    *first* is done before the engine connects, and so before it brings the tables up to date. With
    *creates*, a data directory without a database gets an empty one once *first* is done.
    """
    config, viewer = configuration(path), operator(login())

    async def run(url: str) -> Result:
        engine = made_engine(config, url)
        await first(engine, viewer)
        try:
            await engine.prepare(progress, begins=False)
        except EngineError as error:
            # That nothing answers at NOWHERE was to be expected: why it is used is said already.
            if url != NOWHERE and not (creates and isinstance(error, NoTables)):
                say(f"{error.message} Using the files alone.", err=True)
            # A database that answers is still good for being replaced.
            with suppress(EngineError):
                await engine.db.connect()
        try:
            return await work(engine, viewer)
        finally:
            await engine.db.disconnect()

    with refusals_printed():
        try:
            with database_url(config) as url:
                return asyncio.run(run(url))
        except NoDatabase as error:
            if not (config.backup.directory.exists() or config.backup.s3):
                # Neither database nor archives: this is not the engine's folder.
                raise
            if creates:
                asyncio.run(_done(first(made_engine(config, NOWHERE), viewer)))
                first = nothing
                with database_url(config, creates=True) as url:
                    return asyncio.run(run(url))
            say(f"{error} Using the files alone.", err=True)
        except (EmbeddedFailed, Unavailable) as error:
            say(f"{error} Using the files alone.", err=True)
    with refusals_printed():
        return asyncio.run(run(NOWHERE))


async def _done(work: Awaitable[None]) -> None:
    await work
