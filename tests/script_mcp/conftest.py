"""An engine that serves scripts, and programs that call their tools."""

from __future__ import annotations

from contextlib import asynccontextmanager

import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

from aiwebengine.core.identity import Role

CREATE = "mutation ($slug: String!) { createScript(input: {slug: $slug}) { script { slug } } }"
SAVE = """mutation ($slug: String!, $files: [ScriptFileInput!]!) {
  saveScript(input: {slug: $slug, files: $files}) { changed }
}"""
DEPLOY = """mutation ($slug: String!) {
  deployScript(input: {slug: $slug}) { changed diagnostics { severity message } }
}"""


@pytest.fixture
async def ada(add_served_person):
    return await add_served_person("ada", Role.ADMINISTRATOR)


@pytest.fixture
async def alan(add_served_person):
    """Somebody without any role."""
    return await add_served_person("alan")


@pytest.fixture
async def edith(add_served_person):
    return await add_served_person("edith", Role.EDITOR)


@pytest.fixture
def graphql(served, edith):
    """Execute a document as the owner of the scripts; its body."""

    async def graphql(query, **variables):
        token = await served.token(edith)
        async with httpx2.AsyncClient(timeout=60) as http:
            answer = await http.post(
                f"{served.base}/graphql",
                json={"query": query, "variables": variables},
                headers={"Authorization": f"Bearer {token}"},
            )
        return answer.json()

    return graphql


@pytest.fixture
def deploy(graphql):
    """Save and deploy a script; the answer of the deployment."""

    async def deploy(slug, source, is_new=True):
        if is_new:
            made = await graphql(CREATE, slug=slug)
            assert "errors" not in made, made
        saved = await graphql(SAVE, slug=slug, files=[{"path": "main.ts", "text": source}])
        assert "errors" not in saved, saved
        return await graphql(DEPLOY, slug=slug)

    return deploy


@pytest.fixture
def connect(served):
    """Connect a program as somebody."""

    @asynccontextmanager
    async def connect(viewer, *, path="/mcp", mode="auto", scopes=("scripts:call",)):
        token = await served.token(viewer, scopes=scopes)
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
            transport = streamable_http_client(served.base + path, http_client=http)
            async with Client(transport, mode=mode) as client:
                yield client

    return connect
