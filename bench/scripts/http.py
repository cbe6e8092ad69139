"""Requests to scripts, and deployments of them."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping

from bench.load import NotMeasured

ANSWER_SECS = 30
PAUSE_SECS = 0.005
API = "/api/engine/scripts"


class Connection:
    """A connection to an engine, which every request uses; closed at the end of `with`."""

    def __init__(self, port: int, token: str = "") -> None:
        self._client = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECS)
        self._token = token

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, path: str) -> str:
        """The body of the answer. Raises NotMeasured for any status but 200."""
        status, body = self.ask("GET", path)
        if status != 200:
            raise NotMeasured(f"GET {path} answers {status}: {body[:300]}")
        return body

    def get_once_started(self, path: str) -> str:
        """The same for an engine that starts: it answers 503 until it has read the scripts."""
        end = time.monotonic() + ANSWER_SECS
        while True:
            status, body = self.ask("GET", path)
            if status == 200:
                return body
            if status != 503 or time.monotonic() > end:
                raise NotMeasured(f"GET {path} answers {status}: {body[:300]}")
            time.sleep(PAUSE_SECS)

    def put(self, slug: str, files: Mapping[str, str]) -> None:
        """Save and deploy a script. Raises NotMeasured if that is refused."""
        status, body = self.ask("PUT", f"{API}/{slug}", json.dumps({"files": files}))
        if status not in (200, 201):
            raise NotMeasured(f"PUT of {slug} answers {status}: {body[:300]}")

    def ask(self, method: str, path: str, body: str | None = None) -> tuple[int, str]:
        """Status and body of the answer. Raises NotMeasured if there is none."""
        headers = {} if body is None else {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        try:
            self._client.request(method, path, body, headers)
            answer = self._client.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException) as error:
            raise NotMeasured(f"No answer to {method} {path}: {error!r}") from None
