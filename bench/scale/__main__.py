"""`python -m bench.scale [NAME …] [--write]`: measure some subjects, or all of them."""

from __future__ import annotations

import importlib
from pathlib import Path

import click

from bench.engines import Bench, filled_database
from bench.report import Result, as_text, write

PAGE = Path(__file__).parent.parent.parent / "docs" / "scale.md"
# The last one leaves a larger database than it found.
SUBJECTS = ("instances", "simulation", "fan_out", "commits", "months", "sizes")


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(SUBJECTS))
@click.option("--users", default=100_000, show_default=True, help="Made-up users in the database.")
@click.option("--events", default=1_000_000, show_default=True, help="Events for `months`.")
@click.option("--write", "is_written", is_flag=True, help="Put the tables into docs/scale.md.")
def main(names: tuple[str, ...], users: int, events: int, is_written: bool) -> None:
    """Measure NAMES, or everything, and report what it means for more machines."""
    with filled_database(users) as bench:
        for name in names or SUBJECTS:
            result = measured(name, bench, events)
            click.echo(as_text(result))
            if is_written:
                write(PAGE, name, result)


def measured(name: str, bench: Bench, events: int) -> Result:
    """The measurements of one subject."""
    measure = importlib.import_module(f"bench.scale.{name}").measure
    result: Result = measure(bench, events) if name == "months" else measure(bench)
    return result


if __name__ == "__main__":
    main()
