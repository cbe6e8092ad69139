"""The service's own checks of a restored database: does it answer as it should?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aiwebengine.audit.chain import Head
from aiwebengine.audit.types import AuditFilter
from aiwebengine.backups import restore
from aiwebengine.backups.manifest import Damaged
from aiwebengine.backups.restore import Loaded
from aiwebengine.backups.runs import RunHandle
from aiwebengine.backups.types import Manifest
from aiwebengine.core.errors import EngineError
from aiwebengine.core.formats import count
from aiwebengine.core.identity import Role
from aiwebengine.core.identity import engine as the_engine
from aiwebengine.users.types import UserFilter, UserOrder

if TYPE_CHECKING:
    from aiwebengine.app.engine import Engine

MakeEngine = Callable[[str], "Engine"]
# A trail that was tampered with before the backup is told by both, and keeps nobody from the only
# backup that there may be.
_TOLD_ONLY = "chain"


@dataclass(frozen=True)
class Filled:
    """A database that an archive was loaded into, and what the checks of it told."""

    loaded: Loaded
    checks: list[dict[str, object]]

    @property
    def problem(self) -> str | None:
        """What is wrong, in words; None when all is well."""
        return "; ".join(_words(one) for one in self.checks if not one["ok"]) or None

    def must_serve(self, name: str) -> None:
        """Raise Damaged when the engine could not serve from this database."""
        bad = [one for one in self.checks if not one["ok"] and one["name"] != _TOLD_ONLY]
        if bad:
            raise Damaged(f"{name}: {'; '.join(map(_words, bad))}")


async def filled(
    make_engine: MakeEngine, live: RunHandle, url: str, path: Path, manifest: Manifest
) -> Filled:
    """Load an archive into the empty database at *url* and check what came of it.

    The one way for a drill, a restore in place and one into another database, so that none can do
    what another can't. Raises as `restore.load` does.
    """
    loaded = await live.in_thread(restore.load, url, path, manifest, live.progress)
    rows = sum(manifest.tables.values())
    words = f"{rows} rows in {len(manifest.tables)} tables match the manifest."
    if loaded.left_out:
        words += f" Left out, not the engine's tables: {', '.join(loaded.left_out)}."
    if loaded.not_restored:
        words += f" Not restored, not the engine's own: {'; '.join(loaded.not_restored)}."
    checks: list[dict[str, object]] = [{"name": "rows", "ok": True, "told": words}]
    live.progress.at("Asking it what people ask")
    checks += await smoke_checks(make_engine(url), manifest)
    made = Filled(loaded, checks)
    if made.problem:
        live.progress.note(made.problem)
    return made


def _words(check: dict[str, object]) -> str:
    return f"{check['name']}: {check['told']}"


async def smoke_checks(engine: Engine, manifest: Manifest) -> list[dict[str, object]]:
    """Ask the restored database what people ask; name, outcome and words of each check."""
    viewer, services, checks = the_engine(), engine.services, []

    def told(name: str, ok: bool, words: str) -> None:
        checks.append({"name": name, "ok": ok, "told": words})

    try:
        await engine.prepare()
        trouble = await services.health.trouble()
        told("health", trouble is None, trouble or "The engine is healthy with it.")
        users = await services.users.count(viewer, UserFilter())
        page = await services.users.page(viewer, UserFilter(), UserOrder(), None, 50)
        expected = manifest.tables.get("users", 0)
        told("users", users == expected and bool(page) == bool(users), f"{count(users, 'user')}.")
        roles = await services.users.roles(viewer)
        admins = next(one.active_user_count for one in roles if one.role is Role.ADMINISTRATOR)
        told("roles", len(roles) == len(Role), f"{count(admins, 'active administrator')}.")
        events = await services.audit.page(viewer, AuditFilter(), None, 1)
        newest = max((event.number for event in events), default=0)
        told(
            "audit",
            (newest > 0) == bool(manifest.audit_event_id),
            f"The newest event is {newest}." if newest else "There are no events.",
        )
        head = manifest.audit_head
        verdict = await services.chain.verify(viewer, Head.parse(head) if head else None)
        told(
            "chain",
            verdict.problem is None,
            verdict.problem or f"{count(verdict.sealed, 'sealed event')} intact.",
        )
    except EngineError as error:
        told("answers", False, error.message)
    finally:
        await engine.db.disconnect()
    return checks
