"""GraphQL operations of alerts."""

import strawberry

from aiwebengine.alerts.types import Alert, AlertChannel, ChannelResult
from aiwebengine.core.errors import BadUserInput
from aiwebengine.core.identity import Role, Scope
from aiwebengine.core.rights import needs
from aiwebengine.graphql.connection import Connection, connect, page_size
from aiwebengine.graphql.context import Info

LIST = "alerts"


@strawberry.input
class SendTestAlertInput:
    """Where to send a test alert.

    Attributes:
        channel: only this channel; all configured channels if omitted.
    """

    channel: AlertChannel | None = None


@strawberry.type
class TestAlertPayload:
    """Results of a test alert.

    Attributes:
        results: one result per channel.
    """

    results: list[ChannelResult]


@strawberry.field
@needs(Role.ADMINISTRATOR)
async def alerts(info: Info, first: int = 50, after: str | None = None) -> Connection[Alert]:
    """Alerts, newest first.

    Args:
        first: maximum number of alerts, 1 to 200.
        after: the `endCursor` of the previous page.
    """
    viewer, service, cursors = (
        info.context.viewer,
        info.context.services.alerts,
        info.context.cursors,
    )
    viewer.must_be(Role.ADMINISTRATOR)
    first = page_size(first)
    found = await service.page(viewer, _number(cursors.decode(LIST, "", after)), first)
    return connect(
        found,
        first,
        after=after,
        cursor=lambda alert: cursors.encode(LIST, "", (alert.number,)),
        count=lambda: service.count(viewer),
    )


@strawberry.mutation
@needs(Role.ADMINISTRATOR, Scope.OPS_WRITE)
async def send_test_alert(info: Info, input: SendTestAlertInput) -> TestAlertPayload:
    """Send a test alert.

    Args:
        input: which channel.
    """
    results = await info.context.services.alerts.test(info.context.viewer, input.channel)
    return TestAlertPayload(results=results)


def _number(decoded: tuple[object, ...] | None) -> int | None:
    match decoded:
        case None:
            return None
        case (int() as number,):
            return number
    raise BadUserInput("after: this is not a cursor of this list.")


queries = [alerts]
mutations = [send_test_alert]
