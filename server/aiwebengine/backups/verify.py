"""Reads an archive to its end and compares it with its manifest."""

from __future__ import annotations

from pathlib import Path

from aiwebengine.backups import archive, programs, restore
from aiwebengine.backups.manifest import Damaged
from aiwebengine.backups.types import Manifest, Progress

# Makes pg_restore read a dump to its end without any database.
_READ_ONLY = ["--format=custom", "--file=/dev/null"]


def problem_of(path: Path, manifest: Manifest, progress: Progress) -> str | None:
    """What is wrong with a trusted archive; None when it is whole. Raises NoProgram."""
    total = sum(part.size for part in manifest.parts) or 1
    passed = 0
    try:
        for part in manifest.parts:
            progress.at(f"Reading {part.name}", passed / total)
            for _ in archive.checked_pieces(path, part):
                progress.check()
            passed += part.size
        for part in manifest.parts:
            if part.name == archive.DUMP:
                progress.at("Reading the dump with pg_restore")
                program = programs.find("pg_restore", restore.major(manifest.dump_version), False)
                content = archive.checked_pieces(path, part)
                programs.feed(program, _READ_ONLY, None, content, progress)
        return None
    except (Damaged, programs.ProgramFailed) as error:
        return error.message
