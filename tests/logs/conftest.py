"""A log to write to, and lines to put into it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from aiwebengine.core.config import Logging
from aiwebengine.logs.setup import configure_logging

DAY = datetime(2026, 1, 31, tzinfo=UTC)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where this test's log lies."""
    return tmp_path / "logs" / "engine.log"


@contextmanager
def logging_to(log: Path, **settings: object) -> Iterator[None]:
    """What is logged within goes to this file and to standard error, as in a started engine."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    try:
        configure_logging(Logging(file=log, **settings))
        yield
    finally:
        for handler in root.handlers:
            handler.close()
        root.handlers = before
        root.setLevel(level)


@pytest.fixture
def logged(log: Path) -> Iterator[Path]:
    """The log of everything that happens in this test."""
    with logging_to(log):
        yield log


def told(path: Path) -> list[dict]:
    """The lines of a file."""
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def line(number: int, **fields: object) -> bytes:
    """A line of that day, one a second."""
    at = (DAY + timedelta(seconds=number)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    first = {"timestamp": at, "level": "info", "event": "request", "request_id": f"r{number}"}
    return orjson.dumps({**first, **fields}) + b"\n"


@pytest.fixture
def write(log: Path) -> Callable[..., Path]:
    """Write lines into a file of the log: `write("2026-01-31", lines)`."""

    def write(suffix: str, lines: list[bytes]) -> Path:
        log.parent.mkdir(exist_ok=True)
        path = log.with_name(f"{log.name}.{suffix}") if suffix else log
        path.write_bytes(b"".join(lines))
        return path

    return write
