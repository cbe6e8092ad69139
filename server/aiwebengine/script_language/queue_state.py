"""Who is next in a queue of expensive work: people take turns, whatever each of them asks for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

STALE_SECS = 3.0
"""A worker that was not seen for this long has ended, or is stuck: nobody waits for it."""
HALF_LIFE_SECS = 60.0
"""What somebody has spent counts half after so long."""
EXPENSIVE_SECS = 10.0
"""Who has spent this much lately must make way for others who have not."""
MOST_REMEMBERED = 200
"""People, and scripts, that were served last."""


@dataclass
class Waiter:
    """One who waits for a turn."""

    id: str
    person: str
    script: str
    since: float
    """When it, or the one that it has replaced, began to wait."""
    asked: float


@dataclass
class Served:
    """What somebody got."""

    turn: int = 0
    """The number of their last turn; 0 for none."""
    spent: float = 0.0
    """Seconds, as they counted at *at*."""
    at: float = 0.0


@dataclass
class Part:
    """What one worker adds to the queue."""

    seen: float
    waiting: list[Waiter]
    running: list[str]
    """People."""


class Place(NamedTuple):
    """Where somebody stands: the smallest is next."""

    turn_of_person: int
    turn_of_script: int
    since: float
    id: str


@dataclass
class State:
    """The queue of all workers."""

    turns: int = 0
    people: dict[str, Served] = field(default_factory=dict)
    scripts: dict[str, int] = field(default_factory=dict)
    """The number of the last turn of each."""
    parts: dict[str, Part] = field(default_factory=dict)
    """By worker."""

    @classmethod
    def read(cls, given: dict[str, Any]) -> State:
        """The state that `written` gave. Raises KeyError, TypeError, AttributeError."""
        return cls(
            given["turns"],
            {name: Served(**one) for name, one in given["people"].items()},
            dict(given["scripts"]),
            {
                name: Part(
                    one["seen"], [Waiter(**waiter) for waiter in one["waiting"]], one["running"]
                )
                for name, one in given["parts"].items()
            },
        )

    def written(self) -> dict[str, Any]:
        """All of it, for JSON."""
        return asdict(self)

    def update(self, worker: str, part: Part) -> None:
        """Replace what *worker* adds, and forget workers that have ended."""
        self.parts[worker] = part
        for name, one in list(self.parts.items()):
            is_stale = abs(part.seen - one.seen) > STALE_SECS
            if is_stale or not (one.waiting or one.running):
                del self.parts[name]

    def next(self, at_once: int) -> Waiter | None:
        """Who may begin now: who was served the longest time ago, of those who do not run."""
        running = [person for part in self.parts.values() for person in part.running]
        if len(running) >= at_once:
            return None
        waiting = [one for one in self._waiting() if one.person not in running]
        return min(waiting, key=self._place, default=None)

    def begin(self, waiter: Waiter) -> None:
        """Note that a turn has begun."""
        self.turns += 1
        self.people.setdefault(waiter.person, Served()).turn = self.turns
        self.scripts[waiter.script] = self.turns
        self._forget()

    def spend(self, person: str, secs: float, now: float) -> None:
        """Note how long a turn was."""
        served = self.people.setdefault(person, Served())
        served.spent, served.at = self.spent(person, now) + secs, now

    def spent(self, person: str, now: float) -> float:
        """Seconds that somebody has spent; older ones count less."""
        served = self.people.get(person)
        if served is None:
            return 0.0
        return float(served.spent * 0.5 ** (max(now - served.at, 0.0) / HALF_LIFE_SECS))

    def must_make_way(self, person: str, now: float) -> bool:
        """Whether somebody who was expensive lately keeps others waiting who were not."""
        spent = self.spent(person, now)
        return spent >= EXPENSIVE_SECS and any(
            one.person != person and self.spent(one.person, now) < spent / 2
            for one in self._waiting()
        )

    def is_replaced(self, waiter: Waiter) -> bool:
        """Whether the same person waits for the same script with something newer."""
        return any(
            (one.person, one.script) == (waiter.person, waiter.script)
            and (one.asked, one.id) > (waiter.asked, waiter.id)
            for one in self._waiting()
        )

    def _waiting(self) -> Iterator[Waiter]:
        for part in self.parts.values():
            yield from part.waiting

    def _place(self, waiter: Waiter) -> Place:
        served = self.people.get(waiter.person)
        return Place(
            served.turn if served else 0,
            self.scripts.get(waiter.script, 0),
            waiter.since,
            waiter.id,
        )

    def _forget(self) -> None:
        oldest = self.turns - MOST_REMEMBERED
        self.people = {name: one for name, one in self.people.items() if one.turn > oldest}
        self.scripts = {name: turn for name, turn in self.scripts.items() if turn > oldest}
