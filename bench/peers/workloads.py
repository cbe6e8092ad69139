"""What everybody is asked: the same documents, values and order of requests for all."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

VIEWER = "{ viewer { id email name roles } }"
_ROW = "id email name createdAt roles providers"
LIST = f"{{ users(first: 50) {{ nodes {{ {_ROW} }} }} }}"
IDENTITIES = (
    f"{{ users(first: 50) {{ nodes {{ {_ROW} identities {{ provider subject email }} }} }} }}"
)
TOTAL = f"{{ users(first: 50) {{ totalCount nodes {{ {_ROW} }} }} }}"
PAGE = (
    "query ($after: String) { users(first: 50, after: $after)"
    f" {{ nodes {{ {_ROW} }} pageInfo {{ hasNextPage }} }} }}"
)
SEARCH = (
    "query ($search: String) { users(first: 50, search: $search)"
    f" {{ nodes {{ {_ROW} }} pageInfo {{ hasNextPage }} }} }}"
)
_CHANGE = "{ user { id email roles } role changed }"
GRANT = f"mutation ($input: GrantRoleInput!) {{ grantRole(input: $input) {_CHANGE} }}"
REVOKE = f"mutation ($input: RevokeRoleInput!) {{ revokeRole(input: $input) {_CHANGE} }}"
NEXT = (
    "query ($after: String) { users(first: 200, after: $after) { nodes { id } pageInfo"
    " { endCursor } } }"
)

# Nobody of this name is in a small database; then the answer of all is an empty page.
SEARCHED = "ada hopper"

Question = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Workload:
    """Requests that are sent in turn, by so many clients at once; what part of them writes."""

    name: str
    questions: Sequence[Question]
    clients: int = 16
    writing_share: float = 0


def body(question: Question) -> bytes:
    """A question as JSON."""
    query, variables = question
    return json.dumps({"query": query, "variables": variables}).encode()


def reads(after: str) -> list[Workload]:
    """What changes nothing; *after* is the contestant's own cursor before the far page."""
    return [
        Workload("viewer", [(VIEWER, {})]),
        Workload("list of 50", [(LIST, {})]),
        Workload("list of 50, others each time", _lists_of_all_sizes()),
        Workload("list of 50 with identities", [(IDENTITIES, {})]),
        Workload("list of 50 with total", [(TOTAL, {})]),
        Workload("far page", [(PAGE, {"after": after})]),
        Workload("search", [(SEARCH, {"search": SEARCHED})]),
    ]


def _lists_of_all_sizes() -> list[Question]:
    """Pages of 50 on average, of which those that are asked at the same moment are different."""
    sizes = list(range(31, 70))
    random.Random(50).shuffle(sizes)
    return [(LIST.replace("50", str(size)), {}) for size in sizes]


def postgraphile_reads(after: str) -> list[Workload]:
    """The same in PostGraphile's words."""
    return [
        replace(
            one, questions=[(in_postgraphile(asked), values) for asked, values in one.questions]
        )
        for one in reads(after)
    ]


def in_postgraphile(asked: str) -> str:
    """The document in the names that PostGraphile gives; aliases make the answers equal."""
    return (
        asked.replace("users(first: 50, search:", "users: searchUsers(first: 50, search:")
        .replace("users(", "users: allUsers(orderBy: [CREATED_AT_DESC, ROW_ID_DESC], ")
        .replace("nodes { id ", "nodes { id: rowId ")
        .replace("$after: String", "$after: Cursor")
    )


def changes(people: Sequence[str]) -> Workload:
    """The role Editor for each of *people*, then from each again."""
    questions = [*_grants(people), *_revokes(people)]
    return Workload("grantRole + revokeRole", questions, writing_share=1)


def mixed(after: str, people: Sequence[str]) -> Workload:
    """Fifty clients that read most of the time: of 20 requests one changes a role."""
    chance = random.Random(50)
    reading: list[Question] = [
        *[(VIEWER, {})] * 9,
        *[(LIST, {})] * 5,
        *[(IDENTITIES, {})],
        *[(PAGE, {"after": after})] * 2,
        *[(SEARCH, {"search": SEARCHED})] * 2,
    ]
    questions: list[Question] = []
    for change in (*_grants(people), *_revokes(people)):
        some = [*reading, change]
        chance.shuffle(some)
        questions += some
    return Workload("50 clients, mixed", questions, 50, 1 / 20)


def _grants(people: Sequence[str]) -> list[Question]:
    return [(GRANT, {"input": {"userId": one, "role": "EDITOR"}}) for one in people]


def _revokes(people: Sequence[str]) -> list[Question]:
    return [(REVOKE, {"input": {"userId": one, "role": "EDITOR"}}) for one in people]
