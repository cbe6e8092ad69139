"""Makes sure that something is on the disk."""

from __future__ import annotations

import os
from pathlib import Path


def sync(folder: Path) -> None:
    """Make sure that names in this folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
