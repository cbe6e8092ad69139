"""A small OpenID provider on loopback that can be told to misbehave in each way that matters."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
import time
from typing import Any
from urllib.parse import parse_qsl, urlencode

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT_ID = "the-engine"
CLIENT_SECRET = "a secret of the tests"


class Provider:
    """Signs in `person` without asking; `crooked` changes claims, `fault` the behaviour."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.person: dict[str, Any] = {
            "sub": "1",
            "email": "ada@example.com",
            "email_verified": True,
            "name": "Ada Lovelace",
            "picture": "https://pictures.example/ada.png",
        }
        self.crooked: dict[str, Any] = {}
        self.fault = ""
        self.secret_shown_by = "client_secret_post"
        self.key_reads = 0
        self.last_token_request: dict[str, str] = {}
        self._codes: dict[str, dict[str, str]] = {}
        self.rotate_keys()

    def rotate_keys(self) -> None:
        """Sign with another key from now on, and publish only that one."""
        self._key = RSAKey.generate_key(2048, {"kid": secrets.token_hex(4), "use": "sig"})

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._document),
                Route("/keys", self._keys),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
                Route("/end", lambda _: PlainTextResponse("ended")),
            ]
        )

    async def _document(self, _: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.crooked.get("issuer", self.base),
                "authorization_endpoint": f"{self.base}/authorize",
                "token_endpoint": f"{self.base}/token",
                "jwks_uri": f"{self.base}/keys",
                "end_session_endpoint": f"{self.base}/end",
                "token_endpoint_auth_methods_supported": [self.secret_shown_by],
            }
        )

    async def _keys(self, _: Request) -> Response:
        self.key_reads += 1
        return JSONResponse(KeySet([self._key]).as_dict(private=False))

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        answer = {"state": asked["state"]}
        if self.fault == "cancel":
            answer |= {"error": "access_denied", "error_description": "<b>no</b>"}
        elif self.fault == "cancel without state":
            answer = {"error": "access_denied"}
        else:
            code = secrets.token_urlsafe(8)
            self._codes[code] = asked
            answer["code"] = code
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(answer)}")

    async def _token(self, request: Request) -> Response:
        if self.fault == "slow":
            await asyncio.sleep(3)
        if self.fault == "broken":
            return PlainTextResponse("<html>oops", 500)
        told = dict(parse_qsl((await request.body()).decode()))
        self.last_token_request = told
        asked = self._codes.pop(told.get("code", ""), None)
        proof = hashlib.sha256(told.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(proof).rstrip(b"=").decode()
        if (
            asked is None
            or asked["code_challenge"] != challenge
            or asked["redirect_uri"] != told["redirect_uri"]
            or self._secret(request, told) != CLIENT_SECRET
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {
            "iss": self.base,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            **self.person,
            **self.crooked,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        key = (
            RSAKey.generate_key(2048, {"kid": self._key.kid}) if self.fault == "key" else self._key
        )
        token = jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key)
        if self.fault == "unsigned":
            header, body, _ = token.split(".")
            header = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
            token = f"{header}.{body}."
        answer = {"access_token": "x", "token_type": "Bearer", "id_token": token}
        if self.fault == "no token":
            del answer["id_token"]
        return JSONResponse(answer)

    def _secret(self, request: Request, told: dict[str, str]) -> str | None:
        if self.secret_shown_by == "client_secret_post":
            return told.get("client_secret")
        scheme, _, pair = request.headers.get("authorization", "").partition(" ")
        name, _, secret = base64.b64decode(pair).decode().partition(":")
        return secret if (scheme, name) == ("Basic", CLIENT_ID) else None
