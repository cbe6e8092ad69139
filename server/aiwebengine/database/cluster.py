"""Creates the files of a new embedded server, completely or not at all.

initdb works in a folder of its own, which gets its final name once all files are on disk. So a
folder with the final name is complete, and a first start that was interrupted is simply repeated.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

from aiwebengine.core.disk import sync
from aiwebengine.database.embedded_programs import EmbeddedFailed, run
from aiwebengine.database.ownership import SUPERUSER
from aiwebengine.database.postmaster import processes_in

END_SECS = 10.0
# template1, template0 and postgres.
INITIAL_DATABASES = 3


def exists(data: Path) -> bool:
    """Whether this folder contains a server. Raises EmbeddedFailed for an incomplete one."""
    if not (data / "PG_VERSION").exists():
        return False
    databases = [path for path in data.glob("base/*") if path.name.isdigit()]
    if not (data / "global" / "pg_control").exists() or len(databases) < INITIAL_DATABASES:
        raise incomplete(data)
    return True


def incomplete(data: Path) -> EmbeddedFailed:
    """The error for a folder that initdb did not finish, as versions before 0.3.0 left them.

    It could also be a damaged one that has data, so nothing is removed.
    """
    return EmbeddedFailed(
        f"{data} is not complete: its first start was interrupted, or files are missing. If it"
        " never contained data, move the folder away and start again. Otherwise restore a backup."
    )


def create(data: Path, give: Callable[[Path], None]) -> None:
    """Create the files of a server. Only one process may do this at a time.

    *give* makes the account of the server the owner of a folder. Raises EmbeddedFailed, OSError.
    """
    if data.is_symlink() or (data.exists() and any(data.iterdir())):
        raise EmbeddedFailed(
            f"{data} is a link, or contains files but no database. Move it away and start again."
            " To keep the data elsewhere, set repository.data_dir."
        )
    fresh = data.with_name(f"{data.name}.unfinished")
    _remove(fresh)
    fresh.mkdir(mode=0o700)
    give(fresh)
    done = run(
        fresh,
        "initdb",
        *("-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--no-instructions"),
        *("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C"),
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise EmbeddedFailed(f"The database could not be made: {done.stderr.strip()}")
    # initdb has written everything to disk. An empty folder with the final name is replaced.
    fresh.rename(data)
    sync(data.parent)


def _remove(fresh: Path) -> None:
    """Remove what an interrupted start left. It never contained data."""
    if not fresh.exists():
        return
    # The initdb of a killed engine may still be running.
    left = processes_in(fresh)
    for process in left:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(left, timeout=END_SECS)
    shutil.rmtree(fresh)
