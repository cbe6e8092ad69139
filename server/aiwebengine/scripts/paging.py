"""Cursors of lists of scripts, versions, deployments and log lines."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from aiwebengine.core.errors import BadUserInput

if TYPE_CHECKING:
    from aiwebengine.scripts.store import Key
    from aiwebengine.scripts.types import Script, ScriptFilter

LIST = "scripts"
VERSIONS = "scriptVersions"
LOG = "scriptLog"
ACTIVATIONS = "scriptActivations"


def binding(wanted: ScriptFilter) -> str:
    """Identifies the filtered list that a cursor belongs to."""
    return repr(wanted)


def key(script: Script) -> Key:
    """The script's place in the list."""
    return script.slug, script.key


def key_of(decoded: tuple[object, ...] | None) -> Key | None:
    """A decoded cursor as a key of this list. Raises BadUserInput."""
    match decoded:
        case None:
            return None
        case (str() as slug, UUID() as script_id):
            return slug, script_id
    raise BadUserInput("`after` is not a cursor of this list.")


def number_of(decoded: tuple[object, ...] | None) -> int | None:
    """A decoded cursor of a list of versions, deployments or log lines. Raises BadUserInput."""
    match decoded:
        case None:
            return None
        case (int() as number,):
            return number
    raise BadUserInput("`after` is not a cursor of this list.")
