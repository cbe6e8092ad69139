"""The versions of what takes part, as the page names them."""

from __future__ import annotations

import json
import subprocess
from importlib.metadata import version

import psycopg

from bench.peers.contestants import NODE


def description(url: str) -> str:
    """PostgreSQL, Node, wrk and the peers."""
    with psycopg.connect(url) as connection:
        row = connection.execute("show server_version").fetchone()
    assert row is not None
    node = _said("node", "--version").removeprefix("v")
    wrk = _said("wrk", "--version").split()[1]
    packages = json.loads((NODE / "package.json").read_text())["dependencies"]
    peers = [f"{name} {packages[name]}" for name in ("mercurius", "fastify", "pg", "postgraphile")]
    peers += [f"{name} {version(name)}" for name in ("ariadne", "strawberry-graphql", "asyncpg")]
    return f"PostgreSQL {row[0].split()[0]}, Node {node}, wrk {wrk}; {', '.join(peers)}"


def _said(*command: str) -> str:
    # wrk prints its version with the exit status of a failure.
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False).stdout.strip()
