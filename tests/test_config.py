"""The configuration: one frozen tree, all problems reported at once, no secret ever shown."""

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from aiwebengine.core import config
from aiwebengine.core.config_loader import ConfigError, load_config, masked

ROOT = Path(__file__).parent.parent


def load(tmp_path, text, **environ):
    path = tmp_path / "config.toml"
    path.write_text(text)
    return load_config(path, environ)


def problems(tmp_path, text, **environ):
    with pytest.raises(ConfigError) as refused:
        load(tmp_path, text, **environ)
    return refused.value.problems


def test_all_problems_are_reported_at_once_with_key_value_and_what_is_allowed(tmp_path):
    text = """
    [server]
    port = 99999
    prot = 1
    [logging]
    level = "loud"
    [repository]
    database_url = "mysql://me:hunter2@db/x"
    [auth]
    session_timeout = "soon"
    [auth.providers.team]
    client_id = "us"
    [auth.providers.apple]
    client_id = "us"
    team_id = "t"
    """

    told = problems(tmp_path, text)

    assert len(told) == 6
    joined = "\n".join(told)
    assert "server.port: found 99999; allowed: 0 to 65535" in joined
    assert "server.prot: unknown key; did you mean port?" in joined
    assert "logging.level: found 'loud'; allowed: 'debug', 'info', 'warning' or 'error'" in joined
    assert "auth.session_timeout: found 'soon'" in joined
    assert "with team.issuer, apple.key_id, apple.private_key, which is missing" in joined
    assert "hunter2" not in joined


def test_an_unknown_section_of_a_variable_is_reported_with_the_variable(tmp_path):
    (told,) = problems(tmp_path, "", APP_NOTHING__AT_ALL="1")

    assert told.startswith("nothing: unknown key; known: server, ")
    assert told.endswith("(from APP_NOTHING__AT_ALL)")


def test_the_memory_of_a_script_must_hold_its_heap(tmp_path):
    (found,) = problems(tmp_path, "[scripts]\nheap_mb = 512\nresident_mb = 300\n")

    assert "resident_mb above heap_mb, which is 512" in found


def test_an_empty_log_file_is_none(tmp_path):
    assert load(tmp_path, "", APP_LOGGING__FILE="").logging.file is None


def test_a_wrong_task_or_time_in_the_schedules_is_reported(tmp_path):
    text = """
    [maintenance.schedules]
    backupp = "0 2 * * *"
    vacuum = "61 2 * * *"
    rotate_secrets = "off"
    """

    unknown, wrong, by_variable = problems(
        tmp_path, text, APP_MAINTENANCE__SCHEDULES__NOTHING="off"
    )

    assert unknown.startswith(
        "maintenance.schedules.backupp: found 'backupp'; allowed: backup, prune-backups, drill,"
    )
    assert wrong.startswith("maintenance.schedules.vacuum: found '61 2 * * *'; allowed: \"off\"")
    assert by_variable.startswith("maintenance.schedules.nothing: found 'nothing'; allowed: backup")
    assert "(from APP_MAINTENANCE__SCHEDULES__NOTHING)" in by_variable


def test_a_value_may_lie_in_a_file_that_the_environment_names(tmp_path):
    secret, missing = tmp_path / "secret", tmp_path / "missing"
    secret.write_text("postgresql://engine:hunter2@db/engine\n")

    config = load(
        tmp_path,
        '[logging]\nfile = "here.log"',
        APP_REPOSITORY__DATABASE_URL_FILE=str(secret),
        APP_LOGGING__FILE="there.log",
    )
    told = problems(tmp_path, "", APP_SECURITY__API_KEY_FILE=str(missing))

    held = config.repository.database_url.get_secret_value()
    assert held == "postgresql://engine:hunter2@db/engine"
    assert config.logging.file == Path("there.log")
    assert told == [f"APP_SECURITY__API_KEY_FILE: [Errno 2] No such file or directory: '{missing}'"]


def test_the_environment_wins_and_is_named_as_the_origin(tmp_path):
    config = load(
        tmp_path,
        "[server]\nport = 4000",
        APP_SERVER__PORT="4001",
        APP_AUTH__BOOTSTRAP_ADMINS='["ada@example.com"]',
        APP_AUTH__PROVIDERS__GOOGLE__CLIENT_ID="abc",
    )
    told = problems(tmp_path, "", APP_SERVER__PORT="many", APP_AUTH__BOOTSTRAP_ADMINS="[oops")

    assert config.server.port == 4001
    assert config.auth.bootstrap_admins == ["ada@example.com"]
    assert config.auth.providers["google"].client_id == "abc"
    assert any("server.port" in one and "APP_SERVER__PORT" in one for one in told)
    assert any("APP_AUTH__BOOTSTRAP_ADMINS: not valid JSON" in one for one in told)


def test_variables_are_substituted_and_unset_ones_are_reported(tmp_path):
    text = '[repository]\ndatabase_url = "postgresql://${WHO}:${SECRET:-none}@db/engine"'

    config = load(tmp_path, text, WHO="ada")
    told = problems(tmp_path, text)

    assert config.repository.database_url.get_secret_value() == "postgresql://ada:none@db/engine"
    assert told == ["repository.database_url: the environment variable WHO is not set"]


def test_no_secret_is_shown(tmp_path):
    config = load(
        tmp_path,
        """
        [repository]
        database_url = "postgresql://ada:hunter2@db/engine"
        [security]
        api_key = "hunter2-and-thirty-more-characters"
        [auth.providers.google]
        client_id = "public"
        client_secret = "hunter2"
        """,
    )

    assert "hunter2" not in json.dumps(masked(config))
    assert "hunter2" not in repr(config)


@pytest.mark.parametrize("broken", ["[server", "port = = 1", "\udcff"])
def test_a_file_that_is_not_toml_is_reported(tmp_path, broken):
    path = tmp_path / "config.toml"
    path.write_bytes(broken.encode("utf-8", "surrogateescape"))

    with pytest.raises(ConfigError, match=r"config\.toml"):
        load_config(path, {})


def test_a_named_file_that_does_not_exist_is_reported(tmp_path):
    with pytest.raises(ConfigError, match="nowhere"):
        load_config(tmp_path / "nowhere.toml", {})


@pytest.mark.parametrize("name", ["local", "staging", "production"])
def test_the_templates_can_be_used(name):
    environ = {
        "ENGINE_URL": "https://engine.example.com",
        "DATABASE_URL": "postgresql://engine@db/engine",
    }

    assert load_config(ROOT / f"config.{name}.toml", environ)


def test_a_bad_configuration_ends_the_command_with_two(tmp_path):
    (tmp_path / "config.toml").write_text("[server]\nport = 0.5\n[nothing]\n")

    for command in (["check-config"], ["serve", "--validate-config"], ["users", "list"]):
        done = subprocess.run(
            [sys.executable, "-m", "aiwebengine", *command],
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )

        assert done.returncode == 2
        assert "server.port" in done.stderr
        assert "nothing: unknown key" in done.stderr
        assert "Traceback" not in done.stderr


def provider_problems(tmp_path, name, **settings):
    lines = [
        f"{key} = {json.dumps(value)}" for key, value in {"client_id": "us", **settings}.items()
    ]
    return problems(tmp_path, "\n".join([f"[auth.providers.{name}]", *lines]))


def apple_key(curve=ec.SECP256R1):
    return (
        ec.generate_private_key(curve())
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
    )


def test_an_invalid_key_for_apple_is_reported_at_start(tmp_path):
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    unfit = [
        "garbage",
        base64.b64encode(b"garbage").decode(),
        apple_key(ec.SECP384R1),
        apple_key()[:-40],
        public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ).decode(),
    ]
    for key in unfit:
        (told,) = provider_problems(tmp_path, "apple", team_id="t", key_id="k", private_key=key)

        assert told.startswith(
            "auth.providers.apple.private_key: found a secret (not shown); allowed: the"
        )
        assert "P-256" in told
        assert key[:20] not in told


def test_a_key_of_apple_may_come_on_one_line_or_in_base64(tmp_path):
    pem = apple_key()
    text = '[auth.providers.apple]\nclient_id = "us"\nteam_id = "t"\nkey_id = "k"'
    written = [
        pem,
        pem.replace("\n", "\\n"),
        pem.replace("\n", "\r\n"),
        base64.b64encode(pem.encode()).decode(),
    ]

    for key in written:
        config = load(tmp_path, text, APP_AUTH__PROVIDERS__APPLE__PRIVATE_KEY=key)

        kept = config.auth.providers["apple"].private_key.get_secret_value()
        assert kept.strip() == pem.strip()


def test_a_tenant_is_an_id_a_domain_or_one_of_three_words(tmp_path):
    text = '[auth.providers.microsoft]\nclient_id = "us"\ntenant = "{}"'
    fit = {
        "8EAEF023-2B34-4DA1-9BAA-8BC8C9D6A490": "8eaef023-2b34-4da1-9baa-8bc8c9d6a490",
        "Contoso.OnMicrosoft.com": "contoso.onmicrosoft.com",
        "organizations": "organizations",
        "consumers": "consumers",
    }
    for tenant, kept in fit.items():
        config = load(tmp_path, text.format(tenant))
        assert config.auth.providers["microsoft"].tenant == kept

    for tenant in ("", "contoso", "a/b.example", "8eaef023-2b34", "x@contoso.com", "{tenantid}"):
        (told,) = provider_problems(tmp_path, "microsoft", tenant=tenant)
        assert told.startswith("auth.providers.microsoft.tenant: found")
        assert "a domain of the tenant such as contoso.onmicrosoft.com, or one of common" in told


def test_what_a_provider_can_t_do_is_not_asked_of_it(tmp_path):
    google = provider_problems(tmp_path, "google", reauthentication="required")
    level = provider_problems(tmp_path, "google", acr_values=["phr"])
    github = provider_problems(
        tmp_path, "github", client_secret="x", kind="github", reauthentication="required"
    )
    word = provider_problems(tmp_path, "google", reauthentication="never")
    link = provider_problems(tmp_path, "link", issuer="https://id.example.com")

    assert 'allowed: google.reauthentication = "best_effort"' in google[0]
    assert "google without acr_values" in level[0]
    assert 'github.reauthentication = "best_effort"' in github[0]
    assert "allowed: 'required' or 'best_effort'" in word[0]
    assert "a name other than link" in link[0]


@pytest.mark.parametrize("host", ["engine.example.org", "engine.example.org:8443"])
def test_scripts_have_another_host_name_than_the_engine(host):
    with pytest.raises(ValueError, match="another host name than base_url"):
        config.Server(base_url="https://engine.example.org", scripts_host=host)


@pytest.mark.parametrize("host", ["localhost", "10.0.0.1", "a b.org", "apps.example.org/x", "::1"])
def test_a_scripts_host_is_a_name(host):
    with pytest.raises(ValueError, match="a host name such as"):
        config.Server(scripts_host=host)


def test_the_scripts_host_has_the_port_of_the_engine_unless_it_says_another():
    urls = [
        config.Server(port=4000, scripts_host="scripts.localhost").scripts_url,
        config.Server(port=4000, scripts_host="scripts.localhost:81").scripts_url,
        config.Server(base_url="https://example.org", scripts_host="apps.example.org").scripts_url,
    ]

    assert urls == [
        "http://scripts.localhost:4000",
        "http://scripts.localhost:81",
        "https://apps.example.org",
    ]


def test_an_empty_scripts_host_is_none():
    assert config.Server(scripts_host="").scripts_host is None
