"""Access reviews, their entries and decisions."""

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
    """Decision on a role.

    Attributes:
        KEEP: the holder keeps the role.
        REVOKE: the role is revoked at once.
    """

    KEEP = "keep"
    REVOKE = "revoke"


@strawberry.enum
class ReviewOutcome(enum.Enum):
    """Outcome of a decision.

    Attributes:
        KEPT: the holder keeps the role.
        REVOKED: the role was revoked.
        REFUSED: a rule forbids it, such as that of the last administrator; decide again.
        GONE: the holder no longer had the role.
    """

    KEPT = "kept"
    REVOKED = "revoked"
    REFUSED = "refused"
    GONE = "gone"


@strawberry.type
class AccessReviewEntry:
    """A role held when the review started, and the decision on it.

    Attributes:
        user_id: id of the holder.
        email: the holder's address.
        name: the holder's display name.
        status: status of the holder.
        role: the role.
        granted_at: when it was granted.
        granted_by: who granted it.
        reason: the reason given.
        expires_at: when it expires; null for a permanent grant.
        last_signed_in_at: latest sign-in of the holder.
        last_seen_at: latest sign-in or use of a session or API token.
        api_tokens: number of valid API tokens of the holder.
        token_last_used_at: latest use of one of these.
        decision: the decision; null while undecided.
        note: reason for the decision.
        outcome: outcome of the decision; null while undecided.
        detail: the rule that refused it, if one did.
        decided_by: who decided.
        decided_at: when it was decided.
        email_verified: whether a sign-in provider had verified the address when the review
          started; null for users who never signed in with one.
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
        """Whether nothing is left to decide: the role is no longer held."""
        return self.outcome in (ReviewOutcome.REVOKED, ReviewOutcome.GONE)


@strawberry.type
class AccessReview:
    """A review of all holders of grantable roles.

    Attributes:
        id: number of the review.
        started_at: when it started; it contains the roles held then.
        started_by: who started it.
        note: reason for the review.
        finished_at: when the last role was decided; null for an open review.
        finished_by: who decided the last role.
        total: number of roles.
        kept: number of roles kept.
        revoked: number of roles revoked.
        gone: number of roles lost in another way.
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
        """Number of undecided roles."""
        return self.left

    @strawberry.field
    async def entries(
        self, info: Info, first: int = 50, after: str | None = None, only_open: bool = False
    ) -> Connection[AccessReviewEntry]:
        """The roles, administrators first, then by the oldest activity of the holder.

        Args:
            first: maximum number of items, 1 to 200.
            after: the `endCursor` of the previous page.
            only_open: only undecided roles.
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
        """Number of undecided roles."""
        return self.total - self.kept - self.revoked - self.gone


@dataclass(frozen=True)
class Decision:
    """A decision on one role of one holder."""

    user_id: UUID
    role: Role
    decision: ReviewDecision
    note: str | None = None


def position_in(decoded: tuple[object, ...] | None) -> int | None:
    """A decoded cursor as a position in a list ordered by numbers. Raises BadUserInput."""
    match decoded:
        case None:
            return None
        case (int() as position,):
            return position
    raise BadUserInput("`after` is not a cursor of this list.")
