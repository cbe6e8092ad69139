"""Paginated lists according to the Relay connection specification, with signed cursors."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Generic, Protocol, TypeVar
from uuid import UUID

import orjson
import strawberry

from aiwebengine.core.errors import BadUserInput
from aiwebengine.graphql.context import known_as

Node = TypeVar("Node")

LARGEST_PAGE = 200
# 128 bits of the signature: to forge one takes 2^127 requests on average.
_SIGNATURE_BYTES = 16
_NUMBER_BYTES = 4


@strawberry.type
class PageInfo:
    """Where a page lies in its list.

    Attributes:
        has_next_page: whether there is more after this page.
        has_previous_page: whether there is something before this page.
    """

    has_next_page: bool
    has_previous_page: bool
    # Signed only when selected: few clients read both cursors.
    start: strawberry.Private[Callable[[], str | None]]
    end: strawberry.Private[Callable[[], str | None]]

    @known_as("first_cursor")
    def start_cursor(self) -> str | None:
        """The cursor of the first row; null on an empty page."""
        return self.first_cursor

    @known_as("last_cursor")
    def end_cursor(self) -> str | None:
        """The cursor of the last row, for `after`; null on an empty page."""
        return self.last_cursor

    @property
    def first_cursor(self) -> str | None:
        """See `start_cursor`."""
        return self.start()

    @property
    def last_cursor(self) -> str | None:
        """See `end_cursor`."""
        return self.end()


@strawberry.type
class Edge(Generic[Node]):
    """One row and its place in the list.

    Attributes:
        cursor: the row's place, for `after`.
        node: the row.
    """

    cursor: str
    node: Node


@strawberry.type
class Connection(Generic[Node]):
    """One page of a list.

    Attributes:
        nodes: the rows.
        page_info: where the page lies in the list.
    """

    nodes: list[Node]
    page_info: PageInfo
    cursor: strawberry.Private[Callable[[Node], str]]
    count: strawberry.Private[Callable[[], Awaitable[int]]]

    @known_as("rows")
    def edges(self) -> list[Edge[Node]]:
        """The rows with their cursors."""
        return self.rows

    @property
    def rows(self) -> list[Edge[Node]]:
        """See `edges`."""
        return [Edge(cursor=self.cursor(node), node=node) for node in self.nodes]

    @strawberry.field
    async def total_count(self) -> int:
        """How many rows the whole list has. Counted only when it is asked for."""
        return await self.count()


def page_size(first: int) -> int:
    """Return *first*. Raises BadUserInput unless it is 1 to LARGEST_PAGE."""
    if 1 <= first <= LARGEST_PAGE:
        return first
    raise BadUserInput(f"first: found {first}; allowed: 1 to {LARGEST_PAGE}.")


def connect(
    found: Sequence[Node],
    first: int,
    *,
    after: str | None,
    cursor: Callable[[Node], str],
    count: Callable[[], Awaitable[int]],
) -> Connection[Node]:
    """A page of *first* rows. *found* has one row more if there is another page."""
    nodes = list(found[:first])
    return Connection(
        nodes=nodes,
        page_info=PageInfo(
            has_next_page=len(found) > first,
            has_previous_page=after is not None,
            start=lambda: cursor(nodes[0]) if nodes else None,
            end=lambda: cursor(nodes[-1]) if nodes else None,
        ),
        cursor=cursor,
        count=count,
    )


class CursorKeys(Protocol):
    """The keys that sign cursors; all instances share them."""

    @property
    def signing(self) -> tuple[int, bytes]:
        """Number and secret of the current key."""

    def secret(self, number: int) -> bytes | None:
        """The secret of the key with this number; None if it is unknown or has expired."""


class Cursors:
    """Encodes and decodes signed cursors, each of which is valid for one list only.

    A list is identified by its name and its *binding*, a text of its filter and order. A cursor
    contains the number of its key, so cursors stay valid after a key rotation.
    """

    def __init__(self, keys: CursorKeys) -> None:
        self._keys = keys

    def encode(self, name: str, binding: str, key: tuple[object, ...]) -> str:
        """The cursor of a row. Its sort key may contain str, int, datetime and UUID values."""
        payload = orjson.dumps([_encoded(part) for part in key])
        number, secret = self._keys.signing
        signature = _signature(secret, name, binding, payload)
        signed = number.to_bytes(_NUMBER_BYTES) + signature + payload
        return base64.urlsafe_b64encode(signed).rstrip(b"=").decode()

    def decode(self, name: str, binding: str, cursor: str | None) -> tuple[object, ...] | None:
        """The sort key in *cursor*; None for None. Raises BadUserInput if not of this list."""
        if cursor is None:
            return None
        try:
            signed = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
            number, rest = int.from_bytes(signed[:_NUMBER_BYTES]), signed[_NUMBER_BYTES:]
            signature, payload = rest[:_SIGNATURE_BYTES], rest[_SIGNATURE_BYTES:]
            secret = self._keys.secret(number)
            # Several base64 texts decode to the same bytes; only the canonical one is accepted.
            canonical = base64.urlsafe_b64encode(signed).rstrip(b"=").decode() == cursor
            if (
                canonical
                and secret is not None
                and hmac.compare_digest(signature, _signature(secret, name, binding, payload))
            ):
                return tuple(_decoded(part) for part in orjson.loads(payload))
        except (ValueError, binascii.Error):
            pass
        raise BadUserInput("after: this is not a cursor of this list.")


def _signature(secret: bytes, name: str, binding: str, payload: bytes) -> bytes:
    message = b"\0".join([name.encode(), binding.encode("utf-8", "surrogatepass"), payload])
    return hmac.digest(secret, message, hashlib.sha256)[:_SIGNATURE_BYTES]


def _encoded(part: object) -> list[object]:
    """A part of a sort key with its type, so that `_decoded` restores the same value."""
    match part:
        case datetime():
            return ["t", part.astimezone(UTC).isoformat()]
        case UUID():
            return ["u", str(part)]
        case int() | str():
            return ["v", part]
    raise TypeError(f"a cursor can't hold {type(part).__name__}")


def _decoded(part: tuple[str, str]) -> object:
    kind, value = part
    match kind:
        case "t":
            return datetime.fromisoformat(value)
        case "u":
            return UUID(value)
    return value
