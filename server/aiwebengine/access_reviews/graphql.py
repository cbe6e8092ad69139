"""The GraphQL door of this room."""

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
    """What the review is begun for.

    Attributes:
        note: why, for the audit trail; at most 400 characters.
    """

    note: str | None = None


@strawberry.input
class AccessReviewDecisionInput:
    """What is to become of one role of one holder.

    Attributes:
        user_id: the holder.
        role: the role.
        decision: keep it or revoke it.
        note: why; at most 400 characters.
    """

    user_id: strawberry.ID
    role: Role
    decision: ReviewDecision
    note: str | None = None


@strawberry.input
class SubmitAccessReviewInput:
    """What was decided.

    Attributes:
        decisions: 1 to 500 decisions.
        review_id: in which review; in the open one when left out.
    """

    decisions: list[AccessReviewDecisionInput]
    review_id: strawberry.ID | None = None


@strawberry.type
class AccessReviewPayload:
    """What came of a step of a review.

    Attributes:
        review: the review as it is now.
        entries: the roles that were decided on, in the order given, with what came of each.
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
        first: how many, 1 to 200.
        after: the `endCursor` of the page before.
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
    """One access review; null when there is none.

    Args:
        id: which one; the open one when left out.
    """
    return await info.context.services.access_reviews.find(info.context.viewer, _number(id))


@strawberry.mutation
@needs(Role.ADMINISTRATOR, Scope.USERS_WRITE)
async def start_access_review(info: Info, input: StartAccessReviewInput) -> AccessReviewPayload:
    """Begin a review of all roles that are held; the open one goes on.

    Args:
        input: why.
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
    """Keep or revoke roles; what is revoked is gone at once.

    Args:
        input: what was decided.
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
    """Ids are opaque: whatever is none names nothing, as 0 does."""
    if text is None:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


queries = [access_reviews, access_review]
mutations = [start_access_review, submit_access_review]
