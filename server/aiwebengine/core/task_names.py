"""Names of the scheduled tasks, known to the configuration before any task is created."""

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
    """The name of a task. Raises ValueError, which says what is allowed."""
    # The name of an environment variable can't hold a dash.
    kept = name.replace("_", "-")
    if kept not in TASK_NAMES:
        raise ValueError(", ".join(TASK_NAMES))
    return kept
