"""The image's rules, and its stages as plain commands: no container engine is needed."""

import json
import os
import pwd
import re
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

import httpx2
import pytest
from packaging.requirements import Requirement
from packaging.version import Version
from tests.conftest import free_port
from tests.deploy.dockerfile import ROOT, Build, context, environment, stages

pytestmark = pytest.mark.deploy

DOCKERFILE = stages((ROOT / "Dockerfile").read_text())
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
WRITABLE = ("data", "logs", "backups")
# The image's own user has a name there only; initdb asks for one.
NOBODY = pwd.getpwnam("nobody").pw_uid


def pinned(name):
    """The versions in a requirements file, by package."""
    lines = (ROOT / name).read_text().splitlines()
    return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", "\n".join(lines), re.MULTILINE))


def of(name):
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize(
    ("file", "wanted"),
    [
        ("requirements.txt", PROJECT["project"]["dependencies"]),
        ("requirements-build.txt", PROJECT["build-system"]["requires"]),
    ],
)
def test_what_the_image_installs_is_what_the_project_asks_for(file, wanted):
    versions = pinned(file)

    for one in map(Requirement, wanted):
        assert of(one.name) in versions, f"{one.name} is missing: make requirements"
        assert one.specifier.contains(Version(versions[of(one.name)])), one


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-provider.txt"])
def test_what_the_image_installs_is_what_was_tested(file):
    tested = pinned("constraints.txt")

    differing = {n: v for n, v in pinned(file).items() if n in tested and tested[n] != v}

    assert not differing, "make requirements"


def test_requirements_have_a_hash_for_everything_and_name_no_place():
    for path in ROOT.glob("requirements*.txt"):
        text = path.read_text()
        assert "://" not in text
        for one in re.split(r"\n(?=\S)", text):
            assert "--hash=sha256:" in one, one


def test_the_linter_finds_nothing():
    linter = Path(sys.executable).parent / "hadolint"

    done = subprocess.run([linter, ROOT / "Dockerfile"], capture_output=True, text=True)

    assert done.returncode == 0, done.stdout


def test_the_last_stage_is_not_root_and_knows_how_it_is():
    final = DOCKERFILE["engine"]
    told = dict(final)

    assert list(DOCKERFILE)[-1] == "engine"
    assert [rest for name, rest in final if name == "USER"] == ["10001:10001"]
    check = "--interval=30s --timeout=10s --retries=3 --start-period=40s CMD "
    assert told["HEALTHCHECK"].startswith(check)
    command = json.loads(told["HEALTHCHECK"].removeprefix(check))
    assert command == ["aiwebengine", "health", "--url", "http://localhost:3000"]
    assert json.loads(told["ENTRYPOINT"]) == ["aiwebengine"]
    assert [rest.split()[0] for name, rest in final if name == "COPY"] == ["--from=wheel"]
    for compiler in ("gcc", "g++", "make", "build-essential", "nodejs", "npm"):
        assert not re.search(rf"\b{re.escape(compiler)}\b", told["RUN"])


def test_the_account_is_an_ordinary_one_for_which_nobody_can_sign_in():
    made = dict(DOCKERFILE["engine"])["RUN"]

    # `useradd --system` warns of a number above 999, in every build.
    assert "--system" not in made
    assert "--uid 10001 --gid 10001" in made
    assert "--shell /usr/sbin/nologin" in made


def test_a_build_sees_no_secret_and_no_data():
    seen = context()

    assert not [name for name in seen if name.startswith((".", "tests/", "data", "logs", "config"))]
    assert "server/aiwebengine/cli/main.py" in seen


@pytest.fixture(scope="module")
def image():
    """The folder that stands for / in the image, after the stages `pages` and `wheel`."""
    with tempfile.TemporaryDirectory(prefix="image-") as made:
        base, root = Path(made) / "base", Path(made) / "wheel"
        Path(made).chmod(0o755)
        subprocess.run([sys.executable, "-m", "venv", base], check=True)
        for stage in ("pages", "wheel"):
            Build(Path(made) / stage, base / "bin" / "python").run(DOCKERFILE[stage])
        for name in WRITABLE:
            (root / name).mkdir()
            if os.geteuid() == 0:
                os.chown(root / name, NOBODY, NOBODY)
        yield root


def inside(image, *command, **environ):
    """A command of the image's, as somebody who may write little where that is possible."""
    as_nobody = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    told = {
        name: value.replace("/opt/", f"{image}/opt/").replace("$PATH", "/usr/bin:/bin")
        for name, value in environment(DOCKERFILE["engine"]).items()
    }
    for name, value in told.items():
        if value.startswith(tuple(f"/{folder}" for folder in WRITABLE)):
            told[name] = f"{image}{value}"
    told |= {"HOME": str(image / "data"), **environ}
    return {
        "args": [*(as_nobody if os.geteuid() == 0 else []), *command],
        "cwd": image / "data",
        "env": told,
        "text": True,
    }


def test_the_wheel_holds_pages_and_migrations_and_no_workshop(image):
    (package,) = image.glob("opt/aiwebengine/lib/python*/site-packages/aiwebengine")
    resources = package / "_resources"

    assert (resources / "frontend/vendor/preact.js").is_file()
    assert (resources / "frontend/pages/index.html").is_file()
    migrations = {path.name for path in (resources / "migrations").iterdir()}
    assert migrations == {path.name for path in (ROOT / "migrations").iterdir()}
    assert not list(resources.rglob("node_modules"))
    assert not list((image / "opt").rglob("pip"))


def test_it_serves_from_an_empty_directory_and_writes_nowhere_else(image):
    port = free_port()
    before = {path for path in image.rglob("*") if path.parts[len(image.parts)] not in WRITABLE}
    with (image / "logs" / "output").open("w") as output:
        process = subprocess.Popen(
            **inside(image, "aiwebengine", "serve", APP_SERVER__PORT=str(port)),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        base = f"http://localhost:{port}"
        check = inside(image, "aiwebengine", "health", "--url", base)
        end = time.monotonic() + 90
        while subprocess.run(**check, capture_output=True).returncode:
            told = (image / "logs" / "output").read_text()
            assert process.poll() is None, told
            assert time.monotonic() < end, told
        link = re.search(r"\S+/auth/link\?\S+", (image / "logs" / "output").read_text())
        with httpx2.Client(base_url=base, follow_redirects=True) as browser:
            browser.get(link[0])
            page = browser.get("/engine/admin")
            script = browser.get(re.search(r'src="(/assets/\S+/manager\.js)"', page.text)[1])
    finally:
        process.terminate()
        process.wait(60)

    assert (page.status_code, script.status_code) == (200, 200)
    after = {path for path in image.rglob("*") if path.parts[len(image.parts)] not in WRITABLE}
    assert after == before
    if os.geteuid() == 0:
        assert (image / "data" / "postgres").stat().st_uid == NOBODY
