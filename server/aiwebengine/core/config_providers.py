"""The settings of sign-in providers, checked when they are set and not at somebody's sign-in."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from aiwebengine.core import addresses

THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
KNOWN_PROVIDERS = ("google", "microsoft", "github", "apple")
# Words that stand for many directories at Microsoft; every other tenant is one directory.
SHARED_TENANTS = ("common", "organizations", "consumers")
# These never say when a person signed in there, however they are asked.
SILENT_KINDS = ("google", "apple", "github")
# Sessions that began with a sign-in link have this for their provider.
LINK = "link"

_TENANT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")


def _issuer(value: Any) -> Any:
    parts = urlsplit(value) if isinstance(value, str) else None
    is_local = parts is not None and parts.hostname in THIS_MACHINE
    if parts is None or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("an address such as https://id.example.com/realms/team")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_local):
        raise ValueError("an address that begins with https:// (http:// on this machine only)")
    # Kept as it is: a slash at the end is part of an issuer's name.
    return value


def is_tenant_id(text: object) -> bool:
    """Whether the text is the id of one directory at Microsoft, in lower case."""
    return isinstance(text, str) and _TENANT_ID.fullmatch(text) is not None


def _tenant(value: str) -> str:
    """Microsoft writes tenant ids in lower case, whatever case they were copied in."""
    tenant = value.strip().lower()
    if tenant in SHARED_TENANTS or is_tenant_id(tenant) or _DOMAIN.fullmatch(tenant):
        return tenant
    raise ValueError(
        "a tenant id such as 8eaef023-2b34-4da1-9baa-8bc8c9d6a490, a domain of the tenant such as"
        f" contoso.onmicrosoft.com, or one of {', '.join(SHARED_TENANTS)}"
    )


def _private_key(value: SecretStr) -> SecretStr:
    """The key as PEM, also when the environment gave it on one line or in base64."""
    text = value.get_secret_value().strip().replace("\\n", "\n").replace("\r\n", "\n")
    if text and "-----BEGIN" not in text:
        try:
            text = base64.b64decode("".join(text.split()), validate=True).decode("ascii").strip()
        except (binascii.Error, UnicodeDecodeError):
            text = "neither PEM nor base64"
    if text and not _is_apple_key(text):
        raise ValueError(
            "the private key that Apple made (a .p8 file: an EC key on the curve P-256), as PEM"
            " with real line breaks or \\n, or as base64 of the PEM"
        )
    return SecretStr(text)


def _is_apple_key(pem: str) -> bool:
    # Imported in use: it takes 9 MB, and only who signs in with Apple needs it.
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1)


Issuer = Annotated[str, BeforeValidator(_issuer)]
Tenant = Annotated[str, AfterValidator(_tenant)]
PrivateKey = Annotated[SecretStr, AfterValidator(_private_key)]
Domain = Annotated[str, AfterValidator(addresses.domain)]
ProviderName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
Reauthentication = Literal["required", "best_effort"]


class Provider(BaseModel):
    """A sign-in provider, in a section of its own: [auth.providers.NAME]."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["google", "microsoft", "github", "apple", "oidc"] | None = Field(
        None, description="Which kind; left out: the section's name, else oidc."
    )
    label: str | None = Field(None, description="What the button says; left out: the name.")
    issuer: Issuer | None = Field(None, description="Issuer of an OpenID provider.")
    client_id: str = Field(min_length=1, description="What the provider knows this engine as.")
    client_secret: SecretStr = Field(SecretStr(""), description="The secret that goes with it.")
    domains: list[Domain] = Field(
        [],
        description="Domains whose addresses this provider may vouch for; empty: all."
        " Addresses elsewhere count as not verified.",
    )
    vouches_for_addresses: bool | None = Field(
        None,
        description="Whether an address counts as verified when this provider says so."
        " Left out: yes, but for Microsoft with a shared tenant, such as common: every tenant can"
        " write any address.",
    )
    tenant: Tenant = Field(
        "common",
        description="Microsoft only: tenant id, domain of the tenant, common, organizations or"
        " consumers.",
    )
    team_id: str | None = Field(None, description="Apple only: the team's id.")
    key_id: str | None = Field(None, description="Apple only: the id of the private key.")
    private_key: PrivateKey | None = Field(
        None, description="Apple only: the private key, as PEM or as base64 of it."
    )
    reauthentication: Reauthentication | None = Field(
        None,
        description="Whether signing in again needs the provider's word that the person signed in"
        " just now. Left out: required for oidc and microsoft, best_effort for google, apple and"
        " github, which never give it.",
    )
    acr_values: list[Annotated[str, Field(pattern=r"^\S+$")]] = Field(
        [],
        description="OpenID Connect only: levels of authentication, one of which each sign-in must"
        " have; empty: any.",
    )


def kind_of(name: str, provider: Provider) -> str:
    """Which kind of provider the section *name* describes."""
    return provider.kind or (name if name in KNOWN_PROVIDERS else "oidc")


def reauthentication_of(name: str, provider: Provider) -> Reauthentication:
    """Whether signing in again needs the provider's word, by its setting or by its kind."""
    silent = kind_of(name, provider) in SILENT_KINDS
    return provider.reauthentication or ("best_effort" if silent else "required")


def must_be_complete(providers: dict[str, Provider]) -> None:
    """Raise ValueError, with what is allowed, for settings that can't work together."""
    missing = [
        f"{name}.{key}"
        for name, provider in providers.items()
        for key in _needed(kind_of(name, provider))
        if not getattr(provider, key)
    ]
    if missing:
        raise ValueError(f"with {', '.join(missing)}, which is missing")
    if LINK in providers:
        raise ValueError(f"a name other than {LINK}, which stands for sign-in links")
    for name, provider in providers.items():
        kind = kind_of(name, provider)
        if kind in SILENT_KINDS and provider.reauthentication == "required":
            raise ValueError(
                f'{name}.reauthentication = "best_effort": {kind} does not say when a person'
                " signed in there"
            )
        if kind in SILENT_KINDS and provider.acr_values:
            raise ValueError(f"{name} without acr_values: {kind} does not know them")


def _needed(kind: str) -> tuple[str, ...]:
    return {
        "oidc": ("issuer",),
        "apple": ("team_id", "key_id", "private_key"),
        "github": ("client_secret",),
    }.get(kind, ())
