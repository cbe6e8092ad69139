"""What scripts can use: each feature adds its operations here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiwebengine.core.config import Config
from aiwebengine.database import Database
from aiwebengine.health import scripts as health_scripts
from aiwebengine.script_assets.activation import AssetStep
from aiwebengine.script_assets.operations import FileOperations
from aiwebengine.script_calls.caller import ScriptCaller
from aiwebengine.script_calls.converting import Conversions
from aiwebengine.script_calls.journal import CallJournal
from aiwebengine.script_calls.operations import Operations
from aiwebengine.script_database.activation import DatabaseStep
from aiwebengine.script_database.classic import ClassicOperations
from aiwebengine.script_database.migrating import ScriptMigrations
from aiwebengine.script_database.operations import ModuleOperations
from aiwebengine.script_fetch import operations as fetch
from aiwebengine.script_mcp import outgoing as mcp_client
from aiwebengine.script_mcp.activation import McpActivation
from aiwebengine.script_routes.active import OnSwitch
from aiwebengine.script_secrets import operations as secrets
from aiwebengine.script_streams.broadcast import ScriptBroadcast
from aiwebengine.script_values.operations import ValueOperations
from aiwebengine.scripts.activation import ActivationStep

if TYPE_CHECKING:
    from aiwebengine.app.services import Services


@dataclass(frozen=True)
class Features:
    """What a feature may need when it adds itself."""

    config: Config
    db: Database
    services: Services
    operations: Operations
    journal: CallJournal
    caller: Callable[[], ScriptCaller]
    """The caller of scripts, which exists once all features are added."""
    broadcast: ScriptBroadcast
    """Carries messages to those who listen, in every worker."""
    steps: list[ActivationStep] = field(default_factory=list)
    """What features do at each deployment and deletion: they append theirs."""
    on_switch: list[OnSwitch] = field(default_factory=list)
    """What features do when this worker serves another version: they append theirs."""
    at_stop: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    """What features do once no script is running any more: they append theirs."""


Add = Callable[[Features], None]


def _database(features: Features) -> None:
    databases = features.services.script_databases
    ModuleOperations(databases).add_to(features.operations)
    ClassicOperations(databases).add_to(features.operations)
    features.steps.append(DatabaseStep(databases, ScriptMigrations(features.db)))
    features.at_stop.append(databases.stop)
    features.services.health.watch(health_scripts.databases(databases.problem))


FEATURES: list[Add] = [
    lambda features: Conversions().add_to(features.operations),
    _database,
    lambda features: secrets.add(features.operations, features.services.script_secrets),
    lambda features: fetch.add(
        features.operations, features.services.outbound, features.journal.line
    ),
    lambda features: ValueOperations(features.services.script_values).add_to(features.operations),
    lambda features: FileOperations(features.services.script_assets).add_to(features.operations),
    lambda features: features.steps.append(AssetStep(features.services.script_assets)),
    lambda features: mcp_client.add(features.operations, features.services.outbound),
    lambda features: features.steps.append(McpActivation(features.db)),
]
"""In this order; one line a feature."""


def add_features(features: Features) -> None:
    """Let each feature add its operations."""
    for add in FEATURES:
        add(features)
