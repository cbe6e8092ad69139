"""The response of `/metrics`: counters of the processes, and values read for each request."""

from __future__ import annotations

import asyncio
import platform
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from prometheus_client import CollectorRegistry, disable_created_metrics, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from aiwebengine import __version__
from aiwebengine.core.errors import Unavailable
from aiwebengine.health.service import Health
from aiwebengine.health.state import DATABASE
from aiwebengine.health.types import EngineState, EngineStatus, HealthCheck, HealthState
from aiwebengine.metrics.folder import deaths
from aiwebengine.metrics.instruments import PREFIX, Instruments
from aiwebengine.metrics.script_labels import ScriptLabels
from aiwebengine.telemetry.beats import ThisInstance
from aiwebengine.telemetry.scripts import ScriptUsage

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# Counting millions of sessions is slow, so the number is cached.
SESSIONS_EVERY_SECS = 60.0

# Creation times would double the number of series; Prometheus detects resets without them.
disable_created_metrics()


class Exposition:
    """Renders the metrics of this instance.

    *health* provides the state of the engine and its checks, and *live_sessions* the number of
    sessions. *folder* holds the metrics of all workers; None with a single process. Set
    `backup_age` to a function that returns the age of the newest good backup in seconds, or None,
    and `scripts` to one that returns what each script uses; None where scripts are off.
    """

    def __init__(
        self,
        instruments: Instruments,
        instance: ThisInstance,
        folder: Path | None,
        health: Health,
        live_sessions: Callable[[], Awaitable[int]],
    ) -> None:
        self._instruments = instruments
        self._instance = instance
        self._folder = folder
        self._health = health
        self._live_sessions = live_sessions
        self._sessions: tuple[float, int] | None = None
        self.backup_age: Callable[[], Awaitable[float | None]] | None = None
        self.scripts: Callable[[], Awaitable[Mapping[str, ScriptUsage]]] | None = None

    async def text(self) -> bytes:
        """All metrics of all workers of this instance, in the Prometheus text format."""
        found = list(self._of_instance())
        status = await self._health.status()
        found += _of_health(status, self._health.seen())
        if self.scripts is not None:
            found += _of_scripts(await self.scripts(), self._instruments.script_labels)
        is_up = DATABASE not in status.reasons
        found.append(_gauge("database_up", "1 when the database answers, else 0.", is_up))
        if is_up:
            with suppress(Unavailable):
                found += await self._of_database()
        return await asyncio.to_thread(self._render, found)

    def _render(self, found: list[Metric]) -> bytes:
        registry = CollectorRegistry()
        registry.register(_FixedMetrics(found))
        if self._folder is None:
            return generate_latest(self._instruments.registry) + generate_latest(registry)
        MultiProcessCollector(registry, str(self._folder))
        return generate_latest(registry)

    def _of_instance(self) -> Iterator[Metric]:
        info = GaugeMetricFamily(
            f"{PREFIX}info",
            "Always 1; the labels contain the versions.",
            labels=["version", "python_version"],
        )
        info.add_metric([__version__, platform.python_version()], 1)
        yield info
        started = self._instance.started_at.timestamp()
        yield _gauge("start_time_seconds", "Start time of the instance, in Unix time.", started)
        configured = self._instance.workers
        yield _gauge("workers_configured", "Configured number of worker processes.", configured)
        died = 0 if self._folder is None else deaths(self._folder)
        yield CounterMetricFamily(
            f"{PREFIX}worker_deaths", "Worker processes that died and were replaced.", died
        )

    async def _of_database(self) -> list[Metric]:
        sessions = await self._count_sessions()
        found = [_gauge("sessions", "Sessions that are live, of all instances.", sessions)]
        age = None if self.backup_age is None else await self.backup_age()
        if age is not None:
            meaning = "Time since the newest good backup, of all instances."
            found.append(_gauge("backup_age_seconds", meaning, age))
        return found

    async def _count_sessions(self) -> int:
        now = time.monotonic()
        if self._sessions is None or now - self._sessions[0] >= SESSIONS_EVERY_SECS:
            self._sessions = (now, await self._live_sessions())
        return self._sessions[1]


def _of_health(status: EngineStatus, checks: list[HealthCheck]) -> Iterator[Metric]:
    state = GaugeMetricFamily(
        f"{PREFIX}state", "1 for the state that the engine is in, else 0.", labels=["state"]
    )
    for value in EngineState:
        state.add_metric([value.value], value is status.state)
    yield state
    check = GaugeMetricFamily(
        f"{PREFIX}health_check",
        "1 for the state that a health check is in, else 0.",
        labels=["check", "state"],
    )
    for seen in checks:
        for known in HealthState:
            check.add_metric([seen.name, known.value], known is seen.state)
    yield check


def _of_scripts(usage: Mapping[str, ScriptUsage], labels: ScriptLabels) -> Iterator[Metric]:
    """Scripts without a label of their own are added up."""
    memory, waiting, ends = Counter[str](), Counter[str](), Counter[str]()
    for slug, used in usage.items():
        label = labels.of(slug)
        memory[label] += used.memory_bytes
        waiting[label] += used.waiting
        ends[label] += used.ended_processes
    total = sum(used.processes for used in usage.values())
    yield _gauge("script_processes", "Processes of scripts.", total)
    meanings = (
        ("script_memory_bytes", "Resident memory of the script's processes.", memory),
        ("script_waiting", "Requests that wait for a process of the script.", waiting),
    )
    for name, meaning, values in meanings:
        gauge = GaugeMetricFamily(PREFIX + name, meaning, labels=["script"])
        for label, value in values.items():
            gauge.add_metric([label], value)
        yield gauge
    ended = CounterMetricFamily(
        f"{PREFIX}script_process_ends",
        "Processes that ended for the script's own fault: time, memory, crash.",
        labels=["script"],
    )
    for label, value in ends.items():
        ended.add_metric([label], value)
    yield ended


class _FixedMetrics(Collector):
    """Collector of metrics whose values have been read already."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> list[Metric]:
        return self._metrics


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(PREFIX + name, meaning, float(value))
