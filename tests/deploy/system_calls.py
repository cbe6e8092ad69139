"""The system calls that a unit allows, and a process that is held to them."""

from __future__ import annotations

import ctypes
import re
import subprocess
from collections.abc import Callable, Iterable
from functools import cache

# seccomp.h
_KILL_PROCESS = 0x80000000
_ALLOW = 0x7FFF0000


def allowed(unit: str) -> set[str]:
    """The names of the calls that the lines `SystemCallFilter=` of a unit leave, in their order."""
    found: set[str] = set()
    for line in re.findall(r"^SystemCallFilter=(.*)$", unit, re.MULTILINE):
        names = {name for word in line.lstrip("~").split() for name in _names(word)}
        found = found - names if line.startswith("~") else found | names
    return found


@cache
def _names(word: str) -> frozenset[str]:
    """The calls of a group such as `@pkey`, or the call itself."""
    if not word.startswith("@"):
        return frozenset([word])
    shown = subprocess.run(
        ["systemd-analyze", "syscall-filter", word], capture_output=True, text=True, check=True
    ).stdout
    lines = [line.strip() for line in shown.splitlines()[1:]]
    words = [line for line in lines if line and not line.startswith("#")]
    return frozenset(name for one in words for name in _names(one))


def held_to(calls: Iterable[str]) -> Callable[[], None]:
    """What a new process does to be killed at any other call, as systemd would have it."""
    library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    library.seccomp_init.restype = ctypes.c_void_p
    library.seccomp_init.argtypes = [ctypes.c_uint32]
    library.seccomp_rule_add.argtypes = [
        *(ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint)
    ]
    library.seccomp_load.argtypes = [ctypes.c_void_p]
    filters = library.seccomp_init(_KILL_PROCESS)
    for name in calls:
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:
            assert library.seccomp_rule_add(filters, _ALLOW, number, 0) == 0, name

    def hold() -> None:
        if library.seccomp_load(filters) != 0:
            raise OSError("the filter was not loaded")

    return hold


def without_executable_memory() -> None:
    """What MemoryDenyWriteExecute= does to a new process: prctl(PR_SET_MDWE)."""
    if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0) != 0:
        raise OSError("the kernel can't refuse executable memory")
