"""A running engine with a host of its own for scripts, for the tests that go all the way."""

from itertools import count

import pytest
from tests.script_graphql.asking import Asking
from tests.script_routes.site import SCRIPTS_HOST, running


@pytest.fixture(scope="session")
def site(server, database_copies, tmp_path_factory):
    name = database_copies.take()
    settings = {
        "APP_SECURITY__RATE_LIMIT_PER_MINUTE": "100000",
        "APP_SERVER__SCRIPTS_HOST": SCRIPTS_HOST,
    }
    with running(tmp_path_factory.mktemp("site"), server.database(name), **settings) as site:
        yield site
    database_copies.give_back(name)


_numbers = count(1)


@pytest.fixture
def n():
    """A number of this test, for the names of its scripts and fields: they share one schema."""
    return next(_numbers)


@pytest.fixture
def graphql(site):
    return Asking(site)
