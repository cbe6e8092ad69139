"""Runs the web server of one instance."""

from __future__ import annotations

import asyncio
import gc
import logging
import math
import os
import signal
import socket
from collections.abc import Callable, Coroutine
from contextlib import suppress
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
from aiwebengine.logs.setup import configure_logging
from aiwebengine.metrics.folder import bury, keep_in, shared_folder
from aiwebengine.rate_limits.service import client_network
from aiwebengine.telemetry.beats import ThisInstance
from aiwebengine.terminal.commands import say
from aiwebengine.terminal.output import OutputFailed
from aiwebengine.web.connections import Connections, LimitedHttp, LimitedWebSocket
from aiwebengine.web.crowding import Places, crowds

log = logging.getLogger(__name__)

# How often a stop that waits looks whether it is to wait no longer.
PULSE_SECS = 0.1
# How many objects more than were freed make the collector look; a page of 200 users has 2,000.
GARBAGE_THRESHOLD = 10_000
ASK_FOR_TIME_EVERY_SECS = 30
# How long what was sent may remain unread.
UNREAD_TIMEOUT_MS = 120_000


class NotServing(Exception):
    """The engine can't start; the message says why and what to do."""


def run(config: Config, url: str) -> None:
    """Serve until told to stop (SIGTERM, Ctrl-C); finish what is running first.

    Raises NotServing, KeyboardInterrupt when told to stop.
    """
    # Uvicorn stops in good order and then passes the signal on, which would end us before the
    # embedded database is stopped.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    listening = _listen(config)
    config = config.at_port(listening.getsockname()[1])
    if config.performance.worker_pool_size == 1:
        _run(_alone(config, url, listening))
        return
    link, is_ready = asyncio.run(_begin(config, url))
    instance = ThisInstance(workers=config.performance.worker_pool_size)
    with shared_folder() as folder:
        workers = Workers(
            partial(_work, config, instance, folder),
            config,
            url,
            listening,
            on_death=partial(bury, folder),
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: workers.stop())
        workers.run(lambda: _announce(config, link, is_ready=is_ready))


def _run(serving: Coroutine[Any, Any, None]) -> None:
    """Serve on uvloop where it is to be had, which takes less of the processor than asyncio's."""
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        runner.run(serving)


async def _alone(config: Config, url: str, listening: socket.socket) -> None:
    engine = Engine(config, url)
    link = await _prepare(engine)
    is_ready = engine.is_ready
    await _serve(engine, config, listening, lambda: _announce(config, link, is_ready=is_ready))


async def _begin(config: Config, url: str) -> tuple[str | None, bool]:
    """What is done once before the workers start; the first sign-in link, if one is due, and
    whether the database answered."""
    engine = Engine(config, url)
    try:
        return await _prepare(engine), engine.is_ready
    finally:
        await engine.db.disconnect()


def _work(
    whole: Config,
    instance: ThisInstance,
    folder: Path,
    config: Config,
    url: str,
    listening: socket.socket,
    place: int,
    ready: Callable[[], None],
) -> None:
    """What one of several worker processes does, with its share of the *whole* instance's."""
    configure_logging(config.logging)
    keep_in(folder, place)
    _run(_one_of_many(Engine(config, url, instance, place, folder), whole, listening, ready))


async def _one_of_many(
    engine: Engine, whole: Config, listening: socket.socket, ready: Callable[[], None]
) -> None:
    # A worker that listened before it can answer would refuse what others could have answered.
    with suppress(EngineError):
        await engine.prepare()
    await _serve(engine, whole, listening, ready)


async def _prepare(engine: Engine) -> str | None:
    """Prepare; the first sign-in link, if one is due. Raises NotServing."""
    asking = asyncio.create_task(_ask_for_time())
    try:
        await engine.prepare()
        warning = await asyncio.to_thread(engine.services.migrations.server_warning)
        if warning:
            log.warning("database.newer_than_tested", extra={"detail": warning})
        return await engine.first_sign_in_link()
    except Unavailable as error:
        # Not an end: the engine answers 503 and goes on by itself once the database is back.
        say(f"{error.message} Serving 503 until that is over.", err=True)
        return None
    except EngineError as error:
        raise NotServing(error.message) from None
    finally:
        asking.cancel()


async def _ask_for_time() -> None:
    """Let the service manager wait: a large database takes time to back up and migrate."""
    while True:
        _tell_service_manager(f"EXTEND_TIMEOUT_USEC={2_000_000 * ASK_FOR_TIME_EVERY_SECS}")
        await asyncio.sleep(ASK_FOR_TIME_EVERY_SECS)


async def _serve(
    engine: Engine, whole: Config, listening: socket.socket, ready: Callable[[], None]
) -> None:
    """Serve on this socket until told to stop; *ready* is called once it listens.

    *whole* is the configuration as the operator wrote it, which a worker has a share of.
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
            # The application does this: see TrustedProxies.
            proxy_headers=False,
            server_header=False,
            # A thousand followers would need a thousand compressors, for a hundred bytes at a time.
            # Nor may an answer with a secret beside text of the caller's be compressed.
            ws_per_message_deflate=False,
            ws_max_size=config.security.max_request_body_bytes,
        ),
        ready,
        engine,
    )
    await server.serve(sockets=[listening])


def protocols(config: Config) -> dict[str, Any]:
    """What speaks HTTP and WebSocket with clients, within the configured limits."""
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
    """Says so once it really listens; lets proxies look elsewhere before it stops."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None], engine: Engine) -> None:
        super().__init__(config)
        self._ready = ready
        self._engine = engine

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # Everything that exists now stays: exclude it from later collections. Requests leave little
        # garbage. What the modules created is excluded already (`cli.main`).
        gc.collect()
        gc.freeze()
        gc.set_threshold(GARBAGE_THRESHOLD)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._drain()
        for verb in self._engine.at_stop:
            await verb()
        await super().shutdown(sockets)

    async def _drain(self) -> None:
        """Go on answering for a while; a second signal makes it short."""
        self._engine.is_leaving = True
        for _ in range(round(self._engine.config.server.drain_secs / PULSE_SECS)):
            if self.force_exit:
                return
            await asyncio.sleep(PULSE_SECS)


def _listen(config: Config) -> socket.socket:
    host, port = config.server.host, config.server.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Told that it is TCP, asyncio sends small answers at once; else each would wait for 40 ms.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        # A client that is gone, or does not read its answer, must not hold a connection for ever.
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
    # An engine whose output goes nowhere serves all the same.
    with suppress(OutputFailed):
        click.echo(_banner(config, link, is_ready=is_ready))
    _tell_service_manager("READY=1")


def _tell_service_manager(state: str) -> None:
    """Say it to systemd, where that is who started us: see sd_notify(3)."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as teller:
        # A name that begins with @ is not a file's.
        teller.connect(address.replace("@", "\0", 1) if address[0] == "@" else address)
        teller.send(state.encode())


def _banner(config: Config, link: str | None, *, is_ready: bool) -> str:
    base = config.server.public_url
    state = "is ready" if is_ready else "is waiting for the database"
    lines = [
        "",
        f"  aiwebengine {__version__} {state}",
        "",
        f"  Home      {base}/",
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
