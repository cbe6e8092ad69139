"""The nouns of this room."""

import enum
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

import strawberry


@strawberry.enum
class MaintenanceFrequency(enum.Enum):
    """How often something has to be done.

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
    """How something stands.

    Attributes:
        OK: what was seen is in order, or it was done in time.
        DUE: it is time to do it.
        OVERDUE: it should have been done a while ago.
        ATTENTION: it needs attention; `saw` says why.
        UNKNOWN: it could not be looked at, or nothing is known of it.
        NOT_YET: never done so far, and not due yet.
    """

    OK = "ok"
    DUE = "due"
    OVERDUE = "overdue"
    ATTENTION = "attention"
    UNKNOWN = "unknown"
    NOT_YET = "not_yet"


@strawberry.type
class MaintenanceAction:
    """What does it, or shows it.

    Attributes:
        task: the name of a task to run.
        page: the address of a page to open.
        command: the command to type.
    """

    task: str | None = None
    page: str | None = None
    command: str | None = None


@strawberry.type
class MaintenanceItem:
    """One line of the maintenance lists.

    Attributes:
        name: what it is called at the command line.
        title: what it is called for people.
        frequency: how often it has to be done.
        state: how it stands.
        saw: what was seen, in a sentence.
        done_at: when it was last done; null when it never was, or is looked at each time.
        done_by: who ticked it off last.
        note: what was noted then.
        due_at: when it is to be done next; null for what is looked at each time.
        can_be_ticked: whether a person can say that it was done.
        action: what does it, or shows it.
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
    """The daily, weekly, monthly and quarterly lists, from evidence where there is any.

    Attributes:
        at: when it was looked at.
        items: every line, daily ones first.
        ok: how many are OK.
        due: how many are due.
        overdue: how many are overdue.
        attention: how many need attention.
        unknown: of how many nothing is known.
        not_yet: how many were never done and are not due yet.
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
    """What a look at the evidence found, in a sentence.

    With *state* it is decided by what was seen at this moment: OK, ATTENTION or UNKNOWN. Without,
    by *done_at*, when the thing was last done (None: never), and how often it has to be.
    *next_after* is the schedule of what does it: the first due time after an instant.
    """

    saw: str
    state: MaintenanceState | None = None
    done_at: datetime | None = None
    next_after: Callable[[datetime], datetime | None] | None = None


Evidence: TypeAlias = Callable[[], Awaitable[Finding]]
"""Looks at what can be seen. When it raises, nothing is known."""


@dataclass(frozen=True)
class Tick:
    """Somebody said that an item was done."""

    item: str
    at: datetime
    done_by: str
    note: str | None


@dataclass(frozen=True)
class Item:
    """A line of the lists; *by_people*: only a person can say that it was done."""

    name: str
    title: str
    frequency: MaintenanceFrequency
    action: MaintenanceAction
    by_people: bool = False


# An hour more than a day: what is done at the same time each day must not fall due meanwhile.
PERIODS = {
    MaintenanceFrequency.DAILY: timedelta(days=1, hours=1),
    MaintenanceFrequency.WEEKLY: timedelta(days=7, hours=1),
    MaintenanceFrequency.MONTHLY: timedelta(days=31),
    MaintenanceFrequency.QUARTERLY: timedelta(days=92),
}
# What is due at a time of its schedule takes a while.
TIME_TO_DO_IT = timedelta(hours=1)
# How long something may be due before it is overdue.
GRACE = {
    MaintenanceFrequency.DAILY: timedelta(hours=12),
    MaintenanceFrequency.WEEKLY: timedelta(days=2),
    MaintenanceFrequency.MONTHLY: timedelta(days=7),
    MaintenanceFrequency.QUARTERLY: timedelta(days=14),
}
