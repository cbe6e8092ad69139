"""Commands that go on without the database: archives are files, and the truth about backups."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from aiwebengine.app import Engine
from aiwebengine.commands import (
    configuration,
    database_url,
    login,
    progress,
    refusals_printed,
    say,
)
from aiwebengine.database.embedded import EmbeddedFailed
from aiwebengine.errors import EngineError
from aiwebengine.viewer import Viewer, operator

Result = TypeVar("Result")


async def nothing(engine: Engine, viewer: Viewer) -> None:
    """Do nothing first."""


def with_or_without_database(
    path: Path | None,
    work: Callable[[Engine, Viewer], Awaitable[Result]],
    first: Callable[[Engine, Viewer], Awaitable[None]] = nothing,
) -> Result:
    """Do some work; archives are files and can be seen when the database is lost or too new.

    *first* is done before the engine connects, and so before it brings the tables up to date.
    """

    async def run(engine: Engine) -> Result:
        await first(engine, operator(login()))
        try:
            await engine.prepare(progress)
        except EngineError as error:
            say(f"{error.message} Going by the files alone.", err=True)
            # A database that answers is still good for being replaced.
            with suppress(EngineError):
                await engine.db.connect()
        try:
            return await work(engine, operator(login()))
        finally:
            await engine.db.disconnect()

    config = configuration(path)
    with refusals_printed():
        try:
            with database_url(config) as url:
                return asyncio.run(run(Engine(config, url)))
        except EmbeddedFailed as error:
            say(f"{error} Going by the files alone.", err=True)
    with refusals_printed():
        nowhere = "postgresql://nobody@127.0.0.1:1/nothing"
        return asyncio.run(run(Engine(config, nowhere)))
