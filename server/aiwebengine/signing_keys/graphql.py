"""The GraphQL door of this room."""

import strawberry

from aiwebengine.core.identity import Role, Scope
from aiwebengine.core.rights import ALWAYS, needs
from aiwebengine.graphql.context import Info
from aiwebengine.signing_keys.types import SigningKey


@strawberry.input
class RotateSecretsInput:
    """Which signing keys to replace.

    Attributes:
        purpose: those for this purpose: cursors or settings; all when left out.
    """

    purpose: str | None = None


@strawberry.type
class RotateSecretsPayload:
    """What came of a rotation.

    Attributes:
        signing_keys: the new keys; they sign in a few seconds, when every instance knows them.
    """

    signing_keys: list[SigningKey]


@strawberry.field
@needs(Role.ADMINISTRATOR)
async def signing_keys(info: Info) -> list[SigningKey]:
    """The keys that all instances share, without their secrets."""
    return await info.context.services.signing_keys.list(info.context.viewer)


@strawberry.mutation
@needs(Role.ADMINISTRATOR, Scope.OPS_WRITE, recent_sign_in=ALWAYS)
async def rotate_secrets(info: Info, input: RotateSecretsInput) -> RotateSecretsPayload:
    """Make new signing keys; old ones verify for a while.

    Args:
        input: which ones.
    """
    made = await info.context.services.signing_keys.rotate(info.context.viewer, input.purpose)
    return RotateSecretsPayload(signing_keys=list(made))


queries = [signing_keys]
mutations = [rotate_secrets]
