"""A spreadsheet that opens an export runs nothing of its content."""

import csv
import io
import itertools

import pytest

from aiwebengine.core.spreadsheet import lines

BEGUN = "=+-@|%\uff1d\uff0b\uff0d\uff20"
BEFORE = [
    "",
    " ",
    "\u00a0",
    "\u3000",
    "\u200d",
    "a;",
    "a; ",
    "a;\u00a0;",
    "\t",
    "\r\n",
    "\x00",
    "\ufeff",
]


@pytest.mark.parametrize(("before", "sign"), [*itertools.product(BEFORE, BEGUN)])
def test_no_part_of_a_cell_begins_a_formula(before, sign):
    (row,) = csv.reader(io.StringIO(lines([[f"{before}{sign}1+1"]]).decode()))

    for part in filter(str.strip, row[0].split(";")):
        assert part.strip().strip("\u200c\u200d\ufeff")[0] not in BEGUN


def test_every_cell_is_quoted_so_that_no_separator_of_another_country_parts_it():
    assert lines([["a;b", 'say "x"', None, 5, {"a": 1}]]) == (
        b'"a;b","say ""x""","","5","{""a"":1}"\r\n'
    )


def test_hidden_characters_are_shown_and_usual_texts_stay():
    assert lines([["a\x1b[2J\u202eb\n=1"]]) == b'"a\\x1b[2J\\u202eb\\n=1"\r\n'
    assert lines([["x-y", "a=b", "Zo\u00eb"]]).decode() == '"x-y","a=b","Zo\u00eb"\r\n'
