"""The address of a sign-in link."""

from __future__ import annotations

from aiwebengine.core.config import Config


def link_address(config: Config, secret: str) -> str:
    """The address of a sign-in link: always this machine's own, where alone it works."""
    return f"http://localhost:{config.server.port}/auth/link?token={secret}"
