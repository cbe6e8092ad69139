"""pg_stat_statements is created where the server allows it, and never stops anything."""

import logging

from aiwebengine.core.resources import MIGRATIONS
from aiwebengine.database import statement_counts
from aiwebengine.database.statement_counts import count_statements
from aiwebengine.migrations.service import Migrations


def test_a_server_without_the_library_is_left_alone_and_nothing_is_logged(url, caplog):
    with caplog.at_level(logging.INFO):
        assert count_statements(url) is False
        assert Migrations(url, MIGRATIONS).up() == []

    assert "statements" not in caplog.text


def test_a_refusal_is_one_line_in_the_log_and_no_failure(url, caplog, monkeypatch):
    # Loaded and available, as far as the look-up says; creating it then fails for real.
    monkeypatch.setattr(statement_counts, "_IS_MISSING", "select true")

    with caplog.at_level(logging.INFO):
        assert Migrations(url, MIGRATIONS).up() == []

    (line,) = [one for one in caplog.records if one.name == statement_counts.__name__]
    assert line.message == "database.statements_not_counted"
    assert "pg_stat_statements" in line.error


def test_a_database_that_does_not_answer_is_no_failure_either():
    assert count_statements("postgresql://nobody@127.0.0.1:9/nothing") is False
