"""Answers what a program asks: the reply as it is sent."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import orjson

from aiwebengine.core.errors import EngineError, LimitExceeded, Unavailable
from aiwebengine.runtimes.questions import LARGEST_REPLY_BYTES, OnAsk

log = logging.getLogger(__name__)


async def reply_to(
    on_ask: OnAsk | None, operation: str, arguments: list[Any], content: bytes
) -> tuple[bytes, bytes]:
    """Head and body of the reply to a question."""
    try:
        if on_ask is None:
            raise Unavailable(f"{operation[:100]} is not available here.")
        reply = await on_ask(operation, arguments, content)
        head, body = orjson.dumps({"value": reply.value}), reply.body
        if (size := len(head) + len(body)) > LARGEST_REPLY_BYTES:
            raise LimitExceeded(
                f"{operation[:100]}: the result has {size} bytes; allowed: {LARGEST_REPLY_BYTES}."
            )
        return head, body
    except EngineError as error:
        return _error(error.code, error.message, error.extensions), b""
    except Exception:
        log.exception("runtimes.question_failed", extra={"detail": operation[:100]})
        return _error("INTERNAL", "The engine could not do this; its log has the reason.", {}), b""


def _error(code: str, message: str, extensions: Mapping[str, object]) -> bytes:
    content = {"code": code, "message": message, "extensions": extensions}
    return orjson.dumps({"error": content}, default=str)
