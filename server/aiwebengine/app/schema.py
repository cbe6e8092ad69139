"""The GraphQL schema: the operations of all features."""

from __future__ import annotations

from functools import cache

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.name_converter import NameConverter
from strawberry.tools import create_type
from strawberry.utils.str_converters import to_camel_case

from aiwebengine.access_reviews import graphql as reviews
from aiwebengine.alerts import graphql as alerts
from aiwebengine.audit import graphql as audit
from aiwebengine.auth import graphql as auth
from aiwebengine.backups import graphql as backups
from aiwebengine.core.scalars import BIG_INT, BigInt
from aiwebengine.database_admin import graphql as care
from aiwebengine.graphql.arguments import let_null_mean_the_default
from aiwebengine.graphql.descriptions import describe
from aiwebengine.graphql.rights import rights_by_operation
from aiwebengine.health import graphql as health
from aiwebengine.jobs import graphql as schedules
from aiwebengine.logs import graphql as logs
from aiwebengine.maintenance import graphql as maintenance
from aiwebengine.migrations import graphql as migrations
from aiwebengine.script_assets import graphql as script_assets
from aiwebengine.script_drafts import graphql as script_drafts
from aiwebengine.script_fetch import graphql as script_fetch
from aiwebengine.script_language import graphql as script_language
from aiwebengine.script_messages import graphql as script_messages
from aiwebengine.script_requests import graphql as script_requests
from aiwebengine.script_schedules import graphql as script_schedules
from aiwebengine.script_secrets import graphql as script_secrets
from aiwebengine.script_streams import graphql as script_streams
from aiwebengine.script_tables import graphql as script_tables
from aiwebengine.script_trials import graphql as script_trials
from aiwebengine.script_values import graphql as script_values
from aiwebengine.scripts import graphql as scripts
from aiwebengine.signing_keys import graphql as keys
from aiwebengine.telemetry import graphql as system
from aiwebengine.users import graphql as users


class _Names(NameConverter):
    """Strawberry's names, cached: Strawberry converts each argument's name in each request."""

    def apply_naming_config(self, name: str) -> str:
        """`first_name` becomes `firstName`."""
        return _in_camel_case(name)


@cache
def _in_camel_case(name: str) -> str:
    return to_camel_case(name)


schema = strawberry.Schema(
    query=create_type(
        "Query",
        [
            *auth.queries,
            *users.queries,
            *audit.queries,
            *logs.queries,
            *system.queries,
            *migrations.queries,
            *care.queries,
            *health.queries,
            *alerts.queries,
            *backups.queries,
            *maintenance.queries,
            *schedules.queries,
            *reviews.queries,
            *keys.queries,
            *scripts.queries,
            *script_schedules.queries,
            *script_trials.queries,
            *script_requests.queries,
            *script_messages.queries,
            *script_streams.queries,
            *script_assets.queries,
            *script_values.queries,
            *script_tables.queries,
        ],
        description="Everything that can be read.",
    ),
    mutation=create_type(
        "Mutation",
        [
            *users.mutations,
            *auth.mutations,
            *care.mutations,
            *alerts.mutations,
            *backups.mutations,
            *maintenance.mutations,
            *schedules.mutations,
            *reviews.mutations,
            *keys.mutations,
            *scripts.mutations,
            *script_secrets.mutations,
            *script_drafts.mutations,
            *script_trials.mutations,
            *script_requests.mutations,
            *script_language.mutations,
            *script_fetch.mutations,
            *script_schedules.mutations,
            *script_messages.mutations,
            *script_values.mutations,
            *script_tables.mutations,
        ],
        description="Everything that can be changed. Each takes `input` and answers the result.",
    ),
    subscription=create_type(
        "Subscription",
        [
            *users.subscriptions,
            *audit.subscriptions,
            *logs.subscriptions,
            *system.subscriptions,
            *scripts.subscriptions,
        ],
        description="Everything that can be followed.",
    ),
    config=StrawberryConfig(name_converter=_Names(), scalar_map={BigInt: BIG_INT}),
)
describe(schema)
# Raises for an operation that does not declare its rights.
rights_by_operation(schema)
let_null_mean_the_default(schema)
