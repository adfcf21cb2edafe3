"""torchdeck in a process of its own that is killed, or waits, right before a chosen change.

Python's audit hooks see every file that is opened for writing, renamed or removed, before it
happens. So the changes of a command can be counted once, and then be the last thing but one that it
does: no clock is needed to hit a moment, and no line of torchdeck knows of it.
"""

import json
import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import FIRST_RELEASE
from torchdeck.cli import app

resource = pytest.importorskip("resource", reason="Windows kills otherwise")

# The server is no child of pytest, whose threads would make forking unsafe, and imports once.
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    [
        "tests.killed",
        "torchdeck.commands.access",
        *(f"torchdeck.commands.{name}" for name in ("author", "build", "check", "release", "run")),
    ]
)
_CHANGES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.chmod", "os.utime"}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@dataclass(frozen=True)
class Change:
    """What a command was about to do to the tree that is watched."""

    event: str
    path: str


@dataclass(frozen=True)
class Gate:
    """Where a command waits: before it first opens a file whose path ends in `name`."""

    name: str
    arrived: Event = field(default_factory=CONTEXT.Event)
    opened: Event = field(default_factory=CONTEXT.Event)


@dataclass(frozen=True)
class Ended:
    """How a command ended: its status, negative for a signal, and what it printed."""

    status: int
    out: str
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Stage:
    """Where commands run.

    Attributes:
        folder: The project.
        cache: Their cache folder.
        watched: The tree whose changes count.
    """

    folder: Path
    cache: Path
    watched: Path

    def run(self, *arguments: str, at: int = -1, limit: int = -1, day: int = 0) -> Ended:
        """Run a command to its end.

        Args:
            arguments: Its words.
            at: Number of the change before which it is killed; never if negative.
            limit: Bytes of a file at which the system ends it; without limit if negative.
            day: Days since the first release.
        """
        return self.start(*arguments, at=at, limit=limit, day=day).end()

    def start(
        self,
        *arguments: str,
        at: int = -1,
        limit: int = -1,
        day: int = 0,
        gates: Sequence[Gate] = (),
    ) -> "Started":
        """Start a command that also waits at `gates`."""
        environment = {
            "XDG_CACHE_HOME": str(self.cache),
            "SOURCE_DATE_EPOCH": str(FIRST_RELEASE + day * 86_400),
        }
        told = self.cache.parent / f"told-{os.urandom(4).hex()}"
        process = CONTEXT.Process(
            target=_main, args=(self, arguments, environment, told, at, limit, gates)
        )
        process.start()
        return Started(process, told)


@dataclass(frozen=True)
class Started:
    """A command on its way."""

    process: ForkServerProcess
    told: Path

    def end(self) -> Ended:
        """Wait for its end."""
        self.process.join()
        status = self.process.exitcode
        assert status is not None
        changes = self.told.with_suffix(".json")
        listed = json.loads(changes.read_text(encoding="utf-8")) if changes.exists() else []
        text = self.told.read_text(encoding="utf-8")
        assert "Traceback" not in text, text
        return Ended(status, text, tuple(Change(*item) for item in listed))


@dataclass
class _Hook:
    """Counts changes below a folder; one of them may never happen."""

    folder: str
    at: int
    gates: list[Gate]
    changes: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self, event: str, details: tuple[Any, ...]) -> None:
        if event not in _CHANGES and (event != "open" or not details[2] & _WRITING):
            return
        if isinstance(details[0], int):
            return  # an open file
        path = os.fsdecode(details[0])
        if not path.startswith(self.folder):
            return
        if len(self.changes) == self.at:
            os.kill(os.getpid(), signal.SIGKILL)
        self.changes.append((event, path.removeprefix(self.folder).lstrip("/")))
        for gate in self.gates:
            if path.endswith(gate.name):
                self.gates.remove(gate)
                gate.arrived.set()
                gate.opened.wait()
                return


def _main(
    stage: Stage,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    told: Path,
    at: int,
    limit: int,
    gates: Sequence[Gate],
) -> None:
    os.chdir(stage.folder)
    os.environ.pop("CI", None)
    os.environ.update(environment)
    handle = os.open(told, os.O_WRONLY | os.O_CREAT)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    sys.argv = ["torchdeck", *arguments]
    hook = _Hook(str(stage.watched), at, list(gates))
    sys.addaudithook(hook)
    if limit >= 0:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # Python would go on with an error
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        app()
    finally:
        if limit < 0:
            told.with_suffix(".json").write_text(json.dumps(hook.changes), encoding="utf-8")
