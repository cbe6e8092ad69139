"""Creates files and folders that only the engine's account can read, whatever its umask is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO, cast

# Only the engine's account has access.
PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
# The group may read as well, for log collectors.
GROUP_FOLDER = 0o750


def open_private(path: Path, mode: str = "w") -> BinaryIO:
    """Open a private file to write ("w") or to append ("a") bytes.

    If an older version left the file readable and the file belongs to this account, its mode is
    corrected. Symbolic links are refused. Raises OSError.
    """
    kind = os.O_TRUNC if mode == "w" else os.O_APPEND
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | kind
    descriptor = os.open(path, flags, PRIVATE_FILE)
    state = os.fstat(descriptor)
    if state.st_uid == os.geteuid() and state.st_mode & 0o077:
        os.fchmod(descriptor, PRIVATE_FILE)
    return cast(BinaryIO, os.fdopen(descriptor, f"{mode}b"))


def make_folder(path: Path, mode: int, *, ours: tuple[str, ...]) -> None:
    """Create a folder with this mode, or remove excess permissions of an existing one.

    An existing folder is only changed if it belongs to this account and all names in it start with
    one of *ours*, because a setting may also name /var/log or a home directory. Raises OSError.
    """
    missing = not path.exists()
    path.mkdir(mode=mode, parents=True, exist_ok=True)
    state = path.stat()
    excess = state.st_mode & 0o777 & ~mode
    if not excess or state.st_uid != os.geteuid():
        return
    if missing or all(name.startswith(ours) for name in os.listdir(path)):
        path.chmod(state.st_mode & 0o7777 & ~excess)
