"""The processes below a process, seen from here."""

from contextlib import suppress
from pathlib import Path

import psutil


def holds_more(pid: int, limit: int) -> bool:
    """Tell whether the process `pid` and all below it hold more than `limit` bytes of memory.

    Pages that several processes share are divided among them. The system counts those page by
    page, and the process waits meanwhile: so it is asked only if the pages of each process,
    which it knows at any time, are too many together.
    """
    try:
        top = psutil.Process(pid)
        tree = [top, *top.children(recursive=True)]
    except psutil.Error:
        return False
    return sum(map(_resident, tree)) > limit and sum(map(_share, tree)) > limit


def descendant(top: int, pid: int) -> int | None:
    """Return the id of the process below `top` that knows itself, or is known there, as `pid`.

    Processes in a namespace of their own have another id in there than outside.
    """
    with suppress(psutil.Error):
        for process in psutil.Process(top).children(recursive=True):
            if pid in _ids(process.pid)[-2:]:
                return process.pid
    return None


def _ids(pid: int) -> list[int]:
    """Return the ids of a process, from the namespace of this one inwards."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name == "NSpid":
                return [int(number) for number in value.split()]
    return []


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _share(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0
