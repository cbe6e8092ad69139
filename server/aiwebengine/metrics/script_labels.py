"""Which scripts are values of the label `script`: the first ones that an instance meets."""

from __future__ import annotations

import fcntl
from pathlib import Path

MOST_SCRIPTS = 200
OTHER_SCRIPTS = "(other)"
_FILE = "scripts"


class ScriptLabels:
    """Gives the first 200 scripts of an instance a label of their own, and all others one label.

    A script keeps its label, so counters never decrease. Workers agree by a file in *folder*, the
    folder of their metrics; None with a single process.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._path = None if folder is None else folder / _FILE
        self._known: set[str] = set()

    def of(self, slug: str) -> str:
        """The label of a script, which must exist: any text would become a label."""
        if slug not in self._known and len(self._known) < MOST_SCRIPTS:
            self._add(slug)
        return slug if slug in self._known else OTHER_SCRIPTS

    def _add(self, slug: str) -> None:
        if self._path is None:
            self._known.add(slug)
            return
        try:
            with self._path.open("a+") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                file.seek(0)
                self._known.update(file.read().split())
                if slug not in self._known and len(self._known) < MOST_SCRIPTS:
                    file.write(f"{slug}\n")
                    self._known.add(slug)
        except OSError:
            # The disk is full, for example. The script has a label at its next request.
            return
