"""`python -m bench [NAME …] [--write]`: measure some subjects, or all of them."""

from __future__ import annotations

import importlib
from pathlib import Path

import click

from bench.engines import Bench, filled_database
from bench.report import Result, as_text, write

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
SUBJECTS = ("limit", "compression", "cache", "workers", "pool", "slow_log")


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(SUBJECTS))
@click.option("--users", default=100_000, show_default=True, help="Made-up users in the database.")
@click.option("--write", "is_written", is_flag=True, help="Put the tables into docs/benchmarks.md.")
def main(names: tuple[str, ...], users: int, is_written: bool) -> None:
    """Measure NAMES, or everything: each contestant in turn, many rounds, medians."""
    with filled_database(users) as bench:
        for name in names or SUBJECTS:
            result = measured(name, bench)
            click.echo(as_text(result))
            if is_written:
                write(PAGE, name, result)


def measured(name: str, bench: Bench) -> Result:
    """One subject's figures."""
    result: Result = importlib.import_module(f"bench.{name}").measure(bench)
    return result


if __name__ == "__main__":
    main()
