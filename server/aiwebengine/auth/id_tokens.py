"""Validation of ID tokens by the keys of the provider."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from typing import Any

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import Key, RSAKey
from joserfc.jwk import import_key as read_key
from joserfc.jws import JWSRegistry, extract_compact

CLOCK_SKEW_SECS = 120
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "ES512", "EdDSA"]
_KINDS = {"R": "RSA", "P": "RSA", "E": "EC"}
# RFC 7518 section 3.3.
LEAST_RSA_BITS = 2048


class _Registry(JWSRegistry):
    """Accepts long tokens: they may contain pictures as `data:` addresses and certificates."""

    max_header_length = 16_384
    max_payload_length = 4_000_000
    max_signature_length = 4_096


# RFC 7515 section 4: unknown header members are to be ignored.
_REGISTRY = _Registry(algorithms=ALGORITHMS, strict_check_header=False)


def usable_keys(published: object) -> list[Key]:
    """The keys of a set that can check signatures; others are skipped (RFC 7517 section 5).

    Raises ValueError when they are no list.
    """
    if not isinstance(published, list):
        raise ValueError(f"the keys are {type(published).__name__}, not a list")
    return [key for key in map(_read, published) if key is not None]


def claims_of(token: str, keys: Sequence[Key], client_id: str, nonce: str) -> dict[str, Any]:
    """The claims of a valid ID token (OpenID Connect Core section 3.1.3.7), except `iss`.

    Raises InvalidKeyIdError when none of the keys has signed it, ValueError, JoseError.
    """
    claims: dict[str, Any] = _decoded(token, keys).claims
    jwt.JWTClaimsRegistry(
        leeway=CLOCK_SKEW_SECS,
        exp={"essential": True},
        iat={"essential": True},
        sub={"essential": True},
        aud={"essential": True, "value": client_id},
        nonce={"essential": True, "value": nonce},
    ).validate(claims)
    if claims.get("azp", client_id) != client_id:
        raise ValueError(f"the token is for {claims['azp']!r}")
    return claims


def _decoded(token: str, keys: Iterable[Key]) -> jwt.Token:
    header = extract_compact(token.encode(), registry=_REGISTRY).protected
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS:
        raise ValueError(f"the algorithm is {algorithm!r}")
    kind = _KINDS.get(algorithm[0], "OKP") if algorithm != "EdDSA" else "OKP"
    problem = "no such key"
    for key in keys:
        if key.key_type != kind or key.get("alg", algorithm) != algorithm:
            continue
        if kid is not None and key.get("kid", kid) != kid:
            continue
        try:
            return jwt.decode(token, key, registry=_REGISTRY)
        except (JoseError, ValueError) as error:
            # Several keys may have one id, and a token without an id may use any key.
            problem = repr(error)
    raise InvalidKeyIdError(f"not signed by a key {kid!r} of the provider: {problem}")


def _read(published: object) -> Key | None:
    if not isinstance(published, dict) or published.get("use", "sig") != "sig":
        return None
    try:
        with warnings.catch_warnings(action="ignore"):
            key = read_key(published)
            key.get_op_key("verify")
    except (JoseError, ValueError, LookupError, TypeError, AttributeError):
        return None
    is_short = isinstance(key, RSAKey) and key.public_key.key_size < LEAST_RSA_BITS
    return None if is_short or key.key_type == "oct" else key
