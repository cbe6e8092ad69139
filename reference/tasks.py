"""Scheduled tasks, and the items of the maintenance checklists."""

from __future__ import annotations

from aiwebengine.app.engine import Engine
from aiwebengine.core.config import Config
from aiwebengine.jobs.types import Task
from aiwebengine.maintenance.items import ITEMS
from aiwebengine.maintenance.types import Item
from reference.markdown import code, page, table

INTRODUCTION = """
How the lists are decided and what the page shows: [maintenance.md](../maintenance.md).
`aiwebengine maintenance run TASK` runs a task by hand, `[maintenance.schedules]` changes when it
runs, `aiwebengine maintenance tick ITEM` says that a line was done.
""".strip()


def tasks() -> list[Task]:
    """The tasks of an engine as it comes, in the order of their names."""
    engine = Engine(Config(), "postgresql://nowhere/nothing")
    return sorted(engine.services.jobs._tasks.values(), key=lambda task: task.name)


def text() -> str:
    """The page."""
    by_clock = [(code(one.name), code(one.schedule), one.description) for one in tasks()]
    lines = [(code(one.name), one.frequency.value, one.title, _how(one)) for one in ITEMS]
    return page(
        "Tasks and maintenance lists",
        INTRODUCTION,
        "## Tasks",
        table(("task", "when", "what it does"), by_clock),
        "## Lines of the lists",
        table(("line", "how often", "what", "how"), lines),
    )


def _how(item: Item) -> str:
    action = item.action
    words = [
        f"page `{action.page}`" if action.page else "",
        f"task `{action.task}`" if action.task else "",
        code(action.command or ""),
        "said by people" if item.by_people else "seen from evidence",
    ]
    return "; ".join(filter(None, words))
