"""Loads and calls one program in a supervised process, and prints its answer."""

import asyncio
import sys
from pathlib import Path

import orjson

from aiwebengine.runtimes.dialects import prepared_entry
from aiwebengine.runtimes.instance import InstanceRuntimes
from aiwebengine.runtimes.pool import Budget
from aiwebengine.runtimes.types import Program

SOURCE = b"""
export const routes = { "GET /sum": () => {
  let sum = 0;
  for (let number = 0; number < 1e6; number++) sum += number;
  return new Response(String(sum));
} };
"""
HEAD = {
    "type": "http",
    "handler": "GET /sum",
    "request_id": "one",
    "method": "GET",
    "url": "http://localhost/sum",
    "path": "/sum",
    "headers": [],
    "params": {},
    "user": None,
    "time": 0,
}


def written(folder: Path) -> Program:
    folder.mkdir()
    folder.joinpath("main.ts").write_bytes(prepared_entry("module", SOURCE))
    return Program("one", "one", str(folder), "main.ts", "module")


async def main() -> None:
    runtimes = InstanceRuntimes(Budget())
    try:
        program = written(runtimes.folder / "trees" / "one")
        await runtimes.load(program, keep=True)
        answer = await runtimes.call(program, orjson.dumps(HEAD))
        sys.stdout.write(answer.body.decode())
    finally:
        await runtimes.stop()


asyncio.run(main())
