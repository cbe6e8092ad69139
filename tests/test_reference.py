"""docs/reference/ is what the code says, and says something of everything there is."""

import ast
import inspect
import re
from inspect import getdoc

import pytest
from reference import (
    alerts,
    audit,
    callers,
    commands,
    configuration,
    errors,
    graphql,
    health,
    http,
    log,
    metrics,
    parts,
)
from reference import architecture as layers
from reference import tasks as clock
from reference.pages import FOLDER, PAGES
from starlette.datastructures import QueryParams
from starlette.routing import WebSocketRoute
from tests.test_who_may_do_what import expected_of_routes

from aiwebengine.app.schema import schema
from aiwebengine.audit import rest as audit_rest
from aiwebengine.audit.details import EVENT_SCHEMAS
from aiwebengine.audit.types import AuditAction
from aiwebengine.core.errors import BadUserInput, EngineError
from aiwebengine.core.identity import Role, Scope
from aiwebengine.core.rights import Rights
from aiwebengine.graphql.descriptions import words_of
from aiwebengine.graphql.rights import rights_by_operation
from aiwebengine.logs import rest as logs_rest
from aiwebengine.logs.events import EVENTS, FIELDS
from aiwebengine.metrics.instruments import LABELS

ROOT = FOLDER.parent.parent
AGAIN = "run `make reference`"
MAKES_LOGGER = re.compile(r"logging\.getLogger|FieldLogger\(")


@pytest.mark.parametrize("name", PAGES)
def test_each_page_is_what_the_code_says(name):
    # Another process wrote the files: an order that is left to luck would show.
    assert (FOLDER / name).read_text() == PAGES[name](), AGAIN


def test_generated_parts_of_other_pages_are_what_the_code_says():
    assert [path.name for path, text in parts.pages() if path.read_text() != text] == [], AGAIN


def test_the_picture_shows_every_package_and_leaves_out_only_arrows_with_a_longer_way():
    picture = layers.picture()
    shown = {
        line.split(" --> ")[0].strip(): set(line.split(" --> ")[1].split(" & "))
        for line in picture.splitlines()
        if " --> " in line
    }

    def reached(name):
        return shown.get(name, set()).union(*map(reached, shown.get(name, set())))

    assert {name for layer in layers.layers() for name in layer} == set(layers.imports())
    for name, others in layers.imports().items():
        assert re.search(rf"^ +{name}$", picture, re.M)
        assert others <= reached(name)
        assert shown.get(name, set()) <= others


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
    wrong = []
    for name, rights in rights_by_operation(schema).items():
        if not name.startswith("Mutation."):
            continue
        line = re.search(rf"^\| \[`{name[9:]}`\].*$", page, re.MULTILINE)[0]
        _, _, _, scope, recent, _ = line.split("|")
        if scope.strip() != f"`{rights.scope.value}`" or bool(recent.strip()) != (
            rights.recent_sign_in is not None
        ):
            wrong.append(name)

    assert wrong == []


def test_no_tool_imports_tests():
    tools = ("reference", "pictures", "bench", "maintenance", "deploy")
    guests = [
        str(path.relative_to(ROOT))
        for tool in tools
        for path in (ROOT / tool).rglob("*.py")
        if re.search(r"^\s*(?:from|import) tests\b", path.read_text(), re.MULTILINE)
    ]

    assert guests == []


@pytest.mark.parametrize(
    ("rights", "words"),
    [
        (Rights(), "Anyone."),
        (Rights(scope=Scope.READ), "Signed-in users; an API token needs the scope `read`."),
        (
            Rights((Role.EDITOR,), Scope.OPS_WRITE),
            "Editors; an API token needs the scope `ops:write`.",
        ),
        (
            Rights((Role.EDITOR, Role.ADMINISTRATOR), Scope.READ),
            "Editors and administrators; an API token needs the scope `read`.",
        ),
        (
            Rights((Role.ADMINISTRATOR,), Scope.USERS_WRITE, "for another user"),
            "Signed-in users; administrators for another user;"
            " an API token needs the scope `users:write`.",
        ),
    ],
)
def test_the_pages_say_who_may_call_for_any_rights(rights, words):
    assert callers.sentence(rights) == words


def test_every_route_has_a_line_and_a_section_on_the_page(engine):
    page = (FOLDER / "http.md").read_text()
    missing = []
    for route in engine.app().routes:
        path = re.sub(r":\w+}", "}", route.path)
        methods = getattr(route, "methods", None) or {"GET", "POST"}
        for method in {"WS"} if isinstance(route, WebSocketRoute) else methods - {"HEAD"}:
            line = rf"[A-Z, ]*\b{method}\b[A-Z, ]* {re.escape(path)}"
            if not re.search(rf"^\| \[`{line}`\]", page, re.M) or not re.search(
                rf"^## {line}$", page, re.M
            ):
                missing.append(f"{method} {path}")

    assert missing == []


def test_every_route_says_what_it_does_takes_and_answers():
    bare = []
    for route in http.routes():
        source = inspect.getsource(route.endpoint)
        named = {name for name, _, _ in route.parameters}
        taken = set(re.findall(r"{(\w+)}", route.path))
        taken |= set(re.findall(r"(?:asked|query_params)\.get\(\"(\w+)\"", source))
        taken |= set(re.findall(r"\"(\w+)\" (?:not )?in request\.query_params", source))
        taken |= set(re.findall(r"text_field\(body, \"(\w+)\"", source))
        if not route.meaning or not route.answers or not taken <= named | {"path"}:
            bare.append((route.title, taken - named))
        if "is_local(" in source and "loopback" not in route.meaning:
            bare.append((route.title, "loopback"))

    assert bare == []


@pytest.mark.parametrize("room", [audit_rest, logs_rest])
def test_a_filter_takes_the_parameters_that_the_page_names(room):
    (route,) = [route for route in http.routes() if route.path == room.PATH]

    with pytest.raises(BadUserInput) as refused:
        room._filter(QueryParams("nonsense=1"))

    known = refused.value.message.partition("; known: ")[2]
    assert {name for name, _, _ in route.parameters} == set(known.rstrip(".").split(", "))


def test_every_answer_that_a_route_was_seen_to_give_is_on_the_page():
    unknown, answers = [], expected_of_routes()
    for route in http.routes():
        for method in route.methods:
            name = f"{method} {route.path}"
            # A token that is not valid, and what a socket answers after its 101, are no statuses.
            seen = {status for who, status in answers[name].items() if who != "expired"}
            listed = {str(status) for status in route.answers}
            listed |= {"again"} if 403 in route.answers else set()
            listed |= {"200", "401"} if method == "WS" else set()
            unknown += [(name, status) for status in seen - listed]

    assert unknown == []


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
            if isinstance(node, ast.Assign) and MAKES_LOGGER.search(ast.unparse(node.value)):
                targets = [ast.unparse(target) for target in node.targets]
                # The logger within a FieldLogger, which is made for its users.
                allowed = ["self._logger"] if path.name == "field_log.py" else ["log"]
                strange += [path.name] if targets not in (allowed, ["root"]) else []
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                asked = ast.unparse(node.func.value)
                if node.func.attr in log.LEVELS and asked.startswith(("logging", "structlog")):
                    strange.append(f"{path.name}:{node.lineno}")

    assert strange == []


def test_every_audit_action_has_a_description_and_a_schema():
    bare = [action.name for action, meaning in audit.meanings().items() if not meaning]
    told = [
        text
        for one in EVENT_SCHEMAS.values()
        for text in (*one.before.values(), *one.after.values())
    ]

    assert bare == []
    assert set(EVENT_SCHEMAS) == set(AuditAction)
    assert all(told)
    assert all(one.target for one in EVENT_SCHEMAS.values())


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
    # The title of an alert is next to the constant with its name.
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
