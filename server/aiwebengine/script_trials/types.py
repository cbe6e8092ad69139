"""Results of tests and of snippets."""

import enum
from dataclasses import field
from datetime import datetime

import strawberry

from aiwebengine.scripts.run_types import ScriptRunLine


@strawberry.enum(name="ScriptTestStatus")
class OutcomeOfTest(enum.Enum):
    """Outcome of a test.

    Attributes:
        PASSED: it ended without an error.
        FAILED: it threw an error, or was ended by a limit.
        SKIPPED: it was not run.
    """

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@strawberry.type
class ScriptError:
    """An error that a script threw.

    Attributes:
        message: the message.
        file: file where it was thrown; null if that is not known.
        line: line in the file, from 1.
        column: column in the line, from 1.
        stack: the message with the calls that led to it, in the script's files.
    """

    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    stack: str = ""


@strawberry.type
class ScriptTest:
    """A test of a script, after a run.

    Attributes:
        name: name, after those of the groups that it is in.
        status: outcome.
        file: file that has it.
        line: line in the file, from 1.
        milliseconds: duration.
        error: why it failed; null unless it did.
    """

    name: str
    status: OutcomeOfTest
    file: str | None
    line: int | None
    milliseconds: float
    error: ScriptError | None = None


@strawberry.type
class ScriptTestRun:
    """A run of a script's tests. What they wrote is undone.

    Attributes:
        request_id: ID of the run, as in the script's log.
        version: the version; 0 for files that are not saved.
        tests: the tests, in the order of their files.
        passed: number of tests that passed.
        failed: number of tests that failed.
        skipped: number of tests that were not run.
        milliseconds: duration of the run.
        log: lines that the script logged meanwhile; at most 1000.
    """

    request_id: str
    version: int
    tests: list[ScriptTest]
    passed: int
    failed: int
    skipped: int
    milliseconds: float
    log: list[ScriptRunLine] = field(default_factory=list)


@strawberry.type
class ScriptEvaluation:
    """The value of a snippet.

    Attributes:
        request_id: ID of the evaluation, as in the script's log.
        version: the version that it was evaluated in.
        json: the value as JSON; null if it has no JSON form, is too long, or after an error.
        text: the value as the console shows it.
        error: what it threw; null if it did not.
        milliseconds: duration.
        log: lines that the script logged meanwhile; at most 1000.
    """

    request_id: str
    version: int
    json: str | None
    text: str | None
    error: ScriptError | None
    milliseconds: float
    log: list[ScriptRunLine] = field(default_factory=list)


@strawberry.type
class ScriptFailure:
    """A visitor's request that failed in a script.

    Attributes:
        id: ID of the failure.
        request_id: ID of the request, as in the script's log.
        version: the version that failed.
        at: when it failed.
        method: method of HTTP.
        path: path with its query; values of parameters that are named as secrets are removed.
        message: why it failed.
        can_be_replayed: whether the body was kept.
    """

    id: strawberry.ID
    request_id: str
    version: int
    at: datetime
    method: str
    path: str
    message: str
    can_be_replayed: bool
