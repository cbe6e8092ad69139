"""Every health check."""

from __future__ import annotations

from aiwebengine.core.config import Config
from aiwebengine.database import Database
from aiwebengine.health import checks, network, scripts
from aiwebengine.health.service import Health
from aiwebengine.health.types import Check
from reference.markdown import code, page, table

INTRODUCTION = """
How to ask for them, and what `/health` answers: [health.md](../health.md). Each check is `OK`,
`WARNING`, `FAILING`, or `UNKNOWN` when it can't be seen at present. Each is also the name of an
alert: [alerts.md](alerts.md).
""".strip()


def all_checks() -> list[Check]:
    """Every check that any configuration asks for, in the order of their names."""
    db = Database("postgresql://nowhere/nothing", max_connections=2)

    async def none_failed(minutes: int) -> tuple[int, int]:
        return 0, 0

    async def none() -> str | None:
        return None

    config = Config.model_validate(
        {
            "server": {"base_url": "https://engine.example.com"},
            "backup": {"s3": {"bucket": "backups", "endpoint": "https://s3.example.com"}},
        }
    )
    found = checks.of_instance(
        config, db, [("NAME", "NAME", "its address")], error_rate=none_failed
    )
    parent = 0
    return sorted(
        [
            *found,
            checks.workers(parent, 2),
            network.proxy(lambda: None),
            scripts.runs(none, dict, tuple),
            scripts.secrets(none),
            scripts.databases(none),
            Health(db, "one")._database.check,
        ],
        key=lambda check: check.name,
    )


def text() -> str:
    """The page."""
    columns = ("check", "title", "meaning", "what to do")
    rows = [(code(one.name), one.title, one.meaning, one.remedy) for one in all_checks()]
    return page("Health checks", INTRODUCTION, table(columns, rows))
