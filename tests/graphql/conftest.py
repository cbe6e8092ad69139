"""Every test of the GraphQL transport runs with and without compiled plans."""

import pytest

from aiwebengine.graphql.execution import Executor

COMPILED, REFERENCE = "compiled plans", "reference executor"


@pytest.fixture(autouse=True, params=[COMPILED, REFERENCE])
def executed_by(request, monkeypatch):
    """`performance.compiled_plans` on, then off: clients must not see a difference."""
    if request.param == COMPILED:
        return
    init = Executor.__init__

    def without_plans(self, *arguments, **options):
        init(self, *arguments, **{**options, "compiled_plans": False})

    monkeypatch.setattr(Executor, "__init__", without_plans)
