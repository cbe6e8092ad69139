"""What the documentation names is there: pages, headings, commands, options, keys, metrics."""

import re

import click
import pytest
from reference import health, metrics
from reference.configuration import sections
from tests.pages import ROOT, Page, pages

from aiwebengine.audit.types import AuditAction
from aiwebengine.cli.main import main
from aiwebengine.core.config import Config
from aiwebengine.core.config_loader import ConfigError, load_config
from aiwebengine.logs.events import EVENTS

PAGES = pages()
NAMES = [page.name for page in PAGES]
each_page = pytest.mark.parametrize("page", PAGES, ids=NAMES)

# They stand for any of their kind.
PLACEHOLDERS = {"APP_SECTION__KEY", "APP_SECTION__KEY_FILE", "APP_CONFIG_FILE"}
FILE = re.compile(r"\.(py|toml|yml|yaml|json|md|sh|sql|txt|conf|log|dump|gz|service|timer|js|csv)$")
# Values that an example leaves to the reader, and facts that only the reader's machine knows.
NOT_OURS = re.compile(r"the environment variable \w+ is not set|No such file")


@each_page
def test_every_link_leads_somewhere(page: Page):
    lost = []
    for link in page.links:
        if re.match(r"[a-z]+:", link):
            continue
        place, _, anchor = link.partition("#")
        target = (page.path.parent / place).resolve() if place else page.path
        is_there = target.exists() and target.is_relative_to(ROOT)
        if not is_there or (anchor and anchor not in Page(target).anchors):
            lost.append(link)

    assert lost == []


def test_the_index_leads_to_every_page():
    index = next(page for page in PAGES if page.name == "docs/README.md")
    decisions = next(page for page in PAGES if page.name == "docs/decisions/README.md")
    linked = {
        (page.path.parent / link.partition("#")[0]).resolve()
        for page in (index, decisions)
        for link in page.links
    }
    own = [page for page in PAGES if page.name.startswith("docs/") and page is not index]

    assert [page.name for page in own if page.path not in linked] == []
    assert "](docs/README.md)" in (ROOT / "README.md").read_text()


@each_page
def test_every_command_and_option_exists(page: Page):
    assert [problem for words in page.calls() if (problem := wrong(words))] == []


def wrong(words: list[str]) -> str | None:
    """What of a call does not exist; None when all does."""
    command: click.Command = main
    rest = iter(words)
    for word in rest:
        if word == "--":
            # What follows is arguments (POSIX, 12.2, guideline 10): none of it is our option.
            takes = any(isinstance(one, click.Argument) for one in command.params)
            return None if takes else f"{command.name}: --"
        if word in ("…", "...", r"\\") or word.isupper():
            # Anything may follow; options too, but nobody knows of which command.
            if isinstance(command, click.Group):
                return None
        elif re.match(r"--?[a-z]", word):
            name = word.partition("=")[0]
            option = next((one for one in command.params if name in all_names(one)), None)
            if option is None and name not in ("--help", "-h"):
                return f"{command.name}: {word}"
            if option is not None and not option.is_flag and "=" not in word:
                next(rest, None)
        elif isinstance(command, click.Group):
            names = word.split("|")
            context = click.Context(command)
            missing = [name for name in names if command.get_command(context, name) is None]
            if missing:
                return f"{command.name} {', '.join(missing)}"
            command = command.get_command(context, names[0])
    return None


def all_names(parameter: click.Parameter) -> list[str]:
    return [*parameter.opts, *parameter.secondary_opts]


def unknown_keys(environ: dict[str, str], tmp_path) -> list[str]:
    """What the engine itself says of these variables, as far as it is about their names."""
    empty = tmp_path / "empty.toml"
    empty.touch()
    try:
        load_config(empty, environ)
    except ConfigError as error:
        return [problem for problem in error.problems if "unknown key" in problem]
    return []


@each_page
def test_every_variable_is_one_that_the_engine_reads(page: Page, tmp_path):
    unknown = []
    for name in set(re.findall(r"\bAPP_[A-Z0-9_]*[A-Z0-9]\b", page.text)) - PLACEHOLDERS:
        unknown += unknown_keys({name: "x"}, tmp_path) if "__" in name else [name]

    assert unknown == []


@each_page
def test_every_example_of_a_configuration_is_accepted(page: Page, tmp_path):
    problems = []
    for kind, text in page.blocks:
        if kind == "toml":
            file = tmp_path / "config.toml"
            file.write_text(text)
            try:
                load_config(file, {})
            except ConfigError as error:
                problems += [one for one in error.problems if not NOT_OURS.search(one)]

    assert problems == []


@each_page
def test_every_key_that_is_named_exists(page: Page, tmp_path):
    known = {*EVENTS, *(action.value for action in AuditAction)}
    known |= {check.name for check in health.all_checks()} | paths()
    unknown = []
    for span in page.spans:
        key = re.fullmatch(r"\[?([a-z_]+(?:\.[A-Za-z0-9_]+)+)\]?(?: = .*)?", span)
        if key is None or key[1].split(".")[0] not in Config.model_fields:
            continue
        if key[1] not in known and not FILE.search(key[1]):
            variable = "APP_" + "__".join(key[1].split(".")).upper()
            unknown += unknown_keys({variable: "x"}, tmp_path)

    assert unknown == []


def paths() -> set[str]:
    """Every section by its path, with the placeholder of those that have names."""
    return {path for path, _, _ in sections()}


@each_page
def test_every_metric_exists(page: Page):
    ends = ("_bucket", "_sum", "_count")
    known = {one.name + end for one in metrics.metrics() for end in ("", *ends)}
    # The cookie.
    known.add("aiwebengine_session")

    assert set(re.findall(r"\baiwebengine_[a-z_]*[a-z]\b", page.text)) - known == set()


def test_these_tests_find_what_is_wrong(tmp_path):
    page = Page(tmp_path / "page.md")
    page.path.write_text(
        "# One two\n\n# One two\n\n[a](b.md) `[no](link.md)` `aiwebengine logs tail|follow`\n"
        "```sh\nX=1 .venv/bin/aiwebengine users list --limt 3 | wc\n"
        "T=$(aiwebengine tokens make)\njournalctl -u aiwebengine -f\n```\n"
    )
    found = [wrong(words) for words in page.calls()]

    assert found == ["list: --limt", "tokens make", "logs follow"]
    assert sum(len(list(one.calls())) for one in PAGES) > 150
    assert page.links == ["b.md"]
    assert page.anchors == {"one-two", "one-two-1"}
    assert unknown_keys({"APP_SERVER__PROT": "1", "APP_SERVER__PORT": "1"}, tmp_path) != []
    assert unknown_keys({"APP_AUTH__PROVIDERS__GOOGLE__CLIENT_ID": "1"}, tmp_path) == []
    assert wrong(["--config", "c.toml", "backup", "restore", "NAME", "--into", "x"]) is None
