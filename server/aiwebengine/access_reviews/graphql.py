"""GraphQL operations on access reviews."""

import strawberry

from aiwebengine.access_reviews.types import (
    AccessReview,
    AccessReviewEntry,
    Decision,
    ReviewDecision,
    position_in,
)
from aiwebengine.core.identity import Role, Scope
from aiwebengine.core.rights import needs
from aiwebengine.graphql.connection import Connection, connect, page_size
from aiwebengine.graphql.context import Info
from aiwebengine.users import checks

LIST = "accessReviews"


@strawberry.input
class StartAccessReviewInput:
    """Access review to start.

    Attributes:
        note: reason for the audit trail; at most 400 characters.
    """

    note: str | None = None


@strawberry.input
class AccessReviewDecisionInput:
    """Decision on one role of one holder.

    Attributes:
        user_id: id of the holder.
        role: the role.
        decision: keep or revoke.
        note: reason; at most 400 characters.
    """

    user_id: strawberry.ID
    role: Role
    decision: ReviewDecision
    note: str | None = None


@strawberry.input
class SubmitAccessReviewInput:
    """Decisions to submit.

    Attributes:
        decisions: 1 to 500 decisions.
        review_id: id of the review (default: the open one).
    """

    decisions: list[AccessReviewDecisionInput]
    review_id: strawberry.ID | None = None


@strawberry.type
class AccessReviewPayload:
    """Result of starting a review or submitting decisions.

    Attributes:
        review: the review after the change.
        entries: the decided roles, in the order of the input, with the outcome of each.
    """

    review: AccessReview
    entries: list[AccessReviewEntry]


@strawberry.field
@needs(Role.ADMINISTRATOR)
async def access_reviews(
    info: Info, first: int = 50, after: str | None = None
) -> Connection[AccessReview]:
    """The access reviews, newest first.

    Args:
        first: maximum number of items, 1 to 200.
        after: the `endCursor` of the previous page.
    """
    viewer, reviews = info.context.viewer, info.context.services.access_reviews
    viewer.must_be(Role.ADMINISTRATOR)
    first, cursors = page_size(first), info.context.cursors
    found = await reviews.page(viewer, position_in(cursors.decode(LIST, "", after)), first)
    return connect(
        found,
        first,
        after=after,
        cursor=lambda review: cursors.encode(LIST, "", (review.number,)),
        count=lambda: reviews.count(viewer),
    )


@strawberry.field
@needs(Role.ADMINISTRATOR)
async def access_review(info: Info, id: strawberry.ID | None = None) -> AccessReview | None:
    """One access review; null if there is none.

    Args:
        id: id of the review (default: the open one).
    """
    return await info.context.services.access_reviews.find(info.context.viewer, _number(id))


@strawberry.mutation
@needs(Role.ADMINISTRATOR, Scope.USERS_WRITE)
async def start_access_review(info: Info, input: StartAccessReviewInput) -> AccessReviewPayload:
    """Start a review of all current roles; an open review continues.

    Args:
        input: the reason.
    """
    review = await info.context.services.access_reviews.start(info.context.viewer, input.note)
    return AccessReviewPayload(review=review, entries=[])


@strawberry.mutation
@needs(
    Role.ADMINISTRATOR,
    Scope.USERS_WRITE,
    recent_sign_in="to revoke the role ADMINISTRATOR of another user",
)
async def submit_access_review(info: Info, input: SubmitAccessReviewInput) -> AccessReviewPayload:
    """Keep or revoke roles; a revocation takes effect at once.

    Args:
        input: the decisions.
    """
    info.context.viewer.must_be(Role.ADMINISTRATOR, Scope.USERS_WRITE)
    decisions = [
        Decision(checks.user_id(one.user_id), one.role, one.decision, one.note)
        for one in input.decisions
    ]
    done = await info.context.services.access_reviews.submit(
        info.context.viewer, _number(input.review_id), decisions
    )
    return AccessReviewPayload(review=done.review, entries=done.entries)


def _number(text: str | None) -> int | None:
    """The number of an id; 0, which no review has, for text that is no id."""
    if text is None:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


queries = [access_reviews, access_review]
mutations = [start_access_review, submit_access_review]
