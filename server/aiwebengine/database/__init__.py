"""The only door to PostgreSQL: nobody else imports `databases` or `asyncpg`."""

from aiwebengine.database.coalescing import Coalescing
from aiwebengine.database.listener import Listener
from aiwebengine.database.pool import Database, PoolStats, Row, Statement
from aiwebengine.database.statements import PLANNED_FOR_ITS_VALUES

__all__ = [
    "PLANNED_FOR_ITS_VALUES",
    "Coalescing",
    "Database",
    "Listener",
    "PoolStats",
    "Row",
    "Statement",
]
