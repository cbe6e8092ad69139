"""Reads a Dockerfile, and runs its stages without a container engine."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[2]
Instructions = list[tuple[str, str]]


def stages(text: str) -> dict[str, Instructions]:
    """The instructions of each stage by the stage's name, in order; FROM comes first."""
    found: dict[str, Instructions] = {}
    current: Instructions = []
    for line in _lines(text):
        name, _, rest = line.partition(" ")
        if name == "FROM":
            current = found.setdefault(rest.rpartition(" AS ")[2], [])
        current.append((name, rest.strip()))
    return found


def environment(stage: Instructions) -> dict[str, str]:
    """What ENV says, all together."""
    pairs = [word.partition("=") for name, rest in stage if name == "ENV" for word in rest.split()]
    return {key: value for key, _, value in pairs}


def context() -> list[str]:
    """The files that a build sees: what is not ignored by Git and is let in by .dockerignore."""
    told = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    rules = (ROOT / ".dockerignore").read_text().splitlines()
    let_in = [rule[1:] for rule in rules if rule[:1] == "!"]
    return [
        name
        for name in told
        if any(fnmatch(name.partition("/")[0], rule) for rule in let_in) and (ROOT / name).is_file()
    ]


class Build:
    """Runs COPY and RUN of one stage, with *root* instead of / for the paths that are made.

    What COPY takes from other stages lies in folders of their names beside *root*.
    """

    def __init__(self, root: Path, python: Path) -> None:
        self._root = root
        self._python = python
        self._files = context()

    def run(self, stage: Instructions) -> None:
        """Run one stage."""
        folder, environ = self._root, {}
        for name, rest in stage:
            if name == "WORKDIR":
                folder = self._root / rest.lstrip("/")
                folder.mkdir(parents=True, exist_ok=True)
            elif name == "ENV":
                environ |= environment([(name, rest)])
            elif name == "COPY":
                self._copy(rest, folder)
            elif name == "RUN":
                self._run(rest, folder, environ)

    def _copy(self, rest: str, folder: Path) -> None:
        *sources, target = [word for word in rest.split() if not word.startswith("--")]
        into, stage = folder / target, re.search(r"--from=(\S+)", rest)
        for source in sources:
            if stage:
                made = self._root.parent / stage[1] / source.lstrip("/")
                shutil.copytree(made, into, dirs_exist_ok=True)
                continue
            inside = [
                file for file in self._files if f"{file}/".startswith(f"{source.rstrip('/')}/")
            ]
            assert inside, f"{source} is not in the build's context"
            for file in inside:
                is_folder = source.endswith("/")
                place = into / (file.removeprefix(source) if is_folder else Path(file).name)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / file, place)

    def _run(self, command: str, folder: Path, environ: dict[str, str]) -> None:
        here = re.sub(r"(?<![\w.])/opt/", f"{self._root}/opt/", command)
        path = f"{self._python.parent}:{os.environ['PATH']}"
        done = subprocess.run(
            ["/bin/sh", "-c", here],
            cwd=folder,
            env={**os.environ, **environ, "PATH": path, "PYTHONPATH": ""},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{shlex.quote(here)}\n{done.stdout}\n{done.stderr}"


def _lines(text: str) -> list[str]:
    """The lines with content, continued ones joined."""
    plain = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(plain).replace("\\\n", " ")
    return [re.sub(r"\s+", " ", line) for line in joined.splitlines() if line.strip()]
