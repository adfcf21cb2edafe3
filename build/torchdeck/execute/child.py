"""The process in which blocks run. Standard library only; started by the runners.

Reads a job (JSON, see `session`) from the file named on its command line, runs its
steps in one namespace, and writes one JSON object a line to its original standard output:
`start` before and `end` behind each step. During a step the file descriptors 1 and 2 lead to
files, so that output of C++ code and of child processes is caught too.
"""

import atexit
import ctypes
import faulthandler
import json
import linecache
import os
import random
import sys
import tempfile
import time
import traceback
import types
import warnings
from pathlib import Path
from typing import Any, NoReturn, TextIO

from torchdeck.execute.confinement import confine
from torchdeck.execute.figure import save_figure
from torchdeck.execute.programs import run_bash, run_cpp

ROOM = Path(__file__).parent  # the engine's own frames are no part of a traceback

DUMP_MARGIN = 0.5  # seconds before the limit at which the stack is dumped


class Child:
    """Runs the steps of one job."""

    def __init__(self, job: dict[str, Any]) -> None:
        """Prepare the namespace; `job` is described in `session`."""
        self._file: str = job["file"]
        self._steps: list[dict[str, Any]] = job["steps"]
        # Opened before any block runs, so that no block needs to reach them by their names.
        captures = Path(job["captures"])
        self._captures = [
            (
                (captures / f"{step['index']}.out").open("wb"),
                (captures / f"{step['index']}.err").open("wb"),
            )
            for step in self._steps
        ]
        self._figures = {
            step["index"]: (captures / f"{step['index']}.svg").open("wb")
            for step in self._steps
            if step["figure"]
        }
        self._process = os.getpid()
        self._script = Path(job["script"])
        self._job = job
        self._lines: list[str] = []
        self._warned: list[dict[str, Any]] = []
        self._main = types.ModuleType("__main__")
        self._main.__file__ = str(self._script)
        self._events = os.fdopen(os.dup(1), "w", encoding="utf-8")

    def run(self) -> None:
        """Run all steps up to the first that does not complete."""
        os.environ.update(self._job["variables"])
        tempfile.tempdir = None  # where the server's interpreter would put files
        os.chdir(self._job["folder"])
        sys.modules["__main__"] = self._main
        sys.argv = [str(self._script)]
        sys.path.insert(0, str(Path.cwd()))
        self._discard_output()
        confine(self._job)
        _seed()
        warnings.simplefilter("always")
        warnings.showwarning = self._note_warning
        for step in self._steps:
            if not self._run_step(step):
                break
        self._discard_output()

    def _run_step(self, step: dict[str, Any]) -> bool:
        index: int = step["index"]
        self._warned.clear()
        stdout, stderr = sys.stdout, sys.stderr
        out, err = self._captures[index]
        with out, err:
            os.dup2(out.fileno(), 1)
            os.dup2(err.fileno(), 2)
            self._send(event="start", index=index)
            faulthandler.dump_traceback_later(
                max(step["timeout"] - DUMP_MARGIN, DUMP_MARGIN), file=err
            )
            began = time.perf_counter()
            error = self._execute(step)
            if os.getpid() != self._process:
                # A fork that came back out of the block; faulthandler's thread is not in it.
                _flush()
                os._exit(int(error is not None))
            seconds = time.perf_counter() - began
            faulthandler.cancel_dump_traceback_later()
            sys.stdout, sys.stderr = stdout, stderr
            _flush()
            # What a child process prints after this belongs to no block.
            size = os.fstat(out.fileno()).st_size
        self._send(
            event="end",
            index=index,
            seconds=seconds,
            size=size,
            error=error,
            warnings=list(self._warned),
        )
        return error is None or (
            step["raises"] is not None and step["raises"].rpartition(".")[2] in error["types"]
        )

    def _execute(self, step: dict[str, Any]) -> dict[str, Any] | None:
        try:
            match step["language"]:
                case "bash":
                    run_bash(step["code"])
                case "cpp":
                    run_cpp(step["code"], self._file, step["line"])
                case _:
                    self._run_python(step)
                    if step["figure"]:
                        save_figure(self._figures[step["index"]])
        except SystemExit as error:
            status = error.code if isinstance(error.code, int) else int(error.code is not None)
            return {
                "kind": "exit",
                "status": status,
                "types": ["SystemExit"],
                "line": self._line_of(error),
                "message": str(error.code),
                "traceback": "",
            }
        except BaseException as error:  # noqa: BLE001  # whatever the block raises is its result
            return self._describe(error)
        return None

    def _run_python(self, step: dict[str, Any]) -> None:
        line: int = step["line"]
        code: str = step["code"]
        # Padding puts the code on the lines that it has in the Markdown file, so that tracebacks,
        # warnings and `inspect` name those.
        self._lines += ["\n"] * (line - len(self._lines))
        self._lines[line:] = code.splitlines(keepends=True)
        source = "".join(self._lines)
        self._script.write_text(source, encoding="utf-8")
        linecache.cache[self._file] = (len(source), None, self._lines.copy(), self._file)
        compiled = compile("\n" * line + code, self._file, "exec", dont_inherit=True)
        exec(compiled, self._main.__dict__)  # noqa: S102  # running the block is what this is for

    def _describe(self, error: BaseException) -> dict[str, Any]:
        report = traceback.TracebackException.from_exception(error)
        own = [frame for frame in report.stack if Path(frame.filename).parent != ROOM]
        report.stack = traceback.StackSummary.from_list(own)
        return {
            "kind": "exception",
            "types": [kind.__name__ for kind in type(error).__mro__],
            "message": "".join(report.format_exception_only()).rstrip("\n"),
            "line": self._line_of(error),
            "traceback": "".join(report.format()),
        }

    def _line_of(self, error: BaseException) -> int:
        """Return the line of the file that the error passed through last, or 0."""
        if isinstance(error, SyntaxError) and error.filename == self._file:
            return error.lineno or 0
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno or 0 for frame in frames if frame.filename == self._file]
        return lines[-1] if lines else 0

    def _note_warning(  # noqa: PLR0913, PLR0917  # the signature of warnings.showwarning
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        del file, line
        self._warned.append(
            {
                "category": category.__name__,
                "text": str(message),
                "line": lineno if filename == self._file else 0,
            }
        )

    def _discard_output(self) -> None:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 1)
            os.dup2(nowhere.fileno(), 2)

    def _send(self, **event: Any) -> None:
        self._events.write(json.dumps(_writable(event)) + "\n")
        self._events.flush()


def _writable(value: Any) -> Any:
    """Return `value` with halves of surrogates, which no file can hold, written out."""
    match value:
        case str():
            return value.encode("utf-8", "backslashreplace").decode()
        case dict():
            return {key: _writable(item) for key, item in value.items()}
        case list():
            return [_writable(item) for item in value]
        case _:
            return value


def _seed() -> None:
    """Seed every generator that is installed, so that a forgotten seed is no random card."""
    random.seed(0)
    try:
        import numpy as np
    except ImportError:
        pass
    else:
        np.random.seed(0)  # noqa: NPY002  # the global generator is the one to seed
    try:
        import torch
    except ImportError:
        pass
    else:
        torch.manual_seed(0)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    if os.name == "posix":
        ctypes.CDLL(None).fflush(None)


def run_job(path: str) -> NoReturn:
    """Run the job in the file at `path` and end the process."""
    Child(json.loads(Path(path).read_text(encoding="utf-8"))).run()
    # What a block registered for its end, such as the end of its workers, still happens; taking
    # down every module of torch, which takes longer than most blocks, does not.
    atexit._run_exitfuncs()  # noqa: SLF001  # as multiprocessing does in its children
    os._exit(0)


if __name__ == "__main__":
    run_job(sys.argv[1])
