"""A page reads what is shown, in one statement, and shows what is read elsewhere."""

import pytest
from tests.conftest import link

from aiwebengine.core.identity import Profile

WHOLE = """
  id email emailVerified name pictureUrl status roles providers
  createdAt updatedAt lastSignedInAt version
  identities { provider subject email emailVerified createdAt lastUsedAt }
"""
ONE = f"query ($id: ID!) {{ user(id: $id) {{ {WHOLE} }} }}"
KNOWN = """
  fragment Known on User { email identities { ...Named } } fragment Named on Identity { subject }
"""


@pytest.fixture
async def people(engine, ada, edith, alan):
    for provider in ("google", "github"):
        profile = Profile(provider, f"{provider}-1", "edith@example.com", True, "Edith")
        await link(engine, profile)
    return [ada, edith, alan]


@pytest.fixture
def statements(engine):
    """The statements from now on."""
    ran = []
    engine.db.observers.append(lambda statement: ran.append(statement.sql))
    return ran


async def test_every_field_of_a_page_is_what_the_user_alone_shows(ask, ada, people):
    listed = await ask(ada, f"{{ users {{ nodes {{ {WHOLE} }} }} }}")
    alone = [
        (await ask(ada, ONE, id=str(person.id)))["data"]["user"] for person in reversed(people)
    ]

    assert "errors" not in listed
    assert listed["data"]["users"]["nodes"] == alone
    assert [one["provider"] for one in alone[1]["identities"]] == ["google", "github"]


@pytest.mark.parametrize("field", WHOLE.split("identities")[0].split())
async def test_a_single_field_is_enough(ask, ada, people, field):
    whole = (await ask(ada, ONE, id=str(ada.id)))["data"]["user"]

    found = await ask(ada, f"{{ users {{ nodes {{ {field} }} edges {{ node {{ {field} }} }} }} }}")

    users = found["data"]["users"]
    assert users["nodes"][-1] == users["edges"][-1]["node"] == {field: whole[field]}


async def test_fields_in_fragments_and_conditions_are_read(ask, ada, people):
    found = await ask(
        ada,
        """
        query ($no: Boolean = false) {
          users(first: 2) { ...Page edges { node { ... on User { version } ... { status } } } }
        }
        fragment Page on UserConnection {
          nodes { ...Known roles @include(if: $no) known: name @skip(if: $no) __typename }
        }
        """
        + KNOWN,
    )

    assert "errors" not in found
    nodes = found["data"]["users"]["nodes"]
    assert nodes[1] == {
        "email": "edith@example.com",
        "identities": [{"subject": "google-1"}, {"subject": "github-1"}],
        "known": "Edith",
        "__typename": "User",
    }
    assert found["data"]["users"]["edges"][0]["node"] == {"version": 1, "status": "ACTIVE"}


async def test_a_page_with_roles_and_identities_is_one_statement(ask, ada, people, statements):
    await ask(ada, f"{{ users {{ nodes {{ {WHOLE} }} pageInfo {{ endCursor }} }} }}")

    assert len(statements) == 1


async def test_a_page_of_names_reads_nothing_else(ask, ada, people, statements):
    await ask(ada, "{ users { nodes { name } } }")

    assert len(statements) == 1
    assert "email" not in statements[0]
    assert "user_roles" not in statements[0]
    assert "identities" not in statements[0]


async def test_links_that_a_page_does_not_bring_are_read_at_once_for_all(
    ask, ada, people, statements
):
    await ask(ada, "{ users { nodes { grants { role } sessions { id } apiTokens { name } } } }")

    assert len(statements) == 4
