"""A deployed script, and its owner's secrets."""

from tests.script_fetch.conftest import data, deployed, run, running, set_secret

__all__ = ["data", "deployed", "run", "running", "set_secret"]
