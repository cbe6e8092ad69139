"""Compares the installed Python packages with the tested versions."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path


def older_than_tested(constraints: Path) -> tuple[list[str], int]:
    """Installed packages that are older than in the file *constraints*, as lines of text.

    Also returns how many packages of the file are installed.
    """
    older, known = [], 0
    for name, tested in re.findall(r"^([\w.-]+)==(\S+)", constraints.read_text(), re.MULTILINE):
        try:
            installed = metadata.version(name)
        except metadata.PackageNotFoundError:
            # Only needed for tests, or on another operating system.
            continue
        known += 1
        if _release(installed) < _release(tested):
            older.append(f"{name} {installed} (tested: {tested})")
    return older, known


def _release(version: str) -> tuple[int, ...]:
    """The leading numbers of a version, which is enough to compare two releases."""
    match = re.match(r"(?:\d+!)?(\d+(?:\.\d+)*)", version)
    numbers = [int(part) for part in match[1].split(".")] if match else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
