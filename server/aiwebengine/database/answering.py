"""Notices a server that says nothing: it is frozen, or its disk hangs, or its name's look-up."""

from __future__ import annotations

import threading

import psycopg


def is_silent(url: str, secs: float) -> bool:
    """Say if the server at *url* neither answers nor refuses within so many seconds.

    Asked in a thread of its own, because neither a look-up of a name nor a statement of a server
    with a hanging disk can be interrupted. A refusal is an answer.
    """
    heard = threading.Event()

    def ask() -> None:
        try:
            with psycopg.connect(url, connect_timeout=max(2, int(secs))) as connection:
                connection.execute("select 1")
        except psycopg.errors.ConnectionTimeout:
            return
        except psycopg.Error:
            pass
        heard.set()

    threading.Thread(target=ask, daemon=True).start()
    return not heard.wait(secs)
