"""Every alert: the engine's own, and the rules for Prometheus."""

from __future__ import annotations

from pathlib import Path

import yaml

from aiwebengine.alerts.types import EVENTS
from reference.health import all_checks
from reference.markdown import code, page, table

RULES = Path(__file__).parent.parent / "docs" / "monitoring" / "alerts.yml"
INTRODUCTION = """
The engine sends the first two kinds by webhook and mail:
[alerts.md](../alerts.md). The third kind are rules for Prometheus, which also notices when the
engine is gone: [metrics.md](../metrics.md).
""".strip()


def rules() -> list[tuple[str, str, str, str]]:
    """The rules for Prometheus: name, severity, how long it must last, meaning."""
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return [
        (
            rule["alert"],
            rule["labels"]["severity"],
            rule.get("for", "at once"),
            " ".join(rule["annotations"].values()),
        )
        for group in groups
        for rule in group["rules"]
    ]


def text() -> str:
    """The page."""
    lasting = [(code(one.name), one.title, one.meaning) for one in all_checks()]
    events = [(code(name), meaning) for name, meaning in EVENTS.items()]
    rows = [(code(name), *rest) for name, *rest in rules()]
    return page(
        "Alerts",
        INTRODUCTION,
        "## What lasts",
        "Sent when a check warns, fails or gets worse, as a reminder, and when it is resolved.",
        table(("name", "title", "meaning"), lasting),
        "## What happens once",
        table(("name", "meaning"), events),
        "## Rules for Prometheus",
        table(("rule", "severity", "when it lasts", "meaning"), rows),
    )
