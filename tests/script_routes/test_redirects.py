"""A script on the engine's host sends nobody to a page of the engine."""

import pytest

LEADING_TO_THE_ENGINE = [
    "/engine/admin",
    "/auth/login?redirect=/engine/admin",
    "/auth/link?token=mine",
    "/graphql?query={viewer{id}}",
    "//{host}/engine/admin",
    "http://{host}/engine/admin",
    "HTTP://LOCALHOST:{port}/engine/admin",
    "http://localhost.:{port}/engine/admin",
    "http://localhost:1/engine/admin",
    "http://localhost/engine/admin",
    "http:/engine/admin",
    "http:engine/admin",
    "http:///{host}/engine/admin",
    "http:\\\\{host}\\engine\\admin",
    "http://user@{host}/engine/admin",
    "http://user:pass@{host}/engine/admin",
    "http://evil.example\\@{host}/engine/admin",
    "http://%6cocalhost:{port}/engine/admin",
    "http://l\u00f6calhost:{port}/engine/admin",
    "http://{host}/x/../engine/admin",
    "http://{host}/x/%2e%2e/engine/admin",
    "http://{host}/./engine/admin",
    "http://{host}//engine/admin",
    "/x/../engine/admin",
    "/%2e/engine/admin",
    "/%65ngine/admin",
    "/%2565ngine/admin",
    "/ENGINE/admin",
    "/engine;x/admin",
    "/\\{host}/engine/admin",
    "\\engine\\admin",
    "\\\\{host}\\engine\\admin",
    "../engine/admin",
    "./../engine/admin",
    "..\\engine\\admin",
    " /engine/admin",
    "/\tengine/admin",
    "h\tttp://{host}/engine/admin",
    "///{host}/engine/admin",
    "/.//../engine/admin",
    "/engine/admin#x",
    "/auth",
]


def redirected(site, location, status=302, host=None):
    said = {"status": status, "headers": {"Location": location}}
    return site.answer(said, host)


@pytest.mark.parametrize("location", LEADING_TO_THE_ENGINE)
def test_a_script_does_not_redirect_to(site, location):
    location = location.replace("{host}", site.host).replace("{port}", str(site.port))

    reply = redirected(site, location)

    assert reply.status == 500
    assert reply.all("location") == []


@pytest.mark.parametrize("status", [200, 201, 301, 303, 307, 308])
def test_no_status_carries_such_an_address(site, status):
    assert redirected(site, "/engine/admin", status).all("location") == []


@pytest.mark.parametrize(
    "location",
    [
        "/evil/answer",
        "answer",
        "?page=2",
        "#part",
        "/",
        "https://example.org/engine/admin",
        "//example.org/auth/login",
        "https://example.org:8443/a?b=c#d",
        "mailto:ada@example.org",
        "/engineer",
        "/files/engine/admin",
        "/a%20b",
    ],
)
def test_a_script_redirects_to(site, location):
    reply = redirected(site, location)

    assert (reply.status, reply.all("location")) == (302, [location])


def test_a_chain_of_redirects_ends_before_the_engine(site):
    first = redirected(site, "/evil/answer?next=/engine/admin")
    second = redirected(site, "/engine/admin")

    assert first.status == 302
    assert second.status == 500


def test_a_script_on_the_scripts_host_may_send_visitors_to_sign_in(site):
    address = f"{site.base}/auth/login?redirect=/"

    assert redirected(site, address, host=site.scripts_host).all("location") == [address]
