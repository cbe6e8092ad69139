"""Pages of other origins: those that are configured read every answer, others none."""

import httpx2
import pytest
from tests.conftest import free_port, serving

from aiwebengine.app.engine import Engine
from aiwebengine.core.config import Config, Repository, Security
from aiwebengine.rate_limits import service

DESK = "https://desk.example.com"
QUERY = {"query": "{ viewer { id } }"}


@pytest.fixture
async def client(url, tmp_path, monkeypatch):
    """Who asks an engine that lets the pages of one other origin read, ten times a minute."""
    monkeypatch.setattr(service, "_minute", lambda: 7)
    security = Security(
        cors_allowed_origins=[DESK], rate_limit_per_minute=10, max_request_body_bytes=1_024
    )
    config = Config(repository=Repository(data_dir=tmp_path), security=security)
    engine = Engine(config.at_port(free_port()), url)
    await engine.prepare()
    async with serving(engine) as served, httpx2.AsyncClient(base_url=served.base) as client:
        yield client


@pytest.mark.parametrize(("origin", "status"), [(DESK, 200), ("https://evil.example", 400)])
async def test_a_preflight_request_is_answered(client, origin, status):
    asking = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, content-type",
    }

    told = await client.options("/graphql", headers=asking)

    assert told.status_code == status
    assert told.headers.get("access-control-allow-origin") == (DESK if status == 200 else None)


async def test_answers_and_refusals_are_readable_there_and_nowhere_else(client):
    here, elsewhere = {"Origin": DESK}, {"Origin": "https://evil.example"}

    answer = await client.post("/graphql", json=QUERY, headers=here)
    foreign = await client.post("/graphql", json=QUERY, headers=elsewhere)
    large = await client.post("/graphql", content=b" " * 2_000, headers=here)
    often = [await client.post("/graphql", json=QUERY, headers=here) for _ in range(10)][-1]

    assert [one.status_code for one in (answer, large, often)] == [200, 413, 429]
    for one in (answer, large, often):
        assert one.headers["access-control-allow-origin"] == DESK
    assert "access-control-allow-origin" not in foreign.headers
