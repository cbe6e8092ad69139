"""No value that anybody wrote into a statement is shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiwebengine.database_admin.statements import without_values


@pytest.mark.parametrize(
    ("statement", "shown"),
    [
        ("select * from users where id = 7", "select * from users where id = ?"),
        ("select 'it''s', 1.5e-3, -2, .5", "select ?, ?, -?, ?"),
        (r"select E'it\'s', e'\\', 1", "select ?, ?, ?"),
        ("select $1, $2::int, t1.c2 from t1", "select $1, $2::int, t1.c2 from t1"),
        ('select "it\'s 7" from "T 1"', 'select "it\'s 7" from "T 1"'),
        ("do $$ begin perform 'x'; end $$", "do ?"),
        ("do $body$ select $$7$$ $body$ ", "do ?"),
        ("select 1 -- the password is 7\n, 2", "select ? , ?"),
        ("select /* 'secret' */ now()", "select now()"),
        ("select 'cut off by the serv", "select ?"),
        ("select $$cut off by the serv", "select ?"),
        ("select /* cut off", "select"),
        ("insert into t values (1, 'a'),\n  (2, 'b')", "insert into t values (?, ?), (?, ?)"),
    ],
)
def test_values_and_comments_are_left_out(statement, shown):
    assert without_values(statement) == shown


@given(st.text())
def test_no_text_gets_out_of_its_quotes(secret):
    quoted = secret.replace("'", "''")

    assert without_values(f"select * from users where email = '{quoted}' and x") == (
        "select * from users where email = ? and x"
    )


@given(st.text(), st.integers(min_value=0))
def test_nothing_gets_out_of_a_statement_that_was_cut_off(secret, length):
    quoted = secret.replace("'", "''")
    cut = f"select '{quoted}'"[: 8 + length]

    assert without_values(cut) in ("select ?", "select '"[:8].strip(), "select ??")


def test_a_long_statement_is_cut():
    assert len(without_values("select " + "x, " * 10_000)) == 1_000
