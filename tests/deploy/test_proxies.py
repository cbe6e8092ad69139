"""nginx and HAProxy as people set them up: nobody behind them counts as this machine itself."""

import re

import httpx2
import psycopg
import pytest
from tests.auth.provider import CLIENT_ID, CLIENT_SECRET, Provider
from tests.conftest import free_port, listening, wait_for
from tests.deploy.proxies import haproxy, nginx

pytestmark = pytest.mark.deploy

# The content of the `location` block of nginx, by the usual names of these configurations.
NGINX = {
    "by name": "proxy_pass http://localhost:{engine};",
    "by address": "proxy_pass http://127.0.0.1:{engine};",
    "the browser's name": "proxy_pass http://127.0.0.1:{engine}; proxy_set_header Host $host;",
    "the browser's name and port": (
        "proxy_pass http://127.0.0.1:{engine}; proxy_set_header Host $http_host;"
    ),
    "1.1": "proxy_pass http://localhost:{engine}; proxy_http_version 1.1;",
    "1.1 and the browser's name": (
        "proxy_pass http://localhost:{engine}; proxy_http_version 1.1;"
        " proxy_set_header Host $http_host;"
    ),
    # As from 1.29.7 on without any setting.
    "1.1 and kept alive": (
        "proxy_pass http://localhost:{engine}; proxy_http_version 1.1;"
        ' proxy_set_header Connection "";'
    ),
    "1.1, kept alive and the browser's name": (
        "proxy_pass http://localhost:{engine}; proxy_http_version 1.1;"
        ' proxy_set_header Connection ""; proxy_set_header Host $http_host;'
    ),
    "as its book has it": (
        "proxy_pass http://127.0.0.1:{engine}; proxy_set_header Host $host;"
        " proxy_set_header X-Real-IP $remote_addr;"
        " proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"
        " proxy_set_header X-Forwarded-Proto $scheme;"
    ),
}
HAPROXY = {"nothing": "", "forwardfor": "option forwardfor"}


@pytest.fixture(
    params=[f"nginx {name}" for name in NGINX] + [f"haproxy {name}" for name in HAPROXY]
)
def in_front(request):
    """Put the proxy in front of an engine: a context that gives its address."""
    kind, _, name = request.param.partition(" ")

    def put(folder, engine, port):
        if kind == "nginx":
            return nginx(folder, NGINX[name].format(engine=engine), port)
        return haproxy(folder, engine, HAPROXY[name], port=port)

    put.marks = "X-Forwarded-For" in NGINX.get(name, "") or name == "forwardfor"
    return put


def names_of(base, engine):
    """What an attacker behind the proxy may call the engine."""
    return [
        {},
        {"Host": f"localhost:{engine}"},
        {"Host": f"127.0.0.1:{engine}"},
        {"Host": "localhost"},
        {
            "Host": f"localhost:{engine}",
            "Connection": "X-Forwarded-For, X-Real-IP, Via, keep-alive",
        },
    ]


def reached(base, engine, path, **options):
    """The statuses of a request under each of these names."""
    return {
        httpx2.get(f"{base}{path}", headers=headers, timeout=30, **options).status_code
        for headers in names_of(base, engine)
    }


def counted(url):
    """How many requests the rate limit has counted."""
    with psycopg.connect(url) as connection:
        (hits,) = connection.execute("select coalesce(sum(hits), 0) from rate_windows").fetchone()
    return hits


def test_nobody_behind_a_proxy_that_was_just_put_there_is_local(in_front, start, url, tmp_path):
    """base_url says that a proxy is there; trusted_proxies does not say yet which."""
    engine, proxy_port = free_port(), free_port()
    _, _, output = start(
        APP_REPOSITORY__DATABASE_URL=url,
        APP_SERVER__PORT=str(engine),
        APP_SERVER__BASE_URL=f"http://localhost:{proxy_port}",
        APP_SECURITY__METRICS_FROM_LOOPBACK="true",
    )
    token = re.search(r"/auth/link\?token=(\S+)", output.read_text())[1]

    with in_front(tmp_path, engine, proxy_port) as base:
        links = reached(base, engine, f"/auth/link?token={token}")
        metrics = reached(base, engine, "/metrics")
        # What is counted is in the database within a second.
        wait_for(lambda: counted(url) > 0)

    assert links == {403}
    assert metrics == {401}


def test_nobody_behind_a_trusted_proxy_is_local_but_this_machine_is(in_front, start, url, tmp_path):
    engine, proxy_port = free_port(), free_port()
    _, _, output = start(
        APP_REPOSITORY__DATABASE_URL=url,
        APP_SERVER__PORT=str(engine),
        APP_SERVER__BASE_URL=f"http://localhost:{proxy_port}",
        APP_SERVER__TRUSTED_PROXIES='["127.0.0.0/8"]',
        APP_SECURITY__METRICS_FROM_LOOPBACK="true",
    )
    token = re.search(r"/auth/link\?token=(\S+)", output.read_text())[1]
    direct = f"http://localhost:{engine}"
    before = httpx2.get(f"{direct}/metrics").status_code

    with in_front(tmp_path, engine, proxy_port) as base:
        # Somebody looks at a page, as people do: the browser says where it comes from.
        page = httpx2.get(f"{base}/auth/login", headers={"Referer": f"{base}/"})
        links = reached(base, engine, f"/auth/link?token={token}")
        metrics = reached(base, engine, "/metrics")
    after = httpx2.get(f"{direct}/metrics").status_code

    assert (before, page.status_code) == (200, 200)
    assert links == {403}
    assert metrics == {401}
    # Requests of a proxy that names its clients can be distinguished from local requests.
    assert after == (200 if in_front.marks else 401)


async def test_people_sign_in_through_it(in_front, start, url, tmp_path):
    engine, proxy_port, provider_port = free_port(), free_port(), free_port()
    issuer = f"http://localhost:{provider_port}"
    provider = Provider(issuer)
    async with listening(provider.app(), provider_port):
        start(
            APP_REPOSITORY__DATABASE_URL=url,
            APP_SERVER__PORT=str(engine),
            APP_SERVER__BASE_URL=f"http://localhost:{proxy_port}",
            APP_SERVER__TRUSTED_PROXIES='["127.0.0.0/8"]',
            APP_AUTH__BOOTSTRAP_ADMINS='["ada@example.com"]',
            APP_AUTH__PROVIDERS__TEAM__ISSUER=issuer,
            APP_AUTH__PROVIDERS__TEAM__CLIENT_ID=CLIENT_ID,
            APP_AUTH__PROVIDERS__TEAM__CLIENT_SECRET=CLIENT_SECRET,
        )
        with in_front(tmp_path, engine, proxy_port) as base:
            async with httpx2.AsyncClient(base_url=base, timeout=60) as client:
                address = "/auth/login/team?redirect=/engine/admin"
                page = await client.get(address, follow_redirects=True)
                # A browser that was asked for a password by the proxy repeats it by itself.
                asked = {"query": "{ viewer { email } }"}
                headers = {"Origin": base, "Authorization": "Basic Ym9iOnNlY3JldA=="}
                answer = await client.post("/graphql", json=asked, headers=headers)

    assert str(page.url) == f"{base}/engine/admin"
    assert page.status_code == 200
    assert answer.json()["data"]["viewer"]["email"] == "ada@example.com"


def test_what_haproxy_passes_on_without_reading_it_is_not_local(start, url, tmp_path):
    """`mode tcp` forwards the browser's own request: only its Host and the settings reveal it."""
    engine, proxy_port = free_port(), free_port()
    start(
        APP_REPOSITORY__DATABASE_URL=url,
        APP_SERVER__PORT=str(engine),
        APP_SERVER__BASE_URL=f"http://localhost:{proxy_port}",
        APP_SECURITY__METRICS_FROM_LOOPBACK="true",
    )

    with haproxy(tmp_path, engine, mode="tcp", port=proxy_port) as base:
        metrics = reached(base, engine, "/metrics")

    assert metrics == {401}
