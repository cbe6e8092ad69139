"""Prints the finished tables, so that nobody has to add up the migrations."""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

from aiwebengine.core.resources import MIGRATIONS
from aiwebengine.database.embedded import embedded_postgres, programs
from aiwebengine.migrations.service import Migrations

# What differs from run to run, or only sets the stage.
_NOISE = re.compile(r"^(--.*|\\.*|SET .*|SELECT pg_catalog\.set_config.*)\n", re.MULTILINE)


def described(url: str) -> str:
    """The database's tables, indexes, functions and triggers as SQL, without noise."""
    dumped = subprocess.run(
        [programs() / "pg_dump", "--schema-only", "--no-owner", "--exclude-table=*yoyo*", url],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return re.sub(r"\n{2,}", "\n\n", _NOISE.sub("", dumped)).strip() + "\n"


if __name__ == "__main__":
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        embedded_postgres(Path(folder)) as url,
    ):
        Migrations(url, MIGRATIONS).up()
        print(described(url), end="")
