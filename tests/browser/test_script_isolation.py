"""Pages of a hostile script, opened by an administrator in a real browser."""

from __future__ import annotations

import httpx2
import pytest
from tests.browser.script_attacks import FILES, OWNERSHIP, PAGE, PICTURE, PROGRAMS, READS, SCRIPT
from tests.script_routes.site import SCRIPTS_HOST, by_operator, running

from aiwebengine.core.identity import operator
from aiwebengine.scripts.types import PageMode

pytestmark = pytest.mark.browser

OTHER_DOCUMENTS = ["failed", "xml", "picture", "weak", "preload", "file.html", "file.svg"]
PROTECTING = {
    "content-security-policy",
    "x-frame-options",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
}

OPEN_THE_MANAGER = "(base) => { globalThis.popup = open(base + '/engine/admin') }"
READ_THE_POPUP = "() => { try { return popup.document.title } catch { return null } }"


@pytest.fixture(scope="module")
def site(server, database_copies, tmp_path_factory):
    name = database_copies.take()
    folder = tmp_path_factory.mktemp("site")
    settings = {
        "APP_SERVER__SCRIPTS_HOST": SCRIPTS_HOST,
        "APP_SECURITY__RATE_LIMIT_PER_MINUTE": "100000",
    }
    with running(folder, server.database(name), **settings) as site:
        site.deploy("attack", SCRIPT)
        site.deploy("files", FILES, page_html=PAGE, page_svg=PICTURE)
        by_operator(site, folder, _full_pages)
        yield site
    database_copies.give_back(name)


async def _full_pages(scripts):
    await scripts.set_page_mode(operator("tests"), "attack", PageMode.FULL)


@pytest.fixture
def administrator(site, chromium):
    """A browser in which the administrator is signed in."""
    context = chromium.new_context()
    context.set_default_timeout(60_000)
    context.add_cookies(
        [
            {
                "name": "aiwebengine_session",
                "value": site.session,
                "url": site.base,
                "httpOnly": True,
                "sameSite": "Lax",
            }
        ]
    )
    yield context
    # Requests may still be on their way to a handler; what becomes of them does not matter.
    context.unroute_all(behavior="ignoreErrors")
    context.close()


@pytest.fixture
def unprotected(administrator):
    """The same without the headers that keep pages of scripts apart."""

    def without_protection(route):
        answer = route.fetch(max_redirects=0)
        kept = {name: value for name, value in answer.headers.items() if name not in PROTECTING}
        route.fulfill(response=answer, headers=kept)

    administrator.route("**/*", without_protection)
    return administrator


def opened(context, site, path):
    page = context.new_page()
    page.goto(site.base + path)
    return page


def attempt(page, attack, base):
    """Whether an attack on the engine at *base* succeeds on this page."""
    return page.evaluate(
        f"(base) => (async () => {{ {attack} }})().catch(() => false)", base.rstrip("/")
    )


def is_signed_in(site):
    answer = httpx2.post(
        f"{site.base}/graphql",
        json={"query": "{ viewer { id } }"},
        cookies=site.cookies,
        timeout=30,
    )
    return answer.json()["data"]["viewer"] is not None


@pytest.mark.parametrize("attack", READS.values(), ids=READS.keys())
def test_a_page_of_a_script_does_not_read_the_engine_by(administrator, site, attack):
    page = opened(administrator, site, "/attack/page")

    assert not attempt(page, attack, site.base)


@pytest.mark.parametrize("document", OTHER_DOCUMENTS)
def test_neither_does_another_document(administrator, site, document):
    page = opened(administrator, site, f"/attack/{document}")

    assert not attempt(page, READS["fetch"], site.base)
    assert not attempt(page, OWNERSHIP["local storage"], site.base)
    assert not attempt(page, OWNERSHIP["a cookie"], site.base)


@pytest.mark.parametrize("document", OTHER_DOCUMENTS)
def test_another_document_would_without_protection(unprotected, site, document):
    page = opened(unprotected, site, f"/attack/{document}")

    assert attempt(page, READS["fetch"], site.base)


@pytest.mark.parametrize("name", [name for name in READS if name != "WebSocket"])
def test_it_would_read_the_engine_without_protection_by(unprotected, site, name):
    page = opened(unprotected, site, "/attack/page")

    assert attempt(page, READS[name], site.base)


def test_a_page_of_the_engine_opens_a_websocket(administrator, site):
    page = opened(administrator, site, "/")

    assert attempt(page, READS["WebSocket"], site.base)


@pytest.mark.parametrize("attack", OWNERSHIP.values(), ids=OWNERSHIP.keys())
def test_a_page_of_a_script_does_not_take(administrator, site, attack):
    page = opened(administrator, site, "/attack/page")

    assert not attempt(page, attack, site.base)
    assert [one["name"] for one in administrator.cookies()] == ["aiwebengine_session"]


@pytest.mark.parametrize("attack", OWNERSHIP.values(), ids=OWNERSHIP.keys())
def test_it_would_take_without_protection(unprotected, site, attack):
    page = opened(unprotected, site, "/attack/page")

    assert attempt(page, attack, site.base)


@pytest.mark.parametrize("attack", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_a_page_of_a_script_starts_no(administrator, site, attack):
    page = opened(administrator, site, "/attack/page")

    assert not attempt(page, attack, site.base)


@pytest.mark.parametrize("attack", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_a_page_of_the_engine_starts_no_script_as(administrator, site, attack):
    page = opened(administrator, site, "/engine/admin")

    assert not attempt(page, attack, site.base)


def test_a_page_of_a_script_runs_its_own_code(administrator, site):
    page = opened(administrator, site, "/attack/page")

    assert page.evaluate("isRunning")
    assert page.evaluate("origin") == "null"


def test_a_popup_of_the_manager_is_out_of_reach(administrator, site):
    page = opened(administrator, site, "/attack/page")
    with administrator.expect_page() as popup:
        page.evaluate(OPEN_THE_MANAGER, site.base)
    popup.value.wait_for_load_state()

    assert page.evaluate(READ_THE_POPUP) is None
    assert popup.value.evaluate("opener") is None


def test_a_popup_of_a_script_is_sandboxed_too(administrator, site):
    page = opened(administrator, site, "/attack/page")
    with administrator.expect_page() as popup:
        page.evaluate("() => { open('about:blank'); }")

    assert popup.value.evaluate("origin") == "null"


def test_a_page_that_the_manager_opens_does_not_reach_it(administrator, site):
    manager = opened(administrator, site, "/engine/admin")
    with administrator.expect_page() as opened_page:
        manager.evaluate("() => { open('/attack/weak'); }")
    opened_page.value.wait_for_load_state()

    assert opened_page.value.evaluate("opener") is None


def test_messages_of_a_script_do_not_reach_the_engine(administrator, site):
    manager = opened(administrator, site, "/")
    manager.evaluate(
        "() => { new BroadcastChannel('c').onmessage = () => { globalThis.heard = 1 } }"
    )
    own = opened(administrator, site, "/")
    page = opened(administrator, site, "/attack/page")

    page.evaluate("() => { new BroadcastChannel('c').postMessage(1) }")
    assert not manager.evaluate("globalThis.heard")

    own.evaluate("() => { new BroadcastChannel('c').postMessage(1) }")
    manager.wait_for_function("globalThis.heard")


@pytest.mark.parametrize("type", ["text/plain", "application/x-www-form-urlencoded"])
@pytest.mark.parametrize("path", ["/graphql", "/auth/logout"])
def test_a_form_of_a_script_does_nothing(administrator, site, path, type):
    page = opened(administrator, site, "/attack/page")
    with page.expect_navigation():
        page.evaluate(
            """([action, type]) => {
              const form = document.createElement("form");
              Object.assign(form, { action, method: "post", enctype: type });
              const field = document.createElement("input");
              field.name = '{"query": "{ viewer { user { email } } }", "x": "';
              field.value = '"}';
              form.append(field);
              document.body.append(form);
              form.submit();
            }""",
            [path, type],
        )

    assert "@" not in page.content()
    assert is_signed_in(site)


@pytest.mark.parametrize("path", ["/attack/refresh", "/attack/header-refresh", "/attack/clear"])
def test_a_page_of_a_script_signs_nobody_out(administrator, site, path):
    page = opened(administrator, site, path)
    page.wait_for_load_state("networkidle")

    assert is_signed_in(site)
    assert [one["name"] for one in administrator.cookies()] == ["aiwebengine_session"]


def test_a_script_sets_no_cookie(administrator, site):
    opened(administrator, site, "/attack/cookie")

    assert [one["name"] for one in administrator.cookies()] == ["aiwebengine_session"]


@pytest.mark.parametrize(
    "target",
    ["/engine/admin", "/auth/login", "//{host}/engine/admin", "/x/../engine/admin", "/\\engine"],
)
def test_no_chain_of_redirects_ends_at_the_engine(administrator, site, target):
    target = target.replace("{host}", site.host)

    page = opened(administrator, site, f"/attack/to?to=/attack/to?to={target}")

    assert page.evaluate("location.pathname") == "/attack/to"


@pytest.mark.parametrize(
    "load",
    [
        "import('/attack/code.js')",
        """new Promise((resolve, reject) => {
          const link = document.createElement("link");
          Object.assign(link, { rel: "stylesheet", href: "/attack/style.css" });
          Object.assign(link, { onload: resolve, onerror: reject });
          document.head.append(link);
        })""",
        """new Promise((resolve, reject) => {
          const link = document.createElement("link");
          Object.assign(link, { rel: "modulepreload", href: "/attack/code.js" });
          Object.assign(link, { onload: resolve, onerror: reject });
          document.head.append(link);
        })""",
    ],
    ids=["module", "style", "preload"],
)
class TestFilesOfScripts:
    """Loaded by a page of the engine, as an injected tag would."""

    def test_they_are_refused(self, administrator, site, load):
        page = opened(administrator, site, "/engine/admin")

        assert not page.evaluate(f"() => {load}.then(() => true, () => false)")
        assert not page.evaluate("globalThis.taken")

    def test_they_would_load_without_protection(self, administrator, site, load):
        # The server takes this request for one of a program, which sends no Sec-Fetch headers.
        administrator.route(
            "**/attack/*",
            lambda route: route.fulfill(
                body=httpx2.get(route.request.url, timeout=30).content,
                content_type="text/css" if route.request.url.endswith("css") else "text/javascript",
            ),
        )
        page = opened(administrator, site, "/engine/admin")

        assert page.evaluate(f"() => {load}.then(() => true, () => false)")


def test_a_page_of_the_engine_frames_no_script(administrator, site):
    page = opened(administrator, site, "/engine/admin")
    page.evaluate(
        """() => {
          const frame = document.createElement("iframe");
          frame.src = "/attack/page";
          document.body.append(frame);
        }"""
    )
    page.wait_for_load_state("networkidle")

    assert not [frame for frame in page.frames[1:] if frame.title() == "Mine"]


class TestScriptsHost:
    """Full pages on a host of their own."""

    @pytest.fixture
    def page(self, administrator, site):
        page = administrator.new_page()
        page.goto(f"http://{site.scripts_host}/attack/page")
        return page

    def test_pages_are_full(self, page, site):
        assert page.evaluate("origin") == f"http://{site.scripts_host}"
        assert attempt(page, OWNERSHIP["local storage"], site.base)
        assert attempt(page, OWNERSHIP["a cookie"], site.base)

    @pytest.mark.parametrize("attack", READS.values(), ids=READS.keys())
    def test_they_do_not_read_the_engine_by(self, page, site, attack):
        assert not attempt(page, attack, site.base)

    def test_they_set_no_cookie_for_the_engine(self, page, site, administrator):
        page.evaluate(
            """() => {
              document.cookie = "aiwebengine_session=mine; domain=localhost; path=/";
              document.cookie = "planted=1; domain=localhost; path=/";
            }"""
        )

        sent = {one["name"]: one["value"] for one in administrator.cookies(site.base)}
        assert sent == {"aiwebengine_session": site.session}

    def test_they_do_not_reach_a_popup_of_the_manager(self, page, site, administrator):
        with administrator.expect_page() as popup:
            page.evaluate(
                "(base) => { globalThis.popup = open(base + '/engine/admin') }", site.base
            )
        popup.value.wait_for_load_state()

        assert (
            page.evaluate("() => { try { return popup.document.title } catch { return 0 } }") == 0
        )
        assert popup.value.evaluate("opener") is None

    def test_no_service_worker_gets_the_whole_host(self, page):
        assert not attempt(page, PROGRAMS["a service worker for all"], "")

    def test_the_engine_is_not_there(self, page, site):
        page.goto(f"http://{site.scripts_host}/engine/admin")

        assert "No script serves this path." in page.content()
