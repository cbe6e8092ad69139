"""A program that speaks the protocol by the client of the package `mcp`, with a token."""

from __future__ import annotations

from contextlib import asynccontextmanager

import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

from aiwebengine.core.identity import Role


@pytest.fixture
async def ada(add_served_person):
    return await add_served_person("ada", Role.ADMINISTRATOR)


@pytest.fixture
async def alan(add_served_person):
    return await add_served_person("alan")


@pytest.fixture
def connect(served):
    """Connect a program as somebody; *mode* is the version of the protocol."""

    @asynccontextmanager
    async def connect(viewer, *, path="/mcp", mode="auto", **options):
        token = await served.token(viewer, **options)
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx2.AsyncClient(headers=headers) as http:
            transport = streamable_http_client(served.base + path, http_client=http)
            async with Client(transport, mode=mode) as client:
                yield client

    return connect
