"""What programs register for GraphQL, as their process reports it."""

from aiwebengine.script_graphql.composer import Contribution
from aiwebengine.script_graphql.offers import offer_of
from aiwebengine.script_graphql.types import Origin


def classic(name, sdl, kind="query", visibility="external", handler="resolve"):
    """A registration by `graphQLRegistry`."""
    return {
        "kind": kind,
        "name": name,
        "sdl": sdl,
        "visibility": visibility,
        "handler": handler,
    }


def module(sdl, *fields, visibility=None, **visibilities):
    """The registrations of `export const graphql`; *fields* as `Query.hello`."""
    registrations = [{"kind": "graphql", "sdl": sdl, "visibility": visibility}]
    for field in fields:
        root, name = field.split(".")
        registrations.append(
            {
                "kind": "graphqlField",
                "operation": root.lower(),
                "name": name,
                "handler": f"graphql.{field}",
                **({"visibility": visibilities[name]} if name in visibilities else {}),
            }
        )
    return registrations


def contribution(slug, *registrations):
    """What a script called *slug* adds to the schema of its host."""
    checked = offer_of(registrations)
    assert not checked.problems, checked.problems
    return Contribution(Origin(slug, slug, is_classic=True), checked.offer)
