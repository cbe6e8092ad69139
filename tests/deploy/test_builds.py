"""Wheels and source archives: complete, or not built at all."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from tests.deploy.dockerfile import ROOT

pytestmark = pytest.mark.deploy

VENDOR = "aiwebengine/_resources/frontend/vendor/preact.js"
RUNTIME = "aiwebengine/runtimes/javascript/runtime.js"
TIMEOUT_SECS = 300


@pytest.fixture(scope="module")
def pip(tmp_path_factory):
    """Run pip of an environment with the build's own requirements; fetch nothing more."""
    folder = tmp_path_factory.mktemp("builder")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    program = folder / "bin" / "pip"
    requirements = ["--require-hashes", "--requirement", ROOT / "requirements-build.txt"]
    subprocess.run([program, "install", "--quiet", *requirements], check=True)

    def pip(*arguments, path="/usr/bin:/bin", **options):
        return subprocess.run(
            [program, *map(str, arguments)],
            env={**os.environ, "PATH": path, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECS,
            **options,
        )

    return pip


@pytest.fixture
def clone(tmp_path):
    """What is committed or about to be, without anything that was built."""
    folder = tmp_path / "clone"
    files = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\n")
    for name in filter(None, files):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    for words in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "-m", "all"]):
        subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *words],
            cwd=folder,
            check=True,
        )
    return folder


@pytest.fixture
def without_node(tmp_path):
    """A PATH on which there is no Node."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("git", "sh", "env"):
        (folder / name).symlink_to(shutil.which(name))
    return str(folder)


def build_pages(clone):
    shutil.copytree(ROOT / "frontend" / "vendor", clone / "frontend" / "vendor")


def wheel(pip, source, into, **options):
    return pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", into, source, **options)


def test_a_clone_without_pages_and_node_is_not_built_and_says_what_to_do(
    pip, clone, without_node, tmp_path
):
    done = wheel(pip, clone, tmp_path / "out", path=without_node)

    assert done.returncode != 0
    assert "aiwebengine cannot be built without frontend/vendor/" in done.stderr
    assert "install Node, or run `make install`" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "out").glob("*.whl"))


def test_pip_install_from_the_folder_or_the_repository_refuses_alike(
    pip, clone, without_node, tmp_path
):
    for source in (clone, f"git+file://{clone}"):
        options = ["--no-deps", "--no-build-isolation", "--target", tmp_path / "target"]
        done = pip("install", *options, source, path=without_node)

        assert done.returncode != 0, source
        assert "aiwebengine cannot be built without frontend/vendor/" in done.stderr


def test_a_clone_with_node_builds_its_pages_by_itself(pip, clone, tmp_path):
    # As `npm ci` would leave it, which needs the network.
    (clone / "frontend" / "node_modules").symlink_to(ROOT / "frontend" / "node_modules")

    done = wheel(pip, clone, tmp_path / "out", path=os.environ["PATH"])

    assert done.returncode == 0, done.stderr
    (made,) = (tmp_path / "out").glob("*.whl")
    assert VENDOR in zipfile.ZipFile(made).namelist()


@pytest.mark.parametrize("lost", ["frontend/vendor/hooks.js", "frontend/vendor/graphiql.css"])
def test_pages_of_which_one_file_is_missing_are_no_pages(pip, clone, without_node, tmp_path, lost):
    build_pages(clone)
    (clone / lost).unlink()

    done = wheel(pip, clone, tmp_path / "out", path=without_node)

    assert done.returncode != 0
    assert f"cannot be built without {lost}" in done.stderr


def test_pages_that_were_built_from_other_sources_are_refused_without_node(
    pip, clone, without_node, tmp_path
):
    build_pages(clone)
    changed = clone / "frontend" / "editor" / "editor.js"
    changed.write_text(changed.read_text() + "// changed\n")

    done = wheel(pip, clone, tmp_path / "out", path=without_node)

    assert done.returncode != 0
    assert "was built from other sources: frontend/editor/editor.js changed since" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "out").glob("*.whl"))


@pytest.mark.parametrize(
    "lost",
    [
        "migrations",
        "constraints.txt",
        "frontend/pages/index.html",
        "server/aiwebengine/runtimes/javascript/frames.js",
    ],
)
def test_a_source_that_lacks_something_else_is_not_built(pip, clone, without_node, tmp_path, lost):
    build_pages(clone)
    path = clone / lost
    shutil.rmtree(path) if path.is_dir() else path.unlink()

    done = wheel(pip, clone, tmp_path / "out", path=without_node)

    assert done.returncode != 0
    assert f"cannot be built without {lost}" in done.stderr
    assert "take it from the repository again" in done.stderr


def test_a_build_that_leaves_something_out_is_removed(pip, clone, without_node, tmp_path):
    build_pages(clone)
    project = clone / "pyproject.toml"
    project.write_text(project.read_text().replace('artifacts = ["frontend/vendor"]\n', ""))

    done = wheel(pip, clone, tmp_path / "out", path=without_node)

    assert done.returncode != 0
    assert "came out without frontend/vendor/" in done.stderr
    assert not list(tmp_path.rglob("*.whl"))


def test_a_source_archive_brings_its_pages_and_makes_the_same_wheel(
    pip, clone, without_node, tmp_path
):
    build_pages(clone)
    straight = wheel(pip, clone, tmp_path / "straight", path=without_node)
    code = (
        "import sys; from hatchling.build import build_sdist;"
        f"print(build_sdist({str(tmp_path / 'source')!r}))"
    )
    (tmp_path / "source").mkdir()
    python = Path(pip("--version").stdout.split(" from ")[1].split("/lib/")[0]) / "bin" / "python"
    subprocess.run([python, "-c", code], cwd=clone, check=True, timeout=TIMEOUT_SECS)
    (archive,) = (tmp_path / "source").iterdir()

    around = wheel(pip, archive, tmp_path / "around", path=without_node)

    assert (straight.returncode, around.returncode) == (0, 0), around.stderr
    first, second = (
        sorted(zipfile.ZipFile(next((tmp_path / folder).glob("*.whl"))).namelist())
        for folder in ("straight", "around")
    )
    assert {VENDOR, RUNTIME} <= set(first)
    assert first == second
    with tarfile.open(archive) as source:
        names = source.getnames()
    assert not [name for name in names if "/node_modules/" in name or "/.venv/" in name]


def test_an_editable_install_needs_no_pages_yet(pip, clone, without_node, tmp_path):
    options = ["--no-deps", "--no-build-isolation", "--target", tmp_path / "target"]

    done = pip("install", *options, "--editable", clone, path=without_node)

    assert done.returncode == 0, done.stderr


@pytest.fixture
def installed(pip, clone, without_node, tmp_path):
    """The engine from its wheel, in an environment that borrows what it depends on."""
    build_pages(clone)
    assert wheel(pip, clone, tmp_path / "out", path=without_node).returncode == 0
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    (packages,) = environment.glob("lib/python*/site-packages")
    wheels = list((tmp_path / "out").glob("*.whl"))
    done = pip("--python", environment / "bin/python", "install", "--no-deps", *wheels)
    assert done.returncode == 0, done.stderr
    # Without our own editable install: that one comes by a .pth file, which is not read twice.
    (theirs,) = Path(sys.prefix).glob("lib/python*/site-packages")
    (packages / "borrowed.pth").write_text(f"{theirs}\n")
    return environment / "bin" / "aiwebengine", packages / "aiwebengine" / "_resources"


def run(program, folder, *arguments):
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("APP_", "PYTHONPATH"))}
    return subprocess.run(
        [program, *arguments],
        cwd=folder,
        env={**environ, "APP_REPOSITORY__DATA_DIR": str(folder / "data")},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_an_installed_engine_that_lost_its_pages_never_says_that_it_is_ready(installed, tmp_path):
    program, resources = installed
    whole = run(program, tmp_path, "check-config")
    shutil.rmtree(resources / "frontend" / "vendor")

    served = run(program, tmp_path, "serve")
    checked = run(program, tmp_path, "check-config")

    assert whole.returncode == 0, whole.stderr
    for done in (served, checked):
        assert done.returncode == 1
        assert "This installation is incomplete: frontend/vendor/" in done.stderr
        assert "see docs/installing.md" in done.stderr
        assert "ready" not in done.stdout + done.stderr
    assert not (tmp_path / "data").exists()
