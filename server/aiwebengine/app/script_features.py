"""What scripts can use: each feature adds its operations here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aiwebengine.core.config import Config
from aiwebengine.database import Database
from aiwebengine.script_calls.caller import ScriptCaller
from aiwebengine.script_calls.operations import Operations


@dataclass(frozen=True)
class Features:
    """What a feature may need when it adds itself."""

    config: Config
    db: Database
    operations: Operations
    caller: Callable[[], ScriptCaller]
    """The caller of scripts, which exists once all features are added."""


Add = Callable[[Features], None]

FEATURES: list[Add] = []
"""In this order; one line a feature."""


def add_features(features: Features) -> None:
    """Let each feature add its operations."""
    for add in FEATURES:
        add(features)
