"""Open connections of scripts in one worker: what `script_streams/` is wired to."""

from __future__ import annotations

import asyncio

from starlette.types import Receive, Scope, Send

from aiwebengine.audit.event_bus import AuditEventBus
from aiwebengine.core.background import repeatedly
from aiwebengine.core.config import Config
from aiwebengine.core.errors import ForeignOrigin
from aiwebengine.database import Database, Listener
from aiwebengine.rate_limits.service import client_network
from aiwebengine.script_calls.caller import ScriptCaller
from aiwebengine.script_calls.operations import Operations
from aiwebengine.script_routes.active import ActiveScripts, ServedRoute
from aiwebengine.script_routes.connecting import Connecting, may_connect
from aiwebengine.script_streams import limits
from aiwebengine.script_streams.broadcast import ScriptBroadcast
from aiwebengine.script_streams.customizing import ScriptCustomizer
from aiwebengine.script_streams.event_streams import EventStreams
from aiwebengine.script_streams.listeners import REPORT_EVERY_SECS, ListenerReports
from aiwebengine.script_streams.operations import add_operations
from aiwebengine.script_streams.places import OpenPlaces
from aiwebengine.script_streams.renewing import Renewal
from aiwebengine.script_streams.sockets import Sockets
from aiwebengine.script_streams.types import CHANNEL
from aiwebengine.script_streams.visits import Visit
from aiwebengine.web.crowding import Places, crowds
from aiwebengine.web.headers import address_of, request_id

REMOVE_OLD_EVERY_SECS = 60.0
# A session that expires is no event.
CHECK_USERS_EVERY_SECS = 60.0


class ScriptConnections:
    """Streams and WebSockets of this worker; `script_routes.connecting.Connections`."""

    def __init__(
        self,
        config: Config,
        url: str,
        db: Database,
        active: ActiveScripts,
        caller: ScriptCaller,
        operations: Operations,
        live: AuditEventBus,
    ) -> None:
        self.broadcast = ScriptBroadcast(db, Listener(url, CHANNEL))
        self._crowd = crowds(client_network, config.server.trusted_proxies)
        customizer = ScriptCustomizer(active, caller)
        places = OpenPlaces(Places(config.security.max_sockets_per_address))
        self.streams = EventStreams(db, self.broadcast, customizer, places)
        self.sockets = Sockets(self.broadcast, caller, places)
        self._renewal = Renewal([self.streams, self.sockets], customizer, live)
        self.reports = ListenerReports(self.broadcast, self.streams, self.sockets)
        active.on_switch.append(self._renewal.scripts_changed)
        add_operations(operations, self.broadcast, self.sockets)

    async def run(self) -> None:
        """Carry messages, until cancelled."""
        await asyncio.gather(
            self.broadcast.run(),
            self._renewal.run(),
            repeatedly(limits.HEARTBEAT_SECS, self.streams.beat),
            repeatedly(CHECK_USERS_EVERY_SECS, self._renewal.check_users),
            repeatedly(REPORT_EVERY_SECS, self.reports.report),
            repeatedly(REMOVE_OLD_EVERY_SECS, self.broadcast.remove_old),
        )

    async def end(self) -> None:
        """End all connections, because the engine stops; the clients reconnect."""
        self.streams.end_all()
        self.sockets.end_all()

    async def stream(self, wanted: Connecting, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for a stream. Raises EngineError as long as nothing was sent."""
        await self.streams.serve(self._visit(wanted, scope), scope, receive, send)

    async def socket(self, wanted: Connecting, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a WebSocket. Raises EngineError before it is accepted."""
        route = wanted.match.route
        if not may_connect(scope, _declared(route, "origins")):
            raise ForeignOrigin(
                "A page of another origin may not open this WebSocket: list it in `origins`."
            )
        visit = self._visit(wanted, scope)
        await self.sockets.serve(visit, _declared(route, "protocols"), scope, receive, send)

    def _visit(self, wanted: Connecting, scope: Scope) -> Visit:
        route = wanted.match.route
        return Visit(
            script_id=route.script.id,
            kind=route.kind,
            pattern=route.path,
            path=scope["path"],
            handler=route.handler,
            request=wanted.request,
            request_id=request_id(scope) or "",
            user=wanted.user,
            find_user=wanted.find_user,
            crowd=self._crowd(address_of(scope)),
            head=wanted.head,
        )


def _declared(route: ServedRoute, name: str) -> list[str]:
    """The texts that the script declared about a route. They are only its word."""
    for one in route.script.registrations:
        if one.get("kind") == route.kind and one.get("path") == route.path:
            found = one.get(name)
            return [str(text) for text in found] if isinstance(found, list) else []
    return []
