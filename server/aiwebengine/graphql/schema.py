"""The schema: each room's lists of operations, put side by side."""

from __future__ import annotations

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import create_type

from aiwebengine.audit import graphql as audit
from aiwebengine.auth import graphql as auth
from aiwebengine.backups import graphql as backups
from aiwebengine.graphql.descriptions import describe
from aiwebengine.system import graphql as system
from aiwebengine.system.types import BIG_INT, BigInt
from aiwebengine.users import graphql as users

schema = strawberry.Schema(
    query=create_type(
        "Query",
        [*auth.queries, *users.queries, *audit.queries, *system.queries, *backups.queries],
        description="Everything that can be read.",
    ),
    mutation=create_type(
        "Mutation",
        [*users.mutations, *auth.mutations, *backups.mutations],
        description="Everything that can be changed. Each takes `input` and answers the result.",
    ),
    subscription=create_type(
        "Subscription",
        [*users.subscriptions, *audit.subscriptions],
        description="Everything that can be followed.",
    ),
    config=StrawberryConfig(scalar_map={BigInt: BIG_INT}),
)
describe(schema)
