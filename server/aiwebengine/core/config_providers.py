"""Settings of sign-in providers, validated at start rather than at sign-in."""

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
# Microsoft tenants that stand for many directories; any other tenant is one directory.
SHARED_TENANTS = ("common", "organizations", "consumers")
# Providers that never report when the user signed in.
SILENT_KINDS = ("google", "apple", "github")
# Provider name of sessions that started with a sign-in link.
LINK = "link"

_TENANT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")


def _issuer(value: Any) -> Any:
    parts = urlsplit(value) if isinstance(value, str) else None
    is_local = parts is not None and parts.hostname in THIS_MACHINE
    if parts is None or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("a URL such as https://id.example.com/realms/team")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_local):
        raise ValueError("a URL that starts with https:// (http:// only on this machine)")
    # Unchanged, because a trailing slash is part of an issuer.
    return value


def is_tenant_id(text: object) -> bool:
    """Whether the text is the ID of one Microsoft directory, in lower case."""
    return isinstance(text, str) and _TENANT_ID.fullmatch(text) is not None


def _tenant(value: str) -> str:
    """Normalize to lower case, as Microsoft writes tenant IDs."""
    tenant = value.strip().lower()
    if tenant in SHARED_TENANTS or is_tenant_id(tenant) or _DOMAIN.fullmatch(tenant):
        return tenant
    raise ValueError(
        "a tenant ID such as 8eaef023-2b34-4da1-9baa-8bc8c9d6a490, a domain of the tenant such as"
        f" contoso.onmicrosoft.com, or one of {', '.join(SHARED_TENANTS)}"
    )


def _private_key(value: SecretStr) -> SecretStr:
    """The key as PEM, from PEM on one or more lines or from base64."""
    text = value.get_secret_value().strip().replace("\\n", "\n").replace("\r\n", "\n")
    if text and "-----BEGIN" not in text:
        try:
            text = base64.b64decode("".join(text.split()), validate=True).decode("ascii").strip()
        except (binascii.Error, UnicodeDecodeError):
            text = "neither PEM nor base64"
    if text and not _is_apple_key(text):
        raise ValueError(
            "the private key from Apple (a .p8 file with an EC key on curve P-256), as PEM with"
            " line breaks or \\n, or as base64 of the PEM"
        )
    return SecretStr(text)


def _is_apple_key(pem: str) -> bool:
    # Imported here because it takes 9 MB and only sign-in with Apple needs it.
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
    """A sign-in provider, in its own section [auth.providers.NAME]."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["google", "microsoft", "github", "apple", "oidc"] | None = Field(
        None,
        description="Kind of provider. If omitted: the name of the section if known, else oidc.",
    )
    label: str | None = Field(
        None, description="Label of the sign-in button. If omitted: the name."
    )
    issuer: Issuer | None = Field(None, description="Issuer URL of an OpenID Connect provider.")
    client_id: str = Field(min_length=1, description="Client ID at the provider.")
    client_secret: SecretStr = Field(SecretStr(""), description="Client secret.")
    domains: list[Domain] = Field(
        [],
        description="Domains whose addresses this provider can verify; empty for all. Other"
        " addresses count as unverified.",
    )
    vouches_for_addresses: bool | None = Field(
        None,
        description="Trust the provider's claim that an address is verified. If omitted: yes,"
        " except for Microsoft with a shared tenant such as common, where any tenant"
        " can claim any address.",
    )
    tenant: Tenant = Field(
        "common",
        description="Microsoft only: tenant ID, domain of the tenant, common, organizations or"
        " consumers.",
    )
    team_id: str | None = Field(None, description="Apple only: team ID.")
    key_id: str | None = Field(None, description="Apple only: ID of the private key.")
    private_key: PrivateKey | None = Field(
        None, description="Apple only: private key, as PEM or base64 of the PEM."
    )
    reauthentication: Reauthentication | None = Field(
        None,
        description="Whether reauthentication requires the provider to confirm a recent sign-in. If"
        " omitted: required for oidc and microsoft; best_effort for google, apple and github, which"
        " never confirm it.",
    )
    acr_values: list[Annotated[str, Field(pattern=r"^\S+$")]] = Field(
        [],
        description="OpenID Connect only: accepted authentication levels (acr); empty for any.",
    )


def kind_of(name: str, provider: Provider) -> str:
    """The kind of the provider in section *name*."""
    return provider.kind or (name if name in KNOWN_PROVIDERS else "oidc")


def reauthentication_of(name: str, provider: Provider) -> Reauthentication:
    """The `reauthentication` setting of a provider, or the default of its kind."""
    silent = kind_of(name, provider) in SILENT_KINDS
    return provider.reauthentication or ("best_effort" if silent else "required")


def must_be_complete(providers: dict[str, Provider]) -> None:
    """Raise ValueError, with what is allowed, for missing or conflicting settings."""
    missing = [
        f"{name}.{key}"
        for name, provider in providers.items()
        for key in _needed(kind_of(name, provider))
        if not getattr(provider, key)
    ]
    if missing:
        raise ValueError(f"a provider with {', '.join(missing)}, which is missing")
    if LINK in providers:
        raise ValueError(f"a name other than {LINK}, which is reserved for sign-in links")
    for name, provider in providers.items():
        kind = kind_of(name, provider)
        if kind in SILENT_KINDS and provider.reauthentication == "required":
            raise ValueError(
                f'{name}.reauthentication = "best_effort": {kind} does not report when a user'
                " signed in"
            )
        if kind in SILENT_KINDS and provider.acr_values:
            raise ValueError(f"{name} without acr_values: {kind} does not support them")


def _needed(kind: str) -> tuple[str, ...]:
    return {
        "oidc": ("issuer",),
        "apple": ("team_id", "key_id", "private_key"),
        "github": ("client_secret",),
    }.get(kind, ())
