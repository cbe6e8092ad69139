"""`health --url` believes nobody: whatever answers, it says in its time what is wrong."""

import contextlib
import json
import os
import socket
import threading

import pytest
from tests import commands

OTHERS = [
    b'{"status":"ok","timestamp":"x","checks":[1]}',
    b'{"status":"ok","timestamp":{"a":1}}',
    b'{"status":"ok","timestamp":"x","state":["up"]}',
    b'{"status":"fail","checks":{"\\ud800":"\\ud800"}}',
    b'{"status":"fail","checks":{"a":[1]}}',
    b"[" * 60_000,
    b" " * 1_000_000,
    b"\xff\xfe{}",
]


@pytest.fixture
def ask(tmp_path):
    def ask(url, *arguments):
        return commands.run("health", "--url", url, *arguments, cwd=tmp_path, env=os.environ)

    return ask


@pytest.fixture
def answering():
    """Serve one connection with these pieces; *is_endless*: and then with a byte now and then."""
    listening = socket.create_server(("127.0.0.1", 0))
    ended, threads = threading.Event(), []

    def serve(pieces, is_endless):
        with contextlib.suppress(OSError), listening.accept()[0] as connection:
            connection.recv(4_096)
            for piece in pieces:
                connection.sendall(piece)
            while is_endless and not ended.wait(0.1):
                connection.sendall(b"x")

    def answering(*pieces, is_endless=False):
        thread = threading.Thread(target=serve, args=(pieces, is_endless))
        threads.append(thread)
        thread.start()
        return f"http://127.0.0.1:{listening.getsockname()[1]}"

    yield answering
    ended.set()
    listening.close()
    for thread in threads:
        thread.join(10)


@pytest.mark.parametrize("arguments", [[], ["--json"]], ids=["text", "json"])
@pytest.mark.parametrize("body", OTHERS, ids=range(len(OTHERS)))
def test_what_is_no_health_is_called_that_and_breaks_nothing(ask, answering, body, arguments):
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()

    done = ask(answering(head, body), *arguments)

    assert (done.returncode, done.stderr) == (1, "")
    assert "is not the health page of an engine: it responded with 200 OK" in done.stdout
    if arguments:
        assert json.loads(done.stdout)["status"] == "fail"


@pytest.mark.parametrize("head", [b"H", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"])
def test_an_answer_that_never_ends_is_waited_for_no_longer_than_any_other(ask, answering, head):
    done = ask(answering(head, is_endless=True), "--timeout", "1")

    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.endswith("within 1 s\n")


def test_an_address_that_is_none_is_named(ask):
    done = ask("http://[::1")

    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == "fail engine: http://[::1 is not a valid URL: Invalid IPv6 URL\n"
