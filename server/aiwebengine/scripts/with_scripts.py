"""Runs a command that may load or call scripts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from aiwebengine.core.identity import Viewer
from aiwebengine.terminal.commands import progress, with_engine

if TYPE_CHECKING:
    from aiwebengine.app.engine import Engine

Result = TypeVar("Result")


def with_scripts(
    path: Path | None,
    work: Callable[[Engine, Viewer], Awaitable[Result]],
    *,
    doing: str | None = None,
) -> Result:
    """As `with_engine`; the processes of scripts that *work* started end with it.

    On a terminal, *doing* is printed before, as "Testing …". A running server has processes of its
    own, and hears of each change from the database.
    """

    async def run(engine: Engine, viewer: Viewer) -> Result:
        if doing:
            progress(doing)
        try:
            return await work(engine, viewer)
        finally:
            if engine.scripting is not None:
                await engine.scripting.stop()

    return with_engine(path, run)
