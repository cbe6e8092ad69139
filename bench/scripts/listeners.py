"""Many clients of an event stream, and one that has messages sent: a process of its own.

Reads what to do as JSON from standard input, and writes what arrived, and when, to standard output.
All clients are in one loop, so that one clock times them and none waits for another's turn.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time
from dataclasses import dataclass, field

AT_ONCE = 20
OPEN_SECS = 60.0
SETTLE_SECS = 5.0
PART_BYTES = 65_536


@dataclass
class Clients:
    """The connections and what they got."""

    port: int
    sockets: dict[int, socket.socket] = field(default_factory=dict)
    unread: dict[int, bytes] = field(default_factory=dict)
    seen: dict[int, list[int]] = field(default_factory=dict)
    sent_at: dict[int, float] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)
    doubled: int = 0
    ended: int = 0

    def open(self, path: str, count: int) -> None:
        """Open streams, some at once, and wait until each has begun."""
        head = (
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n".encode()
        )
        while len(self.sockets) < count:
            some = [self._connected() for _ in range(min(AT_ONCE, count - len(self.sockets)))]
            for one in some:
                one.sendall(head)
            for one in some:
                begun = b""
                while b"\r\n\r\n" not in begun:
                    part = one.recv(PART_BYTES)
                    if not part:
                        raise SystemExit(f"no stream at {path}: {begun[:300]!r}")
                    begun += part
                if not begun.startswith(b"HTTP/1.1 200 "):
                    raise SystemExit(f"no stream at {path}: {begun[:300]!r}")
                one.setblocking(False)
                self.sockets[one.fileno()] = one
                self.unread[one.fileno()] = b""
                self.seen[one.fileno()] = []

    def run(self, path: str, per_second: int, seconds: int) -> None:
        """Have messages sent at a steady pace, and read until nothing more can be expected."""
        sender, poll = self._connected(), select.epoll()
        for descriptor in self.sockets:
            poll.register(descriptor, select.EPOLLIN)
        poll.register(sender.fileno(), select.EPOLLIN)
        messages = per_second * seconds
        began, number, answered = time.perf_counter(), 0, 0
        expected = messages * len(self.sockets)
        end = began + seconds + SETTLE_SECS
        while answered < messages or len(self.latencies) < expected:
            if time.perf_counter() > end:
                break
            due = began + number / per_second
            if number < messages and time.perf_counter() >= due:
                # One at a time: the answer to the last one has come long before.
                self.sent_at[number] = time.perf_counter()
                sender.sendall(_post(path, f"message {number} {'x' * 100}".encode()))
                number += 1
            for descriptor, _ in poll.poll(0.001, 256):
                if descriptor == sender.fileno():
                    answered += sender.recv(PART_BYTES).count(b"HTTP/1.1 200")
                else:
                    self._read(descriptor, poll)
        if answered < messages:
            raise SystemExit(f"{answered} of {messages} messages were accepted.")

    def _connected(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), OPEN_SECS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _read(self, descriptor: int, poll: select.epoll) -> None:
        part = self.sockets[descriptor].recv(PART_BYTES)
        arrived = time.perf_counter()
        if not part:
            self.ended += 1
            poll.unregister(descriptor)
            return
        *lines, self.unread[descriptor] = (self.unread[descriptor] + part).split(b"\n")
        seen = self.seen[descriptor]
        for line in lines:
            if line.startswith(b"data: message "):
                number = int(line.split(b" ", 3)[2])
                if number in seen:
                    self.doubled += 1
                else:
                    seen.append(number)
                    self.latencies.append(arrived - self.sent_at[number])


def _post(path: str, body: bytes) -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def main() -> None:
    """Do what standard input says."""
    wanted = json.load(sys.stdin)
    clients = Clients(wanted["port"])
    clients.open(wanted["listen"], wanted["clients"])
    clients.run(wanted["send"], wanted["per_second"], wanted["seconds"])
    took = sorted(clients.latencies)
    # Out of order is counted as well: a client would show an older state last.
    disordered = sum(seen != sorted(seen) for seen in clients.seen.values())
    json.dump(
        {
            "arrived": len(took),
            "doubled": clients.doubled,
            "disordered": disordered,
            "ended": clients.ended,
            "p50": _at(took, 0.5),
            "p99": _at(took, 0.99),
            "last": _at(took, 1.0),
        },
        sys.stdout,
    )


def _at(took: list[float], part: float) -> float | None:
    """Milliseconds."""
    return took[min(len(took) - 1, int(len(took) * part))] * 1_000 if took else None


if __name__ == "__main__":
    main()
