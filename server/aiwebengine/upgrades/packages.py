"""The Python packages that run here, compared with the tested versions."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path


def older_than_tested(constraints: Path) -> tuple[list[str], int]:
    """The installed packages that are older than their line says, and how many are installed."""
    older, known = [], 0
    for name, tested in re.findall(r"^([\w.-]+)==(\S+)", constraints.read_text(), re.MULTILINE):
        try:
            installed = metadata.version(name)
        except metadata.PackageNotFoundError:
            # Only needed for tests, or on another system.
            continue
        known += 1
        if _release(installed) < _release(tested):
            older.append(f"{name} {installed} (tested: {tested})")
    return older, known


def _release(version: str) -> tuple[int, ...]:
    """The numbers that a version begins with; enough to tell which is older."""
    match = re.match(r"(?:\d+!)?(\d+(?:\.\d+)*)", version)
    numbers = [int(part) for part in match[1].split(".")] if match else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
