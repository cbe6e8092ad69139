"""Somebody who reads a page from top to bottom and does what it says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import httpx2
from tests.conftest import free_port
from tests.docs.blocks import Block, blocks, difference

# What pages call an engine; the one that listens takes their place.
WRITTEN = ("localhost:3000", "engine.example.com")
LONGEST_SECS = 300


class Reader:
    """Runs blocks one after the other in a folder, as in one terminal.

    *listening* is host and port of a running engine. Variables that a block of the shell sets,
    and the folder that it goes to, stay for the next blocks. What pages call port 3001 is a free
    one.
    """

    def __init__(self, folder: Path, listening: str, **environ: str) -> None:
        self.folder = folder
        self._listening = listening
        self._another_port = str(free_port())
        programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        self.environ = {
            **os.environ,
            "PATH": programs,
            "PWD": str(folder),
            "COLUMNS": "120",
            **environ,
        }

    def read(self, page: str) -> int:
        """Run every block of a page; how many ran. Raises AssertionError at the first that is
        not as the page says."""
        todo = [block for block in blocks(page) if block.is_run]
        for block in todo:
            self.run(block)
        return len(todo)

    def run(self, block: Block) -> str:
        """Run one block; what it printed."""
        printed = getattr(self, f"_{block.language}")(block)
        if block.printed is not None:
            wrong = difference(self.here(block.printed), printed)
            assert wrong is None, f"{block}: {wrong}"
        return printed

    def shell(self, code: str) -> str:
        """Run lines of the shell; what they printed."""
        return self._bash(Block("a test", 0, "bash", True, code))

    def _bash(self, block: Block) -> str:
        after = self.folder / ".environment"
        code = f"set -eua\n{self.here(block.code)}\nenv -0 > '{after}'\n"
        printed = self._program(block, ["bash", "-c", code])
        pairs = (pair.partition("=") for pair in after.read_text().split("\0") if pair)
        self.environ = {name: value for name, _, value in pairs}
        after.unlink()
        return printed

    _sh = _bash

    def _python(self, block: Block) -> str:
        return self._program(block, [sys.executable, "-c", self.here(block.code)])

    def _javascript(self, block: Block) -> str:
        file = self.folder / "block.mjs"
        file.write_text(self.here(block.code))
        return self._program(block, ["node", str(file)])

    def _graphql(self, block: Block) -> str:
        """Asked as the owner of `$TOKEN`, as the playground would."""
        answer = httpx2.post(
            f"http://{self._listening}/graphql",
            json={"query": block.code},
            headers={"Authorization": f"Bearer {self.environ['TOKEN']}"},
            timeout=30,
        ).json()
        assert "errors" not in answer, f"{block}: {answer}"
        return json.dumps(answer["data"])

    def _toml(self, block: Block) -> str:
        file = self.folder / "block.toml"
        file.write_text(block.code)
        named = dict.fromkeys(re.findall(r"\$\{(\w+)\}", block.code), "https://example.com/secret")
        command = [sys.executable, "-m", "aiwebengine", "--config", str(file), "check-config"]
        environ = {name: value for name, value in self.environ.items() if name[:4] != "APP_"}
        self._program(block, command, environ | named)
        return ""

    def _program(
        self, block: Block, command: list[str], environ: dict[str, str] | None = None
    ) -> str:
        done = subprocess.run(
            command,
            cwd=self.environ["PWD"],
            env=environ or self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LONGEST_SECS,
        )
        assert done.returncode == 0, (
            f"{block} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        )
        return done.stdout

    def here(self, text: str) -> str:
        """The text of a page, with the addresses that are right here."""
        for written in WRITTEN:
            text = text.replace(f"https://{written}", f"http://{self._listening}")
            text = text.replace(written, self._listening)
        port = self._listening.rpartition(":")[2]
        return re.sub(r"\b3000\b", port, text).replace("3001", self._another_port)
