"""An S3 storage on loopback that refuses or hangs as a test says, and keeps what it was asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiwebengine.core.config import S3

BUCKET = "backups"
TIMEOUT_SECS = 30

Refusal = tuple[int, str, str]
"""Status, code and message of a refusal."""


def configuration(port: int, **changes: object) -> S3:
    """Access to the storage at *port*."""
    return S3(
        **{
            "bucket": BUCKET,
            "endpoint": f"http://127.0.0.1:{port}",
            "access_key_id": "key",
            "secret_access_key": "secret",
            **changes,
        }
    )


class Storage(ThreadingHTTPServer):
    """Passes requests on to the real storage at *behind*, but for those that it refuses."""

    daemon_threads = True

    def __init__(self, behind: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind = behind
        self.refusals: dict[str, Refusal] = {}
        """By method; `LIST` is a `GET` of the bucket."""
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.asked: list[str] = []
        """Method and path with query of each request."""


@contextmanager
def serving(behind: int) -> Iterator[Storage]:
    """Such a storage, as long as the block lasts."""
    storage = Storage(behind)
    thread = threading.Thread(target=storage.serve_forever, daemon=True)
    thread.start()
    try:
        yield storage
    finally:
        storage.may_answer.set()
        storage.shutdown()
        storage.server_close()
        thread.join(TIMEOUT_SECS)


class _Handler(BaseHTTPRequestHandler):
    server: Storage

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append(f"{self.command} {self.path}")
        self.server.may_answer.wait(TIMEOUT_SECS)
        is_list = self.command == "GET" and "list-type=2" in self.path
        refusal = self.server.refusals.get("LIST" if is_list else self.command)
        if refusal is not None:
            status, code, message = refusal
            text = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
            self._send(status, {"Content-Type": "application/xml"}, text.encode())
            return
        self._send(*self._passed_on(body))

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _answer

    def _passed_on(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        there = HTTPConnection("127.0.0.1", self.server.behind, timeout=TIMEOUT_SECS)
        with closing(there):
            headers = {name: value for name, value in self.headers.items() if name != "Host"}
            there.request(self.command, self.path, body, headers)
            found = there.getresponse()
            return found.status, dict(found.headers), found.read()

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        kept = {name.lower(): value for name, value in headers.items()}
        length = kept.get("content-length", "0") if self.command == "HEAD" else str(len(body))
        self.send_response(status)
        for name in ("content-type", "etag", "last-modified"):
            if name in kept:
                self.send_header(name, kept[name])
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """A test's output is no place for an access log."""
