"""A line of fields looks like any other to handlers."""

import logging

import pytest

from aiwebengine.core.field_log import FieldLogger, FieldRecord

LINES = FieldLogger(logging.getLogger("lines"))


@pytest.fixture
def records(monkeypatch):
    """What a handler of the logger `lines` gets, at level INFO."""
    found = []

    class Keeping(logging.Handler):
        def emit(self, record):
            found.append(record)

    logger = logging.getLogger("lines")
    monkeypatch.setattr(logger, "handlers", [Keeping()])
    monkeypatch.setattr(logger, "propagate", False)
    monkeypatch.setattr(logger, "level", logging.INFO)
    return found


def test_a_record_has_every_attribute_that_formatters_may_ask_for(records):
    LINES.log(logging.WARNING, "tried", extra={"times": 3})

    (record,) = records
    assert vars(record).keys() >= vars(logging.makeLogRecord({})).keys()
    layout = "%(name)s %(levelname)s %(message)s %(filename)s:%(lineno)d %(threadName)s"
    assert logging.Formatter(layout).format(record).startswith("lines WARNING tried ")
    assert logging.Formatter("%(asctime)s").format(record)
    assert record.fields == {"times": 3}


def test_an_exception_is_formatted_with_its_stack_trace(records):
    try:
        raise ValueError("seven")
    except ValueError as error:
        LINES.log(logging.ERROR, "failed", extra={}, exc_info=error)

    text = logging.Formatter().format(records[0])
    assert "test_an_exception_is_formatted" in text
    assert text.endswith("ValueError: seven")


def test_a_level_that_is_off_makes_no_record(records):
    LINES.log(logging.DEBUG, "quiet", extra={})

    assert records == []


def test_a_record_is_not_shared_with_the_next(records):
    first = FieldRecord("lines", logging.INFO, "first", {}, None)
    first.exc_text = "kept by a formatter"

    assert FieldRecord("lines", logging.INFO, "second", {}, None).exc_text is None
