"""Names of the scheduled tasks; the configuration needs them before the tasks are created."""

TASK_NAMES = (
    "backup",
    "prune-backups",
    "drill",
    "vacuum",
    "end-sessions",
    "forget-rates",
    "end-grants",
    "analyze",
    "verify-audit",
    "rotate-secrets",
    "forget-keys",
    "forget-runs",
    "tidy-scripts",
)


def checked_name(name: str) -> str:
    """The name of an existing task. Raises ValueError with the allowed names."""
    # The name of an environment variable can't contain a hyphen.
    kept = name.replace("_", "-")
    if kept not in TASK_NAMES:
        raise ValueError(", ".join(TASK_NAMES))
    return kept
