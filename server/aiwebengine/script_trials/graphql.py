"""GraphQL operations that test a script and evaluate snippets in it."""

import strawberry

from aiwebengine.core.identity import Scope
from aiwebengine.core.rights import needs
from aiwebengine.graphql.context import Info
from aiwebengine.script_trials.types import ScriptEvaluation, ScriptFailure, ScriptTestRun
from aiwebengine.scripts.graphql_changes import tree_of_script
from aiwebengine.scripts.graphql_types import ScriptFileInput
from aiwebengine.scripts.rights import EDITORS, Act, must_be_allowed
from aiwebengine.scripts.run_types import ScriptRun


@strawberry.input
class TestScriptInput:
    """Tests to run.

    Attributes:
        slug: the script.
        version: number of the version; by default the newest.
        name: only tests whose name contains this text.
        files: files to test instead of a saved version.
        entry: the file of `files` to load.
    """

    slug: str
    version: int | None = None
    name: str | None = None
    files: list[ScriptFileInput] | None = None
    entry: str | None = None


@strawberry.input
class EvaluateScriptInput:
    """Snippet to evaluate.

    Attributes:
        slug: the script.
        source: JavaScript: an expression, or statements with `return`. It may use `await`, and
          sees what the entry file sees.
        keep: keep what it writes; by default it is undone.
    """

    slug: str
    source: str
    keep: bool = False


@strawberry.mutation
@needs(EDITORS, Scope.SCRIPTS_WRITE)
async def test_script(info: Info, input: TestScriptInput) -> ScriptTestRun:
    """Run the tests of a script, its files named `*.test.ts` or `*.test.js`, in a process of their
    own. What they write is undone.

    Args:
        input: the script.
    """
    viewer, trials = info.context.viewer, info.context.services.script_trials
    must_be_allowed(viewer, Act.RUN)
    tree = (
        None
        if input.files is None
        else await tree_of_script(info, input.slug, input.files, input.entry)
    )
    return await trials.test(viewer, input.slug, version=input.version, tree=tree, name=input.name)


@strawberry.mutation
@needs(EDITORS, Scope.SCRIPTS_WRITE)
async def evaluate_script(info: Info, input: EvaluateScriptInput) -> ScriptEvaluation:
    """Evaluate a snippet in the active version of a script, in a process of its own.

    Args:
        input: the snippet.
    """
    trials = info.context.services.script_trials
    return await trials.evaluate(info.context.viewer, input.slug, input.source, keep=input.keep)


@strawberry.input
class ReplayScriptInvocationInput:
    """Request to send again.

    Attributes:
        slug: the script.
        id: ID of the failure.
    """

    slug: str
    id: strawberry.ID


@strawberry.field
@needs(EDITORS)
async def script_failures(info: Info, slug: str, first: int = 20) -> list[ScriptFailure]:
    """The newest requests that failed in a script, newest first; at most 50 are kept, for 7 days.

    Args:
        slug: the script.
        first: maximum number of failures, 1 to 100.
    """
    failures = info.context.services.script_failures
    return await failures.all(info.context.viewer, slug, first)


@strawberry.mutation
@needs(EDITORS, Scope.SCRIPTS_WRITE)
async def replay_script_invocation(info: Info, input: ReplayScriptInvocationInput) -> ScriptRun:
    """Send a request that failed again to the active version of a script, as an anonymous visitor.
    Everything that the script writes is undone.

    Args:
        input: the request.
    """
    failures = info.context.services.script_failures
    return await failures.replay(info.context.viewer, input.slug, input.id)


queries = [script_failures]
mutations = [test_script, evaluate_script, replay_script_invocation]
