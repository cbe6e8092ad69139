"""The lines of the lists, as the guide to monitoring and maintenance has them."""

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
        "Check that the backup is complete",
        _DAILY,
        _Does(task="backup", page=f"{_ROOT}/backups", command="aiwebengine backup create"),
    ),
    Item("full-logs", "Review the full log", _WEEKLY, _Does(page=f"{_ROOT}/logs"), by_people=True),
    Item(
        "database-size",
        "Check the size of the database",
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
        "Review performance figures",
        _WEEKLY,
        _Does(page=f"{_ROOT}/system?period=week"),
        by_people=True,
    ),
    Item(
        "restore-drill",
        "Test that a backup can be restored",
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
        "Vacuum and analyse the database",
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
        "Review who may do what",
        _QUARTERLY,
        _Does(page=REVIEW_PAGE, command="aiwebengine maintenance review decide"),
    ),
    Item("performance-review", "Plan performance work", _QUARTERLY, _Does(), by_people=True),
    Item("disaster-drill", "Rehearse a disaster", _QUARTERLY, _Does(), by_people=True),
    Item("platform", "Update Python, images and system", _QUARTERLY, _Does(), by_people=True),
)
