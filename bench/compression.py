"""performance.enable_compression: how much smaller answers get, and what that costs."""

from __future__ import annotations

from bench.engines import Bench
from bench.limit import LIST
from bench.load import Contestant, answer, race
from bench.report import Result, ratio

LONG_LIST = LIST.replace("50", "200")
ROUNDS = 31
# A slow line, where bytes are what one waits for.
LINE_BITS_PER_SECOND = 10_000_000


def measure(bench: Bench) -> Result:
    """The same answers plain, as gzip and as brotli."""
    on, off = bench.engine(), bench.engine(performance__enable_compression="false")
    with on as on_port, off as off_port:
        asset = bench.get("/graphql", Accept="text/html")
        asks = {"list of 50 users": bench.post, "list of 200 users": bench.post}
        queries = {"list of 50 users": LIST, "list of 200 users": LONG_LIST}
        file = _playground_file(Contestant(on_port, asset))
        contestants = {}
        for name, ask in asks.items():
            contestants[f"{name}, off"] = Contestant(off_port, ask(queries[name]), requests=10)
            for coding in ("gzip", "br"):
                request = ask(queries[name], Accept_Encoding=coding)
                contestants[f"{name}, {coding}"] = Contestant(on_port, request, requests=10)
        contestants["GraphiQL, off"] = Contestant(off_port, bench.get(file))
        for coding in ("gzip", "br"):
            request = bench.get(file, Accept_Encoding=coding)
            contestants[f"GraphiQL, {coding}"] = Contestant(on_port, request)
        figures = race(contestants, ROUNDS)
    rows = []
    for name, one in figures.items():
        plain = figures[f"{name.rpartition(',')[0]}, off"]
        line = one.body_bytes * 8_000 / LINE_BITS_PER_SECOND
        rows.append(
            (
                name,
                f"{one.body_bytes:,}",
                ratio(one.body_bytes, plain.body_bytes),
                f"{one.millis:.2f}",
                f"{one.millis + line:.1f}",
            )
        )
    return Result(
        "Compression",
        f"One client over loopback, medians of {ROUNDS} rounds. The last column adds what the bytes"
        f" take on a line of {LINE_BITS_PER_SECOND // 1_000_000} Mbit/s: calculated, not measured.",
        ("", "bytes", "of the plain", "ms a request", "ms on a slow line"),
        rows,
    )


def _playground_file(contestant: Contestant) -> str:
    """Where the playground's program lies, by the page that loads it."""
    page = answer(contestant).decode()
    prefix = page.split('"/assets/')[1].split("/")[0]
    return f"/assets/{prefix}/vendor/graphiql.js"
