"""Rights are declared beside every operation and route, and said in the schema's descriptions."""

import pytest
import strawberry
from starlette.responses import Response
from starlette.routing import Route

from aiwebengine.app.schema import schema
from aiwebengine.core.identity import Role, Scope
from aiwebengine.core.rights import ALWAYS, Rights, UndeclaredRights, needs
from aiwebengine.graphql.rights import rights_by_operation
from aiwebengine.web.rights import must_declare_rights


def test_every_description_ends_with_what_the_operation_declares():
    wrong = []
    for name, rights in rights_by_operation(schema).items():
        root, field = name.split(".")
        description = schema._schema.type_map[root].fields[field].description
        if not description.endswith(str(rights)) or description.count("Needs") != str(rights).count(
            "Needs"
        ):
            wrong.append(name)

    assert wrong == []


def test_rights_are_said_in_sentences():
    administrator = (Role.ADMINISTRATOR,)

    assert str(Rights()) == ""
    assert str(Rights(scope=Scope.READ)) == "Needs the scope read."
    assert str(Rights(administrator, Scope.OPS_WRITE, recent_sign_in=ALWAYS)) == (
        "Needs the role ADMINISTRATOR and the scope ops:write. Needs a recent sign-in."
    )
    assert str(Rights(administrator, Scope.USERS_WRITE, "for another user", "on Mondays")) == (
        "Needs the scope users:write. Needs the role ADMINISTRATOR for another user."
        " Needs a recent sign-in on Mondays."
    )


def test_an_operation_that_declares_no_rights_is_refused():
    @strawberry.type
    class Query:
        @strawberry.field
        def secrets(self) -> str:
            return "all of them"

    with pytest.raises(UndeclaredRights, match=r"Query\.secrets declares no rights\. Put @needs"):
        rights_by_operation(strawberry.Schema(Query))


def test_a_route_that_declares_no_rights_is_refused():
    async def secrets(_):
        return Response("all of them")

    with pytest.raises(UndeclaredRights, match="The route /secrets declares no rights"):
        must_declare_rights([Route("/secrets", secrets)])


def test_rights_above_something_else_than_a_function_are_refused():
    with pytest.raises(TypeError, match="right above a function"):
        needs(Role.EDITOR)(strawberry.field(lambda: 1))
