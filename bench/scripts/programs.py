"""The scripts that are measured."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent

MODULE = """
import { work } from "./work.js";

export const routes = {
  "GET /bench/hello": () => Response.json({ hello: "world" }),
  "GET /bench/work": () => new Response(work()),
};
"""
CLASSIC = """
function hello(context) {
  return ResponseBuilder.json({ hello: "world" });
}

function init() {
  routeRegistry.registerRoute("/classic/hello", "hello", "GET");
}
"""


def measured_module() -> dict[str, str]:
    """Answers with little and with some 10 ms of work."""
    return {"main.js": MODULE, "work.js": (FOLDER / "work.js").read_text()}


def numbered(path: str, number: int) -> dict[str, str]:
    """Answers *number* to requests for *path*."""
    source = f'export const routes = {{ "GET {path}": () => new Response("{number}") }};\n'
    return {"main.js": source}
