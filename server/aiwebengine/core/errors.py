"""Refusals that a caller may be told about. Everything else is a bug."""

from __future__ import annotations


class EngineError(Exception):
    """A refusal: a stable code for machines and one sentence for people.

    `status` is what HTTP says of it (RFC 9110); doors translate, they add no rule.
    """

    code = "INTERNAL"
    status = 500

    def __init__(self, message: str, **extensions: object) -> None:
        super().__init__(message)
        self.message = message
        self.extensions = extensions


class Unauthenticated(EngineError):
    """Nobody is signed in, or the token or session is not valid (any more)."""

    code = "UNAUTHENTICATED"
    status = 401


class Forbidden(EngineError):
    """The viewer is known but lacks the role or scope that this needs."""

    code = "FORBIDDEN"
    status = 403


class ForeignOrigin(Forbidden):
    """A page of another site made the browser send this request."""


class ReauthenticationRequired(EngineError):
    """The viewer may, but signed in too long ago for something that can do this much harm."""

    code = "REAUTHENTICATION_REQUIRED"
    status = 403


class NotFound(EngineError):
    """The thing named does not exist."""

    code = "NOT_FOUND"
    status = 404


class Conflict(EngineError):
    """The request is well formed but a rule or the present state forbids it."""

    code = "CONFLICT"
    status = 409


class BadUserInput(EngineError):
    """A value given by the caller is outside what is allowed."""

    code = "BAD_USER_INPUT"
    status = 422


class BodyTooLarge(BadUserInput):
    """The request's body has more than is read (RFC 9110 section 15.5.14)."""

    status = 413


class BodyTooLate(BadUserInput):
    """The request's body did not arrive in time (RFC 9110 section 15.5.9)."""

    status = 408


class QueryTooComplex(EngineError):
    """The document asks for more than one request may cost."""

    code = "QUERY_TOO_COMPLEX"
    status = 400


class RateLimited(EngineError):
    """Too many requests; `retry_after` in seconds says when to come back."""

    code = "RATE_LIMITED"
    status = 429

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message, retryAfter=retry_after)
        self.retry_after = retry_after


class Unavailable(EngineError):
    """Something this request needs, such as the database, does not answer at present."""

    status = 503


def in_a_line(error: BaseException) -> str:
    """What *error* says, without line breaks: PostgreSQL explains a refusal in several lines."""
    return " ".join(str(error).split())
