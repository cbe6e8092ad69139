"""The rights that HTTP routes declare."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.routing import BaseRoute, Route, WebSocketRoute

from aiwebengine.core.rights import Rights, UndeclaredRights, rights_of


def rights_of_route(route: BaseRoute) -> Rights:
    """The rights that a route's endpoint declares. Raises UndeclaredRights if there are none."""
    if not isinstance(route, Route | WebSocketRoute):
        raise UndeclaredRights(repr(route))
    rights = rights_of(route.endpoint)
    if rights is None:
        raise UndeclaredRights(f"The route {route.path}")
    return rights


def must_declare_rights(routes: Iterable[BaseRoute]) -> None:
    """Raise UndeclaredRights if the endpoint of one of *routes* declares no rights."""
    for route in routes:
        rights_of_route(route)
