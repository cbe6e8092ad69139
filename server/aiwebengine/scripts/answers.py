"""Scripts as JSON: what REST answers and `--json` of the command line prints."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from aiwebengine.runtimes.types import Limits
from aiwebengine.scripts.records import Checked, Deployed, Saved
from aiwebengine.scripts.types import Script, ScriptOwner, ScriptRoute


def script(found: Script) -> dict[str, Any]:
    """A script."""
    return {
        "slug": found.slug,
        "title": found.title,
        "state": found.current_state.value,
        "version": found.newest_version,
        "active": found.active_version,
        "host": found.host,
        "page_mode": found.page_mode.value,
        "suspension_reason": found.suspension_reason,
        "created_at": found.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "created_by": found.created_by,
    }


def owner(found: ScriptOwner) -> dict[str, Any]:
    """An owner."""
    return {
        "email": found.email,
        "name": found.name,
        "added_at": found.added_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "added_by": found.added_by,
    }


def routes(found: Iterable[ScriptRoute]) -> list[dict[str, Any]]:
    """Routes."""
    return [{"method": one.method, "path": one.path} for one in found]


def limits(found: Limits) -> dict[str, Any]:
    """The limits that apply."""
    return asdict(found)


def checked(found: Checked) -> dict[str, Any]:
    """The result of a check."""
    return {
        "ok": found.is_deployable,
        "routes": routes(found.routes),
        "diagnostics": [one.as_json() for one in found.diagnostics],
    }


def saved(done: Saved) -> dict[str, Any]:
    """The result of saving without loading: nothing is known of routes and problems."""
    return {
        "slug": done.script.slug,
        "version": done.version.number,
        "active": done.script.active_version,
        "routes": [],
        "diagnostics": [],
    }


def deployed(done: Deployed) -> dict[str, Any]:
    """The result of a deployment."""
    return {
        "slug": done.script.slug,
        "version": done.version,
        "active": done.script.active_version,
        "routes": routes(done.routes),
        "diagnostics": [one.as_json() for one in done.diagnostics],
    }
