"""Temporary folders of runs that were killed before they could remove them."""

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

import psutil

PREFIX = "torchdeck-"
OWNER = "owner"  # the file that says whose a folder is


def mark(folder: Path) -> None:
    """Write into `folder` that it belongs to the calling process."""
    (folder / OWNER).write_text(_name_of(psutil.Process(os.getpid())), encoding="utf-8")


def sweep() -> None:
    """Remove marked folders whose process has gone; others, and other people's, stay."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError, ValueError):
            name = (folder / OWNER).read_text(encoding="utf-8")
            if not _lives(name):
                shutil.rmtree(folder, ignore_errors=True)


def _lives(name: str) -> bool:
    with suppress(psutil.NoSuchProcess):
        return _name_of(psutil.Process(int(name.split(maxsplit=1)[0]))) == name
    return False


def _name_of(process: psutil.Process) -> str:
    """Name a process so that a later one with the same number is another."""
    return f"{process.pid} {process.create_time()}"
