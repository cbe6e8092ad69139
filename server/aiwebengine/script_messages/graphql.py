"""GraphQL operations about messages between scripts."""

import strawberry

from aiwebengine.core.errors import BadUserInput
from aiwebengine.core.identity import Scope
from aiwebengine.core.rights import needs
from aiwebengine.graphql.connection import Connection, connect, page_size
from aiwebengine.graphql.context import Info
from aiwebengine.script_messages.types import ScriptMessage, ScriptMessageState
from aiwebengine.scripts.paging import number_of
from aiwebengine.scripts.rights import EDITORS

LIST = "scriptMessages"


@strawberry.input
class ScriptMessagesInput:
    """Dead letters of a script.

    Attributes:
        slug: the script that should have received them.
        ids: IDs of the messages, at most 1,000; without them all dead letters of the script.
    """

    slug: str
    ids: list[strawberry.ID] | None = None


@strawberry.type
class ScriptMessagesPayload:
    """What was done with dead letters.

    Attributes:
        count: number of messages.
    """

    count: int


@strawberry.field
@needs(EDITORS)
async def script_messages(
    info: Info,
    slug: str,
    state: ScriptMessageState | None = None,
    first: int = 50,
    after: str | None = None,
) -> Connection[ScriptMessage]:
    """Messages that a script has not received, newest first. Only for its owners and
    administrators.

    Args:
        slug: the script that should receive them.
        state: only messages in this state.
        first: maximum number of items, 1 to 200.
        after: the `endCursor` of the previous page.
    """
    viewer, service = info.context.viewer, info.context.services.script_messages
    first, bound, cursors = page_size(first), repr((slug, state)), info.context.cursors
    before = number_of(cursors.decode(LIST, bound, after))
    found = await service.page(viewer, slug, state, before, first)
    return connect(
        found,
        first,
        after=after,
        cursor=lambda message: cursors.encode(LIST, bound, (message.number,)),
        count=lambda: service.count(viewer, slug, state),
    )


@strawberry.mutation
@needs(EDITORS, Scope.SCRIPTS_WRITE)
async def retry_script_messages(info: Info, input: ScriptMessagesInput) -> ScriptMessagesPayload:
    """Deliver dead letters of a script again.

    Args:
        input: the messages.
    """
    service = info.context.services.script_messages
    numbers = _numbers(input.ids)
    return ScriptMessagesPayload(
        count=await service.retry(info.context.viewer, input.slug, numbers)
    )


@strawberry.mutation
@needs(EDITORS, Scope.SCRIPTS_WRITE)
async def discard_script_messages(info: Info, input: ScriptMessagesInput) -> ScriptMessagesPayload:
    """Remove dead letters of a script.

    Args:
        input: the messages.
    """
    service = info.context.services.script_messages
    numbers = _numbers(input.ids)
    return ScriptMessagesPayload(
        count=await service.discard(info.context.viewer, input.slug, numbers)
    )


def _numbers(ids: list[strawberry.ID] | None) -> list[int] | None:
    return None if ids is None else [_number(one) for one in ids]


def _number(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 19:
        return int(text)
    raise BadUserInput(f"ids: found {text[:30]!r}; allowed: IDs of messages, which are numbers.")


queries = [script_messages]
mutations = [retry_script_messages, discard_script_messages]
