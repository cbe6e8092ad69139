"""Commands that also work without the database, because archives are plain files."""

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
    errors_reported,
    login,
    make_engine,
    progress,
    say,
)

if TYPE_CHECKING:
    from aiwebengine.app.engine import Engine

Result = TypeVar("Result")


async def nothing(engine: Engine, viewer: Viewer) -> None:
    """The default first step: does nothing."""


def with_or_without_database(
    path: Path | None,
    work: Callable[[Engine, Viewer], Awaitable[Result]],
    first: Callable[[Engine, Viewer], Awaitable[None]] = nothing,
    *,
    creates: bool = False,
) -> Result:
    """Run *work* with the services, without the database if it is lost or too new.

    *first* runs before the engine connects, and therefore before migrations. With *creates*, a data
    directory without a database gets an empty one after *first*.
    """
    config, viewer = configuration(path), operator(login())

    async def run(url: str) -> Result:
        engine = make_engine(config, url)
        await first(engine, viewer)
        try:
            await engine.prepare(progress, begins=False, report=progress)
        except EngineError as error:
            # NOWHERE never responds, and the reason for using it is already printed.
            if url != NOWHERE and not (creates and isinstance(error, NoTables)):
                say(f"{error.message} Using only the files.", err=True)
            # A database that responds can still be replaced.
            with suppress(EngineError):
                await engine.db.connect()
        try:
            return await work(engine, viewer)
        finally:
            await engine.db.disconnect()

    with errors_reported():
        try:
            with database_url(config) as url:
                return asyncio.run(run(url))
        except NoDatabase as error:
            if not (config.backup.directory.exists() or config.backup.s3):
                # Neither a database nor archives: this is not an engine's directory.
                raise
            if creates:
                asyncio.run(_done(first(make_engine(config, NOWHERE), viewer)))
                first = nothing
                with database_url(config, creates=True) as url:
                    return asyncio.run(run(url))
            say(f"{error} Using only the files.", err=True)
        except (EmbeddedFailed, Unavailable) as error:
            say(f"{error} Using only the files.", err=True)
    with errors_reported():
        return asyncio.run(run(NOWHERE))


async def _done(work: Awaitable[None]) -> None:
    await work
