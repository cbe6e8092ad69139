"""A running engine with hostile scripts, for all tests of this folder."""

import pytest
from tests.script_routes.site import (
    ANSWERING,
    API_KEY,
    GREEDY,
    KNOWING,
    KNOWING_TOO,
    SCRIPTS_HOST,
    SEEING,
    by_operator,
    running,
)

from aiwebengine.core.identity import operator
from aiwebengine.scripts.types import PageMode


@pytest.fixture(scope="session")
def site(server, database_copies, tmp_path_factory):
    name = database_copies.take()
    settings = {
        "APP_SECURITY__API_KEY": API_KEY,
        "APP_SECURITY__RATE_LIMIT_PER_MINUTE": "100000",
        "APP_SERVER__SCRIPTS_HOST": SCRIPTS_HOST,
    }
    folder = tmp_path_factory.mktemp("site")
    with running(folder, server.database(name), **settings) as site:
        site.deploy("evil", ANSWERING, page_svg=SVG, page_html=PAGE, code_js=CODE)
        site.deploy("seeing", SEEING)
        site.deploy("greedy", GREEDY)
        site.deploy("knowing", KNOWING)
        site.deploy("knowing-too", KNOWING_TOO)
        site.deploy("bound", BOUND)
        by_operator(site, folder, _set_up)
        yield site
    database_copies.give_back(name)


SVG = '<svg xmlns="http://www.w3.org/2000/svg"><script>parent.taken = 1</script></svg>'
PAGE = "<!doctype html><script>document.title = origin</script>"
CODE = "globalThis.taken = 1;"
BOUND = """
const routes = { "GET /only-bound": () => new Response("BOUND") };
export { routes };
"""


async def _set_up(scripts):
    await scripts.set_page_mode(operator("tests"), "evil", PageMode.FULL)
    await scripts.bind_host(operator("tests"), "bound", "bound.localhost")
