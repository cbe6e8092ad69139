"""The maintenance items of the guide to monitoring and maintenance."""

from __future__ import annotations

from aiwebengine.maintenance.types import Item, MaintenanceAction, MaintenanceFrequency

_DAILY = MaintenanceFrequency.DAILY
_WEEKLY = MaintenanceFrequency.WEEKLY
_MONTHLY = MaintenanceFrequency.MONTHLY
_QUARTERLY = MaintenanceFrequency.QUARTERLY
_Does = MaintenanceAction

_ROOT = "/engine/admin"
REVIEW_PAGE = f"{_ROOT}/maintenance/review"

ITEMS = (
    Item("health", "Check health", _DAILY, _Does(command="aiwebengine health")),
    Item(
        "error-logs",
        "Review the error log",
        _DAILY,
        _Does(page=f"{_ROOT}/logs?level=ERROR", command="aiwebengine logs search --level error"),
        by_people=True,
    ),
    Item("disk", "Check disk space", _DAILY, _Does(page=f"{_ROOT}/system")),
    Item(
        "backup",
        "Check the backup",
        _DAILY,
        _Does(task="backup", page=f"{_ROOT}/backups", command="aiwebengine backup create"),
    ),
    Item("full-logs", "Review the full log", _WEEKLY, _Does(page=f"{_ROOT}/logs"), by_people=True),
    Item(
        "database-size",
        "Check the database size",
        _WEEKLY,
        _Does(page=f"{_ROOT}/database", command="aiwebengine db size"),
    ),
    Item(
        "slow-queries",
        "Review slow queries",
        _WEEKLY,
        _Does(page=f"{_ROOT}/database", command="aiwebengine db slow-queries"),
        by_people=True,
    ),
    Item(
        "performance",
        "Review performance",
        _WEEKLY,
        _Does(page=f"{_ROOT}/system?period=week"),
        by_people=True,
    ),
    Item(
        "restore-drill",
        "Run a restore drill",
        _WEEKLY,
        _Does(task="drill", page=f"{_ROOT}/backups", command="aiwebengine backup drill"),
    ),
    Item(
        "audit-trail",
        "Verify the audit trail",
        _WEEKLY,
        _Does(task="verify-audit", command="aiwebengine audit verify"),
    ),
    Item(
        "scripts",
        "Review scripts",
        _WEEKLY,
        _Does(page=f"{_ROOT}/system", command="aiwebengine scripts list"),
    ),
    Item(
        "dependencies",
        "Update dependencies",
        _MONTHLY,
        _Does(command="pip install --upgrade --constraint constraints.txt aiwebengine"),
    ),
    Item(
        "rotate-logs",
        "Review and rotate logs",
        _MONTHLY,
        _Does(page=f"{_ROOT}/logs", command="aiwebengine logs prune"),
        by_people=True,
    ),
    Item(
        "vacuum",
        "Vacuum and analyze the database",
        _MONTHLY,
        _Does(task="vacuum", page=f"{_ROOT}/database", command="aiwebengine db vacuum"),
    ),
    Item("security-updates", "Install security updates", _MONTHLY, _Does(), by_people=True),
    Item("documentation", "Review the documentation", _MONTHLY, _Does(), by_people=True),
    Item(
        "secrets",
        "Rotate secrets",
        _QUARTERLY,
        _Does(task="rotate-secrets", command="aiwebengine secrets rotate --all"),
    ),
    Item(
        "access-review",
        "Review access",
        _QUARTERLY,
        _Does(page=REVIEW_PAGE, command="aiwebengine maintenance review decide"),
    ),
    Item(
        "performance-review", "Plan performance improvements", _QUARTERLY, _Does(), by_people=True
    ),
    Item("disaster-drill", "Run a disaster-recovery drill", _QUARTERLY, _Does(), by_people=True),
    Item("platform", "Update Python, images and OS", _QUARTERLY, _Does(), by_people=True),
)
