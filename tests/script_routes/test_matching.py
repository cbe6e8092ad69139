"""Routes of scripts: which one answers a path."""

from dataclasses import dataclass

import pytest

from aiwebengine.script_routes.matching import Match, NoSuchMethod, RouteTable


@dataclass(frozen=True)
class Route:
    path: str
    method: str = "GET"
    host: str = ""


def found(table: RouteTable, path: str, method: str = "GET", host: str = ""):
    return table.find((host, "") if host else ("",), method, path.split("/")[1:])


@pytest.mark.parametrize(
    ("path", "pattern", "params"),
    [
        ("/hello/me", "/hello/me", {}),
        ("/hello/you", "/hello/:name", {"name": "you"}),
        ("/hello/you/there", "/hello/*rest", {"rest": "you/there"}),
        ("/hello", "/hello/*rest", {"rest": ""}),
        ("/hello/me/deep", "/hello/*rest", {"rest": "me/deep"}),
        ("/shop/7/edit", "/shop/:id/edit", {"id": "7"}),
        ("/shop/new/edit", "/shop/:id/edit", {"id": "new"}),
        ("/shop/new", "/shop/new", {}),
        ("/files/a/b", "/files/*", {"*": "a/b"}),
    ],
)
def test_exact_comes_before_a_parameter_before_the_rest(path, pattern, params):
    patterns = "/hello/me /hello/:name /hello/*rest /shop/new /shop/:id/edit /files/*".split()
    table = RouteTable([Route(one) for one in patterns])

    match = found(table, path)

    assert (match.route.path, match.params) == (pattern, params)


def test_a_parameter_is_not_empty():
    assert found(RouteTable([Route("/hello/:name")]), "/hello/") is None


def test_a_trailing_slash_is_another_path():
    table = RouteTable([Route("/hello")])

    assert found(table, "/hello/") is None


def test_get_answers_head_unless_head_has_a_route():
    get, head = Route("/a"), Route("/a", "HEAD")

    assert found(RouteTable([get]), "/a", "HEAD") == Match(get, {})
    assert found(RouteTable([get, head]), "/a", "HEAD") == Match(head, {})


def test_a_less_specific_route_answers_a_method_that_the_specific_one_lacks():
    rest = Route("/a/*", "POST")

    assert found(RouteTable([Route("/a/b"), rest]), "/a/b", "POST") == Match(rest, {"*": "b"})


def test_a_path_without_a_route_for_the_method_names_those_that_it_has():
    table = RouteTable([Route("/a"), Route("/a", "PUT"), Route("/*", "DELETE")])

    assert found(table, "/a", "POST") == NoSuchMethod(("DELETE", "GET", "HEAD", "PUT"))


def test_every_method():
    route = Route("/a", "*")

    assert found(RouteTable([route]), "/a", "PATCH") == Match(route, {})


def test_routes_of_a_host_come_first_and_no_other_host_has_them():
    everywhere, here = Route("/a/:name"), Route("/a/:name", host="apps.example.org")
    table = RouteTable([everywhere, here])

    assert found(table, "/a/x", host="apps.example.org").route is here
    assert found(table, "/a/x", host="example.org").route is everywhere
    assert found(table, "/a/x").route is everywhere


def test_a_path_of_ten_thousand_segments_is_answered():
    table = RouteTable([Route("/:a/:b/c"), Route("/x/*")])

    assert found(table, "/x" + "/y" * 10_000).route.path == "/x/*"
    assert found(table, "/z" + "/y" * 10_000) is None
