"""Every metric."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.parser import text_string_to_metric_families

from aiwebengine.database import Database
from aiwebengine.health.service import Health
from aiwebengine.health.types import EngineState, EngineStatus, HealthCheck, HealthState
from aiwebengine.metrics.exposition import Exposition
from aiwebengine.metrics.instruments import LABELS, Instruments
from aiwebengine.telemetry.beats import ThisInstance
from aiwebengine.telemetry.scripts import ScriptUsage
from reference.markdown import code, codes, page, table

INTRODUCTION = """
The output of `GET /metrics`, for all worker processes of an instance. How to set up Prometheus
and aggregate the metrics: [metrics.md](../metrics.md). A histogram is the series
`_bucket`, `_sum` and `_count`.
""".strip()


@dataclass(frozen=True)
class Told:
    """A metric."""

    name: str
    kind: str
    meaning: str
    labels: tuple[str, ...]


def metrics() -> list[Told]:
    """All of them, in the order of their names."""
    instruments = Instruments()
    labels = {
        one._name: tuple(one._labelnames)
        for one in instruments.registry._collector_to_names
        if isinstance(one, MetricWrapperBase)
    }
    text = asyncio.run(_exposed(instruments)).decode()
    kinds = dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE))
    meanings = dict(re.findall(r"^# HELP (\w+) (.*)$", text, re.MULTILINE))
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels.setdefault(family.name, tuple(sample.labels))
    return [
        Told(name, kinds[name], meanings.get(name, ""), labels[name.removesuffix("_total")])
        for name in sorted(kinds)
    ]


def text() -> str:
    """The page."""
    found = metrics()
    rows = [(code(one.name), one.kind, one.meaning, codes(one.labels)) for one in found]
    used = sorted({label for one in found for label in one.labels})
    return page(
        "Metrics",
        INTRODUCTION,
        table(("metric", "kind", "meaning", "labels"), rows),
        "## Labels",
        table(("label", "meaning"), [(code(name), LABELS[name]) for name in used]),
    )


class _Healthy(Health):
    """Health of an engine whose database answers; there is none here."""

    async def status(self) -> EngineStatus:
        now = datetime.now(UTC)
        return EngineStatus(state=EngineState.UP, since=now, failing=[], warnings=[], reasons={})

    def seen(self) -> list[HealthCheck]:
        now = datetime.now(UTC)
        return [
            HealthCheck(
                name="database",
                title="Database",
                state=HealthState.OK,
                detail="",
                since=now,
                checked_at=now,
                remedy=None,
                times=1,
                is_shared=False,
            )
        ]


async def _exposed(instruments: Instruments) -> bytes:
    """The text of an instance that has a value for every metric."""

    async def none_yet() -> int:
        return 0

    async def age() -> float:
        return 0.0

    async def one_script() -> dict[str, ScriptUsage]:
        return {"hello": ScriptUsage()}

    health = _Healthy(Database("postgresql://nobody@127.0.0.1:1/nothing"), "one")
    exposition = Exposition(instruments, ThisInstance(), None, health, none_yet)
    exposition.backup_age = age
    exposition.scripts = one_script
    return await exposition.text()
