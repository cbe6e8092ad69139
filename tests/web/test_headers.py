"""Security headers of all responses, and the address for security reports."""

from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from tests.conftest import free_port, serving

from aiwebengine.app.engine import Engine
from aiwebengine.core.config import Config, Repository, Security, Server
from aiwebengine.core.config_loader import ConfigError, load_config

PUBLIC = "https://engine.example.com"


async def served_with(url, folder, **options):
    """An engine that browsers reach by https, with these settings of [security]."""
    config = Config(
        repository=Repository(data_dir=folder),
        server=Server(base_url=PUBLIC),
        security=Security(**options),
    )
    engine = Engine(config.at_port(free_port()), url)
    await engine.prepare()
    return serving(engine)


async def test_no_answer_may_be_embedded_elsewhere_and_pages_load_nothing_from_elsewhere(
    url, tmp_path
):
    async with (
        await served_with(url, tmp_path) as served,
        httpx2.AsyncClient(base_url=served.base) as client,
    ):
        answers = [await client.get(path) for path in ("/", "/health", "/nowhere", "/auth/login")]
        policy = answers[0].headers["content-security-policy"]
        left = await client.post("/auth/logout", json={})

    for answer in answers:
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert "img-src 'self' data:;" in policy
    assert "https:" not in policy
    assert left.headers["clear-site-data"] == '"storage"'


async def test_strict_transport_covers_subdomains_when_asked_to(url, tmp_path):
    async with (
        await served_with(url, tmp_path, hsts_include_subdomains=True) as served,
        httpx2.AsyncClient(base_url=served.base) as client,
    ):
        answer = await client.get("/health")

    assert answer.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"


async def test_security_txt_names_the_contact_and_is_never_out_of_date(url, tmp_path):
    contact = "mailto:security@example.com"
    async with (
        await served_with(url, tmp_path, contact=contact) as served,
        httpx2.AsyncClient(base_url=served.base) as client,
    ):
        answer = await client.get("/.well-known/security.txt", headers={"Host": "evil.example"})

    fields = dict(line.split(": ", 1) for line in answer.text.splitlines())
    left = datetime.fromisoformat(fields["Expires"]) - datetime.now(UTC)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert fields["Contact"] == contact
    # RFC 9116: less than a year from now.
    assert timedelta(days=30) < left < timedelta(days=365)
    assert fields["Canonical"] == f"{PUBLIC}/.well-known/security.txt"


async def test_without_a_contact_there_is_no_security_txt(served):
    async with httpx2.AsyncClient(base_url=served.base) as client:
        answer = await client.get("/.well-known/security.txt")

    assert answer.status_code == 404
    assert "security.contact" in answer.json()["detail"]


NO_CONTACTS = [
    "security@example.com",
    "http://example.com/x",
    "mailto:",
    "https://",
    "mailto:a@b\nExpires: x",
    "mailto:a b@c",
    "javascript:alert(1)",
    "tel:",
]


@pytest.mark.parametrize("contact", NO_CONTACTS)
def test_a_contact_that_is_no_address_is_refused(contact):
    with pytest.raises(ConfigError, match=r"security\.contact"):
        load_config(None, {"APP_SECURITY__CONTACT": contact})


@pytest.mark.parametrize("contact", ["https://example.com/vdp", "tel:+1-201-555-0123"])
def test_a_contact_may_be_a_web_address_or_a_number(contact):
    found = load_config(None, {"APP_SECURITY__CONTACT": contact})

    assert found.security.contact == contact
