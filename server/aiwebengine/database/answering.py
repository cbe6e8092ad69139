"""Detects a server that does not answer, because it, its disk or the DNS look-up hangs."""

from __future__ import annotations

import threading

import psycopg


def is_silent(url: str, secs: float) -> bool:
    """True if the server at *url* neither answers nor refuses a connection within *secs* seconds.

    Connects in another thread, because a DNS look-up, or a statement on a server whose disk hangs,
    can't be interrupted.
    """
    answered = threading.Event()

    def connect() -> None:
        try:
            with psycopg.connect(url, connect_timeout=max(2, int(secs))) as connection:
                connection.execute("select 1")
        except psycopg.errors.ConnectionTimeout:
            return
        except psycopg.Error:
            pass
        answered.set()

    threading.Thread(target=connect, daemon=True).start()
    return not answered.wait(secs)
