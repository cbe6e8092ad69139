"""Checks of a restored database by the engine itself."""

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
from aiwebengine.scripts.verifying import verified
from aiwebengine.users.types import UserFilter, UserOrder

if TYPE_CHECKING:
    from aiwebengine.app.engine import Engine

MakeEngine = Callable[[str], "Engine"]
# Reported but not fatal: an audit trail that was already tampered with, or a script that does not
# load, must not prevent restoring what may be the only backup.
_REPORT_ONLY = frozenset({"chain", "scripts", "secrets"})


@dataclass(frozen=True)
class Filled:
    """A restored database and the results of its checks."""

    loaded: Loaded
    checks: list[dict[str, object]]

    @property
    def problem(self) -> str | None:
        """Failed checks in words; None if all passed."""
        return "; ".join(_words(one) for one in self.checks if not one["ok"]) or None

    def must_serve(self, name: str) -> None:
        """Raise Damaged if the engine can't run on this database."""
        bad = [one for one in self.checks if not one["ok"] and one["name"] not in _REPORT_ONLY]
        if bad:
            raise Damaged(f"{name}: {'; '.join(map(_words, bad))}")


async def filled(
    make_engine: MakeEngine, live: RunHandle, url: str, path: Path, manifest: Manifest
) -> Filled:
    """Load an archive into the empty database at *url* and check the result.

    Drills and all restores use this function, so that a drill proves what a restore does. Raises
    like `restore.load`.
    """
    loaded = await live.in_thread(restore.load, url, path, manifest, live.progress)
    rows = sum(manifest.tables.values())
    words = f"{rows} rows in {len(manifest.tables)} tables match the manifest."
    if loaded.left_out:
        words += f" Skipped (not tables of the engine): {', '.join(loaded.left_out)}."
    if loaded.not_restored:
        words += f" Not restored (not created by the engine): {'; '.join(loaded.not_restored)}."
    checks: list[dict[str, object]] = [{"name": "rows", "ok": True, "told": words}]
    live.progress.at("Checking the restored database")
    checks += await smoke_checks(make_engine(url), manifest)
    result = Filled(loaded, checks)
    if result.problem:
        live.progress.note(result.problem)
    return result


def _words(check: dict[str, object]) -> str:
    return f"{check['name']}: {check['told']}"


async def smoke_checks(engine: Engine, manifest: Manifest) -> list[dict[str, object]]:
    """Run queries against the restored database; return name, outcome and text of each check."""
    viewer, services, checks = the_engine(), engine.services, []

    def report(name: str, ok: bool, words: str) -> None:
        checks.append({"name": name, "ok": ok, "told": words})

    try:
        await engine.prepare()
        unavailable = await services.health.trouble()
        report("health", unavailable is None, unavailable or "The engine is healthy.")
        users = await services.users.count(viewer, UserFilter())
        page = await services.users.page(viewer, UserFilter(), UserOrder(), None, 50)
        expected = manifest.tables.get("users", 0)
        report("users", users == expected and bool(page) == bool(users), f"{count(users, 'user')}.")
        roles = await services.users.roles(viewer)
        admins = next(one.active_user_count for one in roles if one.role is Role.ADMINISTRATOR)
        report("roles", len(roles) == len(Role), f"{count(admins, 'active administrator')}.")
        events = await services.audit.page(viewer, AuditFilter(), None, 1)
        newest = max((event.number for event in events), default=0)
        report(
            "audit",
            (newest > 0) == bool(manifest.audit_event_id),
            f"The newest event is {newest}." if newest else "There are no events.",
        )
        head = manifest.audit_head
        verdict = await services.chain.verify(viewer, Head.parse(head) if head else None)
        report(
            "chain",
            verdict.problem is None,
            verdict.problem or f"{count(verdict.sealed, 'sealed event')} intact.",
        )
        found = await verified(services.scripts)
        report("scripts", found.problem is None, found.problem or found.summary)
        unreadable = await services.script_secrets.unreadable()
        report(
            "secrets",
            not unreadable,
            " ".join(unreadable) or "Secrets of scripts can be decrypted.",
        )
    except EngineError as error:
        report("answers", False, error.message)
    finally:
        await engine.runtimes.stop()
        await engine.db.disconnect()
    return checks
