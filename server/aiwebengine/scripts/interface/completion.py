"""The table as completions of an editor."""

from __future__ import annotations

from typing import Any

from aiwebengine.scripts.interface import Interface


def completions(table: Interface, dialect: str) -> list[dict[str, Any]]:
    """One object for each name: `label`, `type`, `detail`, `info`, as CodeMirror takes them."""
    return [
        {
            "label": one.path,
            "type": "function" if one.is_function else "property",
            "detail": one.signature,
            "info": one.doc,
        }
        for one in table.names(dialect)
        if not one.path.startswith("export.")
    ]
