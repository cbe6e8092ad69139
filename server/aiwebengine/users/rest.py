"""REST routes for users and roles; they call the services that the GraphQL operations call."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from aiwebengine.core.errors import BadUserInput
from aiwebengine.core.identity import GRANTABLE_ROLES, Role, Scope
from aiwebengine.core.rights import needs
from aiwebengine.graphql.connection import Cursors
from aiwebengine.users import checks
from aiwebengine.users.paging import LIST, binding, key, key_of
from aiwebengine.users.service import Users
from aiwebengine.users.types import User, UserFilter, UserOrder
from aiwebengine.web.authentication import Authentication
from aiwebengine.web.bodies import flag_field, json_object, text_field

PATH = "/api/engine/admin/users"
MOST_USERS = 1_000


def routes(
    users: Users, authentication: Authentication, cursors_now: Callable[[], Cursors]
) -> list[Route]:
    """The routes below `/api/engine/admin`; *cursors_now* raises Unavailable during the start."""

    @needs(Role.ADMINISTRATOR)
    async def list_users(request: Request) -> JSONResponse:
        """A page of users, newest first: `users` and `total`; the next one in the header `Link`.

        Args:
            limit: maximum number of users, 1 to 1000 (default 100).
            after: the cursor in the header `Link`.
            search: text in the name or address.
            role: only holders of `Authenticated`, `Editor` or `Administrator`.

        Answers:
            200: the page.

        Raises Unauthenticated, Forbidden, BadUserInput.
        """
        viewer = await authentication.viewer(request, "rest")
        viewer.must_be(Role.ADMINISTRATOR)
        asked = request.query_params
        limit, order = _limit(asked.get("limit", "100")), UserOrder()
        cursors = cursors_now()
        wanted = UserFilter(
            search=checks.search(asked.get("search")), role=_role(asked.get("role"))
        )
        after = cursors.decode(LIST, binding(wanted, order), asked.get("after"))
        found = await users.page(viewer, wanted, order, key_of(after), limit)
        answer = JSONResponse(
            {
                "users": [_as_json(user) for user in found[:limit]],
                "total": await users.count(viewer, wanted),
            },
            headers={"Cache-Control": "no-store"},
        )
        if len(found) > limit:
            cursor = cursors.encode(LIST, binding(wanted, order), key(found[limit - 1]))
            following = urlencode({**asked, "limit": limit, "after": cursor})
            # RFC 8288: the next page of this list.
            answer.headers["Link"] = f'<{PATH}?{following}>; rel="next"'
        return answer

    @needs(Role.ADMINISTRATOR, Scope.USERS_WRITE, recent_sign_in="for the role Administrator")
    async def change_role(request: Request) -> JSONResponse:
        """Grant or revoke a role, as `grantRole` and `revokeRole` do.

        Args:
            user_id: id of the user.
            role: `Editor` or `Administrator`.
            action: `add` or `remove`.
            confirmUnverified: true to add the role although the address is not verified.

        Answers:
            200: `success`, `userId`, `role`, `action`, `changed`.

        Raises Unauthenticated, Forbidden, ReauthenticationRequired for the role Administrator,
        NotFound, LastAdministrator, Unverified, BadUserInput, MalformedBody, UnsupportedMediaType.
        """
        authentication.must_be_same_origin(request)
        viewer = await authentication.viewer(request, "rest")
        viewer.must_be(Role.ADMINISTRATOR, Scope.USERS_WRITE)
        body = await json_object(request)
        role = _role(text_field(body, "role", _listed(GRANTABLE_ROLES)), GRANTABLE_ROLES)
        action = text_field(body, "action", "add, remove")
        if role is None or action not in ("add", "remove"):
            raise BadUserInput(f"action: found {action[:40]!r}; allowed: add, remove.")
        user_id = checks.user_id(request.path_params["user_id"])
        if action == "add":
            confirmed = flag_field(body, "confirmUnverified")
            changed = await users.grant_role(viewer, user_id, role, confirm_unverified=confirmed)
        else:
            changed = await users.revoke_role(viewer, user_id, role)
        return JSONResponse(
            {
                "success": True,
                "userId": changed.user.id,
                "role": role.value,
                "action": action,
                "changed": changed.changed,
            }
        )

    return [
        Route(PATH, list_users, methods=["GET"]),
        Route(PATH + "/{user_id}/roles", change_role, methods=["POST"]),
    ]


def _as_json(user: User) -> dict[str, object]:
    return {
        "id": user.id,
        "email": user.email,
        "name": user.name,
        "roles": [role.value for role in user.roles],
        "created_at": user.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "providers": user.providers,
    }


def _listed(roles: Iterable[Role]) -> str:
    return ", ".join(role.value for role in roles)


def _role(text: str | None, allowed: Iterable[Role] = Role) -> Role | None:
    if text is None:
        return None
    try:
        return Role(text)
    except ValueError:
        raise BadUserInput(f"role: found {text[:40]!r}; allowed: {_listed(allowed)}.") from None


def _limit(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_USERS:
        return int(text)
    raise BadUserInput(f"limit: found {text[:40]!r}; allowed: 1 to {MOST_USERS}.")
