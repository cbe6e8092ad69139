"""Scripts call tools of other MCP servers: here those of the engine itself, over loopback."""

import json

import httpx2
import pytest

from aiwebengine.core.private_hosts import PrivateHosts

OFFERING = """
export const tools = {
  add: {
    input: { properties: { a: { type: "number" }, b: { type: "number" } } },
    handler: ({ a, b }) => ({ sum: a + b }),
  },
};
"""
MODULE = """
export const routes = {
  "POST /asking/list": async (request, env) => {
    const { url, secret } = await request.json();
    try {
      return Response.json(await env.mcp.connect(url, { secret }).listTools());
    } catch (error) {
      return Response.json({ code: error.code, message: error.message });
    }
  },
  "POST /asking/call": async (request, env) => {
    const { url, secret, args } = await request.json();
    return Response.json(await env.mcp.connect(url, { secret }).callTool("add", args));
  },
};
"""
CLASSIC = """
function ask(context) {
  const { url, secret, args, how } = JSON.parse(context.request.body);
  const answer = (...parts) => ResponseBuilder.json(parts.map((part) => JSON.parse(part)));
  if (how === "new") {
    const client = new McpClient(url, secret);
    return answer(client._listTools(), client._callTool("add", args));
  }
  const client = McpClient.constructor(url, secret);
  return answer(McpClient._listTools(client), McpClient._callTool(client, "add", args));
}
function init() { routeRegistry.registerRoute("/old/ask", "ask", "POST"); }
"""


@pytest.fixture
async def reachable(served):
    """Scripts may reach loopback."""
    served.engine.services.outbound._private = PrivateHosts(["localhost"])


@pytest.fixture
async def mcp_server(served, reachable, deploy, edith, alan):
    """The address of an MCP server, and the names of secrets with a token for it."""
    await deploy("offering", OFFERING)
    await deploy("asking", MODULE)
    await deploy("old", CLASSIC)
    token = await served.token(alan, scopes=["scripts:call"])
    host = served.base.removeprefix("http://").partition(":")[0]
    for slug in ("asking", "old"):
        for name, hosts in (("TOKEN", [host]), ("ELSEWHERE", ["api.example.org"])):
            await served.engine.services.script_secrets.set(edith, slug, name, token, hosts)
    return f"{served.base}/mcp/scripts/offering"


@pytest.fixture
async def ask(served):
    async with httpx2.AsyncClient(base_url=served.base, timeout=60) as http:

        async def ask(path, **body):
            return (await http.post(path, content=json.dumps(body))).json()

        yield ask


async def test_a_module_lists_and_calls_tools_with_a_secret(mcp_server, ask):
    tools = await ask("/asking/list", url=mcp_server, secret="TOKEN")
    result = await ask("/asking/call", url=mcp_server, secret="TOKEN", args={"a": 1, "b": 2})

    assert "code" not in tools, tools
    assert [tool["name"] for tool in tools] == ["add"]
    assert tools[0]["inputSchema"]["type"] == "object"
    assert result["structuredContent"] == {"sum": 3}
    assert result["isError"] is False


@pytest.mark.parametrize("how", ["new", "function"])
async def test_the_classic_form_has_json_in_and_out(mcp_server, ask, how):
    args = json.dumps({"a": 1, "b": 2})
    tools, result = await ask("/old/ask", url=mcp_server, secret="TOKEN", args=args, how=how)

    assert [tool["name"] for tool in tools["tools"]] == ["add"]
    assert result["structuredContent"] == {"sum": 3}


@pytest.mark.parametrize(
    ("secret", "code"),
    [
        (None, "MCP_FAILED"),
        ("ELSEWHERE", "FORBIDDEN"),
        ("MISSING", "NOT_FOUND"),
        ("not a name}}", "BAD_USER_INPUT"),
    ],
)
async def test_a_secret_goes_only_where_it_may(mcp_server, ask, secret, code):
    answer = await ask("/asking/list", url=mcp_server, secret=secret)

    assert answer["code"] == code


async def test_the_classic_form_gets_failures_as_values(mcp_server, ask):
    tools, result = await ask("/old/ask", url=mcp_server, secret="MISSING", args="{}", how="new")

    assert tools["code"] == "NOT_FOUND"
    assert "error" in result


async def test_an_address_of_the_inside_is_refused(mcp_server, served, ask):
    served.engine.services.outbound._private = PrivateHosts([])

    answer = await ask("/asking/list", url=mcp_server, secret="TOKEN")

    assert answer["code"] == "FORBIDDEN"


async def test_what_is_no_mcp_server_is_said(mcp_server, served, ask):
    answer = await ask("/asking/list", url=f"{served.base}/health", secret=None)

    assert answer["code"] == "MCP_FAILED"
