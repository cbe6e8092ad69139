"""Access reviews: start them, list them and submit decisions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from aiwebengine.access_reviews import store
from aiwebengine.access_reviews.types import (
    AccessReview,
    AccessReviewEntry,
    Decision,
    ReviewDecision,
    ReviewOutcome,
)
from aiwebengine.audit.service import AuditTrail
from aiwebengine.audit.types import AuditAction, Target
from aiwebengine.core.errors import BadUserInput, Conflict, Forbidden, NotFound
from aiwebengine.core.identity import Role, Scope, Viewer
from aiwebengine.core.recent_sign_in import SensitiveAction
from aiwebengine.core.untrusted_text import must_show_all
from aiwebengine.database import Database
from aiwebengine.users import checks
from aiwebengine.users.service import Users

MOST_DECISIONS = 500
# With its prefix it must fit into the reason of a revocation.
LONGEST_NOTE = 400


@dataclass(frozen=True)
class Submission:
    """The review after the decisions, and the decided entries in the order of the input."""

    review: AccessReview
    entries: list[AccessReviewEntry]


class AccessReviews:
    """Reviews of all holders of grantable roles."""

    def __init__(self, db: Database, audit: AuditTrail, users: Users) -> None:
        self._db = db
        self._audit = audit
        self._users = users

    async def start(self, viewer: Viewer, note: str | None = None) -> AccessReview:
        """Start a review of the current roles, or return the open one.

        Raises Unauthenticated, Forbidden, BadUserInput.
        """
        viewer.must_be(Role.ADMINISTRATOR, Scope.USERS_WRITE)
        note = _checked_note(note)
        begun = await self._begun(viewer, note)
        return begun or await self._existing(None)

    async def start_over(self, viewer: Viewer, note: str) -> AccessReview:
        """Start a review of the current roles, also while another one is open.

        The open review is finished, and its undecided roles are part of the new one. For restores,
        which have checked the viewer's rights.
        """
        async with self._db.transaction():
            former = await store.open_one(self._db)
            if former is not None:
                await store.remove_open_entries(self._db, former.number)
                await store.recount(self._db, former.number, viewer.label)
            begun = await self._begun(viewer, note)
            assert begun is not None  # noqa: S101 - nobody else uses the database yet
            return begun

    async def page(self, viewer: Viewer, after: int | None, first: int) -> list[AccessReview]:
        """Reviews, newest first; one more than *first* when another page follows.

        Raises Unauthenticated, Forbidden.
        """
        viewer.must_be(Role.ADMINISTRATOR)
        return await store.page(self._db, after, first + 1)

    async def count(self, viewer: Viewer) -> int:
        """Number of reviews. Raises as `page` does."""
        viewer.must_be(Role.ADMINISTRATOR)
        return await store.count(self._db)

    async def find(self, viewer: Viewer, number: int | None) -> AccessReview | None:
        """The review with this number, or the open one; None if there is none.

        Raises Unauthenticated, Forbidden.
        """
        viewer.must_be(Role.ADMINISTRATOR)
        return await self._found(number)

    async def entries(
        self, viewer: Viewer, number: int, only_open: bool, after: int | None, first: int
    ) -> list[AccessReviewEntry]:
        """The roles of a review; one more than *first* when another page follows.

        Raises Unauthenticated, Forbidden.
        """
        viewer.must_be(Role.ADMINISTRATOR)
        return await store.entries(self._db, number, only_open, after, first + 1)

    async def count_entries(self, viewer: Viewer, number: int, only_open: bool) -> int:
        """Number of roles. Raises as `entries` does."""
        viewer.must_be(Role.ADMINISTRATOR)
        return await store.count_entries(self._db, number, only_open)

    async def submit(
        self, viewer: Viewer, number: int | None, decisions: Sequence[Decision]
    ) -> Submission:
        """Keep or revoke each of these roles, in the open review or the one with this number.

        Each revocation follows the rules of `Users.revoke_role` on its own: a refused one does not
        stop the others and can be decided again. Repeating a decision changes nothing. Raises
        Unauthenticated, Forbidden, NotFound, BadUserInput, Conflict, ReauthenticationRequired to
        revoke the role Administrator of another user.
        """
        viewer.must_be(Role.ADMINISTRATOR, Scope.USERS_WRITE)
        decisions = _checked(decisions)
        if any(_revokes_another_administrator(viewer, one) for one in decisions):
            viewer.must_have_signed_in_recently(SensitiveAction.REVOKE_ADMINISTRATOR)
        review = await self._existing(number)
        if review.finished_at is not None:
            raise Conflict(f"The review {review.id} is finished. Start another one.")
        known = await store.entries_of(self._db, review.number, decisions)
        for one in decisions:
            if (one.user_id, one.role) not in known:
                raise NotFound(f"{one.user_id} as {one.role.value} is not in this review.")
        revoked = [
            one
            for one in decisions
            if one.decision is ReviewDecision.REVOKE and not known[one.user_id, one.role].is_final
        ]
        # Revoking the own role ends the right to continue, so it comes last.
        for one in sorted(revoked, key=lambda one: one.user_id == viewer.id):
            await self._revoke(viewer, review, one)
        kept = [one for one in decisions if one.decision is ReviewDecision.KEEP]
        async with self._db.transaction():
            await store.lock(self._db, review.number)
            await store.keep(self._db, viewer, review.number, kept)
            after = await store.entries_of(self._db, review.number, decisions)
            entries = [after[one.user_id, one.role] for one in decisions]
            if entries != [known[one.user_id, one.role] for one in decisions]:
                review = await store.recount(self._db, review.number, viewer.label)
                await self._audit.record(
                    viewer,
                    AuditAction.ACCESS_REVIEWED,
                    _target(review),
                    after={**_counted(entries), "open": review.left},
                )
        return Submission(review, entries)

    async def newest_finished(self) -> AccessReview | None:
        """The latest finished review, or None; for the maintenance checklist."""
        return await store.newest_finished(self._db)

    async def open_one(self) -> AccessReview | None:
        """The open review, or None; for the maintenance checklist."""
        return await store.open_one(self._db)

    async def _begun(self, viewer: Viewer, note: str | None) -> AccessReview | None:
        """A new review; None if one is open."""
        async with self._db.transaction():
            number = await store.add(self._db, viewer.label, note)
            if number is None:
                return None
            await store.add_entries(self._db, number)
            review = await store.recount(self._db, number, viewer.label)
            await self._audit.record(
                viewer,
                AuditAction.ACCESS_REVIEW_STARTED,
                _target(review),
                after={"roles": review.total},
                reason=note,
            )
            return review

    async def _found(self, number: int | None) -> AccessReview | None:
        if number is None:
            return await store.open_one(self._db)
        return await store.find(self._db, number)

    async def _existing(self, number: int | None) -> AccessReview:
        review = await self._found(number)
        if review is None:
            if number is None:
                raise NotFound("No review is open. Start one.")
            raise NotFound(f"There is no review {number}.")
        return review

    async def _revoke(self, viewer: Viewer, review: AccessReview, decision: Decision) -> None:
        reason = f"Access review {review.id}"
        reason += f": {decision.note}" if decision.note else ""
        try:
            async with self._db.transaction():
                done = await self._users.revoke_role(
                    viewer, decision.user_id, decision.role, reason=reason
                )
                outcome = ReviewOutcome.REVOKED if done.changed else ReviewOutcome.GONE
                await store.decide(self._db, viewer, review.number, decision, outcome, None)
                return
        except NotFound:
            outcome, detail = ReviewOutcome.GONE, None
        except (Conflict, Forbidden) as error:
            outcome, detail = ReviewOutcome.REFUSED, error.message
        await store.decide(self._db, viewer, review.number, decision, outcome, detail)


def _revokes_another_administrator(viewer: Viewer, one: Decision) -> bool:
    return (
        one.decision is ReviewDecision.REVOKE
        and one.role is Role.ADMINISTRATOR
        and one.user_id != viewer.id
    )


def _checked(decisions: Sequence[Decision]) -> list[Decision]:
    if not 1 <= len(decisions) <= MOST_DECISIONS:
        raise BadUserInput(
            f"decisions: found {len(decisions)}; 1 to {MOST_DECISIONS} are allowed at once."
        )
    for one in decisions:
        checks.grantable(one.role)
    if len({(one.user_id, one.role) for one in decisions}) < len(decisions):
        raise BadUserInput("decisions: a role of the same user is decided on twice.")
    return [replace(one, note=_checked_note(one.note)) for one in decisions]


def _checked_note(note: str | None) -> str | None:
    kept = (note or "").strip()
    if len(kept) > LONGEST_NOTE:
        raise BadUserInput(f"note: {len(kept)} characters; at most {LONGEST_NOTE} are allowed.")
    must_show_all("note", kept)
    return kept or None


def _target(review: AccessReview) -> Target:
    return Target("access review", None, review.id)


def _counted(entries: Sequence[AccessReviewEntry]) -> dict[str, int]:
    return dict(Counter(entry.outcome.value for entry in entries if entry.outcome is not None))
