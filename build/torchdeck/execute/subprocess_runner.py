"""Runs a process plan in a plain subprocess: the form that works on every machine.

The job file that `child` reads is a JSON object: `file` (name of the Markdown file), `script`
(path of the file behind `__main__`), `captures` (folder for the steps' output), `steps` (each
with `index`, `line`, `language`, `code`, `raises`, `timeout` in seconds), `memory` (bytes of
address space, or null), `file_size` (bytes of a file, or null), `own_network` (whether it has a
loopback to bring up), `readable` and `writable` (paths for Landlock, or null).
"""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any

from torchdeck.execute.guards import READABLE, WRITABLE, Guards, command_prefix
from torchdeck.execute.job import Process, memory, timeout
from torchdeck.execute.keys import PASSED_ON
from torchdeck.execute.results import Origin, Outcome, RunResult, Warned
from torchdeck.read.question import CodeBlock

STARTUP_LIMIT = 120.0  # seconds until the first step starts; importing torch from a cold disk
EXIT_LIMIT = 20.0  # seconds the process may take to end after its last step
GRACE = 1.0  # seconds beyond a block's limit, in which it writes its stack
DETAIL_LIMIT = 4000  # characters of stderr that a report shows
OUTPUT_LIMIT = 2**20  # bytes that a block may print
FILE_SIZE_LIMIT = 2**30  # bytes of a file that a block may write

SHELL_SIGNAL_BASE = 128  # a shell reports a signal as this plus its number

_FIXED = MappingProxyType(
    {
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "TERM": "dumb",
        "COLUMNS": "80",
        "NO_COLOR": "1",
        "PYTHONUTF8": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "MPLBACKEND": "Agg",
        # With more threads than free cores small operations take five times as long.
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "TORCHINDUCTOR_COMPILE_THREADS": "1",
        "HF_HUB_OFFLINE": "1",
    }
)

_Event = dict[str, Any] | None  # None: the process has ended


class SubprocessRunner:
    """Runs processes and knows those that are alive, so that they can all be killed."""

    def __init__(self, guards: Guards) -> None:
        """Start with no process; `guards` are those that every process gets."""
        self._guards = guards
        self._alive: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._closed = False

    def close(self) -> None:
        """Kill every process with its process group; later ones are not started."""
        with self._lock:
            self._closed = True
            for process in self._alive:
                _kill(process)

    def run(self, plan: Process) -> list[RunResult]:
        """Run all blocks of `plan`; the results are in its order."""
        with tempfile.TemporaryDirectory(prefix="torchdeck-", ignore_cleanup_errors=True) as name:
            session = _Session(Path(name), plan, self._guards)
            process = self._start(session)
            try:
                _follow(process, session)
            finally:
                _kill(process)
                process.wait()
                with self._lock:
                    self._alive.discard(process)
            return session.results(process.returncode)

    def _start(self, session: "_Session") -> subprocess.Popen[bytes]:
        with self._lock:
            if self._closed:
                raise KeyboardInterrupt
            with session.startup.open("wb") as startup:
                process = subprocess.Popen(
                    [*command_prefix(self._guards), *session.command()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=startup,
                    cwd=session.folder,
                    env=session.environment(),
                    start_new_session=True,
                )
            self._alive.add(process)
            return process


class _Session:
    """The temporary folders of one process and what it has told so far."""

    def __init__(self, root: Path, plan: Process, guards: Guards) -> None:
        self.root = root
        self.plan = plan
        self.guards = guards
        self.folder = root / "run"
        self.captures = root / "captures"
        self.job = root / "job.json"
        self.script = root / f"{Path(plan.file).stem.replace('-', '_')}.py"
        self.script.touch()
        self.startup = root / "startup.err"  # what the process says before its first block
        self.started: int | None = None
        self.ended: dict[int, dict[str, Any]] = {}
        self.timed_out = False
        for folder in (self.folder, self.captures, root / "home", root / "tmp", root / "cache"):
            folder.mkdir()
        for block in plan.files:
            target = self.folder / str(block.words.file)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block.code, encoding="utf-8")
        self.job.write_text(json.dumps(self._job()), encoding="utf-8")

    def _job(self) -> dict[str, Any]:
        return {
            "file": self.plan.file,
            "script": str(self.script),
            "captures": str(self.captures),
            "memory": memory(self.plan) if self.guards.memory else None,
            "file_size": FILE_SIZE_LIMIT if self.guards.output else None,
            "own_network": self.guards.network,
            "readable": READABLE if self.guards.files else None,
            "writable": self._writable() if self.guards.files else None,
            "steps": [
                {
                    "index": index,
                    "line": block.location.line,
                    "language": block.language,
                    "code": block.code,
                    "raises": block.words.raises,
                    "timeout": timeout(block),
                }
                for index, block in enumerate(self.plan.blocks)
            ],
        }

    def _writable(self) -> list[str]:
        folders = (self.folder, self.root / "home", self.root / "tmp", self.root / "cache")
        return [*map(str, folders), str(self.script), *WRITABLE]

    def command(self) -> list[str]:
        return [sys.executable, "-P", "-m", "torchdeck.execute.child", str(self.job)]

    def environment(self) -> dict[str, str]:
        return {
            **{name: os.environ[name] for name in PASSED_ON if name in os.environ},
            **_FIXED,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.defpath]),
            "HOME": str(self.root / "home"),
            "TMPDIR": str(self.root / "tmp"),
            "XDG_CACHE_HOME": str(self.root / "cache"),
            "TORCHINDUCTOR_CACHE_DIR": str(self.root / "cache" / "inductor"),
            "TORCH_EXTENSIONS_DIR": str(self.root / "cache" / "extensions"),
        }

    def note(self, event: Mapping[str, Any]) -> None:
        if event["event"] == "start":
            self.started = event["index"]
        else:
            self.ended[event["index"]] = dict(event)

    def limit(self) -> float:
        """Return the seconds until the next event is overdue."""
        if self.started is None:
            return STARTUP_LIMIT
        if self.started in self.ended:
            return EXIT_LIMIT
        return timeout(self.plan.blocks[self.started]) + GRACE

    def results(self, status: int) -> list[RunResult]:
        results: list[RunResult] = []
        broken: CodeBlock | None = None
        for index, block in enumerate(self.plan.blocks):
            if broken is not None:
                results.append(_skipped(block, broken))
                continue
            result = self._result(index, block, status)
            results.append(result)
            if result.outcome not in {Outcome.OK, Outcome.RAISED}:
                broken = block
        return results

    def _result(self, index: int, block: CodeBlock, status: int) -> RunResult:
        captured = self.captures / f"{index}.out"
        if captured.exists() and captured.stat().st_size > OUTPUT_LIMIT:
            reason = f"printed more than {OUTPUT_LIMIT} bytes"
            return RunResult(
                block, Outcome.FAILED, "", reason, block.location.line, origin=Origin.EXECUTED
            )
        event = self.ended.get(index)
        stdout = _decode(captured, event["size"] if event else OUTPUT_LIMIT)
        if event is None:
            stderr = _decode(self.startup) + _decode(self.captures / f"{index}.err")
            outcome, reason = self._died(block, status)
            return RunResult(
                block,
                outcome,
                stdout,
                reason,
                block.location.line,
                stderr[-DETAIL_LIMIT:],
                origin=Origin.EXECUTED,
            )
        error: dict[str, Any] | None = event["error"]
        outcome, reason = _judge(block, error)
        if outcome is Outcome.RAISED and error is not None:
            stdout += ("\n" if stdout and not stdout.endswith("\n") else "") + error["message"]
        return RunResult(
            block,
            outcome,
            stdout,
            reason,
            line=(error["line"] if error else 0) or block.location.line,
            detail=error["traceback"] if error and outcome is not Outcome.RAISED else "",
            warnings=tuple(Warned(**warned) for warned in event["warnings"]),
            seconds=event["seconds"],
            origin=Origin.EXECUTED,
        )

    def _died(self, block: CodeBlock, status: int) -> tuple[Outcome, str]:
        if self.timed_out:
            return Outcome.TIMEOUT, f"took longer than {timeout(block):g} s"
        number = status - SHELL_SIGNAL_BASE if self.guards.processes else -status
        if number in set(signal.Signals):
            return Outcome.SIGNAL, f"was ended by {signal.Signals(number).name}"
        return Outcome.EXITED, f"ended the process with status {status}"


def _decode(path: Path, size: int = OUTPUT_LIMIT) -> str:
    if not path.exists():
        return ""
    with path.open("rb") as file:
        return file.read(size).decode("utf-8", "backslashreplace")


def _follow(process: subprocess.Popen[bytes], session: _Session) -> None:
    """Note the events of `process` until it ends or a block overruns its limit."""
    events: queue.SimpleQueue[_Event] = queue.SimpleQueue()
    reader = threading.Thread(target=_read, args=(process.stdout, events), daemon=True)
    waiter = threading.Thread(target=_wait, args=(process, reader, events), daemon=True)
    reader.start()
    waiter.start()
    while True:
        deadline = time.monotonic() + session.limit()
        try:
            event = events.get(timeout=max(deadline - time.monotonic(), 0.0))
        except queue.Empty:
            session.timed_out = True
            return
        if event is None:
            return
        session.note(event)


def _read(pipe: IO[bytes] | None, events: "queue.SimpleQueue[_Event]") -> None:
    for line in pipe or ():
        with contextlib.suppress(ValueError):  # a block may write to any descriptor it has
            events.put(json.loads(line))


def _wait(
    process: subprocess.Popen[bytes],
    reader: threading.Thread,
    events: "queue.SimpleQueue[_Event]",
) -> None:
    """Report the end of `process`, even if a child of its own keeps the pipe open."""
    process.wait()
    reader.join(timeout=GRACE)
    events.put(None)


def _judge(block: CodeBlock, error: Mapping[str, Any] | None) -> tuple[Outcome, str]:
    if block.words.raises is not None:
        return _judge_announced(block.words.raises, error)
    if error is None:
        return Outcome.OK, ""
    if error["kind"] == "exit":
        return Outcome.EXITED, f"called sys.exit({error['message']})"
    message = _headline(error)
    if "MemoryError" in error["types"] or "can't allocate memory" in message:
        return Outcome.MEMORY, message
    return Outcome.FAILED, message


def _judge_announced(raises: str, error: Mapping[str, Any] | None) -> tuple[Outcome, str]:
    if error is None:
        return Outcome.DID_NOT_RAISE, f"raises={raises} is announced, but nothing was raised"
    if raises.rpartition(".")[2] in error["types"]:
        return Outcome.RAISED, ""
    return Outcome.FAILED, f"raises={raises} is announced, but it raised {_headline(error)}"


def _headline(error: Mapping[str, Any]) -> str:
    """Return the line of an exception's message that says what it is."""
    lines = str(error["message"]).strip().splitlines() or [""]
    # A syntax error's message starts with the place, which the finding names anyway.
    return lines[-1] if "SyntaxError" in error["types"] else lines[0]


def _skipped(block: CodeBlock, broken: CodeBlock) -> RunResult:
    return RunResult(
        block,
        Outcome.SKIPPED,
        reason=f"never reached: it depends on the block at line {broken.location.line}",
        line=block.location.line,
    )


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill `process` and what it started in its session."""
    if os.name == "posix":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    elif process.poll() is None:
        process.kill()
