"""Email addresses: their normal form, and the key by which they are compared.

All code that compares addresses uses this module: accounts, invitations, the configuration,
access reviews and the command line.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import idna

# RFC 5321 section 4.5.3.1, in bytes.
LONGEST_LOCAL_PART = 64
LONGEST_DOMAIN = 255
LONGEST = LONGEST_LOCAL_PART + 1 + LONGEST_DOMAIN

_DOT_ATOM = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NOT_SEEN = frozenset("Cc Cf Cs Co Cn Zs Zl Zp".split())
# Invisible marks and fillers whose category is that of visible characters (Unicode's property
# Default_Ignorable_Code_Point), and the blank Braille pattern.
_SHOWS_NOTHING = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
    + "".join(map(chr, [*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)]))
)


class NotAnAddress(ValueError):
    """The engine does not accept the text as an address. The message says why."""


@dataclass(frozen=True)
class Address:
    """A valid address: *text* for display, *key* for comparison.

    *domain* is the domain of the key: in lower case, with non-ASCII labels as IDNA A-labels (RFC
    5890).
    """

    text: str
    key: str
    domain: str


def parse(text: str) -> Address:
    """Parse and normalize an address (NFC, without surrounding spaces). Raises NotAnAddress.

    The local part is a dot-atom (RFC 5321, section 4.1.2) that may contain letters of RFC 6531.
    A character that Unicode maps to another one is refused, because mapping it could result in the
    address of another person: the Kelvin sign would become a k.
    """
    kept = text.strip()
    # Before NFC, which replaces the Kelvin sign by a K.
    _must_be_plain(kept)
    kept = unicodedata.normalize("NFC", kept)
    local, at, host = kept.rpartition("@")
    if not at or len(kept) > LONGEST:
        raise NotAnAddress(f"{_shown(kept)} is not an e-mail address such as ada@example.com")
    domain_key = _domain_key(host, kept)
    return Address(kept, f"{_local_key(local, kept)}@{domain_key}", domain_key)


def normal(text: str) -> str:
    """The address in its normal form, for storage and display. Raises NotAnAddress."""
    return parse(text).text


def domain(text: str) -> str:
    """The domain in the form for comparison. Raises NotAnAddress."""
    kept = text.strip()
    _must_be_plain(kept)
    return _domain_key(unicodedata.normalize("NFC", kept), kept)


def key_of(text: str) -> str | None:
    """The key of an address; None if it is invalid."""
    try:
        return parse(text).key
    except NotAnAddress:
        return None


def _local_key(local: str, text: str) -> str:
    key = unicodedata.normalize("NFC", local.casefold())
    ascii_only = "".join("x" if character > "\x7f" else character for character in key)
    if not _DOT_ATOM.fullmatch(ascii_only):
        raise NotAnAddress(
            f"{_shown(text)}: before the @ are allowed letters, digits, !#$%&'*+/=?^_`{{|}}~-"
            " and single dots between them"
        )
    if len(key.encode()) > LONGEST_LOCAL_PART:
        raise NotAnAddress(f"{_shown(text)}: more than {LONGEST_LOCAL_PART} bytes before the @")
    return key


def _domain_key(host: str, text: str) -> str:
    key = ".".join(_label(label, text) for label in host.split("."))
    if len(key) > LONGEST_DOMAIN:
        raise NotAnAddress(f"{_shown(text)}: a domain has at most {LONGEST_DOMAIN} characters")
    return key


def _label(label: str, text: str) -> str:
    """A label (part between dots) of a domain, as an A-label if it is not ASCII."""
    lower = label.lower()
    if lower.isascii() and not lower.startswith("xn--"):
        if not _LABEL.fullmatch(lower):
            raise NotAnAddress(f"{_shown(text)}: {_shown(label)} is not a part of a domain")
        return lower
    try:
        return idna.alabel(lower).decode()
    except idna.IDNAError:
        raise NotAnAddress(
            f"{_shown(text)}: {_shown(label)} is not a part of a domain (IDNA 2008)"
        ) from None


def _must_be_plain(text: str) -> None:
    """Raise NotAnAddress for invisible characters, and for those that Unicode maps to others."""
    if text.isascii() and text.isprintable():
        return
    for character in text:
        if unicodedata.category(character) in _NOT_SEEN or character in _SHOWS_NOTHING:
            if character != " ":
                raise NotAnAddress(f"{_shown(text)} holds {_code(character)}, which is not visible")
        elif character > "\x7f" and _is_mapped(character):
            raise NotAnAddress(f"{_shown(text)} holds {_code(character)}, which looks like another")


def _is_mapped(character: str) -> bool:
    cases = character.casefold() + character.lower() + character.upper()
    return unicodedata.normalize("NFKC", character) != character or min(cases) < "\x80"


def _code(character: str) -> str:
    return f"the character U+{ord(character):04X}"


def _shown(text: str) -> str:
    return ascii(text[:80]) if not text.isprintable() else repr(text[:80])
