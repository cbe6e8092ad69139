"""The list of pages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from reference import (
    alerts,
    audit,
    commands,
    configuration,
    errors,
    graphql,
    health,
    http,
    log,
    metrics,
    tasks,
)
from reference.markdown import page

FOLDER = Path(__file__).parent.parent / "docs" / "reference"


def index() -> str:
    """The page that leads to the others."""
    return page(
        "Reference",
        "Generated from the code.",
        """
- [Configuration keys](configuration.md): path, variable, type, default, meaning, limits
- [Commands](commands.md) and their options
- [HTTP routes](http.md): purpose, callers, responses
- [GraphQL](graphql.md): operations, callers, types
- [Error codes](errors.md) of GraphQL and REST
- [Audit events](audit.md) and their fields
- [Log events and fields](log.md)
- [Metrics](metrics.md) and their labels
- [Health checks](health.md)
- [Alerts](alerts.md), the engine's own and Prometheus' rules
- [Tasks and maintenance lists](tasks.md)
""".strip(),
    )


PAGES: dict[str, Callable[[], str]] = {
    "README.md": index,
    "alerts.md": alerts.text,
    "audit.md": audit.text,
    "commands.md": commands.text,
    "configuration.md": configuration.text,
    "errors.md": errors.text,
    "graphql.md": graphql.text,
    "health.md": health.text,
    "http.md": http.text,
    "log.md": log.text,
    "metrics.md": metrics.text,
    "tasks.md": tasks.text,
}
