"""Runs a process plan in a plain subprocess: the form that works on every machine."""

import contextlib
import os
import signal
import subprocess
import sys
from typing import IO

from torchdeck.execute.guards import Guards, command_prefix
from torchdeck.execute.namespaces import told_by_first
from torchdeck.execute.runner import Runner, Running
from torchdeck.execute.session import Session, base_environment


class SubprocessRunner(Runner):
    """Starts a fresh interpreter for each process."""

    def __reduce__(self) -> tuple[type["SubprocessRunner"], tuple[Guards]]:
        """Let an executor send it to another process or machine: there it starts with none."""
        return SubprocessRunner, (self._guards,)

    def _start(self, session: Session) -> Running:
        with session.startup.open("wb") as startup:
            process = subprocess.Popen(
                [
                    *command_prefix(self._guards),
                    *(sys.executable, "-P", "-m", "torchdeck.execute.child", str(session.job)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=startup,
                cwd=session.folder,
                env=base_environment(),
                start_new_session=True,
            )
        return _Subprocess(process, has_shell=self._guards.processes)


class _Subprocess(Running):
    """A `Popen`, and the session that it leads."""

    def __init__(self, process: subprocess.Popen[bytes], *, has_shell: bool) -> None:
        self._process = process
        self._has_shell = has_shell
        self.events: IO[bytes] = process.stdout  # type: ignore[assignment]  # it is a pipe

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait(self) -> int:
        status = self._process.wait()
        return told_by_first(status) if self._has_shell else status

    def kill(self) -> None:
        if os.name == "posix":
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        elif self._process.poll() is None:
            self._process.kill()
