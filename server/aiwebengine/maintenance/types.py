"""Types of maintenance."""

import enum
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

import strawberry


@strawberry.enum
class MaintenanceFrequency(enum.Enum):
    """How often an item is due.

    Attributes:
        DAILY: every day.
        WEEKLY: every week.
        MONTHLY: every month.
        QUARTERLY: every three months.
    """

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"


@strawberry.enum
class MaintenanceState(enum.Enum):
    """State of a maintenance item.

    Attributes:
        OK: the evidence is good, or it was done on time.
        DUE: due now.
        OVERDUE: past due for longer than the grace time.
        ATTENTION: it needs attention; `saw` says why.
        UNKNOWN: the evidence could not be read, or there is none.
        NOT_YET: never done and not due yet.
    """

    OK = "ok"
    DUE = "due"
    OVERDUE = "overdue"
    ATTENTION = "attention"
    UNKNOWN = "unknown"
    NOT_YET = "not_yet"


@strawberry.type
class MaintenanceAction:
    """How to do or view an item.

    Attributes:
        task: name of the task to run.
        page: path of the page to open.
        command: command to run.
    """

    task: str | None = None
    page: str | None = None
    command: str | None = None


@strawberry.type
class MaintenanceItem:
    """One item of the maintenance board.

    Attributes:
        name: name at the command line.
        title: name for people.
        frequency: how often it is due.
        state: current state.
        saw: what the evidence shows, in a sentence.
        done_at: when it was last done; null if never, or if it is checked continuously.
        done_by: who last marked it done.
        note: the note of that time.
        due_at: next due time; null if it is checked continuously.
        can_be_ticked: whether a person can mark it done.
        action: how to do or view it.
    """

    name: str
    title: str
    frequency: MaintenanceFrequency
    state: MaintenanceState
    saw: str
    done_at: datetime | None
    done_by: str | None
    note: str | None
    due_at: datetime | None
    can_be_ticked: bool
    action: MaintenanceAction


@strawberry.type
class MaintenanceBoard:
    """The daily, weekly, monthly and quarterly maintenance items.

    Attributes:
        at: when the board was built.
        items: all items, daily ones first.
        ok: number of items that are OK.
        due: number of items that are due.
        overdue: number of overdue items.
        attention: number of items that need attention.
        unknown: number of items in an unknown state.
        not_yet: number of items never done and not due yet.
    """

    at: datetime
    items: list[MaintenanceItem]
    ok: int
    due: int
    overdue: int
    attention: int
    unknown: int
    not_yet: int


@dataclass(frozen=True)
class Finding:
    """What the evidence shows, in a sentence.

    *state* (OK, ATTENTION or UNKNOWN) decides if it is set. Otherwise the state follows from
    *done_at* (None: never done) and the item's frequency. *next_after* is the schedule of the task
    that does it: the first due time after an instant.
    """

    saw: str
    state: MaintenanceState | None = None
    done_at: datetime | None = None
    next_after: Callable[[datetime], datetime | None] | None = None


Evidence: TypeAlias = Callable[[], Awaitable[Finding]]
"""Reads the evidence; an exception means unknown."""


@dataclass(frozen=True)
class Tick:
    """Record that an item was marked done."""

    item: str
    at: datetime
    done_by: str
    note: str | None


@dataclass(frozen=True)
class Item:
    """Definition of an item; *by_people*: only a person can mark it done."""

    name: str
    title: str
    frequency: MaintenanceFrequency
    action: MaintenanceAction
    by_people: bool = False


# One hour more than a day, so that work done at the same time each day does not become due.
PERIODS = {
    MaintenanceFrequency.DAILY: timedelta(days=1, hours=1),
    MaintenanceFrequency.WEEKLY: timedelta(days=7, hours=1),
    MaintenanceFrequency.MONTHLY: timedelta(days=31),
    MaintenanceFrequency.QUARTERLY: timedelta(days=92),
}
# Time allowed for a scheduled task to finish.
TIME_TO_DO_IT = timedelta(hours=1)
# How long an item may be due before it is overdue.
GRACE = {
    MaintenanceFrequency.DAILY: timedelta(hours=12),
    MaintenanceFrequency.WEEKLY: timedelta(days=2),
    MaintenanceFrequency.MONTHLY: timedelta(days=7),
    MaintenanceFrequency.QUARTERLY: timedelta(days=14),
}
