"""The service's own checks of a restored database: does it answer as it should?"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from aiwebengine.audit.chain import Head
from aiwebengine.audit.types import AuditFilter
from aiwebengine.backups.types import Manifest
from aiwebengine.errors import EngineError
from aiwebengine.users.types import Role, UserFilter, UserOrder
from aiwebengine.viewer import engine as the_engine

if TYPE_CHECKING:
    from aiwebengine.app import Engine

MakeEngine = Callable[[str], "Engine"]


async def smoke_checks(engine: Engine, manifest: Manifest) -> list[dict[str, object]]:
    """Ask the restored database what people ask; name, outcome and words of each check."""
    viewer, services, checks = the_engine(), engine.services, []

    def told(name: str, ok: bool, words: str) -> None:
        checks.append({"name": name, "ok": ok, "told": words})

    try:
        await engine.prepare()
        trouble = await services.health.trouble()
        told("health", trouble is None, trouble or "The engine is well on it.")
        users = await services.users.count(viewer, UserFilter())
        page = await services.users.page(viewer, UserFilter(), UserOrder(), None, 50)
        expected = manifest.tables.get("users", 0)
        told("users", users == expected and bool(page) == bool(users), f"{users} users.")
        roles = await services.users.roles(viewer)
        admins = next(one.active_user_count for one in roles if one.role is Role.ADMINISTRATOR)
        told("roles", len(roles) == len(Role), f"{admins} active administrators.")
        events = await services.audit.page(viewer, AuditFilter(), None, 1)
        newest = max((event.number for event in events), default=0)
        told(
            "audit",
            (newest > 0) == bool(manifest.audit_event_id),
            f"The newest event is {newest}." if newest else "There are no events.",
        )
        head = manifest.audit_head
        verdict = await services.chain.verify(viewer, Head.parse(head) if head else None)
        told("chain", verdict.problem is None, verdict.problem or f"{verdict.sealed} seals hold.")
    except EngineError as error:
        told("answers", False, error.message)
    finally:
        await engine.db.disconnect()
    return checks
