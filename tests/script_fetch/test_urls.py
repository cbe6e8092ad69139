from __future__ import annotations

import ipaddress
import re

import pytest

from aiwebengine.core.errors import BadUserInput, Forbidden
from aiwebengine.core.hosts import checked_patterns, matches
from aiwebengine.core.private_hosts import PrivateHosts, is_public
from aiwebengine.script_fetch.urls import must_be_allowed_port, target_of


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("https://example.org", "https://example.org/"),
        ("HTTPS://Example.ORG:443/a?b=c#d", "https://example.org/a?b=c"),
        ("http://example.org.:8080?x", "http://example.org:8080/?x"),
        ("http://[2606:4700:0::1111]/", "http://[2606:4700::1111]/"),
        ("http://192.0.2.1/", "http://192.0.2.1/"),
        ("http://xn--bcher-kva.example/", "http://xn--bcher-kva.example/"),
    ],
)
def test_urls_are_normalized(url: str, normal: str) -> None:
    assert target_of(url).url == normal


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.org",
        "//example.org/",
        "ftp://example.org/",
        "file:///etc/passwd",
        "gopher://example.org/",
        "javascript:alert(1)",
        "http:example.org",
        "http://user@example.org/",
        "http://user:password@example.org/",
        "http://127.0.0.1\\@example.org/",
        "http://example.org\r\nX: y/",
        "http://example.org/ a",
        "http://exämple.org/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://127.0.0.0x1/",
        "http://1.2.3.4.5/",
        "http://[::1%25lo]/",
        "http://[::ffff:127.0.0.1/",
        "http://[::1]x/",
        "http://example.org:port/",
        "http://example.org:/",
        "http://a..b/",
        "http://-/",
        f"http://{'a' * 64}.org/",
        f"https://example.org/{'a' * 8_000}",
    ],
)
def test_unusual_urls_are_refused(url: str) -> None:
    with pytest.raises(BadUserInput, match="url: "):
        target_of(url)


@pytest.mark.parametrize(
    "address",
    "0.0.0.0 10.1.2.3 100.64.0.1 100.100.100.200 127.0.0.1 127.255.255.254 168.63.129.16"
    " 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1"
    " 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255"
    " :: ::1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::127.0.0.1 64:ff9b::7f00:1 64:ff9b::808:808"
    " 64:ff9b:1::1 100::1 2001::1 2001:0:7f00:1::1 2001:10::1 2001:db8::1 2002:7f00:1::1"
    " 2002:808:808::1 3fff::1 5f00::1 fc00::1 fd00:ec2::254 fe80::1 fe80::1%eth0 fec0::1"
    " ff02::1 2606:4700::1%eth0".split(),
)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "8.8.8.8", "172.32.0.1", "2606:4700::1111", "2a00:1450::1", "2001:4860::8"],
)
def test_public_addresses(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("port", [0, 1, 22, 25, 81, 445, 1_023, 3_306, 5_432, 6_379, 65_536])
def test_ports_of_other_protocols_are_refused(port: int) -> None:
    with pytest.raises(Forbidden, match=f"port {port}"):
        must_be_allowed_port(port)


@pytest.mark.parametrize("port", [80, 443, 1_024, 3_000, 8_080, 8_443, 65_535])
def test_ports_of_the_web_are_allowed(port: int) -> None:
    must_be_allowed_port(port)


def test_a_wildcard_matches_names_below_it_only() -> None:
    assert matches(["*.example.org"], "a.b.example.org")
    assert not matches(["*.example.org"], "example.org")
    assert not matches(["*.example.org"], "badexample.org")
    assert not matches(["example.org"], "a.example.org")
    assert matches(["*"], "anything.example")


def test_lists_of_hosts_are_normalized() -> None:
    assert checked_patterns("hosts", ["API.Example.org", "api.example.org", "*.a.b", "::1"]) == [
        "*.a.b",
        "::1",
        "api.example.org",
    ]


@pytest.mark.parametrize(
    "pattern",
    ["", "*", "*.org", "*.1.2.3.4", "a.*.org", "https://a.org", "a.org:80", "a.org/x", "a@b.org"],
)
def test_other_patterns_are_refused(pattern: str) -> None:
    with pytest.raises(BadUserInput, match="hosts: found"):
        checked_patterns("hosts", [pattern])


def test_too_many_hosts_are_refused() -> None:
    with pytest.raises(BadUserInput, match="found 51 hosts; allowed: 50"):
        checked_patterns("hosts", [f"a{number}.example.org" for number in range(51)])


def test_private_hosts_are_names_networks_and_ports() -> None:
    private = PrivateHosts(["10.0.0.0/8", "crm.intra.example:5432", "[::1]:3000", "*.lab.example"])
    inside = ipaddress.ip_address("10.1.2.3")

    assert private.has_address("any.example", inside, 80)
    assert not private.has_address("any.example", ipaddress.ip_address("192.168.0.1"), 80)
    assert private.has_address("crm.intra.example", ipaddress.ip_address("192.168.0.1"), 5_432)
    assert not private.has_address("crm.intra.example", ipaddress.ip_address("192.168.0.1"), 80)
    assert private.names_port("crm.intra.example", None, 5_432)
    assert private.has("::1", 3_000)
    assert not private.has("::1", 3_001)
    assert private.has("a.lab.example", 80)


@pytest.mark.parametrize("line", ["", "*", "a b", "http://a.org", "10.0.0.0/33", "a.org:0"])
def test_other_private_hosts_are_refused(line: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"not {line!r}")):
        PrivateHosts([line])
