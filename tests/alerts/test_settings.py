"""The section [alerts]: conflicting settings are reported with their keys, without secrets."""

import json

import pytest

from aiwebengine.core.config_loader import ConfigError, load_config, masked

MAIL = """
[alerts]
email_to = ["ops@example.com"]
email_from = "engine@example.com"
[alerts.smtp]
host = "smtp.example.com"
"""


def load(tmp_path, text, **environ):
    path = tmp_path / "config.toml"
    path.write_text(text)
    return load_config(path, environ)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            '[alerts]\nwebhook_url = "ftp://hunter2"',
            "alerts.webhook_url: found a secret (not shown)",
        ),
        ('[alerts]\nemail_to = ["ops"]', "alerts.email_to[0]: found 'ops'"),
        ('[alerts]\nemail_to = ["a@b\\nBcc: c@d"]', "alerts.email_to[0]"),
        ('[alerts]\nemail_to = ["ops@example.com"]', "email_from and smtp.host"),
        ("[alerts]\nerror_rate_percent = 0", "alerts.error_rate_percent: found 0"),
        ("[alerts]\nreminder = 1", "alerts.reminder: unknown key; did you mean reminder_hours?"),
        (f'{MAIL}encryption = "ssl"', "alerts.smtp.encryption: found 'ssl'"),
        (f'{MAIL}username = "engine"', "both username and password"),
        (
            f'{MAIL}username = "engine"\npassword = "hunter2"\nencryption = "none"',
            "the password would be sent in clear text",
        ),
    ],
)
def test_conflicting_settings_are_reported(tmp_path, text, told):
    with pytest.raises(ConfigError) as refused:
        load(tmp_path, text)

    assert told in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_no_secret_is_shown(tmp_path):
    text = f"""{MAIL}
    username = "engine"
    password = "hunter2"
    """

    config = load(
        tmp_path,
        text,
        APP_ALERTS__WEBHOOK_URL="https://hooks.example.com/hunter2",
        APP_ALERTS__WEBHOOK_SECRET="hunter2",
    )

    assert config.alerts.email_to == ["ops@example.com"]
    assert config.alerts.webhook_url.get_secret_value().endswith("hunter2")
    assert "hunter2" not in json.dumps(masked(config))
    assert "hunter2" not in repr(config)
