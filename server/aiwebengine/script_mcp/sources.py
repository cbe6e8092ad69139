"""What the endpoint asks for tools, prompts and resources. Answers are objects of the protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from aiwebengine.core.identity import Viewer

Json = dict[str, Any]


@dataclass(frozen=True)
class McpCall:
    """A request: who sent it, for the tools of which script (None: all), and its ID."""

    viewer: Viewer
    slug: str | None
    request_id: str


class McpSource(Protocol):
    """Offers tools, prompts and resources. None as an answer: it does not have that one.

    Raises EngineError; a tool's becomes its result, so that the model can read it.
    """

    async def tools(self, call: McpCall) -> list[Json]:
        """The tools that the caller may use."""

    async def call_tool(
        self, call: McpCall, name: str, arguments: Mapping[str, Any]
    ) -> Json | None:
        """Call a tool."""

    async def prompts(self, call: McpCall) -> list[Json]:
        """The prompts that the caller may use."""

    async def get_prompt(
        self, call: McpCall, name: str, arguments: Mapping[str, str]
    ) -> Json | None:
        """The messages of a prompt."""

    async def resources(self, call: McpCall) -> list[Json]:
        """The resources that the caller may read."""

    async def read_resource(self, call: McpCall, uri: str) -> Json | None:
        """The content of a resource."""
