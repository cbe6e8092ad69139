"""Runs a version of the program, whichever it is, as its users do."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Program:
    """A version of the program: the folder that holds its package, where it works, its settings."""

    folder: Path
    home: Path
    settings: dict[str, str] = field(default_factory=dict)

    def command(self, url: str, *arguments: str, code: int = 0) -> str:
        """Run a command on the database at *url*; what it prints."""
        done = subprocess.run(
            self._line(*arguments),
            env=self._environ(url),
            cwd=self.home,
            capture_output=True,
            text=True,
        )
        assert done.returncode == code, f"{arguments}: {done.stdout}\n{done.stderr}"
        return done.stdout.strip()

    @contextmanager
    def serving(self, url: str, port: int, output: Path) -> Iterator[str]:
        """Serve for as long as this lasts; the address."""
        with output.open("w") as log:
            process = subprocess.Popen(
                self._line("serve"),
                env=self._environ(url) | {"APP_SERVER__PORT": str(port)},
                cwd=self.home,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            yield f"http://localhost:{port}"
        finally:
            process.terminate()
            assert process.wait(60) == 0, output.read_text()

    def ask(self, base: str, token: str, query: str, **variables: Any) -> dict[str, Any]:
        """Ask the engine at *base* something by GraphQL; its data."""
        answer = httpx2.post(
            f"{base}/graphql",
            json={"query": query, "variables": variables},
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
        )
        assert answer.status_code == 200, answer.text
        assert "errors" not in answer.json(), answer.text
        data: dict[str, Any] = answer.json()["data"]
        return data

    def _line(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "aiwebengine", *arguments]

    def _environ(self, url: str) -> dict[str, str]:
        return {
            **os.environ,
            "PYTHONPATH": str(self.folder),
            "APP_REPOSITORY__DATABASE_URL": url,
            **self.settings,
        }


def until_healthy(base: str) -> None:
    """Wait until the engine at *base* reports that it is healthy."""

    def is_well() -> bool:
        try:
            return httpx2.get(f"{base}/health").status_code == 200
        except httpx2.HTTPError:
            return False

    until(is_well)


def until(condition: Callable[[], bool]) -> None:
    """Look until it is so."""
    end = time.monotonic() + 240
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.1)
