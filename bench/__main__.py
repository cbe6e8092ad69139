"""`python -m bench [NAME …] [--write]`: measure some subjects, or all of them."""

from __future__ import annotations

import importlib
from pathlib import Path

import click

from bench.engines import ROUNDS, Bench, filled_database
from bench.report import Result, as_text, write

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
SUBJECTS = {
    "limit": "bench.limit:measure",
    "peers": "bench.peers.throughput:one_process",
    "peers_two": "bench.peers.throughput:two_processes",
    "pgbench": "bench.peers.pgbench:measure",
    "followers": "bench.peers.followers:measure",
    "start": "bench.peers.start:measure",
    "growth": "bench.peers.growth:measure",
    "compression": "bench.compression:measure",
    "cache": "bench.cache:measure",
    "workers": "bench.workers:measure",
    "pool": "bench.pool:measure",
    "slow_log": "bench.slow_log:measure",
    "scripts_requests": "bench.scripts.requests:measure",
    "scripts_runtime": "bench.scripts.runtime:measure",
    "scripts_database": "bench.scripts.database:measure",
    "scripts_memory": "bench.scripts.memory:measure",
    "scripts_start": "bench.scripts.start:measure",
    "scripts_save": "bench.scripts.save:measure",
    "scripts_deploys": "bench.scripts.deploys:measure",
    "scripts_streams": "bench.scripts.streams:measure",
    "scripts_instances": "bench.scripts.instances:measure",
    "editor": "bench.editor:measure",
}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(SUBJECTS)))
@click.option("--users", default=100_000, show_default=True, help="Made-up users in the database.")
@click.option("--rounds", default=ROUNDS, show_default=True, help="Rounds beside the peers.")
@click.option("--write", "is_written", is_flag=True, help="Put the tables into docs/benchmarks.md.")
def main(names: tuple[str, ...], users: int, rounds: int, is_written: bool) -> None:
    """Measure NAMES, or everything: each contestant in turn, many rounds, medians."""
    with filled_database(users, rounds) as bench:
        for name in names or SUBJECTS:
            result = measured(name, bench)
            click.echo(as_text(result))
            if is_written:
                write(PAGE, name, result)


def measured(name: str, bench: Bench) -> Result:
    """The measurements of one subject."""
    module, _, verb = SUBJECTS[name].partition(":")
    result: Result = getattr(importlib.import_module(module), verb)(bench)
    return result


if __name__ == "__main__":
    main()
