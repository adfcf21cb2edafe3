"""Runs a process plan in a child of a server that has imported torch already; on Linux only."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from concurrent.futures import Future
from typing import Any

from torchdeck.execute.guards import Guards, command_prefix
from torchdeck.execute.results import Warned
from torchdeck.execute.runner import Runner, RunnerError, Running
from torchdeck.execute.server import MESSAGE_LIMIT
from torchdeck.execute.session import STARTUP_LIMIT, Session, base_environment
from torchdeck.execute.tree import descendant


class ServerError(RunnerError):
    """The server could not be started, or has ended."""


class ForkRunner(Runner):
    """Starts a server with the first process, and asks it for a child for each."""

    def __init__(self, guards: Guards) -> None:
        """Start nothing yet: most runs find all their results in the cache."""
        super().__init__(guards)
        self._server: _Server | None = None

    @property
    def preload_warnings(self) -> tuple[Warned, ...]:
        """The warnings that importing torch gave; no block sees them."""
        return self._server.warnings if self._server else ()

    def close(self) -> None:
        """Kill every process, then the server; later ones are not started."""
        super().close()
        with self._lock:
            if self._server:
                self._server.close()

    def _start(self, session: Session) -> Running:
        if self._server is None:
            self._server = _Server(self._guards)
        return self._server.start(session)


class _Server:
    """The server's process and the socket to it."""

    def __init__(self, guards: Guards) -> None:
        """Start it and wait until it has imported torch.

        Raises:
            ServerError: It ends, or takes too long.
        """
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        number = str(theirs.fileno())
        mode = ("namespaces",) if guards.processes else ()
        with theirs:
            self._process = subprocess.Popen(
                [
                    *command_prefix(guards),
                    *(sys.executable, "-P", "-m", "torchdeck.execute.server", number, *mode),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=(theirs.fileno(),),
                env=base_environment(),
                start_new_session=True,
            )
        self._running: dict[int, _Forked] = {}
        self._lock = threading.Lock()
        self._control.settimeout(STARTUP_LIMIT)
        self.warnings = tuple(Warned(**told, line=0) for told in self._receive()["ready"])
        self._control.settimeout(None)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def start(self, session: Session) -> "_Forked":
        """Let the server fork a child for `session`."""
        reading, writing = os.pipe2(os.O_CLOEXEC)
        with self._lock:
            forked = _Forked(self, len(self._running), reading)
            self._running[forked.job] = forked
        message = {"run": forked.job, "job": str(session.job)}
        with os.fdopen(writing, "wb") as events, session.startup.open("wb") as startup:
            self.send(message, events.fileno(), startup.fileno())
        return forked

    def send(self, message: dict[str, Any], *handles: int) -> None:
        """Send a message with file descriptors.

        Raises:
            ServerError: The server has ended.
        """
        try:
            socket.send_fds(self._control, [json.dumps(message).encode()], handles)
        except OSError as error:
            raise ServerError("the server that forks blocks has ended") from error

    def pid_of(self, process: int) -> int | None:
        """Return the id from here of what the server knows as `process`."""
        return descendant(self._process.pid, process)

    def close(self) -> None:
        """End the server, and with it all of its children."""
        self._process.kill()
        self._listener.join()

    def _receive(self) -> dict[str, Any]:
        data = self._control.recv(MESSAGE_LIMIT)
        if not data:
            _, complaint = self._process.communicate()
            told = complaint.decode("utf-8", "replace").strip().rpartition("\n")[2]
            raise ServerError(f"the server that forks blocks has ended: {told}")
        received: dict[str, Any] = json.loads(data)
        return received

    def _listen(self) -> None:
        """Pass the ends of children on, until the server ends."""
        with self._control, contextlib.suppress(OSError):
            self._pass_on()

    def _pass_on(self) -> None:
        try:
            while True:
                match self._receive():
                    case {"started": job, "process": process}:
                        self._running[job].process = process
                    case {"ended": job, "status": status}:
                        self._running[job].status.set_result(status)
        except (ServerError, OSError) as error:
            for forked in self._running.values():
                if not forked.status.done():
                    forked.status.set_exception(error)


class _Forked(Running):
    """A child of the server."""

    def __init__(self, server: _Server, job: int, events: int) -> None:
        self.job = job
        self.events = os.fdopen(events, "rb")
        self.process: int | None = None  # as the server sees it
        self.status: Future[int] = Future()
        self._server = server

    @property
    def pid(self) -> int | None:
        return self._server.pid_of(self.process) if self.process else None

    def wait(self) -> int:
        return self.status.result()

    def kill(self) -> None:
        if not self.status.done():
            with contextlib.suppress(ServerError):  # then it has ended with the server
                self._server.send({"kill": self.job})
