"""Errors that are reported to clients. Any other exception is a bug."""

from __future__ import annotations


class EngineError(Exception):
    """An expected error with a stable code and a message.

    `status` is the HTTP status (RFC 9110). APIs translate errors and add no rules.
    """

    code = "INTERNAL"
    status = 500

    def __init__(self, message: str, **extensions: object) -> None:
        super().__init__(message)
        self.message = message
        self.extensions = extensions


class Unauthenticated(EngineError):
    """The request is not signed in, or its session or token is invalid or expired."""

    code = "UNAUTHENTICATED"
    status = 401


class Forbidden(EngineError):
    """The viewer lacks the required role or scope."""

    code = "FORBIDDEN"
    status = 403


class ForeignOrigin(Forbidden):
    """The request comes from a page of another origin."""


class ReauthenticationRequired(EngineError):
    """The action needs a more recent sign-in."""

    code = "REAUTHENTICATION_REQUIRED"
    status = 403


class NotFound(EngineError):
    """The object does not exist."""

    code = "NOT_FOUND"
    status = 404


class Conflict(EngineError):
    """The request is valid, but a rule or the current state does not allow it."""

    code = "CONFLICT"
    status = 409


class BadUserInput(EngineError):
    """A value in the request is invalid."""

    code = "BAD_USER_INPUT"
    status = 422


class BodyTooLarge(BadUserInput):
    """The request body is too large (RFC 9110 section 15.5.14)."""

    status = 413


class BodyTooLate(BadUserInput):
    """The request body did not arrive in time (RFC 9110 section 15.5.9)."""

    status = 408


class LimitExceeded(EngineError):
    """More than a limit allows: of size, number or time."""

    code = "LIMIT"
    status = 429


class QueryTooComplex(EngineError):
    """The GraphQL document exceeds the complexity limit."""

    code = "QUERY_TOO_COMPLEX"
    status = 400


class RateLimited(EngineError):
    """The rate limit is exceeded; retry after `retry_after` seconds."""

    code = "RATE_LIMITED"
    status = 429

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message, retryAfter=retry_after)
        self.retry_after = retry_after


class Unavailable(EngineError):
    """A dependency, such as the database, does not respond."""

    status = 503


def in_a_line(error: BaseException) -> str:
    """The message of *error* on one line, because PostgreSQL errors have several."""
    return " ".join(str(error).split())
