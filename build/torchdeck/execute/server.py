"""A process that has imported torch and forks one child for each job. Standard library only.

It is started by `fork_runner` with the number of a socket, on which messages are JSON objects:

- to the server: `{"run": id, "job": path}` with two descriptors, for the job's events and for what
  it says before its first block; `{"kill": id}`;
- from the server: `{"ready": [warning, ...]}` once, `{"started": id, "process": pid}`,
  `{"ended": id, "status": number}`.

The server never runs a tensor operation and keeps one thread: a child of a process that did
otherwise can hang in its first matrix product.
"""

import atexit
import contextlib
import gc
import importlib
import json
import multiprocessing.util
import os
import select
import signal
import socket
import sys
import warnings
from pathlib import Path
from typing import Any, NoReturn

from torchdeck.execute.child import run_job
from torchdeck.execute.namespaces import (
    ChildNamespaces,
    die_with_parent,
    mount_own_views,
    passed_on,
    told_by_first,
)

# torch.optim imports torch._dynamo, which takes as long as torch itself.
PRELOADED = ("torch", "torch._dynamo", "torch.utils.data", "torch.distributed")
MESSAGE_LIMIT = 2**16  # bytes


class Server:
    """Forks children and tells of their ends."""

    def __init__(self, control: socket.socket, *, has_namespaces: bool) -> None:
        """Serve `control`; children get namespaces of their own if the machine has them."""
        self._control = control
        self._namespaces = ChildNamespaces() if has_namespaces else None
        self._jobs: dict[int, tuple[int, int]] = {}  # by pidfd: job, process
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)

    def serve(self) -> None:
        """Serve until the other end of the socket is closed."""
        while True:
            for handle, _ in self._poll.poll():
                if handle != self._control.fileno():
                    self._end(handle)
                elif not self._receive():
                    return

    def tell(self, **message: Any) -> None:
        """Send a message; nobody may be listening any more."""
        with contextlib.suppress(BrokenPipeError):
            self._control.send(json.dumps(message).encode())

    def _receive(self) -> bool:
        data, handles, _, _ = socket.recv_fds(self._control, MESSAGE_LIMIT, 2)
        if not data:
            return False
        message = json.loads(data)
        if "kill" in message:
            self._kill(message["kill"])
        else:
            events, startup = handles
            self._start(message["run"], message["job"], events, startup)
            os.close(events)
            os.close(startup)
        return True

    def _start(self, job: int, path: str, events: int, startup: int) -> None:
        threads = list(Path("/proc/self/task").iterdir())
        if len(threads) != 1:
            raise RuntimeError(f"the server has {len(threads)} threads; forking it is not safe")
        if self._namespaces:
            self._namespaces.renew()
        process = os.fork()
        if process == 0:
            self._leave_to_child()
            _be_first_process(path, events, startup, has_namespaces=self._namespaces is not None)
        pidfd = os.pidfd_open(process)
        self._jobs[pidfd] = (job, process)
        self.tell(started=job, process=process)
        self._poll.register(pidfd, select.POLLIN)

    def _leave_to_child(self) -> None:
        """Close what belongs to the server: a block could write to any descriptor it has."""
        self._control.close()
        for pidfd in self._jobs:
            os.close(pidfd)
        if self._namespaces:
            self._namespaces.close()

    def _end(self, pidfd: int) -> None:
        job, process = self._jobs.pop(pidfd)
        self._poll.unregister(pidfd)
        os.close(pidfd)
        _, status = os.waitpid(process, 0)
        self.tell(ended=job, status=told_by_first(os.waitstatus_to_exitcode(status)))

    def _kill(self, job: int) -> None:
        for pidfd, (own, process) in self._jobs.items():
            if own == job:
                if self._namespaces is None:
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(process, signal.SIGKILL)
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)


def preload() -> list[dict[str, str]]:
    """Import torch and return the warnings that it gave."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for name in PRELOADED:
            with contextlib.suppress(ImportError):  # a build without it; the blocks will tell
                importlib.import_module(name)
    # A child's exit hooks are those of its blocks; torch's own take longer than most blocks.
    atexit._clear()  # noqa: SLF001
    atexit.register(multiprocessing.util._exit_function)  # type: ignore[attr-defined]  # noqa: SLF001
    # What is alive now lives for ever: children that never look at it share its memory.
    gc.collect()
    gc.freeze()
    return [{"category": item.category.__name__, "text": str(item.message)} for item in caught]


def _be_first_process(path: str, events: int, startup: int, *, has_namespaces: bool) -> NoReturn:
    """Run the job in a child and pass its status on; what it leaves behind ends with this one.

    The job is not the first process itself: signals that a first process sends itself are
    ignored.
    """
    os.setsid()
    die_with_parent()
    os.dup2(events, 1)
    os.dup2(startup, 2)
    os.close(events)
    os.close(startup)
    if has_namespaces:
        mount_own_views()
    child = os.fork()
    if child == 0:
        die_with_parent()
        run_job(path)
    os.close(1)
    status = 0
    process = 0
    while process != child:
        process, status = os.wait()  # orphans that came to this one are reaped on the way
    os._exit(passed_on(os.waitstatus_to_exitcode(status)))


def main() -> None:
    """Preload, then serve the socket whose number is the first argument."""
    control = socket.socket(fileno=int(sys.argv[1]))
    server = Server(control, has_namespaces=sys.argv[2:] == ["namespaces"])
    server.tell(ready=preload())
    server.serve()


if __name__ == "__main__":
    main()
