"""The rules of the project, as tests."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLObjectType

from aiwebengine.app.schema import schema
from aiwebengine.audit.types import AuditAction

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "server" / "aiwebengine"
ROOMS = sorted(path.parent.name for path in PACKAGE.glob("*/store.py"))
STANDARD = {"String", "Int", "Float", "Boolean", "ID"}


def test_the_schema_file_is_what_the_code_says():
    assert (ROOT / "schema.graphql").read_text() == schema.as_str() + "\n"


def test_every_type_field_argument_and_value_is_described():
    bare = []
    for name, kind in schema._schema.type_map.items():
        if name.startswith("__") or name in STANDARD:
            continue
        if not kind.description:
            bare.append(name)
        if isinstance(kind, GraphQLEnumType):
            bare += [f"{name}.{key}" for key, value in kind.values.items() if not value.description]
        if isinstance(kind, GraphQLObjectType | GraphQLInputObjectType):
            bare += [f"{name}.{key}" for key, field in kind.fields.items() if not field.description]
        if isinstance(kind, GraphQLObjectType):
            bare += [
                f"{name}.{key}({argument_name})"
                for key, field in kind.fields.items()
                for argument_name, argument in field.args.items()
                if not argument.description
            ]

    assert bare == []


@cache
def imports_of(file: Path) -> set[str]:
    """Every module, and every name in a module, that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_only_a_package_itself_uses_its_store(room):
    guests = [
        str(file.relative_to(PACKAGE))
        for file in PACKAGE.rglob("*.py")
        if file.parent.name != room
        and any(
            re.fullmatch(rf"aiwebengine\.{room}\.(\w+_)?store", name) for name in imports_of(file)
        )
    ]

    # The app starts the listener of the trail's channel.
    assert [guest for guest in guests if (room, guest) != ("audit", "app/engine.py")] == []


@pytest.mark.parametrize("room", ROOMS)
def test_services_and_stores_import_no_adapter(room):
    doors = (
        "aiwebengine.graphql",
        "aiwebengine.web",
        "aiwebengine.terminal.commands",
        "starlette",
        "click",
    )

    imported = set()
    for path in [PACKAGE / room / "service.py", *(PACKAGE / room).glob("*store.py")]:
        imported |= imports_of(path) if path.exists() else set()

    assert not [name for name in imported if name.startswith(doors) or name.endswith(".graphql")]


def test_only_the_package_database_imports_the_driver():
    guests = [
        str(file.relative_to(PACKAGE))
        for file in PACKAGE.rglob("*.py")
        if file.parent.name != "database" and imports_of(file) & {"asyncpg", "databases"}
    ]

    assert guests == []


def test_no_committed_file_names_a_registry_or_loads_from_another_host():
    lock = (ROOT / "frontend" / "package-lock.json").read_text()

    assert '"resolved"' not in lock
    assert "://" not in (ROOT / "constraints.txt").read_text()


def test_the_page_of_the_trail_offers_every_action():
    page = (ROOT / "frontend" / "audit" / "audit-page.js").read_text()
    listed = page.split("const ACTIONS = [")[1].split("]")[0]

    assert {action.name for action in AuditAction} == set(re.findall(r'"(\w+)"', listed))


def test_the_readme_begins_with_the_two_commands():
    readme = (ROOT / "README.md").read_text()

    assert readme.index("make run") < readme.index("make test") < 200


def test_tests_in_chromium_run_in_the_browser_suite() -> None:
    # Elsewhere, its event loop makes the tests of the same worker fail.
    files = (ROOT / "tests" / "browser").glob("test_*.py")

    assert [f.name for f in files if "pytestmark = pytest.mark.browser" not in f.read_text()] == []
