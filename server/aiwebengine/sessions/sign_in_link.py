"""The address of a sign-in link."""

from __future__ import annotations

from aiwebengine.core.config import Config


def link_address(config: Config, secret: str) -> str:
    """The address of a sign-in link, on this machine: it works nowhere else."""
    return f"http://localhost:{config.server.port}/auth/link?token={secret}"
