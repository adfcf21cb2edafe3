"""One writer at a time in a project; a killed one keeps nobody out."""

import json
import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from torchdeck.files import write_whole
from torchdeck.journal import FOLDER

# A writer says who it is right after it took the lock, so whoever finds it taken looks again.
_LOOKS = 50
_PAUSE = 0.02  # seconds between two looks


class LockedError(Exception):
    """Another process writes into the project."""


@dataclass(frozen=True, slots=True)
class _Holder:
    """A process; the time of its start tells it from a later one with the same number."""

    pid: int
    started: float
    command: str
    since: str

    @classmethod
    def this(cls) -> "_Holder":
        process = psutil.Process()
        command = shlex.join(["torchdeck", *sys.argv[1:]])
        since = datetime.now().astimezone().isoformat(" ", "seconds")
        return cls(process.pid, process.create_time(), command, since)

    @classmethod
    def living(cls, path: Path) -> "_Holder | None":
        """Return who the file at `path` names, if that process is still there."""
        try:
            holder = cls(**json.loads(path.read_bytes()))
            lives = psutil.Process(holder.pid).create_time() == holder.started
        except (OSError, ValueError, TypeError, psutil.Error):
            return None
        return holder if lives else None

    def __str__(self) -> str:
        return f"{self.command} (process {self.pid}) since {self.since}"


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """Keep other writers out of the project at `root` during the block.

    The lock is the system's, on a file: it ends with the process. Both files are removed at the
    end, so that nothing stays in the tree.

    Raises:
        LockedError: Another process has it; the message names it.
        OSError: The project cannot be written to.
    """
    folder = root / FOLDER
    lock = FileLock(folder / "lock")
    holder = folder / "holder.json"
    _acquire(lock, folder, holder)
    try:
        write_whole({holder: json.dumps(asdict(_Holder.this())).encode()})
        yield
    finally:
        holder.unlink(missing_ok=True)
        with suppress(OSError):  # Windows removes no open file
            Path(lock.lock_file).unlink()
        lock.release()
        with suppress(OSError):  # another process has come, or an open journal lies in it
            folder.rmdir()


def _acquire(lock: FileLock, folder: Path, holder: Path) -> None:
    for _ in range(_LOOKS):
        folder.mkdir(exist_ok=True)
        # The folder, and the file with the lock, may be gone again: their holder has just ended.
        with suppress(Timeout, FileNotFoundError):
            lock.acquire(blocking=False)
            return
        if (known := _Holder.living(holder)) is not None:
            raise LockedError(f"{known} is writing into this project; wait until it has ended")
        time.sleep(_PAUSE)
    raise LockedError("another command is writing into this project; wait until it has ended")
