"""Access to PostgreSQL. Only this package imports `databases` and `asyncpg`."""

from aiwebengine.database.listener import Listener
from aiwebengine.database.open_transactions import OpenTransaction
from aiwebengine.database.pool import Database, PoolStats, Row, Statement
from aiwebengine.database.single_flight import SingleFlight
from aiwebengine.database.statements import PLANNED_FOR_ITS_VALUES

__all__ = [
    "PLANNED_FOR_ITS_VALUES",
    "SingleFlight",
    "Database",
    "Listener",
    "OpenTransaction",
    "PoolStats",
    "Row",
    "Statement",
]
