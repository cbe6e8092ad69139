"""Runs the web server of one instance."""

from __future__ import annotations

import asyncio
import gc
import logging
import math
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import click
import uvicorn
from uvicorn.loops.auto import auto_loop_factory

from aiwebengine import __version__
from aiwebengine.app.engine import Engine
from aiwebengine.app.workers import Workers
from aiwebengine.core.config import Config
from aiwebengine.core.errors import EngineError, Unavailable
from aiwebengine.core.slow_steps import slow_step
from aiwebengine.logs.setup import configure_logging
from aiwebengine.metrics.folder import record_death, shared_folder, store_metrics_in
from aiwebengine.rate_limits.service import client_network
from aiwebengine.runtimes.pool import Budget
from aiwebengine.runtimes.starting import supervised
from aiwebengine.telemetry.beats import ThisInstance
from aiwebengine.terminal import systemd
from aiwebengine.terminal.commands import print_step, say
from aiwebengine.terminal.interruption import Interruption
from aiwebengine.terminal.output import OutputFailed
from aiwebengine.web.connections import Connections, LimitedHttp, LimitedWebSocket
from aiwebengine.web.crowding import Places, crowds

log = logging.getLogger(__name__)

# While draining, how often the server checks for a second signal.
DRAIN_CHECK_SECS = 0.1
# Threshold of generation 0 for the garbage collector; a page of 200 users creates 2,000 objects.
GARBAGE_THRESHOLD = 10_000
ASK_FOR_TIME_EVERY_SECS = 30
# How long data may stay unacknowledged by the client (TCP_USER_TIMEOUT).
UNREAD_TIMEOUT_MS = 120_000


class NotServing(Exception):
    """The engine can't start. The message says why and what to do."""


def run(config: Config, url: str, interruption: Interruption) -> None:
    """Serve until SIGTERM or SIGINT (Ctrl-C), then finish running requests and stop.

    Raises NotServing, and KeyboardInterrupt after a signal: uvicorn shuts down and then raises the
    signal again, for the handler of *interruption*.
    """
    listening = _listen(config)
    config = config.at_port(listening.getsockname()[1])
    if config.performance.worker_pool_size == 1:
        _run(_alone(config, url, listening, interruption))
        return
    link, is_ready = asyncio.run(_begin(config, url))
    interruption.check()
    instance = ThisInstance(workers=config.performance.worker_pool_size)
    with (
        shared_folder() as folder,
        _supervised(config) as runtimes,
        _slow("Starting the workers") as started,
    ):
        workers = Workers(
            partial(_work, config, instance, folder, runtimes),
            config,
            url,
            listening,
            on_death=partial(record_death, folder),
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: workers.stop())

        def ready() -> None:
            started()
            _announce(config, link, is_ready=is_ready)

        workers.run(ready)


@contextmanager
def _slow(step: str) -> Iterator[Callable[[], None]]:
    """Report a step that takes longer than a second; it ends when the result is called."""
    with ExitStack() as stack:
        stack.enter_context(slow_step(print_step, step))
        yield stack.close


def _run(serving: Coroutine[Any, Any, None]) -> None:
    """Run on uvloop if it is installed; it needs less CPU time than asyncio's event loop."""
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        runner.run(serving)


async def _alone(
    config: Config, url: str, listening: socket.socket, interruption: Interruption
) -> None:
    engine = Engine(config, url)
    link = await _prepare(engine)
    is_ready = engine.is_ready
    interruption.check()
    with _slow("Starting the web server") as started:

        def ready() -> None:
            started()
            _announce(config, link, is_ready=is_ready)

        await _serve(engine, config, listening, ready)


async def _begin(config: Config, url: str) -> tuple[str | None, bool]:
    """Prepare the database once before the workers start.

    Returns the first sign-in link, if one is due, and whether the database answered.
    """
    engine = Engine(config, url)
    try:
        return await _prepare(engine), engine.is_ready
    finally:
        await engine.db.disconnect()


def _work(
    whole: Config,
    instance: ThisInstance,
    folder: Path,
    runtimes: Path | None,
    config: Config,
    url: str,
    listening: socket.socket,
    place: int,
    ready: Callable[[], None],
) -> None:
    """Serve in one of several worker processes.

    *config* has this worker's share of the connections and memory; *whole* is the configuration of
    the instance.
    """
    configure_logging(config.logging)
    store_metrics_in(folder, place)
    engine = Engine(config, url, instance, place, folder, runtimes)
    _run(_one_of_many(engine, whole, listening, ready))


@contextmanager
def _supervised(config: Config) -> Iterator[Path | None]:
    """The folder of the supervisor of all workers; None where scripts are off."""
    if not config.scripts.enabled:
        yield None
        return
    with supervised(Budget(config.scripts.max_processes, config.scripts.max_memory_mb)) as folder:
        yield folder


async def _one_of_many(
    engine: Engine, whole: Config, listening: socket.socket, ready: Callable[[], None]
) -> None:
    # Prepare first: a worker that accepts connections too early would answer 503 to requests that
    # other workers can handle. If it fails, the engine retries while it serves.
    with suppress(EngineError):
        await engine.prepare()
    await _serve(engine, whole, listening, ready)


async def _prepare(engine: Engine) -> str | None:
    """Prepare the engine. Returns the first sign-in link, if one is due. Raises NotServing."""
    asking = asyncio.create_task(_ask_for_time())
    try:
        await engine.prepare(report=print_step)
        warning = await asyncio.to_thread(engine.services.migrations.server_warning)
        if warning:
            log.warning("database.newer_than_tested", extra={"detail": warning})
        return await engine.first_sign_in_link()
    except Unavailable as error:
        # The engine starts anyway: it answers 503 and recovers when the database is back.
        say(f"{error.message} Serving 503 until that is over.", err=True)
        return None
    except EngineError as error:
        raise NotServing(error.message) from None
    finally:
        asking.cancel()


async def _ask_for_time() -> None:
    """Extend systemd's start timeout: a large database takes time to back up and migrate."""
    while True:
        systemd.notify(f"EXTEND_TIMEOUT_USEC={2_000_000 * ASK_FOR_TIME_EVERY_SECS}")
        await asyncio.sleep(ASK_FOR_TIME_EVERY_SECS)


async def _serve(
    engine: Engine, whole: Config, listening: socket.socket, ready: Callable[[], None]
) -> None:
    """Serve on this socket until a signal; calls *ready* when the server accepts connections.

    *whole* is the configuration of the instance, before it was divided among the workers.
    """
    config = engine.config
    engine.once_ready.append(lambda: engine.services.config_history.note_changes(whole))
    engine.once_ready.append(engine.services.upgrades.note_start)
    server = _Server(
        uvicorn.Config(
            engine.app(),
            **protocols(config),
            access_log=False,
            log_config=None,
            timeout_graceful_shutdown=math.ceil(config.server.shutdown_timeout_secs),
            # The middleware TrustedProxies does this instead.
            proxy_headers=False,
            server_header=False,
            # Each of a thousand subscribers would need a compressor, for messages of a hundred
            # bytes. And a message with a secret next to the caller's text must not be compressed.
            ws_per_message_deflate=False,
            ws_max_size=config.security.max_request_body_bytes,
        ),
        ready,
        engine,
    )
    await server.serve(sockets=[listening])


def protocols(config: Config) -> dict[str, Any]:
    """uvicorn's options for the HTTP and WebSocket protocols with the configured limits."""
    connections = Connections(
        Places(config.security.max_connections_per_address),
        crowds(client_network, config.server.trusted_proxies),
    )
    first_bytes = config.security.max_anonymous_body_bytes
    return {
        "http": partial(LimitedHttp, connections),
        "ws": partial(LimitedWebSocket, connections, first_bytes),
    }


class _Server(uvicorn.Server):
    """uvicorn's server with two additions.

    It calls *ready* once it accepts connections. Before it stops it keeps answering for
    `server.drain_secs`, so that proxies notice and send new requests elsewhere.
    """

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None], engine: Engine) -> None:
        super().__init__(config)
        self._ready = ready
        self._engine = engine

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # Objects that exist now are permanent: exclude them from later collections. `cli.main` has
        # excluded those of the modules already. Requests create little garbage.
        gc.collect()
        gc.freeze()
        gc.set_threshold(GARBAGE_THRESHOLD)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._drain()
        for stop in self._engine.at_stop:
            await stop()
        await super().shutdown(sockets)

    async def _drain(self) -> None:
        """Keep answering for `server.drain_secs`; a second signal ends it early."""
        self._engine.is_leaving = True
        for _ in range(round(self._engine.config.server.drain_secs / DRAIN_CHECK_SECS)):
            if self.force_exit:
                return
            await asyncio.sleep(DRAIN_CHECK_SECS)


def _listen(config: Config) -> socket.socket:
    host, port = config.server.host, config.server.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol given, asyncio sets TCP_NODELAY; else small responses would wait for 40 ms.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        # A client that is gone or does not read its response must not hold a connection forever.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_TIMEOUT_MS)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        raise NotServing(
            f"Can't listen on {host}:{port} ({error.strerror}). Is another engine running?"
            " Choose another with APP_SERVER__PORT."
        ) from None
    return listening


def _announce(config: Config, link: str | None, *, is_ready: bool) -> None:
    # A closed standard output must not keep the engine from serving.
    with suppress(OutputFailed):
        click.echo(_banner(config, link, is_ready=is_ready))
    systemd.notify("READY=1")


def _banner(config: Config, link: str | None, *, is_ready: bool) -> str:
    base = config.server.public_url
    state = "is ready" if is_ready else "is waiting for the database"
    lines = [
        "",
        f"  aiwebengine {__version__} {state}",
        "",
        f"  Home      {base}/",
        f"  Editor    {base}/editor",
        f"  Manager   {base}/engine/admin",
        f"  GraphQL   {base}/graphql",
        f"  Health    {base}/health",
    ]
    if link is not None:
        lines += [
            "",
            "  First sign-in (once, 15 minutes, on this machine):",
            f"  {link}",
        ]
    elif not config.auth.providers:
        admin = next(iter(config.auth.bootstrap_admins), "admin@localhost")
        lines += ["", f"  Sign in   aiwebengine users sign-in-link {admin}"]
    return "\n".join([*lines, ""])
