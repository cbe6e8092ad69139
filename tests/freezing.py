"""Processes that neither answer nor end for a while."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil


@contextmanager
def frozen(parent: psutil.Process, spared: Collection[psutil.Process] = ()) -> Iterator[None]:
    """Stop a process and its descendants except those of spared, and continue them afterwards.

    The parent stops first and continues last. Only it can remove a child that has ended, so in
    between every process keeps its id, and no signal meets a process that is gone.
    """
    parent.suspend()
    children = [child for child in parent.children(recursive=True) if child not in spared]
    for child in children:
        child.suspend()
    try:
        yield
    finally:
        for child in children:
            child.resume()
        parent.resume()


def postgres_in(data: Path) -> psutil.Process:
    """The embedded server of a data directory."""
    pid = (data / "postgres" / "postmaster.pid").read_text().split()[0]
    return psutil.Process(int(pid))
