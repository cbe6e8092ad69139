"""Fixtures of a working engine."""

from tests.script_schedules.engines import deploy, lines_of, logged, visit, working

__all__ = ["deploy", "lines_of", "logged", "visit", "working"]
