"""Lets no wheel and no source archive be built that lacks its pages or its migrations."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# An editable install serves the checkout's own files: `make` builds the pages after it.
_EDITABLE = "editable"
_LONGEST_OUTPUT = 2_000
_BUILD_PAGES = (
    " Building them needs Node 20 or newer with npm: install Node, or run `make install` in a clone"
    " elsewhere and build there."
)


class CompleteBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Builds the pages where Node can, and refuses to build anything that is incomplete."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Before the build: make the pages when they are missing. Exits with what to do."""
        if version == _EDITABLE:
            return
        root = Path(self.root)
        if _missing(root) or _changed(root):
            _build_pages(root)
        if missing := _missing(root):
            sys.exit(
                f"aiwebengine cannot be built without {', '.join(missing[:3])}."
                f"{_what_to_do(missing)}"
            )
        if changed := _changed(root):
            sys.exit(
                f"frontend/vendor/ was built from other sources: {', '.join(changed[:3])} changed"
                f" since.{_BUILD_PAGES}"
            )

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """After the build: remove what came out incomplete. Exits with what it lacks."""
        if version == _EDITABLE:
            return
        needed = _needed(Path(self.root))
        held = _held_by(Path(artifact_path))
        if lost := sorted(needed - held):
            Path(artifact_path).unlink()
            sys.exit(
                f"{Path(artifact_path).name} came out without {', '.join(lost[:3])}"
                " and was removed: see [tool.hatch.build] in pyproject.toml."
            )


def _completeness(root: Path) -> ModuleType:
    """The engine's own module: the build and the start ask the same."""
    path = root / "server" / "aiwebengine" / "core" / "completeness.py"
    spec = importlib.util.spec_from_file_location("completeness", path)
    if spec is None or spec.loader is None or not path.is_file():
        sys.exit(f"aiwebengine cannot be built without {path.relative_to(root)}.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _missing(root: Path) -> list[str]:
    completeness = _completeness(root)
    places = (root / "frontend", root / "migrations", root / "constraints.txt")
    found: list[str] = completeness.missing_files(*places, root / completeness.RUNTIME)
    return found


def _changed(root: Path) -> list[str]:
    changed: list[str] = _completeness(root).changed_sources(root / "frontend")
    return changed


def _needed(root: Path) -> set[str]:
    """What a wheel or a source archive must hold, by the path in this folder."""
    completeness = _completeness(root)
    runtime = completeness.RUNTIME
    needed = {f"frontend/{name}" for name in completeness.needed_pages(root / "frontend")}
    needed |= {f"{runtime}/{name}" for name in completeness.needed_modules(root / runtime)}
    needed |= {f"migrations/{path.name}" for path in (root / "migrations").glob("*.sql")}
    return needed | {"constraints.txt"}


def _held_by(archive: Path) -> set[str]:
    """What the archive holds, by the path in this folder."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            names = wheel.namelist()
        packages = {f"server/{name}" for name in names}
        return packages | {name.removeprefix("aiwebengine/_resources/") for name in names}
    with tarfile.open(archive) as source:
        return {name.partition("/")[2] for name in source.getnames()}


def _build_pages(root: Path) -> None:
    """Run what `make install` runs for the pages; do nothing without Node."""
    folder, npm = root / "frontend", shutil.which("npm")
    if npm is None or shutil.which("node") is None or not (folder / "package-lock.json").is_file():
        return
    commands = [[npm, "run", "--silent", "vendor"]]
    if not (folder / "node_modules" / "esbuild").is_dir():
        commands.insert(0, [npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"])
    for command in commands:
        done = subprocess.run(  # noqa: S603 - programs and arguments are ours
            command, cwd=folder, capture_output=True, text=True, check=False
        )
        if done.returncode:
            said = (done.stderr or done.stdout).strip()[-_LONGEST_OUTPUT:]
            sys.exit(
                f"The pages could not be built: `{' '.join(['npm', *command[1:]])}` failed in"
                f" frontend/.\n{said}"
            )


def _what_to_do(missing: list[str]) -> str:
    if not any(name.startswith("frontend/vendor/") for name in missing):
        return " The source is incomplete: take it from the repository again."
    return f" The pages are not built.{_BUILD_PAGES}"
