"""GraphQL operations for signing keys."""

import strawberry

from aiwebengine.core.identity import Role, Scope
from aiwebengine.core.rights import ALWAYS, needs
from aiwebengine.graphql.context import Info
from aiwebengine.signing_keys.types import SigningKey


@strawberry.input
class RotateSecretsInput:
    """The signing keys to rotate.

    Attributes:
        purpose: purpose of the keys: "cursors", "settings" or "script-secrets"; all purposes if
          omitted.
    """

    purpose: str | None = None


@strawberry.type
class RotateSecretsPayload:
    """The result of a key rotation.

    Attributes:
        signing_keys: the new keys. They sign within seconds, once every instance has loaded them.
    """

    signing_keys: list[SigningKey]


@strawberry.field
@needs(Role.ADMINISTRATOR)
async def signing_keys(info: Info) -> list[SigningKey]:
    """The signing keys, without their secrets."""
    return await info.context.services.signing_keys.list(info.context.viewer)


@strawberry.mutation
@needs(Role.ADMINISTRATOR, Scope.OPS_WRITE, recent_sign_in=ALWAYS)
async def rotate_secrets(info: Info, input: RotateSecretsInput) -> RotateSecretsPayload:
    """Rotate signing keys. Old keys verify until they expire.

    Args:
        input: the keys to rotate.
    """
    keys = await info.context.services.signing_keys.rotate(info.context.viewer, input.purpose)
    return RotateSecretsPayload(signing_keys=list(keys))


queries = [signing_keys]
mutations = [rotate_secrets]
