"""One process plan on its way through an interpreter: its folders, its job, its results.

The job file that `child` reads is a JSON object: `file` (name of the Markdown file), `script`
(path of the file behind `__main__`), `folder` (where it runs), `variables` (of its environment),
`captures` (folder for the steps' output), `steps` (each with `index`, `line`, `language`, `code`,
`raises`, `figure`, `timeout` in seconds), `memory` (bytes of address space, or null), `cpu_time`
(seconds a process), `file_size` (bytes of a file, or null), `own_network` (whether it
has a loopback to bring up), `readable` and `writable` (paths for Landlock, or null).
"""

import json
import os
import signal
import sys
from collections.abc import Mapping
from enum import Enum, auto
from pathlib import Path
from types import MappingProxyType
from typing import Any

from torchdeck.execute.guards import READABLE, WRITABLE, Guards, MemoryGuard
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


def base_environment() -> dict[str, str]:
    """Return the environment that every interpreter starts with: nothing of the caller's."""
    return {
        **{name: os.environ[name] for name in PASSED_ON if name in os.environ},
        **_FIXED,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.defpath]),
    }


class Overrun(Enum):
    """Why a process was killed."""

    TIME = auto()
    MEMORY = auto()


class Session:
    """The temporary folders of one process and what it has told so far."""

    def __init__(self, root: Path, plan: Process, guards: Guards) -> None:
        """Make the folders below `root` and write the job and the `file=` blocks into them."""
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
        self.overrun: Overrun | None = None
        for folder in (self.folder, self.captures, root / "home", root / "tmp", root / "cache"):
            folder.mkdir()
        for block in plan.files:
            target = self.folder / str(block.words.file)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block.code, encoding="utf-8")
        self.job.write_text(json.dumps(self._job()), encoding="utf-8")

    def note(self, event: Mapping[str, Any]) -> None:
        """Note what the process told: the start or the end of a step."""
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
        """Return what became of each block, once the process has ended with `status`."""
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

    def _job(self) -> dict[str, Any]:
        return {
            "file": self.plan.file,
            "script": str(self.script),
            "folder": str(self.folder),
            "variables": self._variables(),
            "captures": str(self.captures),
            "memory": (
                memory(self.plan) if self.guards.memory is MemoryGuard.ADDRESS_SPACE else None
            ),
            "cpu_time": sum(map(timeout, self.plan.blocks)) + STARTUP_LIMIT,
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
                    "figure": block.words.figure is not None,
                    "timeout": timeout(block),
                }
                for index, block in enumerate(self.plan.blocks)
            ],
        }

    def _writable(self) -> list[str]:
        folders = (self.folder, self.root / "home", self.root / "tmp", self.root / "cache")
        return [*map(str, folders), str(self.script), *WRITABLE]

    def _variables(self) -> dict[str, str]:
        return {
            "HOME": str(self.root / "home"),
            "TMPDIR": str(self.root / "tmp"),
            "XDG_CACHE_HOME": str(self.root / "cache"),
            # Of this process alone: no block can leave a library behind for another.
            "TORCHINDUCTOR_CACHE_DIR": str(self.root / "cache" / "inductor"),
            "TORCH_EXTENSIONS_DIR": str(self.root / "cache" / "extensions"),
        }

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
            figure=self._figure(index, block),
            origin=Origin.EXECUTED,
        )

    def _figure(self, index: int, block: CodeBlock) -> str:
        if block.words.figure is None:
            return ""
        return (self.captures / f"{index}.svg").read_text(encoding="utf-8", errors="replace")

    def _died(self, block: CodeBlock, status: int) -> tuple[Outcome, str]:
        if self.overrun is Overrun.TIME:
            return Outcome.TIMEOUT, f"took longer than {timeout(block):g} s"
        if self.overrun is Overrun.MEMORY:
            return Outcome.MEMORY, f"its processes held more than {memory(self.plan)} bytes"
        if -status == signal.SIGXCPU:
            return Outcome.TIMEOUT, "took more processor time than its limits allow"
        if -status in set(signal.Signals):
            return Outcome.SIGNAL, f"was ended by {signal.Signals(-status).name}"
        return Outcome.EXITED, f"ended the process with status {status}"


def lost(plan: Process, reason: str) -> list[RunResult]:
    """Return the results of a process of which no more is known than the `reason`."""
    first, *others = plan.blocks
    ended = RunResult(
        first, Outcome.SIGNAL, reason=reason, line=first.location.line, origin=Origin.EXECUTED
    )
    return [ended, *(_skipped(block, first) for block in others)]


def _decode(path: Path, size: int = OUTPUT_LIMIT) -> str:
    if not path.exists():
        return ""
    with path.open("rb") as file:
        return file.read(size).decode("utf-8", "backslashreplace")


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
