"""Files and folders that only the engine's account can read, whatever its umask is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO, cast

# Its own account alone.
PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
# Its group may read, as a collector of logs does.
GROUP_FOLDER = 0o750


def open_private(path: Path, mode: str = "w") -> BinaryIO:
    """Open a private file of ours to write ("w") or to append ("a") bytes.

    One that an older version left readable is corrected, if it belongs to our account. A symbolic
    link is refused. Raises OSError.
    """
    kind = os.O_TRUNC if mode == "w" else os.O_APPEND
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | kind
    descriptor = os.open(path, flags, PRIVATE_FILE)
    state = os.fstat(descriptor)
    if state.st_uid == os.geteuid() and state.st_mode & 0o077:
        os.fchmod(descriptor, PRIVATE_FILE)
    return cast(BinaryIO, os.fdopen(descriptor, f"{mode}b"))


def make_folder(path: Path, mode: int, *, ours: tuple[str, ...]) -> None:
    """Make a folder with this mode, and take rights away from one that an older version made.

    Only a folder of our account that holds nothing but entries whose names begin with one of
    *ours* is corrected: /var/log and a home are folders that settings may name, too. Raises
    OSError.
    """
    missing = not path.exists()
    path.mkdir(mode=mode, parents=True, exist_ok=True)
    state = path.stat()
    excess = state.st_mode & 0o777 & ~mode
    if not excess or state.st_uid != os.geteuid():
        return
    if missing or all(name.startswith(ours) for name in os.listdir(path)):
        path.chmod(state.st_mode & 0o7777 & ~excess)
