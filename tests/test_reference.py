"""docs/reference/ is what the code says, and says something of everything there is."""

import ast
import re
from inspect import getdoc

import pytest
from reference import alerts, audit, commands, configuration, errors, graphql, health, log, metrics
from reference import tasks as clock
from reference.pages import FOLDER, PAGES
from tests.test_who_may_do_what import OPERATIONS, rows

from aiwebengine.audit.details import TOLD
from aiwebengine.audit.types import AuditAction
from aiwebengine.errors import EngineError
from aiwebengine.graphql.descriptions import words_of
from aiwebengine.logs.events import EVENTS, FIELDS
from aiwebengine.metrics.instruments import LABELS
from aiwebengine.viewer import Scope

AGAIN = "run `make reference`"


@pytest.mark.parametrize("name", PAGES)
def test_each_page_is_what_the_code_says(name):
    # Another process wrote the files: an order that is left to luck would show.
    assert (FOLDER / name).read_text() == PAGES[name](), AGAIN


def test_there_is_no_other_page():
    assert {path.name for path in FOLDER.iterdir()} == set(PAGES)


def test_every_key_of_the_configuration_has_a_meaning():
    found = [(path, meaning, keys) for path, meaning, keys in configuration.sections()]
    bare = [path for path, meaning, _ in found if not meaning]
    bare += [key.path for _, _, keys in found for key in keys if not key.meaning or not key.kind]

    assert bare == []
    assert len([key for _, _, keys in found for key in keys]) > 60


def test_every_command_and_option_has_a_meaning_and_every_argument_is_named():
    bare = []
    for path, command in commands.commands():
        if not commands.meaning(command):
            bare.append(path)
        for one in commands.parameters(command):
            if one.param_type_name == "option" and not one.help:
                bare.append(f"{path} {one.opts[0]}")
            word = (one.metavar or one.name.upper()).strip("[].")
            if one.param_type_name == "argument" and word not in command.help:
                bare.append(f"{path} {one.name}")

    assert bare == []


def test_every_operation_and_type_has_a_meaning_and_a_place_on_the_page():
    page = (FOLDER / "graphql.md").read_text()
    bare = [one.name for one in graphql.operations() if not one.field.description]
    bare += [kind.name for kind in graphql.types() if not kind.description]
    names = [one.name for one in graphql.operations()]
    names += [kind.name for kind in graphql.types()]

    assert bare == []
    assert [name for name in names if f"\n### {name}\n" not in page] == []


def test_the_page_says_of_every_mutation_which_scope_and_how_recent_a_sign_in_it_needs():
    page = (FOLDER / "graphql.md").read_text()
    scopes = {"read": "`read`", "users": "`users:write`", "ops": "`ops:write`"}
    wrong = []
    for name, row in rows(OPERATIONS).items():
        if not name.startswith("Mutation."):
            continue
        line = re.search(rf"^\| \[`{name[9:]}`\].*$", page, re.MULTILINE)[0]
        _, _, _, scope, recent, _ = line.split("|")
        (needed,) = [word for caller, word in scopes.items() if row[caller] != "403"]
        if scope.strip() != needed or bool(recent.strip()) != (row["stale"] == "again"):
            wrong.append(name)

    assert wrong == []


def test_every_scope_of_a_token_has_a_meaning():
    assert set(words_of(Scope)) == set(Scope.__members__)


def test_every_metric_and_label_has_a_meaning_and_no_label_is_left_over():
    found = metrics.metrics()

    assert [one.name for one in found if not one.meaning] == []
    assert {label for one in found for label in one.labels} == set(LABELS)
    assert all(LABELS.values())


def test_every_line_of_the_log_is_an_event_with_a_meaning_and_known_fields():
    lines = log.lines()

    assert {line.event for line in lines} == set(EVENTS)
    assert {name for line in lines for name in line.fields} | set(log.ALWAYS) == set(FIELDS)
    assert all(EVENTS.values())
    assert all(FIELDS.values())


def test_no_line_is_written_in_another_way_than_the_page_is_read_from():
    """A logger under another name, or one that is asked for on the spot, would be overlooked."""
    strange = []
    for path in log.PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Assign) and "logging.getLogger" in ast.unparse(node.value):
                targets = [ast.unparse(target) for target in node.targets]
                strange += [path.name] if targets not in (["log"], ["root"]) else []
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                asked = ast.unparse(node.func.value)
                if node.func.attr in log.LEVELS and asked.startswith(("logging", "structlog")):
                    strange.append(f"{path.name}:{node.lineno}")

    assert strange == []


def test_every_action_of_the_trail_has_a_meaning_and_tells_what_it_holds():
    bare = [action.name for action, meaning in audit.meanings().items() if not meaning]
    told = [text for one in TOLD.values() for text in (*one.before.values(), *one.after.values())]

    assert bare == []
    assert set(TOLD) == set(AuditAction)
    assert all(told)
    assert all(one.target for one in TOLD.values())


def test_every_health_check_has_a_meaning_and_is_on_the_page():
    found = health.all_checks()
    named = {one.name for one in found}
    in_the_code = set()
    for path in (log.PACKAGE / "health").glob("*.py"):
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and ast.unparse(call.func).split(".")[-1] in (
                "Check",
                "space",
                "writable",
            ):
                first = call.args[0]
                in_the_code |= {first.value} if isinstance(first, ast.Constant) else set()

    assert [one.name for one in found if not one.meaning] == []
    assert in_the_code <= named
    assert len(in_the_code) > 8


def test_every_alert_has_a_meaning():
    assert all(alerts.EVENTS.values())
    assert [rule for rule, _, _, meaning in alerts.rules() if not meaning] == []
    # The title of an alert stands beside the constant that names it.
    service = (log.PACKAGE / "alerts" / "service.py").read_text()
    assert re.findall(r'name="(\w+)"', service) == []


def test_every_refusal_has_a_meaning():
    found = errors.refusals()

    assert [one.__name__ for one in found if not errors.meaning(one)] == []
    assert [one.__name__ for one in found if getdoc(one) == getdoc(EngineError)] == []
    assert len({one.code for one in found}) > 8


def test_every_task_and_line_of_the_lists_has_a_meaning():
    assert [task.name for task in clock.tasks() if not task.description] == []
    assert [item.name for item in clock.ITEMS if not item.title] == []
