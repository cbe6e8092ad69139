"""Secrets and hosts by REST and on the command line."""

from __future__ import annotations

import json
import os

import httpx2
import pytest
from tests import commands

from aiwebengine.core.identity import Role

PATH = "/api/engine/scripts"
VALUE = "sk-live-4242"


@pytest.fixture
async def clients(served, add_served_person):
    """A client for each of two editors, by an API token; the first owns the script `hello`."""
    made = []
    for name in ("edith", "emma"):
        viewer = await add_served_person(name, Role.EDITOR)
        if not made:
            await served.engine.services.scripts.create(viewer, "hello")
        token = await served.token(viewer)
        headers = {"Authorization": f"Bearer {token}"}
        made.append(httpx2.AsyncClient(base_url=served.base + PATH, headers=headers, timeout=60))
    yield made
    for client in made:
        await client.aclose()


async def test_secrets_by_rest(clients):
    edith, emma = clients
    secret = {"value": VALUE, "hosts": ["API.example.org"]}

    done = await edith.put("/hello/secrets/API_KEY", json=secret)
    listed = await edith.get("/hello/secrets")
    refused = await emma.put("/hello/secrets/API_KEY", json=secret)
    unlisted = await emma.get("/hello/secrets")
    incomplete = await edith.put("/hello/secrets/API_KEY", json={"value": VALUE})
    unnamed = await edith.put("/hello/secrets/api-key", json=secret)
    removed = await edith.delete("/hello/secrets/API_KEY")
    missing = await edith.delete("/hello/secrets/API_KEY")

    assert done.status_code == 200
    assert (done.json()["name"], done.json()["hosts"]) == ("API_KEY", ["api.example.org"])
    assert listed.json() == {"secrets": [done.json()]}
    assert VALUE not in done.text + listed.text
    assert [refused.status_code, unlisted.status_code] == [403, 403]
    assert incomplete.status_code == 422
    assert incomplete.json()["detail"].startswith("hosts: found nothing")
    assert unnamed.json()["detail"].startswith("name: found 'api-key'")
    assert (removed.status_code, missing.status_code) == (204, 404)


async def test_hosts_by_rest(clients):
    edith, emma = clients

    some = await edith.put("/hello/fetch-hosts", json={"hosts": ["*.example.org"]})
    every = await edith.put("/hello/fetch-hosts", json={"hosts": None})
    refused = await emma.put("/hello/fetch-hosts", json={"hosts": None})
    missing = await edith.put("/hello/fetch-hosts", json={})
    wrong = await edith.put("/hello/fetch-hosts", json={"hosts": "example.org"})

    assert some.json() == {"hosts": ["*.example.org"]}
    assert every.json() == {"hosts": None}
    assert refused.status_code == 403
    assert [missing.status_code, wrong.status_code] == [422, 422]


@pytest.fixture
def run(url, tmp_path):
    """Run `aiwebengine scripts` on this test's database; its output, or with a code its errors."""
    environment = {**os.environ, "APP_REPOSITORY__DATABASE_URL": url, "COLUMNS": "200"}

    def run(*arguments, given=None, code=0):
        done = commands.run("scripts", *arguments, cwd=tmp_path, env=environment, given=given)
        assert done.returncode == code, done.stderr + done.stdout
        assert "Traceback" not in done.stderr
        assert VALUE not in done.stdout + done.stderr
        return done.stdout if code == 0 else done.stdout + done.stderr

    return run


def test_secrets_on_the_command_line(run):
    run("create", "mailer")
    done = run(
        "secrets", "set", "mailer", "API_KEY", "--host", "api.example.org", given=f"{VALUE}\n"
    )
    hook = run("secrets", "set", "mailer", "HOOK", "--no-host", given=VALUE)
    listed = run("secrets", "list", "mailer")
    as_json = json.loads(run("secrets", "list", "mailer", "--json"))
    removed = run("secrets", "remove", "mailer", "HOOK")
    empty = run("secrets", "set", "mailer", "HOOK", "--no-host", given="", code=1)
    large = run("secrets", "set", "mailer", "HOOK", "--no-host", given="x" * 20_000, code=1)
    unsaid = run("secrets", "set", "mailer", "HOOK", given=VALUE, code=2)

    assert done == "API_KEY of mailer is set; it may be sent to api.example.org.\n"
    assert hook == "HOOK of mailer is set; it is sent nowhere.\n"
    assert "api.example.org" in listed
    assert [(one["name"], one["hosts"]) for one in as_json] == [
        ("API_KEY", ["api.example.org"]),
        ("HOOK", []),
    ]
    assert removed == "HOOK of mailer is removed.\n"
    assert "value: it is empty" in empty
    assert "value: found 16,387 bytes; allowed: 16,384" in large
    assert "Give either --host or --no-host" in unsaid


def test_hosts_on_the_command_line(run):
    run("create", "weather")
    every = run("fetch-hosts", "weather")
    some = run("fetch-hosts", "weather", "api.example.org", "*.example.net")
    none = json.loads(run("fetch-hosts", "weather", "--none", "--json"))
    invalid = run("fetch-hosts", "weather", "http://a.example/", code=1)
    both = run("fetch-hosts", "weather", "a.example", "--any", code=2)

    assert every == "weather may send requests to: every public host\n"
    assert some == "weather may send requests to: *.example.net, api.example.org\n"
    assert none == {"hosts": []}
    assert "hosts: found 'http://a.example/'" in invalid
    assert "Give either HOSTS, --any or --none" in both
