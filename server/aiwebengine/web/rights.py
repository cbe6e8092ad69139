"""The rights that HTTP routes declare."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.routing import BaseRoute, Route, WebSocketRoute

from aiwebengine.core.rights import Rights, UndeclaredRights, rights_of


def rights_of_route(route: BaseRoute) -> Rights:
    """What the endpoint of a route declares. Raises UndeclaredRights when it declares nothing."""
    if not isinstance(route, Route | WebSocketRoute):
        raise UndeclaredRights(repr(route))
    rights = rights_of(route.endpoint)
    if rights is None:
        raise UndeclaredRights(f"The route {route.path}")
    return rights


def must_declare_rights(routes: Iterable[BaseRoute]) -> None:
    """Raise UndeclaredRights when one of *routes* declares nothing."""
    for route in routes:
        rights_of_route(route)
