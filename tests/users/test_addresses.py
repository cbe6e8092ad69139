"""Addresses: what is accepted, and which are the same."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiwebengine.core.addresses import Address, NotAnAddress, domain, key_of, parse
from aiwebengine.core.identity import Profile
from aiwebengine.users.proof import Vouching, proves


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("a@b", "a@b"),
        ("admin@localhost", "admin@localhost"),
        ("  ADA@Example.com\n", "ada@example.com"),
        ("o'neil+tag@x-y.example", "o'neil+tag@x-y.example"),
        ("e\u0301va@x.example", "\u00e9va@x.example"),
        ("\u00c9VA@x.example", "\u00e9va@x.example"),
        ("\u03b1\u03c2@x.example", "\u03b1\u03c3@x.example"),
        ("a@B\u00dcCHER.example", "a@xn--bcher-kva.example"),
        ("a@xn--bcher-kva.example", "a@xn--bcher-kva.example"),
        (
            "\u044e@\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444",
            "\u044e@xn--e1afmkfd.xn--p1ai",
        ),
    ],
)
def test_spellings_of_one_address_have_one_key(text, key):
    assert parse(text).key == key
    assert parse(key).key == key


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "is not an e-mail address"),
        ("ada", "is not an e-mail address"),
        ("@x.example", "before the @"),
        ("mailto:a@x.example", "before the @"),
        ("<script>@x.example", "before the @"),
        ("a b@x.example", "before the @"),
        ("a..b@x.example", "before the @"),
        (".a@x.example", "before the @"),
        ("a@b@x.example", "before the @"),
        ("a@", "part of a domain"),
        ("a@x.example.", "part of a domain"),
        ("a@x_y.example", "part of a domain"),
        ("a@-x.example", "part of a domain"),
        ("a@x\u3002example", "part of a domain"),
        ("a@xn--\u00e9.example", "part of a domain"),
        ("a" * 65 + "@x.example", "more than 64 bytes"),
        ("\u00e9" * 33 + "@x.example", "more than 64 bytes"),
        ("a@" + "x" * 64 + ".example", "part of a domain"),
        ("a@" + "x." * 150 + "example", "at most 255"),
        ("a\x7fb@x.example", "U+007F"),
        ("a\x00b@x.example", "U+0000"),
        ("a\u200bb@x.example", "U+200B"),
        ("a\u00adb@x.example", "U+00AD"),
        ("a\ufeffb@x.example", "U+FEFF"),
        ("\u202ea@x.example", "U+202E"),
        ("a\u200db@x.example", "U+200D"),
        ("a\ufe0fb@x.example", "U+FE0F"),
        ("a\u3164b@x.example", "U+3164"),
        ("a\ue000b@x.example", "U+E000"),
        ("a\U000e0041b@x.example", "U+E0041"),
        ("a\u0378b@x.example", "U+0378"),
        ("a\ud800b@x.example", "U+D800"),
        ("\u212aim@corp.example", "U+212A"),
        ("kim@\u212aorp.example", "U+212A"),
        ("\u017fam@x.example", "U+017F"),
        ("\u0131da@x.example", "U+0131"),
        ("\u0130da@x.example", "U+0130"),
        ("\ufb01n@x.example", "U+FB01"),
        ("\uff41da@x.example", "U+FF41"),
        ("a@x\uff0eexample", "U+FF0E"),
        ("gro\u00df@x.example", "U+00DF"),
    ],
)
def test_an_invalid_or_misleading_address_is_refused(text, part):
    with pytest.raises(NotAnAddress) as refused:
        parse(text)

    assert part in str(refused.value)
    assert key_of(text) is None


@given(st.text())
def test_no_letter_becomes_an_ascii_one(text):
    """Whatever is accepted is the same address in the eyes of everybody who folds letters."""
    try:
        address = parse(f"{text}@x.example")
    except NotAnAddress:
        return

    local = address.key.removesuffix("@x.example")
    typed = unicodedata.normalize("NFC", text.strip())
    assert [one for one in local if one.isascii()] == [
        one for one in typed.lower() if one.isascii()
    ]
    assert parse(address.key).key == address.key
    assert parse(address.text) == address
    for other in (unicodedata.normalize("NFD", text), text.upper(), text.lower()):
        assert key_of(f"{other}@x.example") in (address.key, None)


def test_domains_are_compared_as_addresses_are():
    assert domain(" B\u00dcCHER.example ") == "xn--bcher-kva.example"
    with pytest.raises(NotAnAddress):
        domain("a@x.example")


@pytest.mark.parametrize(
    ("email", "verified", "vouching", "proved"),
    [
        ("a@corp.example", True, Vouching(True), "a@corp.example"),
        ("A@corp.example", True, Vouching(True, frozenset(["corp.example"])), "a@corp.example"),
        ("a@corp.example", False, Vouching(True), None),
        ("a@corp.example", True, Vouching(False), None),
        ("a@corp.example", True, Vouching(), None),
        ("a@corp.example", True, Vouching(True, frozenset(["other.example"])), None),
        ("a@sub.corp.example", True, Vouching(True, frozenset(["corp.example"])), None),
        ("\u212a@corp.example", True, Vouching(True), None),
        (None, True, Vouching(True), None),
    ],
)
def test_only_the_word_of_a_provider_that_counts_proves_an_address(
    email, verified, vouching, proved
):
    found = proves(Profile("one", "1", email, verified), vouching)

    assert (None if found is None else found.key) == proved
    assert found is None or isinstance(found, Address)
