"""What is on the disk when a function returns, even if the power fails then."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

NEW_FILE_MODE = 0o644  # temporary files are private to their owner
SUFFIX = ".torchdeck"  # of what lies beside a file while that is written; git ignores it


def store(path: Path, content: bytes, mode: int) -> None:
    """Write `content` to `path` and wait until it is on the disk.

    Raises:
        OSError: That cannot be done.
    """
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    path.chmod(mode)


def sync(folders: Iterable[Path]) -> None:
    """Wait until what was made, renamed or removed in `folders` is on the disk.

    Raises:
        OSError: The disk says that it failed.
    """
    if sys.platform == "win32":
        return  # folders cannot be opened there
    for folder in folders:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
