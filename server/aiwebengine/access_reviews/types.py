"""The nouns of this room."""

import enum
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import strawberry

from aiwebengine.core.errors import BadUserInput
from aiwebengine.core.identity import Role
from aiwebengine.graphql.connection import Connection, connect, page_size
from aiwebengine.graphql.context import Info
from aiwebengine.users.types import UserStatus

ENTRIES = "accessReviewEntries"


@strawberry.enum
class ReviewDecision(enum.Enum):
    """What the reviewer wants of a role.

    Attributes:
        KEEP: its holder keeps it.
        REVOKE: it is taken away at once.
    """

    KEEP = "keep"
    REVOKE = "revoke"


@strawberry.enum
class ReviewOutcome(enum.Enum):
    """What came of a decision.

    Attributes:
        KEPT: the holder keeps the role.
        REVOKED: the role was taken away.
        REFUSED: a rule forbids it, such as that of the last administrator; decide again.
        GONE: the holder had lost the role already.
    """

    KEPT = "kept"
    REVOKED = "revoked"
    REFUSED = "refused"
    GONE = "gone"


@strawberry.type
class AccessReviewEntry:
    """A role that somebody held when the review began, and what was decided about it.

    Attributes:
        user_id: who holds the role.
        email: the holder's address.
        name: the holder's display name.
        status: whether the holder can sign in.
        role: the role.
        granted_at: when it was granted.
        granted_by: who granted it.
        reason: the reason that was given.
        expires_at: the instant at which it stops counting; null for a lasting grant.
        last_signed_in_at: when the holder last signed in.
        last_seen_at: when the holder last signed in or used a session or a token.
        api_tokens: how many API tokens of the holder work.
        token_last_used_at: when one of these was last used.
        decision: what was decided; null while nothing is.
        note: why.
        outcome: what came of it; null while nothing is decided.
        detail: what forbids it, when it was refused.
        decided_by: who decided.
        decided_at: when.
        email_verified: whether a sign-in provider had proved the address when the review began;
          null for somebody who never signed in with one.
    """

    user_id: strawberry.ID
    email: str
    name: str
    status: UserStatus
    role: Role
    granted_at: datetime
    granted_by: str
    reason: str | None
    expires_at: datetime | None
    last_signed_in_at: datetime | None
    last_seen_at: datetime | None
    api_tokens: int
    token_last_used_at: datetime | None
    decision: ReviewDecision | None
    note: str | None
    outcome: ReviewOutcome | None
    detail: str | None
    decided_by: str | None
    decided_at: datetime | None
    email_verified: bool | None
    position: strawberry.Private[int]
    user_key: strawberry.Private[UUID]

    @property
    def is_final(self) -> bool:
        """Whether there is nothing left to decide: the role is not held any more."""
        return self.outcome in (ReviewOutcome.REVOKED, ReviewOutcome.GONE)


@strawberry.type
class AccessReview:
    """One look through everybody who holds a role that can be granted.

    Attributes:
        id: its number.
        started_at: when it began; it holds the roles that were held then.
        started_by: who began it.
        note: why it was begun.
        finished_at: when the last role was decided; null while some are open.
        finished_by: who decided the last.
        total: how many roles there are to decide.
        kept: how many stay.
        revoked: how many were taken away.
        gone: how many were lost meanwhile in another way.
    """

    id: strawberry.ID
    started_at: datetime
    started_by: str
    note: str | None
    finished_at: datetime | None
    finished_by: str | None
    total: int
    kept: int
    revoked: int
    gone: int
    number: strawberry.Private[int]

    @strawberry.field
    def open(self) -> int:
        """How many are still to be decided."""
        return self.left

    @strawberry.field
    async def entries(
        self, info: Info, first: int = 50, after: str | None = None, only_open: bool = False
    ) -> Connection[AccessReviewEntry]:
        """The roles, administrators first, who was seen longest ago first.

        Args:
            first: how many, 1 to 200.
            after: the `endCursor` of the page before.
            only_open: only those that are still to be decided.
        """
        viewer, reviews = info.context.viewer, info.context.services.access_reviews
        first, bound, cursors = page_size(first), repr((self.id, only_open)), info.context.cursors
        place = position_in(cursors.decode(ENTRIES, bound, after))
        found = await reviews.entries(viewer, self.number, only_open, place, first)
        return connect(
            found,
            first,
            after=after,
            cursor=lambda entry: cursors.encode(ENTRIES, bound, (entry.position,)),
            count=lambda: reviews.count_entries(viewer, self.number, only_open),
        )

    @property
    def left(self) -> int:
        """How many are still to be decided."""
        return self.total - self.kept - self.revoked - self.gone


@dataclass(frozen=True)
class Decision:
    """What the reviewer wants of one role of one holder."""

    user_id: UUID
    role: Role
    decision: ReviewDecision
    note: str | None = None


def position_in(decoded: tuple[object, ...] | None) -> int | None:
    """A decoded cursor as a place in a list that is ordered by numbers. Raises BadUserInput."""
    match decoded:
        case None:
            return None
        case (int() as position,):
            return position
    raise BadUserInput("`after` is not a cursor of this list.")
