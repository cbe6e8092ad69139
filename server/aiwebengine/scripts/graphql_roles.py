"""GraphQL operations on the roles that scripts define for their users."""

from uuid import UUID

import strawberry

from aiwebengine.core.errors import BadUserInput
from aiwebengine.core.identity import Scope
from aiwebengine.core.rights import needs
from aiwebengine.graphql.connection import Connection, connect, page_size
from aiwebengine.graphql.context import Info
from aiwebengine.scripts.rights import EDITORS
from aiwebengine.scripts.role_store import Key
from aiwebengine.scripts.role_types import ScriptUserRole

LIST = "scriptUserRoles"


@strawberry.input
class ScriptRoleInput:
    """Role of a user in a script.

    Attributes:
        slug: the script.
        email: address of the user.
        role: the role, as the script calls it.
    """

    slug: str
    email: str
    role: str


@strawberry.type
class ScriptRolesPayload:
    """Result of a change of a user's roles in a script.

    Attributes:
        roles: the user's roles in the script after the change.
        changed: false when they were the same before.
    """

    roles: list[str]
    changed: bool


@strawberry.field
@needs(EDITORS)
async def script_user_roles(
    info: Info, slug: str, role: str | None = None, first: int = 50, after: str | None = None
) -> Connection[ScriptUserRole]:
    """Users with roles of a script, by role. For its owners and administrators.

    Args:
        slug: the script.
        role: only users with this role.
        first: maximum number of items, 1 to 200.
        after: the `endCursor` of the previous page.
    """
    viewer, cursors = info.context.viewer, info.context.cursors
    scripts = info.context.services.scripts
    first, bound = page_size(first), f"{slug} {role}"
    key = _key_of(cursors.decode(LIST, bound, after))
    return connect(
        await scripts.user_roles(viewer, slug, role, key, first),
        first,
        after=after,
        cursor=lambda one: cursors.encode(LIST, bound, (one.role, one.user_id)),
        count=lambda: scripts.count_user_roles(viewer, slug, role),
    )


@strawberry.mutation
@needs(EDITORS, Scope.SCRIPTS_WRITE)
async def grant_script_role(info: Info, input: ScriptRoleInput) -> ScriptRolesPayload:
    """Grant a user a role of a script; it counts at the user's next request.

    Args:
        input: the script, the user and the role.
    """
    done = await info.context.services.scripts.grant_role(
        info.context.viewer, input.slug, input.email, input.role
    )
    return ScriptRolesPayload(roles=done.roles, changed=done.changed)


@strawberry.mutation
@needs(EDITORS, Scope.SCRIPTS_WRITE)
async def revoke_script_role(info: Info, input: ScriptRoleInput) -> ScriptRolesPayload:
    """Revoke a role of a user in a script; it counts at the user's next request.

    Args:
        input: the script, the user and the role.
    """
    done = await info.context.services.scripts.revoke_role(
        info.context.viewer, input.slug, input.email, input.role
    )
    return ScriptRolesPayload(roles=done.roles, changed=done.changed)


def _key_of(decoded: tuple[object, ...] | None) -> Key | None:
    match decoded:
        case None:
            return None
        case (str() as role, UUID() as user_id):
            return role, user_id
    raise BadUserInput("`after` is not a cursor of this list.")


queries = [script_user_roles]
mutations = [grant_script_role, revoke_script_role]
