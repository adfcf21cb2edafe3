"""What all ways of running a process plan share: temporary folders, events, limits, the end."""

import contextlib
import json
import queue
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import IO, Any

from torchdeck.execute.guards import Guards, MemoryGuard
from torchdeck.execute.job import Process, memory
from torchdeck.execute.leftovers import PREFIX, mark
from torchdeck.execute.results import RunResult
from torchdeck.execute.session import GRACE, Overrun, Session
from torchdeck.execute.tree import holds_more

WATCH_INTERVAL = 0.2  # seconds, the least between two looks at the resident size
WATCH_PAUSE = 10  # times what the last look took, since the process may wait meanwhile

_Event = dict[str, Any] | None  # None: the process has ended


class RunnerError(Exception):
    """What runs processes has failed, not what runs in them."""


class Running(ABC):
    """An interpreter that works on a session.

    Attributes:
        events: What it tells, one JSON object a line.
    """

    events: IO[bytes]

    @property
    @abstractmethod
    def pid(self) -> int | None:
        """The id of its topmost process as seen from here, None if it has none any more."""

    @abstractmethod
    def wait(self) -> int:
        """Wait for its end and return its status: negative for a signal, as `Popen` has it.

        Raises:
            RunnerError: Nobody knows any more.
        """

    @abstractmethod
    def kill(self) -> None:
        """Kill it with everything that it started."""


class Runner(ABC):
    """Runs processes and knows those that are alive, so that they can all be killed."""

    def __init__(self, guards: Guards) -> None:
        """Start with no process; `guards` are those that every process gets."""
        self._guards = guards
        self._alive: set[Running] = set()
        self._lock = threading.Lock()
        self._closed = False

    @abstractmethod
    def _start(self, session: Session) -> Running:
        """Start an interpreter on `session`."""

    def close(self) -> None:
        """Kill every process; later ones are not started."""
        with self._lock:
            self._closed = True
            for running in self._alive:
                running.kill()

    def run(self, plan: Process) -> list[RunResult]:
        """Run all blocks of `plan`; the results are in its order.

        Raises:
            KeyboardInterrupt: The runner was closed.
        """
        with tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as name:
            mark(Path(name))
            session = Session(Path(name), plan, self._guards)
            with self._lock:
                if self._closed:
                    raise KeyboardInterrupt
                running = self._start(session)
                self._alive.add(running)
            try:
                self._follow(running, session)
            finally:
                running.kill()
                status = running.wait()
                with self._lock:
                    self._alive.discard(running)
            if self._closed:  # what was killed from here has no results
                raise KeyboardInterrupt
            return session.results(status)

    def _follow(self, running: Running, session: Session) -> None:
        """Note the events of `running` until it ends or overruns a limit."""
        events: queue.SimpleQueue[_Event] = queue.SimpleQueue()
        reader = threading.Thread(target=_read, args=(running.events, events), daemon=True)
        waiter = threading.Thread(target=_wait, args=(running, reader, events), daemon=True)
        reader.start()
        waiter.start()
        watched = self._guards.memory is MemoryGuard.RESIDENT_SIZE
        interval = WATCH_INTERVAL
        deadline = time.monotonic() + session.limit()
        while True:
            left = max(deadline - time.monotonic(), 0.0)
            try:
                event = events.get(timeout=min(left, interval) if watched else left)
            except queue.Empty:
                if time.monotonic() >= deadline:
                    session.overrun = Overrun.TIME
                    return
                began = time.monotonic()
                if running.pid is not None and holds_more(running.pid, memory(session.plan)):
                    session.overrun = Overrun.MEMORY
                    return
                interval = max(WATCH_INTERVAL, WATCH_PAUSE * (time.monotonic() - began))
                continue
            if event is None:
                return
            session.note(event)
            deadline = time.monotonic() + session.limit()


def _read(pipe: IO[bytes], events: "queue.SimpleQueue[_Event]") -> None:
    with pipe:
        for line in pipe:
            with contextlib.suppress(ValueError):  # a block may write to any descriptor it has
                events.put(json.loads(line))


def _wait(running: Running, reader: threading.Thread, events: "queue.SimpleQueue[_Event]") -> None:
    """Report the end of the process, even if a child of its own keeps the pipe open."""
    try:
        with contextlib.suppress(RunnerError):  # whoever runs the process is told by its own wait
            running.wait()
        reader.join(timeout=GRACE)
    finally:
        events.put(None)
