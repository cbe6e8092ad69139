"""Reads an archive to its end and compares it with its manifest."""

from __future__ import annotations

from pathlib import Path

from aiwebengine.backups import archive, programs, restore
from aiwebengine.backups.types import Progress

# Makes pg_restore read a dump to its end without any database.
_READ_ONLY = ["--format=custom", "--file=/dev/null"]


def problem_of(path: Path, progress: Progress) -> str | None:
    """What is wrong with an archive; None when it is whole. Raises NoProgram."""
    try:
        progress.at("Reading its manifest", 0.0)
        manifest = archive.read_manifest(path)
        total = sum(part.size for part in manifest.parts) or 1
        passed = 0
        for part in manifest.parts:
            progress.at(f"Reading {part.name}")
            content = archive.checked_pieces(path, part)
            if part.name == archive.DUMP:
                program = programs.find("pg_restore", restore.major(manifest.dump_version), False)
                programs.feed(program, _READ_ONLY, None, content, progress)
            else:
                for _ in content:
                    progress.check()
            passed += part.size
            progress.done = passed / total
        return None
    except (archive.Damaged, programs.ProgramFailed) as error:
        return error.message
