"""Regular files only: a link, a pipe or a device in a folder is never followed or opened."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

# A link is refused by the system itself; without O_NONBLOCK, opening a pipe would wait for ever.
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def is_regular(path: Path) -> bool:
    """Whether a regular file lies there. A symbolic link is none, wherever it leads."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except (OSError, ValueError):
        return False


def open_regular(path: Path) -> BinaryIO:
    """The file, opened for reading. Raises OSError, also for what is not a regular file."""
    descriptor = os.open(path, _FLAGS)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(f"{path.name} is not a regular file")
    return open(descriptor, "rb")


def open_new(path: Path) -> BinaryIO:
    """A new file, readable by its owner only. Raises FileExistsError, also for a link."""
    return open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600))
