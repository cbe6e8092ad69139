"""GraphQL operations for secrets of scripts."""

import strawberry

from aiwebengine.core.identity import Scope
from aiwebengine.core.rights import needs
from aiwebengine.graphql.context import Info
from aiwebengine.script_secrets.types import ScriptSecret
from aiwebengine.scripts.rights import EDITORS


@strawberry.input
class SetScriptSecretInput:
    """Secret to set. Send its value as a variable, not in the document.

    Attributes:
        slug: the script.
        name: its name: letters, digits and `_`, such as `API_KEY`.
        value: its value; at most 16384 bytes. It can't be read back.
        hosts: hosts that it may be sent to, such as `api.example.org`, or `*.example.org` for the
          names below it; at most 50. None if it only verifies signatures.
    """

    slug: str
    name: str
    value: str
    hosts: list[str]


@strawberry.input
class RemoveScriptSecretInput:
    """Secret to remove.

    Attributes:
        slug: the script.
        name: its name.
    """

    slug: str
    name: str


@strawberry.type
class ScriptSecretPayload:
    """A secret that was set.

    Attributes:
        secret: the secret, without its value.
    """

    secret: ScriptSecret


@strawberry.type
class RemovedScriptSecretPayload:
    """The secrets of a script after one was removed.

    Attributes:
        secrets: the secrets that are left, by name.
    """

    secrets: list[ScriptSecret]


@strawberry.mutation
@needs(EDITORS, Scope.SCRIPTS_WRITE)
async def set_script_secret(info: Info, input: SetScriptSecretInput) -> ScriptSecretPayload:
    """Set a secret of a script, and the hosts that it may be sent to.

    Args:
        input: the secret.
    """
    secret = await info.context.services.script_secrets.set(
        info.context.viewer, input.slug, input.name, input.value, input.hosts
    )
    return ScriptSecretPayload(secret=secret)


@strawberry.mutation
@needs(EDITORS, Scope.SCRIPTS_WRITE)
async def remove_script_secret(
    info: Info, input: RemoveScriptSecretInput
) -> RemovedScriptSecretPayload:
    """Remove a secret of a script.

    Args:
        input: the secret.
    """
    left = await info.context.services.script_secrets.remove(
        info.context.viewer, input.slug, input.name
    )
    return RemovedScriptSecretPayload(secrets=left)


mutations = [set_script_secret, remove_script_secret]
