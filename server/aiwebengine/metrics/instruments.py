"""All metrics, with their name, unit and meaning.

Every label has few values: templates of routes, fields of the schema, configured providers. Text
that a caller can choose freely is never a label.
"""

from __future__ import annotations

from pathlib import Path
from typing import Generic, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import Scope

from aiwebengine.database.pool import Statement
from aiwebengine.metrics.script_labels import OTHER_SCRIPTS, ScriptLabels
from aiwebengine.telemetry.beats import Beat
from aiwebengine.telemetry.histogram import BOUNDS_SECS
from aiwebengine.web.patterns import UNROUTED, method_of

PREFIX = "aiwebengine_"
LABELS = {
    "answer": "`2xx` to `5xx`, the code of an error, or `cancelled`",
    "check": "the name of the health check",
    "script": "the slug of the script; `(other)` beyond the first 200 of an instance",
    "state": "`up`, `degraded` or `down`; of a check `ok`, `warning`, `failing` or `unknown`",
    "code": "the error's code; see errors.md",
    "method": "the method of the request; `(other)` for unusual ones",
    "operation": "kind and first field, as in `query users`; ` +` at the end if there are more",
    "provider": "the provider's section in the configuration, or `link` for a sign-in link",
    "python_version": "the version of Python",
    "result": "`succeeded` or `failed`; an operation with any error in its response has failed",
    "route": "the route's template, as in `/auth/login/{provider}`; `(none)` for unknown addresses"
    " and for requests that were refused before routing",
    "status": "the status of the response",
    "version": "the version of the engine",
}
"""Description of each label."""


Metric = TypeVar("Metric", Counter, Histogram)


class _Labelled(dict[tuple[str, ...], Metric], Generic[Metric]):
    """Caches the child of a metric for each tuple of label values.

    The library's own look-up takes a lock each time, and each request needs five of them.
    """

    def __init__(self, metric: Metric) -> None:
        super().__init__()
        self._metric: Metric = metric

    def __missing__(self, labels: tuple[str, ...]) -> Metric:
        child: Metric = self._metric.labels(*labels)
        self[labels] = child
        return child


class Instruments:
    """The metrics of one process, in their own registry; *folder* has those of all workers."""

    def __init__(self, folder: Path | None = None) -> None:
        self.registry = CollectorRegistry()
        self.script_labels = ScriptLabels(folder)
        self._requests = _Labelled(
            self._counter(
                "http_requests",
                "Handled requests by method, route template and status.",
                "method",
                "route",
                "status",
            )
        )
        self._request_seconds = _Labelled(
            self._histogram(
                "http_request_duration_seconds",
                "Time until the response started, by method and route template.",
                "method",
                "route",
            )
        )
        self._operations = _Labelled(
            self._counter(
                "graphql_operations",
                "Executed operations by kind and first field, and whether they had errors.",
                "operation",
                "result",
            )
        )
        self._operation_seconds = _Labelled(
            self._histogram(
                "graphql_operation_duration_seconds",
                "Execution time of queries and mutations by kind and first field.",
                "operation",
            )
        )
        self._errors = self._counter(
            "graphql_errors", "Errors in GraphQL responses by code.", "code"
        )
        self._subscriptions = self._gauge("graphql_subscriptions", "Open subscriptions.")
        self._statement_seconds = _Labelled(
            self._histogram(
                "database_statement_duration_seconds",
                "Execution time of statements, without the wait for a connection, by result.",
                "result",
            )
        )
        self._wait_seconds = self._histogram(
            "database_pool_wait_seconds", "Time that statements waited for a free connection."
        )
        self._pool_size = self._gauge("database_pool_connections", "Open connections of the pools.")
        self._pool_in_use = self._gauge(
            "database_pool_connections_in_use", "Connections of the pools in use."
        )
        self._pool_maximum = self._gauge(
            "database_pool_connections_max", "Maximum number of connections of the pools."
        )
        self._pool_waiting = self._gauge(
            "database_pool_waiting", "Tasks waiting for a free connection."
        )
        self._sign_ins = self._counter(
            "sign_ins", "Sign-in attempts by provider and result.", "provider", "result"
        )
        self._script_requests = _Labelled(
            self._counter(
                "script_requests", "Requests answered by scripts, by status.", "script", "status"
            )
        )
        self._script_seconds = _Labelled(
            self._histogram("script_duration_seconds", "Time until scripts had answered.", "script")
        )
        self._script_fetches = _Labelled(
            self._counter(
                "script_fetches",
                "Requests of scripts to other servers, by answer.",
                "script",
                "answer",
            )
        )
        self._script_fetch_seconds = _Labelled(
            self._histogram(
                "script_fetch_duration_seconds",
                "Time of requests of scripts to other servers.",
                "script",
            )
        )
        self._workers = self._gauge("workers", "Worker processes that are up.")
        self._memory = self._gauge(
            "process_resident_memory_bytes", "Resident memory of the worker processes."
        )
        self._cpu = self._counter("process_cpu_seconds", "CPU time used by the worker processes.")
        self._lag = Gauge(
            f"{PREFIX}event_loop_lag_seconds",
            "Maximum event-loop lag of any worker since its previous heartbeat.",
            registry=self.registry,
            multiprocess_mode="livemax",
        )

    def answered(self, scope: Scope, status: int, seconds: float) -> None:
        """Count a request; *seconds* is the time until the response started."""
        method = method_of(scope)
        route = getattr(scope.get("route"), "path", UNROUTED)
        self._requests[method, route, str(status)].inc()
        self._request_seconds[method, route].observe(seconds)

    def script_answered(self, slug: str, status: int, seconds: float) -> None:
        """Count a request that a script answered; *seconds* is the time until it had answered."""
        script = self.script_labels.of(slug)
        self._script_requests[script, str(status)].inc()
        self._script_seconds[(script,)].observe(seconds)

    def script_fetched(self, slug: str, answer: str, seconds: float) -> None:
        """Count a request of a script to another server."""
        script = self.script_labels.of(slug) if slug else OTHER_SCRIPTS
        self._script_fetches[script, answer].inc()
        self._script_fetch_seconds[(script,)].observe(seconds)

    def operation(self, name: str, seconds: float, codes: list[str]) -> None:
        """Count an executed operation."""
        self._operations[name, "failed" if codes else "succeeded"].inc()
        self._operation_seconds[(name,)].observe(seconds)
        self.refused(codes)

    def refused(self, codes: list[str]) -> None:
        """Count the errors of a response."""
        for code in codes:
            self._errors.labels(code).inc()

    def statement(self, statement: Statement) -> None:
        """Count a statement."""
        result = "failed" if statement.failed else "succeeded"
        self._statement_seconds[(result,)].observe(statement.took_secs)
        self._wait_seconds.observe(statement.waited_secs)

    def sign_in(self, provider: str, succeeded: bool) -> None:
        """Count a sign-in attempt."""
        self._sign_ins.labels(provider, "succeeded" if succeeded else "failed").inc()

    def beat(self, beat: Beat) -> None:
        """Set this worker's gauges from a heartbeat."""
        self._workers.set(1)
        self._memory.set(beat.memory_bytes)
        self._cpu.inc(beat.cpu_seconds)
        self._lag.set(beat.loop_lag_secs)
        self._pool_size.set(beat.pool_size)
        self._pool_in_use.set(beat.pool_in_use)
        self._pool_maximum.set(beat.pool_maximum)
        self._pool_waiting.set(beat.pool_waiting)
        self._subscriptions.set(beat.subscriptions)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(PREFIX + name, meaning, labels, registry=self.registry)

    def _histogram(self, name: str, meaning: str, *labels: str) -> Histogram:
        return Histogram(
            PREFIX + name, meaning, labels, registry=self.registry, buckets=BOUNDS_SECS
        )

    def _gauge(self, name: str, meaning: str) -> Gauge:
        return Gauge(PREFIX + name, meaning, registry=self.registry, multiprocess_mode="livesum")
