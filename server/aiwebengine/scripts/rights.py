"""Who may do what with a script: the table, and the check that every operation makes."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from aiwebengine.core.errors import Forbidden, Unauthenticated
from aiwebengine.core.identity import Role, Scope, Viewer

if TYPE_CHECKING:
    from aiwebengine.scripts.types import Script

EDITORS = (Role.EDITOR, Role.ADMINISTRATOR)
"""The roles for `@needs` of operations that owners use as well."""


class Act(enum.Enum):
    """What somebody does with scripts, as the refusal names it."""

    READ = "read scripts"
    CREATE = "create scripts"
    CHANGE = "change this script"
    DEPLOY = "deploy this script"
    RUN = "run this script"
    READ_LOG = "read the log of this script"
    READ_REQUESTS = "read the saved requests of this script"
    SAVE_REQUESTS = "save requests to this script"
    CHANGE_OWNERS = "change the owners of this script"
    READ_ROLES = "see the roles of users in this script"
    GRANT_ROLES = "change the roles of users in this script"
    READ_FILES = "read the files that this script stored"
    READ_DATA = "read the data of this script"
    CHANGE_DATA = "change the data of this script"
    SET_LIMITS = "set the limits of this script"
    LIST_SECRETS = "list the secrets of this script"
    SET_SECRETS = "set the secrets of this script"
    SET_FETCH_HOSTS = "set the hosts that this script sends requests to"
    DELETE = "delete this script"
    SUSPEND = "suspend or resume scripts"
    BIND = "bind scripts to hosts or change their page mode"


_OF_EDITORS = frozenset({Act.READ, Act.CREATE})
_OF_OWNERS = frozenset(
    {
        Act.CHANGE,
        Act.DEPLOY,
        Act.RUN,
        Act.READ_LOG,
        Act.READ_REQUESTS,
        Act.SAVE_REQUESTS,
        Act.CHANGE_OWNERS,
        Act.READ_ROLES,
        Act.GRANT_ROLES,
        Act.READ_FILES,
        Act.READ_DATA,
        Act.CHANGE_DATA,
        Act.SET_LIMITS,
        Act.LIST_SECRETS,
        Act.SET_SECRETS,
        Act.SET_FETCH_HOSTS,
        Act.DELETE,
    }
)
_READS = frozenset(
    {
        Act.READ,
        Act.READ_LOG,
        Act.READ_REQUESTS,
        Act.READ_ROLES,
        Act.READ_FILES,
        Act.READ_DATA,
        Act.LIST_SECRETS,
    }
)


def must_be_allowed(viewer: Viewer, act: Act, script: Script | None = None) -> None:
    """Raise Unauthenticated or Forbidden unless the viewer may do this.

    An administrator may do everything, an editor what `_OF_EDITORS` lists, an owner who still is an
    editor also what `_OF_OWNERS` lists. Without *script*, ownership is not checked yet.
    """
    viewer.must_be_signed_in()
    if not is_administrator(viewer):
        if act not in _OF_EDITORS | _OF_OWNERS:
            raise Forbidden(f"This needs the role {Role.ADMINISTRATOR.value}.")
        if Role.EDITOR not in viewer.roles:
            raise Forbidden(
                f"This needs the role {Role.EDITOR.value} or {Role.ADMINISTRATOR.value}."
            )
        if script is not None and act in _OF_OWNERS and not script.is_owner:
            raise Forbidden(f"Only an owner of {script.slug} or an administrator may {act.value}.")
    viewer.must_hold(Scope.READ if act in _READS else Scope.SCRIPTS_WRITE)


def may(viewer: Viewer, act: Act, script: Script) -> bool:
    """Whether `must_be_allowed` raises nothing."""
    try:
        must_be_allowed(viewer, act, script)
    except (Unauthenticated, Forbidden):
        return False
    return True


def is_administrator(viewer: Viewer) -> bool:
    """Whether the viewer is an administrator, the operator or the engine."""
    return viewer.is_trusted or Role.ADMINISTRATOR in viewer.roles
