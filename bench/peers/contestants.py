"""The contestants, and how each is started: one command, configured by its environment."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ENGINE = "aiwebengine"
MERCURIUS = "Mercurius"
POSTGRAPHILE = "PostGraphile"
ARIADNE = "Ariadne"
STRAWBERRY = "plain Strawberry"
BARE = "bare route"
STATIC = "fixed answer"
# Of all processes of a contestant together: everybody's must fit the one server.
CONNECTIONS = 16

NODE = Path(__file__).parent / "node"


@dataclass(frozen=True)
class Contestant:
    """A server that can be started: *command* and *environ* for one port and so many processes."""

    name: str
    command: tuple[str, ...]
    environ: Mapping[str, str]


def contestant(name: str, url: str, port: int, workers: int = 1) -> Contestant:
    """The contestant of this name on the database at *url*."""
    connections = CONNECTIONS // workers
    if name == ENGINE:
        return Contestant(
            name,
            (sys.executable, "-m", "aiwebengine", "serve"),
            {
                "APP_SERVER__PORT": str(port),
                "APP_REPOSITORY__DATABASE_URL": url,
                "APP_REPOSITORY__MAX_CONNECTIONS": str(connections),
                "APP_PERFORMANCE__WORKER_POOL_SIZE": str(workers),
                # All followers are one user here.
                "APP_SECURITY__MAX_SOCKETS_PER_USER": "100000",
            },
        )
    environ = {
        "PEER_PORT": str(port),
        "PEER_DATABASE_URL": url,
        "PEER_CONNECTIONS": str(connections),
        "PEER_WORKERS": str(workers),
        "NODE_ENV": "production",
    }
    if name in _SCRIPTS:
        return Contestant(name, ("node", str(NODE / _SCRIPTS[name])), environ)
    served = (sys.executable, "-m", "uvicorn", _APPLICATIONS[name], "--port", str(port))
    quiet = ("--no-access-log", "--log-level", "warning", "--workers", str(workers))
    return Contestant(name, (*served, *quiet), environ)


_SCRIPTS = {MERCURIUS: "mercurius.js", POSTGRAPHILE: "postgraphile.js", STATIC: "static.js"}
_APPLICATIONS = {
    ARIADNE: "bench.peers.plain_ariadne:app",
    STRAWBERRY: "bench.peers.plain_strawberry:app",
    BARE: "bench.peers.bare:app",
}
EVERYBODY = (ENGINE, MERCURIUS, POSTGRAPHILE, *_APPLICATIONS)
