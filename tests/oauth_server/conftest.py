"""A program that connects itself, and a user with a browser."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from aiwebengine.core.identity import Role, anonymous

REDIRECT = "http://127.0.0.1:7777/callback"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode()[:-1]
FORM = re.compile(r'name="form" value="([^"]+)"')


@dataclass
class Program:
    """A registered program, which talks to the engine itself."""

    http: httpx2.AsyncClient
    id: str
    metadata: dict
    extra: dict = field(default_factory=dict)

    def request(self, **values):
        """The parameters of an authorization request; None leaves one out."""
        asked = {
            "client_id": self.id,
            "redirect_uri": REDIRECT,
            "response_type": "code",
            "scope": "scripts:call",
            "state": "s1",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **values,
        }
        return {name: value for name, value in asked.items() if value is not None}

    async def token(self, **values):
        """Ask the token endpoint."""
        asked = {"client_id": self.id, **self.extra, **values}
        return await self.http.post("/auth/oauth/token", data=asked)

    async def exchange(self, code, **values):
        """Exchange a code."""
        asked = {"code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER, **values}
        return await self.token(grant_type="authorization_code", **asked)


@pytest.fixture
async def http(served):
    """A program without a browser."""
    async with httpx2.AsyncClient(base_url=served.base) as client:
        yield client


@pytest.fixture
def register(http):
    """Register a program with this metadata."""

    async def register(**metadata):
        asked = {
            "client_name": "Desk",
            "redirect_uris": [REDIRECT],
            "token_endpoint_auth_method": "none",
            **metadata,
        }
        return await http.post("/auth/oauth/register", json=asked)

    return register


@pytest.fixture
async def program(http, register):
    registered = (await register()).json()
    return Program(http, registered["client_id"], registered)


@pytest.fixture
async def ada(add_served_person):
    return await add_served_person("ada", Role.ADMINISTRATOR)


@pytest.fixture
async def browser(served, ada):
    """A browser in which Ada has just signed in."""
    begun = await served.engine.services.sessions.begin(
        anonymous(ada.origin), ada.id, ada.label, "link"
    )
    cookies = {served.engine.authenticator.cookie: begun.secret}
    headers = {"Origin": served.base}
    async with httpx2.AsyncClient(base_url=served.base, cookies=cookies, headers=headers) as client:
        yield client


@pytest.fixture
def allow(browser, program):
    """Ada answers a consent page; the parameters that the program's address gets."""

    async def allow(answer="allow", **values):
        page = await browser.get("/auth/oauth/authorize", params=program.request(**values))
        assert page.status_code == 200, page.text
        sent = {"form": FORM.search(page.text)[1], "answer": answer}
        answered = await browser.post("/auth/oauth/authorize", data=sent)
        assert answered.status_code == 200, answered.text
        return answer_in(answered)

    return allow


def answer_in(response):
    """The parameters in the address that a page opens."""
    address = response.headers["refresh"].partition("url=")[2]
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


@pytest.fixture
def connected(program, allow):
    """Connect the program; the token response."""

    async def connected(**values):
        answer = await allow(**values)
        response = await program.exchange(answer["code"])
        assert response.status_code == 200, response.text
        return response.json()

    return connected
