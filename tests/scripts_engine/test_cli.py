"""The commands `aiwebengine scripts …` on a real database, with a real Deno."""

import json
import os
import pty
import signal
import subprocess
import sys
from functools import partial

import deno
import psycopg
import pytest
from tests import commands
from tests.conftest import wait_for

from aiwebengine.scripts import folders

MAIN = """
export const routes = {
  "GET /shop": (request) => { console.log("asked"); return new Response(TEXT); },
  "POST /shop": async (request) => new Response(await request.text(), { status: 201 }),
  "GET /shop/fails": () => { throw new Error("no luck"); },
};
const TEXT = "hello";
"""


@pytest.fixture
def environment(url):
    return {**os.environ, "APP_REPOSITORY__DATABASE_URL": url, "COLUMNS": "200"}


@pytest.fixture
def run(environment, tmp_path):
    """Run `aiwebengine scripts` on this test's database; its output, or with a code its errors."""

    def run(*arguments, code=0):
        done = commands.run("scripts", *arguments, cwd=tmp_path, env=environment)
        assert done.returncode == code, done.stderr + done.stdout
        assert "Traceback" not in done.stderr
        return done.stdout if code == 0 else done.stdout + done.stderr

    return run


@pytest.fixture
def shop(tmp_path):
    """A folder with a script."""
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "main.ts").write_text(MAIN)
    return folder


def test_a_new_folder_has_a_script_that_runs_and_passes_the_type_check(run, tmp_path):
    started = run("new", "first-one")
    pushed = run("push", "first-one")
    answer = json.loads(run("run", "first-one", "/first-one/Ada", "--json"))
    checked = type_check(tmp_path / "first-one", "main.ts")

    assert "main.ts" in started
    assert folders.read(tmp_path / "first-one").left_out == []
    assert pushed.startswith("version 1 of first-one is live")
    assert "  GET /first-one/:name\n" in pushed
    assert json.loads(answer["body"])["greeting"] == "Hello, Ada!"
    assert [line["text"] for line in answer["log"]] == ["greeting Ada"]
    assert checked.returncode == 0, checked.stderr


CLASSIC = """
function page(context: ClassicContext): ClassicAnswer {
  const { auth, query, params, form, files, headers, body } = context.request;
  const seen = [auth.isAuthenticated, query.x, params.name, form, files.length, headers.host, body];
  return ResponseBuilder.html(<p class="seen">{JSON.stringify(seen.map((one) => typeof one))}</p>);
}
function init() {
  routeRegistry.registerRoute("/typed/:name", "page");
  routeRegistry.registerRoute("/typed", () => ResponseBuilder.json({ ok: true }), "POST");
}
"""
MODULE = """
const handler: Handler = (request, env, ctx) => {
  ctx.waitUntil(Promise.resolve());
  const seen = [request.url, env, ctx.params.name, ctx.user, ctx.requestId];
  return Response.json(seen.map((one) => typeof one));
};
export const routes: Routes = { "GET /typed/:name": handler };
"""


@pytest.mark.parametrize(
    ("name", "source", "seen"),
    [
        (
            "main.tsx",
            CLASSIC,
            '<p class="seen">["boolean","string","string","object","number","string","string"]</p>',
        ),
        ("main.ts", MODULE, '["string","object","string","object","string"]'),
    ],
)
def test_the_types_of_a_new_folder_describe_what_a_script_finds(run, tmp_path, name, source, seen):
    run("new", "typed")
    folder = tmp_path / "typed"
    (folder / "main.ts").unlink()
    (folder / name).write_text(source)
    checked = type_check(folder, name)
    run("push", "typed")

    assert checked.returncode == 0, checked.stderr
    assert run("run", "typed", "/typed/Ada?x=1") == seen


def type_check(folder, name):
    return subprocess.run(
        [deno.find_deno_bin(), "check", name],
        cwd=folder,
        env={"DENO_DIR": str(folder.parent / "deno"), "NO_COLOR": "1", "PATH": os.defpath},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_nothing_is_started_in_a_folder_with_something_in_it_or_under_a_bad_name(run, shop):
    assert "is not empty" in run("new", "shop", code=1)
    assert "slug" in run("new", "Not a slug", code=1)
    assert "/graphql" in run("new", "graphql", code=1)


def test_a_terminal_shows_what_a_command_is_doing_and_a_file_does_not(
    run, shop, environment, tmp_path
):
    here, there = pty.openpty()
    with os.fdopen(here, "rb", buffering=0) as terminal:
        process = subprocess.Popen(
            [sys.executable, "-m", "aiwebengine", "scripts", "push", "shop"],
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=there,
        )
        os.close(there)
        output, _ = process.communicate(timeout=120)
        shown = terminal.read(10_000).decode()

    assert process.returncode == 0, shown
    assert "Pushing …" in shown
    assert b"Pushing" not in output
    assert "Pushing" not in run("push", "shop")


def test_push_names_what_it_leaves_out_and_where_a_version_does_not_load(run, shop, tmp_path):
    (shop / "node_modules").mkdir()
    (shop / "node_modules" / "some.js").write_text("")
    (shop / ".env").write_text("SECRET=1")
    (tmp_path / "outside.txt").write_text("secret")
    (shop / "link.txt").symlink_to(tmp_path / "outside.txt")
    run("push", "shop")
    files = run("diff", "shop", "0", "1")
    (shop / "main.ts").write_text('import { x } from "./missing.ts";\nexport const routes = {};')

    refused = run("push", "shop", code=1)
    as_json = json.loads(run("push", "shop", "--json", code=1).splitlines()[0])
    listed = json.loads(run("list", "--json"))["scripts"]

    assert "Left out: .env, link.txt (a link), node_modules" in refused
    assert "secret" not in files.lower()
    assert "main.ts:1:" in refused
    assert ": error: " in refused
    assert as_json["diagnostics"][0]["file"] == "main.ts"
    assert [(one["slug"], one["active"], one["version"]) for one in listed] == [("shop", 1, 1)]


def test_push_does_not_replace_a_version_that_the_folder_does_not_have(run, shop, tmp_path):
    run("push", "shop")
    run("pull", "shop", "copy")
    (tmp_path / "copy" / "main.ts").write_text(MAIN.replace("hello", "from the copy"))
    run("push", "copy", "-m", "from the copy")
    (shop / "main.ts").write_text(MAIN.replace("hello", "from the shop"))

    refused = run("push", "shop", code=1)
    forced = run("push", "shop", "--force")

    assert "The newest version of shop is 2; this folder has version 1." in refused
    assert forced.startswith("version 3 of shop is live")


def test_pull_overwrites_only_what_was_not_changed(run, shop, tmp_path):
    (shop / "logo.png").write_bytes(b"\x89\xff\x00")
    (shop / "lib").mkdir()
    (shop / "lib" / "text.ts").write_text("export const a = 1;\n")
    run("push", "shop")
    copy = tmp_path / "copy"
    run("pull", "shop", "copy")
    (shop / "main.ts").write_text(MAIN + "// second\n")
    run("push", "shop")

    newer = run("pull", "shop", "copy")
    (copy / "main.ts").write_text("// mine\n")
    refused = run("pull", "shop", "copy", "--version", "1", code=1)
    kept = (copy / "main.ts").read_text()
    run("pull", "shop", "copy", "--version", "1", "--force")

    assert newer.startswith("wrote main.ts\n")
    assert "changes that would be lost: main.ts" in refused
    assert kept == "// mine\n"
    assert (copy / "main.ts").read_text() == MAIN
    assert (copy / "logo.png").read_bytes() == b"\x89\xff\x00"
    assert not list(copy.rglob("*.new"))


def test_pull_writes_nothing_through_a_link(run, shop, tmp_path):
    (shop / "lib").mkdir()
    (shop / "lib" / "text.ts").write_text("export const a = 1;\n")
    run("push", "shop")
    outside = tmp_path / "outside"
    outside.mkdir()
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "lib").symlink_to(outside)

    refused = run("pull", "shop", "copy", "--force", code=1)
    (copy / "lib").unlink()
    target = tmp_path / "target.ts"
    target.write_text("// theirs\n")
    (copy / "main.ts").symlink_to(target)
    run("pull", "shop", "copy", "--force")

    assert "is not a folder" in refused
    assert list(outside.iterdir()) == []
    assert target.read_text() == "// theirs\n"
    assert (copy / "main.ts").read_text() == MAIN


def test_versions_are_saved_checked_deployed_and_rolled_back(run, shop):
    saved = run("push", "shop", "--no-deploy")
    refused = run("run", "shop", code=1)
    checked = run("check", "shop")
    deployed = run("deploy", "shop")
    (shop / "main.ts").write_text(MAIN.replace("hello", "bye"))
    run("push", "shop")
    compared = run("diff", "shop", "1", "2")
    before = run("run", "shop")
    back = run("rollback", "shop")

    assert saved == "version 1 of shop is saved\n"
    assert "No version of shop is active" in refused
    assert "GET /shop\n" in checked
    assert deployed.startswith("version 1 of shop is live")
    assert '-const TEXT = "hello";\n+const TEXT = "bye";\n' in compared
    assert (before, run("run", "shop")) == ("bye", "hello")
    assert back.startswith("version 1 of shop is live")


def test_check_names_problems_and_saves_nothing(run, shop):
    (shop / "main.ts").write_text("export const routes = {\n  broken\n};")

    found = run("check", "shop", code=1)

    assert "main.ts:2:" in found
    assert "It can't be deployed.\n" in found
    assert json.loads(run("list", "--json"))["total"] == 0


def test_a_run_prints_the_body_and_exits_by_the_status(run, shop):
    run("push", "shop")

    posted = run("run", "shop", "-d", "body", "-H", "X-One: 1")
    failed = run("run", "shop", "/shop/fails", code=1)
    unknown = run("run", "shop", "/elsewhere", code=1)
    run("run", "shop", "-H", "no colon", code=2)

    assert posted == "body"
    assert "no luck" in failed
    assert "500 in " in failed
    assert "has no route for GET /elsewhere" in unknown


def test_logs_are_filtered(run, shop):
    run("push", "shop")
    run("run", "shop")
    run("run", "shop", "/shop/fails", code=1)

    lines = [json.loads(line) for line in run("logs", "shop", "--json").splitlines()]
    errors = run("logs", "shop", "--level", "error")
    one = run("logs", "shop", "--request-id", lines[0]["request_id"])
    none = run("logs", "shop", "--search", "nothing like it")

    assert [line["level"] for line in lines] == ["info", "error"]
    assert "no luck" in errors
    assert len(one.splitlines()) == 1
    assert "main.ts:3:" in one
    assert none == ""


def test_owners_suspension_deletion_and_restoring(run, shop, environment, tmp_path):
    for name in ("ada", "emma"):
        users = ("users", "invite", f"{name}@example.com", "--role", "Editor")
        assert commands.run(*users, cwd=tmp_path, env=environment).returncode == 0
    run("create", "shop", "--title", "The shop")
    run("owners", "add", "shop", "ada@example.com")
    run("owners", "add", "shop", "emma@example.com")
    run("owners", "remove", "shop", "ada@example.com")
    run("push", "shop")

    owners = json.loads(run("owners", "list", "shop", "--json"))
    last = run("owners", "remove", "shop", "emma@example.com", code=1)
    suspended = json.loads(run("suspend", "shop", "--reason", "test", "--json"))
    refused = run("run", "shop", code=1)
    run("resume", "shop")
    bound = json.loads(run("host", "shop", "shop.example", "--json"))
    pages = run("pages", "shop", "full")
    run("host", "shop")
    run("delete", "shop", code=2)
    run("delete", "shop", "--yes")
    gone = run("deploy", "shop", code=1)
    run("restore", "shop")

    assert [one["email"] for one in owners] == ["emma@example.com"]
    assert "last owner" in last
    assert (suspended["state"], suspended["suspension_reason"]) == ("suspended", "test")
    assert "503 in " in refused
    assert bound["host"] == "shop.example"
    assert pages.strip() == "The pages of shop are full now."
    assert "There is no script shop" in gone
    assert "draft" in run("list")


@pytest.fixture
def started(environment, tmp_path):
    """Start a command that runs until it is interrupted."""
    processes = []

    def start(*arguments):
        output = tmp_path / "output.txt"
        with output.open("w") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "aiwebengine", "scripts", *arguments],
                cwd=tmp_path,
                env=environment,
                stdout=file,
                stderr=subprocess.STDOUT,
                # A test run in the background ignores it, and so would its processes.
                preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
            )
        processes.append(process)
        return process, output

    yield start
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.wait(30)


def interrupted(process):
    process.send_signal(signal.SIGINT)
    return process.wait(30)


def test_a_watched_folder_is_deployed_after_each_change(started, shop, url):
    process, output = started("push", "shop", "--watch")
    wait_for(lambda: "version 1 of shop is live" in output.read_text())
    (shop / "main.ts").write_text("export const routes = {\n  broken\n};")
    wait_for(lambda: "main.ts:2:" in output.read_text())
    (shop / "main.ts").write_text(MAIN + "// second\n")
    wait_for(lambda: "version 2 of shop is live" in output.read_text())
    (shop / "more.ts").write_text("")
    wait_for(lambda: "version 3 of shop is live" in output.read_text())

    assert interrupted(process) == 0
    assert "Traceback" not in output.read_text()
    with psycopg.connect(url) as connection:
        assert connection.execute("select active_version from scripts").fetchone() == (3,)


def test_a_followed_log_prints_new_lines(started, run, shop):
    run("push", "shop")
    run("run", "shop")
    process, output = started("logs", "shop", "-f")
    wait_for(lambda: output.read_text().count("asked") == 1)
    run("run", "shop")
    wait_for(lambda: output.read_text().count("asked") == 2)

    assert interrupted(process) == 0
