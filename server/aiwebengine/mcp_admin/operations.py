"""Tools, made from the queries and mutations of a GraphQL schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import strawberry
from graphql import GraphQLField, GraphQLInputObjectType, get_named_type, is_leaf_type

from aiwebengine.core.errors import BadUserInput
from aiwebengine.core.identity import Scope, Viewer
from aiwebengine.core.rights import Rights
from aiwebengine.graphql.rights import rights_of_field
from aiwebengine.mcp_admin import dry_runs
from aiwebengine.mcp_admin.inputs import object_of
from aiwebengine.mcp_admin.selections import checked_selection, default_selection

PREFIX = "engine_"
"""The names of the administration's tools begin so; no tool of a script does."""
DRY_RUN = "dryRun"
SELECT = "select"
Json = dict[str, Any]


@dataclass(frozen=True)
class AdminOperation:
    """A query or mutation as a tool."""

    name: str
    field: GraphQLField
    is_mutation: bool
    rights: Rights

    @property
    def tool_name(self) -> str:
        """The name of the tool."""
        return PREFIX + self.name

    def is_for(self, viewer: Viewer) -> bool:
        """Whether the viewer may call it, as far as role and scope decide it.

        A role that only some calls need is left to the service.
        """
        rights = self.rights
        # What anonymous callers may read is no tool of a token that was given for scripts only.
        if (rights.scope or Scope.READ) not in viewer.scopes:
            return False
        return not rights.roles or bool(rights.role_when) or bool(viewer.roles & {*rights.roles})

    @cached_property
    def listed(self) -> Json:
        """The tool as the protocol lists it."""
        return {
            "name": self.tool_name,
            "description": self._description,
            "inputSchema": self._schema,
            "annotations": {"readOnlyHint": not self.is_mutation, "openWorldHint": False},
        }

    @property
    def _description(self) -> str:
        text = self.field.description or ""
        why = dry_runs.REFUSED.get(self.name) if self.is_mutation else None
        return f"{text} No {DRY_RUN}: {why}" if why else text

    @cached_property
    def _schema(self) -> Json:
        schema = object_of(self._input_fields or self.field.args)
        if self.is_mutation:
            schema["properties"][DRY_RUN] = {
                "type": "boolean",
                "description": "Change nothing; answer the audit events that would be written.",
            }
        if not is_leaf_type(get_named_type(self.field.type)):
            schema["properties"][SELECT] = {
                "type": "string",
                "description": "GraphQL fields of the result (default: its plain fields), such as:"
                f" {default_selection(self.field.type)[2:-2][:200]}",
            }
        return schema

    @cached_property
    def _input_fields(self) -> dict[str, Any] | None:
        """The fields of the only argument, an input object, which are the tool's arguments."""
        if list(self.field.args) != ["input"]:
            return None
        kind = get_named_type(self.field.args["input"].type)
        return kind.fields if isinstance(kind, GraphQLInputObjectType) else None

    def request(self, arguments: Mapping[str, Any], *, is_dry: bool) -> tuple[str, Json]:
        """The document and its variables. Raises BadUserInput for an unknown argument."""
        given = {k: v for k, v in arguments.items() if k not in (DRY_RUN, SELECT)}
        known = self._input_fields or self.field.args
        for name in given:
            if name not in known:
                raise BadUserInput(
                    f"{name[:100]}: there is no such argument; allowed: "
                    f"{', '.join(self._schema['properties'])}."
                )
        variables = {"input": given} if self._input_fields is not None else given
        declared = ", ".join(f"${name}: {self.field.args[name].type}" for name in variables)
        passed = ", ".join(f"{name}: ${name}" for name in variables)
        root = "mutation" if self.is_mutation else "query"
        head = f"{root}({declared})" if declared else root
        call = f"{self.name}({passed})" if passed else self.name
        return f"{head} {{ {call} {self._selection(arguments, is_dry)} }}", variables

    def _selection(self, arguments: Mapping[str, Any], is_dry: bool) -> str:
        selected = arguments.get(SELECT)
        if selected is not None and not isinstance(selected, str):
            raise BadUserInput(f"{SELECT}: allowed: a text with GraphQL fields.")
        if is_leaf_type(get_named_type(self.field.type)) and not selected:
            return ""
        if is_dry:
            return "{ __typename }"
        if selected:
            return checked_selection(self.field.type, selected)
        return default_selection(self.field.type)


def operations_of(schema: strawberry.Schema) -> dict[str, AdminOperation]:
    """The queries and mutations by the names of their tools."""
    found = {}
    roots = ((schema._schema.query_type, False), (schema._schema.mutation_type, True))
    for root, is_mutation in roots:
        for name, one in root.fields.items() if root is not None else ():
            rights = rights_of_field(one) or Rights()
            operation = AdminOperation(name, one, is_mutation, rights)
            found[operation.tool_name] = operation
    return found
