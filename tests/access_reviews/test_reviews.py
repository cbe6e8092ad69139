"""Looking through who holds which role: keep, revoke, refuse, remember."""

import asyncio
import csv
import io
import json

import httpx2
import pytest
from tests.conftest import viewer_of

from aiwebengine.access_reviews.service import MOST_DECISIONS
from aiwebengine.access_reviews.types import Decision, ReviewDecision, ReviewOutcome
from aiwebengine.core.errors import BadUserInput, Conflict, Forbidden, NotFound
from aiwebengine.core.identity import Role, operator

ROOT = operator("root")
KEEP, REVOKE = ReviewDecision.KEEP, ReviewDecision.REVOKE


@pytest.fixture
def reviews(engine):
    return engine.services.access_reviews


async def entries_of(reviews, review):
    found = await reviews.entries(ROOT, review.number, False, None, 500)
    return {(entry.email.split("@")[0], entry.role): entry for entry in found}


async def roles_of(engine, *viewers):
    users = await engine.services.users.many([viewer.id for viewer in viewers])
    return [[role.value for role in user.roles[1:]] for user in users]


async def test_a_review_holds_who_holds_what_by_whom_why_and_when_seen(
    engine, reviews, ada, edith, alan
):
    users, services = engine.services.users, engine.services
    await users.grant_role(ada, edith.id, Role.ADMINISTRATOR, reason="on call")
    await services.sessions.begin(ada, ada.id, ada.label, "link")
    await services.tokens.create(ROOT, edith.id, "nightly")

    review = await reviews.start(ada, "the quarterly one")

    entries = await entries_of(reviews, review)
    assert set(entries) == {
        ("ada", Role.ADMINISTRATOR),
        ("edith", Role.ADMINISTRATOR),
        ("edith", Role.EDITOR),
    }
    on_call = entries["edith", Role.ADMINISTRATOR]
    assert (on_call.granted_by, on_call.reason, on_call.api_tokens) == (ada.label, "on call", 1)
    assert entries["ada", Role.ADMINISTRATOR].last_seen_at is not None
    assert (review.total, review.left, review.note) == (3, 3, "the quarterly one")


async def test_a_second_start_continues_the_open_review(reviews, ada, events_of):
    first = await reviews.start(ada)
    before = await events_of()

    many = await asyncio.gather(*(reviews.start(ada) for _ in range(5)))

    assert {review.id for review in many} == {first.id}
    assert await events_of() == before


async def test_each_role_is_kept_or_revoked_and_then_the_review_is_finished(
    engine, reviews, ada, edith, events_of
):
    review = await reviews.start(ada)
    before = await events_of()

    half = await reviews.submit(ada, None, [Decision(edith.id, Role.EDITOR, REVOKE, "left")])
    done = await reviews.submit(ada, None, [Decision(ada.id, Role.ADMINISTRATOR, KEEP)])

    assert [entry.outcome for entry in half.entries] == [ReviewOutcome.REVOKED]
    assert (half.review.left, half.review.finished_at) == (1, None)
    assert (done.review.kept, done.review.revoked, done.review.left) == (1, 1, 0)
    assert done.review.finished_by == ada.label
    assert await roles_of(engine, ada, edith) == [["Administrator"], []]
    events = await events_of()
    assert events[len(before) :] == ["role.revoked", "access.reviewed", "access.reviewed"]
    reason = await engine.db.value(
        "select reason from audit_events where action = 'role.revoked' order by id desc limit 1"
    )
    assert reason == f"Access review {review.id}: left"
    with pytest.raises(Conflict, match="finished"):
        await reviews.submit(
            ada, review.number, [Decision(ada.id, Role.ADMINISTRATOR, KEEP, "again")]
        )


async def test_the_last_administrator_is_kept_and_the_others_are_still_decided(
    engine, reviews, ada, edith
):
    await reviews.start(ada)

    done = await reviews.submit(
        ada,
        None,
        [
            Decision(ada.id, Role.ADMINISTRATOR, REVOKE),
            Decision(edith.id, Role.EDITOR, REVOKE),
        ],
    )

    mine, hers = done.entries
    assert (mine.outcome, hers.outcome) == (ReviewOutcome.REFUSED, ReviewOutcome.REVOKED)
    assert "last active administrator" in mine.detail
    assert await roles_of(engine, ada, edith) == [["Administrator"], []]
    assert (done.review.left, done.review.finished_at) == (1, None)
    again = await reviews.submit(ada, None, [Decision(ada.id, Role.ADMINISTRATOR, KEEP)])
    assert again.entries[0].detail is None
    assert again.review.finished_at is not None


async def test_administrators_who_revoke_each_other_at_once_leave_one(engine, reviews, add_person):
    them = [await add_person(f"admin{number}", Role.ADMINISTRATOR) for number in range(6)]
    await reviews.start(ROOT)

    await asyncio.gather(
        *(
            reviews.submit(
                me,
                None,
                [Decision(one.id, Role.ADMINISTRATOR, REVOKE) for one in them if one is not me],
            )
            for me in them
        ),
    )

    assert sum(roles == ["Administrator"] for roles in await roles_of(engine, *them)) == 1


async def test_revoking_the_own_role_comes_last(engine, reviews, ada, edith, add_person):
    await add_person("grace", Role.ADMINISTRATOR)
    await reviews.start(ada)

    done = await reviews.submit(
        ada,
        None,
        [Decision(ada.id, Role.ADMINISTRATOR, REVOKE), Decision(edith.id, Role.EDITOR, REVOKE)],
    )

    assert {entry.outcome for entry in done.entries} == {ReviewOutcome.REVOKED}
    assert await roles_of(engine, ada, edith) == [[], []]


async def test_a_role_lost_in_the_meantime_is_gone_whatever_the_decision(
    engine, reviews, ada, edith, add_person
):
    users = engine.services.users
    emil = await add_person("emil", Role.EDITOR)
    eva = await add_person("eva", Role.EDITOR)
    await reviews.start(ada)
    await users.revoke_role(ada, edith.id, Role.EDITOR)
    await users.delete(ROOT, emil.id)
    await users.delete(ROOT, eva.id)

    done = await reviews.submit(
        ada,
        None,
        [
            Decision(edith.id, Role.EDITOR, KEEP),
            Decision(emil.id, Role.EDITOR, KEEP),
            Decision(eva.id, Role.EDITOR, REVOKE),
        ],
    )

    assert {entry.outcome for entry in done.entries} == {ReviewOutcome.GONE}


async def test_deciding_the_same_again_leaves_no_second_trace(reviews, ada, edith, events_of):
    await reviews.start(ada)
    decisions = [Decision(edith.id, Role.EDITOR, REVOKE)]
    first = await reviews.submit(ada, None, decisions)
    before = await events_of()

    again = await reviews.submit(ada, None, decisions)

    assert again.entries == first.entries
    assert await events_of() == before


async def test_an_invalid_decision_changes_nothing(engine, reviews, ada, edith, alan, events_of):
    review = await reviews.start(ada)
    before = await events_of()
    good = Decision(edith.id, Role.EDITOR, REVOKE)
    bad = [
        (edith, [good], Forbidden),
        (alan, [good], Forbidden),
        (ada, [good, Decision(alan.id, Role.EDITOR, KEEP)], NotFound),
        (ada, [good, Decision(edith.id, Role.AUTHENTICATED, REVOKE)], BadUserInput),
        (ada, [good, good], BadUserInput),
        (ada, [Decision(edith.id, Role.EDITOR, KEEP, "x" * 401)], BadUserInput),
        (ada, [], BadUserInput),
        (ada, [good] * (MOST_DECISIONS + 1), BadUserInput),
    ]

    for viewer, decisions, error in bad:
        with pytest.raises(error):
            await reviews.submit(viewer, None, decisions)
    with pytest.raises(NotFound, match="no review 77"):
        await reviews.submit(ada, 77, [good])

    assert await events_of() == before
    assert await roles_of(engine, edith) == [["Editor"]]
    assert (await reviews.find(ada, review.number)).left == 2


async def test_ten_thousand_editors_are_paged_in_order(engine, reviews, ada):
    await engine.db.execute(
        """
        with made as (
          insert into users (email, name, last_signed_in_at)
          select 'e' || n || '@example.com', 'E', now() - make_interval(mins => n % 977)
          from generate_series(1, 10000) as n
          returning id
        )
        insert into user_roles (user_id, role, granted_by) select id, 'Editor', 'tests' from made
        """
    )
    review = await reviews.start(ada)

    seen, after = [], None
    while True:
        page = await reviews.entries(ada, review.number, False, after, 1_000)
        seen += page[:1_000]
        if len(page) <= 1_000:
            break
        after = page[999].position

    assert review.total == len(seen) == len({entry.user_id for entry in seen}) == 10_001
    assert seen[0].role is Role.ADMINISTRATOR
    comings = [entry.last_seen_at for entry in seen[1:]]
    assert comings == sorted(comings)


PAGE = """query ($after: String, $open: Boolean!) { accessReview {
  id total open entries(first: 2, after: $after, onlyOpen: $open) {
    totalCount pageInfo { hasNextPage endCursor } nodes { email role outcome }
  } } }"""
SUBMIT = """mutation ($decisions: [AccessReviewDecisionInput!]!) {
  submitAccessReview(input: {decisions: $decisions}) {
    review { open kept revoked finishedAt } entries { email outcome detail } } }"""


async def test_a_whole_review_by_graphql(ask, ada, edith, add_person):
    emil = await add_person("emil", Role.EDITOR)
    started = await ask(ada, "mutation { startAccessReview(input: {}) { review { total } } }")
    first = await ask(ada, PAGE, open=False)
    decisions = [
        {"userId": str(edith.id), "role": "EDITOR", "decision": "KEEP", "note": "writes"},
        {"userId": str(emil.id), "role": "EDITOR", "decision": "REVOKE"},
    ]
    submitted = await ask(ada, SUBMIT, decisions=decisions)
    left = await ask(ada, PAGE, open=True)
    listed = await ask(ada, "{ accessReviews(first: 1) { totalCount nodes { open startedBy } } }")
    cursor = first["data"]["accessReview"]["entries"]["pageInfo"]["endCursor"]
    second = await ask(ada, PAGE, open=False, after=cursor)
    strange = await ask(ada, PAGE, open=True, after=cursor)

    assert started["data"]["startAccessReview"]["review"]["total"] == 3
    page = first["data"]["accessReview"]["entries"]
    assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (3, True)
    assert submitted["data"]["submitAccessReview"] == {
        "review": {"open": 1, "kept": 1, "revoked": 1, "finishedAt": None},
        "entries": [
            {"email": "edith@example.com", "outcome": "KEPT", "detail": None},
            {"email": "emil@example.com", "outcome": "REVOKED", "detail": None},
        ],
    }
    assert [one["email"] for one in left["data"]["accessReview"]["entries"]["nodes"]] == [
        "ada@example.com"
    ]
    assert listed["data"]["accessReviews"]["nodes"] == [{"open": 1, "startedBy": ada.label}]
    assert len(second["data"]["accessReview"]["entries"]["nodes"]) == 1
    assert strange["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_finished_review_can_be_taken_along(served, add_served_person):
    reviews = served.engine.services.access_reviews
    ada = await add_served_person("ada", Role.ADMINISTRATOR)
    user = (await served.engine.services.users.invite(ROOT, "x@example.com", "=cmd()")).user
    await served.engine.services.users.grant_role(ROOT, user.key, Role.EDITOR)
    review = await reviews.start(ada)
    await reviews.submit(ada, None, [Decision(user.key, Role.EDITOR, REVOKE, "-left")])
    headers = {"Authorization": f"Bearer {await served.token(ada)}"}
    path = f"/api/engine/admin/reviews/{review.id}"

    async with httpx2.AsyncClient(base_url=served.base, headers=headers) as client:
        table = await client.get(path, params={"format": "csv"})
        lines = await client.get(path)
        wrong = await client.get(path, params={"format": "pdf"})
        nothing = await client.get("/api/engine/admin/reviews/x")

    rows = list(csv.DictReader(io.StringIO(table.text)))
    objects = [json.loads(line) for line in lines.text.splitlines()]
    assert table.headers["content-disposition"].endswith(f'"access-review-{review.id}.csv"')
    assert [row["email"] for row in rows] == ["ada@example.com", "x@example.com"]
    assert (rows[1]["outcome"], rows[1]["note"], rows[1]["name"]) == (
        "REVOKED",
        "'-left",
        "'=cmd()",
    )
    assert objects[1]["note"] == "-left"
    assert objects[0]["decision"] is None
    assert (wrong.status_code, nothing.status_code) == (422, 404)


async def test_an_export_ends_when_the_right_to_it_is_lost(engine, reviews, ada, add_person):
    grace = await add_person("grace", Role.ADMINISTRATOR)
    session = await engine.services.sessions.begin(grace, grace.id, grace.label, "link")
    user = (await engine.services.users.many([grace.id]))[0]
    viewer = viewer_of(user, Role.ADMINISTRATOR)
    viewer = type(viewer)(**{**vars(viewer), "session_id": session.session.key})
    await engine.db.execute(
        """
        with made as (
          insert into users (email, name) select 'e' || n || '@example.com', 'E'
          from generate_series(1, 1500) as n returning id
        )
        insert into user_roles (user_id, role, granted_by) select id, 'Editor', 'tests' from made
        """
    )
    review = await reviews.start(ada)
    pages = engine.services.review_export.as_csv(viewer, review.number)
    await anext(pages)

    await engine.services.users.revoke_role(ada, grace.id, Role.ADMINISTRATOR)

    with pytest.raises(Forbidden):
        await anext(pages)
