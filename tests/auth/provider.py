"""A small OpenID provider on loopback that can misbehave in each relevant way."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import secrets
import time
from typing import Any
from urllib.parse import parse_qsl, urlencode

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from joserfc.jws import JWSRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT_ID = "the-engine"
CLIENT_SECRET = "a secret of the tests"


NOT_THERE = object()


class _Registry(JWSRegistry):
    max_payload_length = 10_000_000


class _Ascii(json.JSONEncoder):
    """Lone surrogates, too, can be written as escapes."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options | {"ensure_ascii": True})


class Provider:
    """Signs in `person` without asking; `crooked` changes claims, `fault` the behaviour.

    `document`, `tokens` and `answer` are put above what those would say; None leaves out.
    `userinfo` and `keys` are answered as they are. `signed_in_at` is when the person last signed in
    here, as `auth_time` says; None: this provider never says it.
    """

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
        self.document: dict[str, Any] = {}
        self.tokens: dict[str, Any] = {}
        self.answer: dict[str, Any] = {}
        self.userinfo: Any = NOT_THERE
        self.userinfo_status = 200
        self.keys: Any = NOT_THERE
        self.published: list[Any] = []
        self.signed_in_at: float | None = None
        self.last_asked: dict[str, str] = {}
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
                Route("/{tenant}/v2.0/.well-known/openid-configuration", self._document),
                Route("/keys", self._published),
                Route("/userinfo", self._userinfo),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
                Route("/end", lambda _: PlainTextResponse("ended")),
            ]
        )

    async def _document(self, _: Request) -> Response:
        if self.fault == "moved":
            return RedirectResponse(f"{self.base}/elsewhere", 301)
        if self.fault == "document":
            return JSONResponse(self.document)
        document = {
            "issuer": self.crooked.get("issuer", self.base),
            "authorization_endpoint": f"{self.base}/authorize",
            "token_endpoint": f"{self.base}/token",
            "jwks_uri": f"{self.base}/keys",
            "end_session_endpoint": f"{self.base}/end",
            "token_endpoint_auth_methods_supported": [self.secret_shown_by],
        }
        if self.userinfo is not NOT_THERE:
            document["userinfo_endpoint"] = f"{self.base}/userinfo"
        return JSONResponse(_without_none(document | self.document))

    async def _published(self, _: Request) -> Response:
        self.key_reads += 1
        if self.keys is not NOT_THERE:
            return JSONResponse(self.keys)
        good = KeySet([self._key]).as_dict(private=False)["keys"]
        return JSONResponse({"keys": [*self.published, *good]})

    async def _userinfo(self, request: Request) -> Response:
        if request.headers.get("authorization") != "Bearer x":
            return JSONResponse({"error": "invalid_token"}, 401)
        return JSONResponse(self.userinfo, self.userinfo_status)

    def _sign_in(self, asked: dict[str, str]) -> None:
        """As Core section 3.1.2.1 has it, but for the fault of not asking the person again."""
        if self.signed_in_at is None or self.fault == "does not ask again":
            return
        is_old = time.time() - self.signed_in_at > float(asked.get("max_age", "inf"))
        if is_old or asked.get("prompt") == "login":
            self.signed_in_at = time.time()

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        self.last_asked = asked
        self._sign_in(asked)
        answer = {"state": asked["state"]}
        if self.fault == "cancel":
            answer |= {"error": "access_denied", "error_description": "<b>no</b>"}
        elif self.fault == "cancel without state":
            answer = {"error": "access_denied"}
        else:
            code = secrets.token_urlsafe(8)
            self._codes[code] = asked
            answer["code"] = code
        answer = _without_none(answer | self.answer)
        if asked.get("response_mode") == "form_post":
            return JSONResponse(answer)
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
            or self.fault == "grant"
            or asked["code_challenge"] != challenge
            or asked["redirect_uri"] != told["redirect_uri"]
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        if self.fault != "any client" and self._secret(request, told) != CLIENT_SECRET:
            return JSONResponse({"error": "invalid_client"}, 401)
        now = int(time.time())
        claims = {
            "iss": self.base,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            **({} if self.signed_in_at is None else {"auth_time": int(self.signed_in_at)}),
            **self.person,
            **self.crooked,
        }
        claims = _without_none(claims)
        key = (
            RSAKey.generate_key(2048, {"kid": self._key.kid}) if self.fault == "key" else self._key
        )
        header = {"alg": "RS256", "kid": key.kid}
        token = jwt.encode(header, claims, key, registry=_Registry(), encoder_cls=_Ascii)
        if self.fault == "unsigned":
            header, body, _ = token.split(".")
            header = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
            token = f"{header}.{body}."
        answer = {"access_token": "x", "token_type": "Bearer", "id_token": token}
        if self.fault == "no token":
            del answer["id_token"]
        return JSONResponse(_without_none(answer | self.tokens))

    def _secret(self, request: Request, told: dict[str, str]) -> str | None:
        if self.secret_shown_by == "client_secret_post":
            return told.get("client_secret")
        scheme, _, pair = request.headers.get("authorization", "").partition(" ")
        name, _, secret = base64.b64decode(pair).decode().partition(":")
        return secret if (scheme, name) == ("Basic", CLIENT_ID) else None


class GitHub:
    """GitHub's side of OAuth and of its interface, with the same person for everybody."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.user: Any = {"id": 1, "login": "ada", "name": "Ada Lovelace", "avatar_url": None}
        self.emails: Any = [{"email": "ada@example.com", "primary": True, "verified": True}]
        self.emails_status = 200
        self.last_asked: dict[str, str] = {}

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/login/oauth/authorize", self._authorize),
                Route("/login/oauth/access_token", self._token, methods=["POST"]),
                Route("/user", lambda _: JSONResponse(self.user)),
                Route("/user/emails", self._emails),
            ]
        )

    async def _authorize(self, request: Request) -> Response:
        self.last_asked = dict(request.query_params)
        answer = {"state": self.last_asked["state"], "code": "once"}
        return RedirectResponse(f"{self.last_asked['redirect_uri']}?{urlencode(answer)}")

    async def _token(self, _: Request) -> Response:
        return JSONResponse({"access_token": "x", "token_type": "bearer", "scope": ""})

    async def _emails(self, _: Request) -> Response:
        return JSONResponse(self.emails, self.emails_status)


def _without_none(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
