"""Trials with real processes; operations of the tests write to a table of their own."""

import pytest
from tests.script_calls.conftest import deploy, engine, host, notes, scripting

__all__ = ["deploy", "engine", "host", "notes", "scripting"]


@pytest.fixture
def trials(engine):
    return engine.services.script_trials
