"""Notifies systemd, if it started this process: see sd_notify(3)."""

from __future__ import annotations

import os
import socket


def notify(state: str) -> None:
    """Send *state* to systemd. Does nothing if systemd did not start this process."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifier:
        # A name that begins with @ is an abstract socket, not a file.
        notifier.connect(address.replace("@", "\0", 1) if address[0] == "@" else address)
        notifier.send(state.encode())
