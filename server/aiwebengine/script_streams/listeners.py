"""Who listens to a script, over all workers of all instances."""

from __future__ import annotations

from collections import Counter
from secrets import token_hex
from uuid import UUID

import orjson
import strawberry

from aiwebengine.core.identity import Viewer
from aiwebengine.database import Database
from aiwebengine.script_streams import store
from aiwebengine.script_streams.broadcast import ScriptBroadcast
from aiwebengine.script_streams.event_streams import EventStreams
from aiwebengine.script_streams.sockets import Sockets
from aiwebengine.script_streams.types import StreamMessage
from aiwebengine.scripts.access import FindsScripts
from aiwebengine.scripts.rights import Act

REPORT_EVERY_SECS = 10.0
COUNTS_SECS = 2.5 * REPORT_EVERY_SECS
"""A worker whose last report is older has stopped."""
MOST_CHANNELS = 200
# No script can name such a channel, so nobody listens to it: its messages are only stored.
_CHANNEL = "\x7flisteners "


@strawberry.type
class ScriptStream:
    """A channel of a script that visitors listen to.

    Attributes:
        channel: the path that they asked for, or the path of the route.
        connections: number of open event streams and WebSockets.
    """

    channel: str
    connections: int


class Listeners:
    """The counts of all workers, for people."""

    def __init__(self, db: Database, scripts: FindsScripts) -> None:
        self._db = db
        self._scripts = scripts

    async def of_script(self, viewer: Viewer, slug: str) -> list[ScriptStream]:
        """The channels of a script with the most connections, as of the last seconds.

        Raises Unauthenticated, Forbidden, NotFound, Unavailable.
        """
        script = await self._scripts.must_be_allowed_to(viewer, Act.READ_LOG, slug)
        total: Counter[str] = Counter()
        for body in await store.newest_bodies(self._db, script.key, _CHANNEL, COUNTS_SECS):
            total.update(orjson.loads(orjson.loads(body)[1]))
        return [
            ScriptStream(channel=channel, connections=count)
            for channel, count in total.most_common(MOST_CHANNELS)
        ]


class ListenerReports:
    """Reports the counts of this worker."""

    def __init__(self, broadcast: ScriptBroadcast, streams: EventStreams, sockets: Sockets) -> None:
        self._broadcast = broadcast
        self._streams = streams
        self._sockets = sockets
        self._channel = f"{_CHANNEL}{token_hex(8)}"
        self._reported: set[UUID] = set()

    async def report(self) -> None:
        """Report the scripts with connections, and those that have none any more."""
        counts = self._counts()
        reported, self._reported = self._reported, set(counts)
        for script_id in reported | set(counts):
            most = dict(counts.get(script_id, Counter()).most_common(MOST_CHANNELS))
            data = orjson.dumps(most).decode()
            await self._broadcast.send(StreamMessage(0, script_id, self._channel, data))

    def _counts(self) -> dict[UUID, Counter[str]]:
        found: dict[UUID, Counter[str]] = {}
        visits = [one.visit for one in self._streams.open]
        visits += [one.visit for one in self._sockets.open]
        for visit in visits:
            found.setdefault(visit.script_id, Counter()).update(visit.channels)
        return found
