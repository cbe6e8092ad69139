"""The only door to PostgreSQL: nobody else imports `databases` or `asyncpg`."""

from aiwebengine.database.listener import Listener
from aiwebengine.database.pool import Database, PoolStats, Row, Statement

__all__ = ["Database", "Listener", "PoolStats", "Row", "Statement"]
