"""Warnings about the files of asset routes, when a version is checked or deployed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiwebengine.script_assets.service import ScriptAssets
from aiwebengine.script_assets.serving import ALL_BELOW, path_of
from aiwebengine.scripts.activation import ActivationStep, Offered
from aiwebengine.scripts.files import digest_of
from aiwebengine.scripts.types import Diagnostic, Severity

MOST_WARNINGS = 20
"""Warnings of each kind."""


class AssetStep(ActivationStep):
    """Warns of routes without a file, and of files that a stored file takes the place of."""

    def __init__(self, assets: ScriptAssets) -> None:
        self._assets = assets

    async def check(self, offered: Offered) -> list[Diagnostic]:
        """A warning for each."""
        routes = [one for one in offered.registrations if one.get("kind") == "asset"]
        stored = await self._assets.stored(offered.script_id)
        if not routes and not stored:
            return []
        files = await offered.files()
        return [
            *_missing(routes, files.keys() | stored.keys())[:MOST_WARNINGS],
            *_covered(stored, files)[:MOST_WARNINGS],
        ]


def _missing(routes: list[dict[str, Any]], paths: set[str]) -> list[Diagnostic]:
    found = []
    for route in routes:
        path, asset = route.get("path"), route.get("asset")
        if not isinstance(asset, str) or not isinstance(path, str):
            continue
        if asset.endswith(ALL_BELOW):
            folder = asset.removeprefix("/")[:-1]
            is_there = any(one.startswith(folder) for one in paths)
        else:
            is_there = path_of(asset, {}) in paths
        if not is_there:
            found.append(
                _warning(f"GET {path}: the script has no file {asset[:200]}, so it answers 404.")
            )
    return found


def _covered(stored: Mapping[str, str], files: Mapping[str, bytes]) -> list[Diagnostic]:
    return [
        _warning(
            f"{path}: a stored file with this path is served instead of the version's. Remove it"
            f" with DELETE /api/engine/scripts/…/files/{path}, or env.files.delete."
        )
        for path in sorted(stored.keys() & files.keys())
        if stored[path] != digest_of(files[path])
    ]


def _warning(message: str) -> Diagnostic:
    return Diagnostic(severity=Severity.WARNING, message=message)
