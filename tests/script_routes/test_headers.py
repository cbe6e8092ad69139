"""What passes between visitors and scripts."""

import pytest

from aiwebengine.script_routes.headers import (
    PageMode,
    UnusableAnswer,
    for_script,
    for_visitor,
)


@pytest.mark.parametrize(
    "header",
    [
        ("cookie", "aiwebengine_session=s3cret"),
        ("cookie", "__Host-aiwebengine_session=s3cret"),
        ("cookie", "__Secure-AIWEBENGINE_browser=s3cret"),
        ("authorization", "Bearer awe_s3cret"),
        ("authorization", "bearer   awe_s3cret"),
        ("authorization", "awe_s3cret"),
        ("authorization", "Bearer k3y"),
        ("x-api-key", "k3y"),
        ("proxy-authorization", "Basic s3cret"),
        ("x-forwarded-for", "10.0.0.1"),
        ("forwarded", "for=10.0.0.1"),
        ("x-real-ip", "10.0.0.1"),
        ("x-request-id", "1"),
        ("connection", "close"),
    ],
)
def test_a_script_does_not_see(header):
    name, value = header

    assert for_script([(name.encode(), value.encode())], api_key="k3y") == []


def test_a_script_sees_its_own_cookies_and_tokens():
    headers = [
        (b"cookie", b"theme=dark; __Host-aiwebengine_session=s3cret; cart=7"),
        (b"authorization", b"Bearer of-the-script"),
        (b"accept", b"text/html"),
        (b"accept", b"*/*"),
    ]

    assert for_script(headers, api_key="k3y") == [
        ["cookie", "theme=dark; cart=7"],
        ["authorization", "Bearer of-the-script"],
        ["accept", "text/html"],
        ["accept", "*/*"],
    ]


@pytest.mark.parametrize(
    "name",
    "Set-Cookie Service-Worker-Allowed Clear-Site-Data Strict-Transport-Security Refresh Alt-Svc"
    " X-Accel-Redirect X-Sendfile Transfer-Encoding Connection Content-Length X-Frame-Options"
    " Cross-Origin-Opener-Policy Access-Control-Allow-Credentials NEL X-Request-Id".split(),
)
def test_a_header_that_is_the_engines_is_refused(name):
    sent, refused = for_visitor(
        [(name, "x"), ("X-Mine", "1")], PageMode.SANDBOXED, is_own_host=False
    )

    assert refused == [name]
    assert (b"x-mine", b"1") in sent
    assert name.lower().encode() not in {key for key, _ in sent}


def test_sandboxed_pages_get_a_policy_beside_their_own():
    sent, _ = for_visitor(
        [("Content-Security-Policy", "sandbox allow-same-origin")],
        PageMode.SANDBOXED,
        is_own_host=False,
    )

    policies = [value for key, value in sent if key == b"content-security-policy"]
    assert len(policies) == 2
    assert any(b"allow-same-origin" not in policy for policy in policies)


def test_on_a_host_of_their_own_scripts_have_cookies_but_not_the_engines():
    given = [("Set-Cookie", "cart=7"), ("Set-Cookie", "__Host-aiwebengine_session=mine")]

    sent, refused = for_visitor(given, PageMode.FULL, is_own_host=True)

    assert (b"set-cookie", b"cart=7") in sent
    assert refused == ["Set-Cookie"]
    assert b"content-security-policy" not in {key for key, _ in sent}


@pytest.mark.parametrize(
    ("name", "value"), [("X-A", "1\r\nSet-Cookie: a=b"), ("X A", "1"), ("", "1"), ("X-A", "\u20ac")]
)
def test_what_http_does_not_allow_is_an_error(name, value):
    with pytest.raises(UnusableAnswer):
        for_visitor([(name, value)], PageMode.SANDBOXED, is_own_host=False)
