"""The process of a program: its end, and what it answers while it loads."""

import asyncio

from tests.runtimes.programs import running

from aiwebengine.runtimes.protocol import Kind

HELLO = 'export default { fetch: () => new Response("hello") };'


async def test_the_process_ends_with_its_input(tmp_path):
    async with running(tmp_path, HELLO) as program:
        assert program.process.stdin
        program.process.stdin.close()
        status = await asyncio.wait_for(program.process.wait(), 20)

    assert status == 0
    assert program.errors == b""


async def test_a_ping_is_answered_also_while_loading(tmp_path):
    source = f"await new Promise((resolve) => setTimeout(resolve, 50));\n{HELLO}"
    async with running(tmp_path, source) as program:
        program.send(Kind.PING, 7)
        frame = await program.received(7)

    assert frame.kind is Kind.PONG
