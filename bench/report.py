"""Tables of what was measured, for the terminal and for docs/benchmarks.md."""

from __future__ import annotations

import os
import platform
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True)
class Result:
    """One subject: its topic, conditions, measurements and notes."""

    title: str
    conditions: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    versions: str = ""


def as_text(result: Result) -> str:
    """The result for a terminal."""
    lines = [result.columns, *result.rows]
    widths = [max(len(line[at]) for line in lines) for at in range(len(result.columns))]
    table = [
        "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])])
        for line in lines
    ]
    return "\n".join([result.title, *table, ""])


def write(page: Path, name: str, result: Result) -> None:
    """Put the result in place of the one that the page has under *name*, or at its end."""
    section = (
        f"<!-- bench {name} -->\n## {result.title}\n\n{result.conditions}\n"
        f"Measured {datetime.now(UTC):%Y-%m-%d} with {_machine(result.versions)}.\n\n"
        f"{_markdown(result)}\n\n<!-- end {name} -->"
    )
    text = page.read_text()
    there = re.compile(f"<!-- bench {name} -->.*<!-- end {name} -->", re.DOTALL)
    if there.search(text):
        page.write_text(there.sub(lambda _: section, text))
    else:
        page.write_text(f"{text.rstrip()}\n\n{section}\n")


def ratio(first: float, second: float) -> str:
    """How many times *first* is *second*."""
    return f"{first / second:.2f}"


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that *percent* of 100 are not above."""
    return statistics.quantiles(values, n=100)[percent - 1]


def _markdown(result: Result) -> str:
    aligned = ["---", *["---:"] * (len(result.columns) - 1)]
    return "\n".join(f"| {' | '.join(line)} |" for line in (result.columns, aligned, *result.rows))


def _machine(versions: str) -> str:
    python = f"Python {platform.python_version()}"
    programs = ", ".join(filter(None, (python, versions)))
    return f"{os.cpu_count()} processors, {programs}, everything on one machine"
