"""The process in which blocks run. Standard library only; started by `subprocess_runner`.

Reads a job (JSON, see `subprocess_runner`) from the file named on its command line, runs its
steps in one namespace, and writes one JSON object a line to its original standard output:
`start` before and `end` behind each step. During a step the file descriptors 1 and 2 lead to
files, so that output of C++ code and of child processes is caught too.
"""

import ctypes
import faulthandler
import json
import linecache
import os
import random
import socket
import struct
import subprocess
import sys
import time
import traceback
import types
import warnings
from pathlib import Path
from typing import Any, TextIO

from torchdeck.execute import landlock

SIOCSIFFLAGS, IFF_UP, IFF_RUNNING = 0x8914, 0x1, 0x40  # of Linux' if.h

TORCH_HEADERS = ("torch/", "ATen/", "c10/")

DUMP_MARGIN = 0.5  # seconds before the limit at which the stack is dumped


class Child:
    """Runs the steps of one job."""

    def __init__(self, job: dict[str, Any]) -> None:
        """Prepare the namespace; `job` is described in `subprocess_runner`."""
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
        self._process = os.getpid()
        self._script = Path(job["script"])
        self._memory: int | None = job["memory"]
        self._file_size: int | None = job["file_size"]
        self._own_network: bool = job["own_network"]
        self._readable: list[str] | None = job["readable"]
        self._writable: list[str] | None = job["writable"]
        self._lines: list[str] = []
        self._warned: list[dict[str, Any]] = []
        self._main = types.ModuleType("__main__")
        self._main.__file__ = str(self._script)
        self._events = os.fdopen(os.dup(1), "w", encoding="utf-8")

    def run(self) -> None:
        """Run all steps up to the first that does not complete."""
        sys.modules["__main__"] = self._main
        sys.argv = [str(self._script)]
        sys.path.insert(0, str(Path.cwd()))
        self._discard_output()
        self._put_up_guards()
        _seed()
        warnings.simplefilter("always")
        warnings.showwarning = self._note_warning
        for step in self._steps:
            if not self._run_step(step):
                break
        self._discard_output()

    def _put_up_guards(self) -> None:
        if self._own_network:
            _raise_loopback()
        if self._memory is not None:
            _limit("RLIMIT_AS", self._memory)
        if self._file_size is not None:
            _limit("RLIMIT_FSIZE", self._file_size)
        if self._readable is not None and self._writable is not None:
            landlock.restrict(self._readable, self._writable)

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
                    _run_bash(step["code"])
                case "cpp":
                    self._run_cpp(step)
                case _:
                    self._run_python(step)
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

    def _run_cpp(self, step: dict[str, Any]) -> None:
        """Compile a program, against libtorch if it includes its headers, and run it."""
        source = Path(f"block_{step['index']}.cpp").resolve()
        program = source.with_suffix("")
        # The compiler's messages name the Markdown line.
        place = f'#line {step["line"] + 1} "{self._file}"\n'
        source.write_text(place + step["code"], encoding="utf-8")
        command = ["g++", "-std=c++20", str(source), "-o", str(program)]
        if any(f"#include <{header}" in step["code"] for header in TORCH_HEADERS):
            command += _libtorch_flags()
        compiler = subprocess.run(command, check=False, stderr=subprocess.PIPE)
        if compiler.returncode:
            raise CppError(compiler.stderr.decode("utf-8", "replace"))
        if status := subprocess.run([program], check=False).returncode:
            raise CppError(f"the program ended with status {status}")

    def _describe(self, error: BaseException) -> dict[str, Any]:
        report = traceback.TracebackException.from_exception(error)
        own = [frame for frame in report.stack if frame.filename != __file__]
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


class CppError(Exception):
    """A program does not compile, or ended with a status other than 0."""


def _libtorch_flags() -> list[str]:
    import torch
    from torch.utils.cpp_extension import include_paths, library_paths

    libraries = library_paths()
    return [
        *(f"-I{path}" for path in include_paths()),
        *(f"-L{path}" for path in libraries),
        *(f"-Wl,-rpath,{path}" for path in libraries),
        *("-ltorch", "-ltorch_cpu", "-lc10"),
        f"-D_GLIBCXX_USE_CXX11_ABI={int(torch.compiled_with_cxx11_abi())}",
    ]


class BashError(Exception):
    """A bash block ended with a status other than 0."""


def _run_bash(code: str) -> None:
    status = subprocess.run(["bash", "-euo", "pipefail", "-c", code], check=False).returncode
    if status:
        raise BashError(f"bash ended with status {status}")


def _limit(name: str, limit: int) -> None:
    import resource  # not on Windows

    resource.setrlimit(getattr(resource, name), (limit, limit))


def _raise_loopback() -> None:
    """Bring up `lo`, which is down in a new network namespace; gloo and torchrun talk over it."""
    import fcntl  # not on Windows

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        request = struct.pack("16sh", b"lo", IFF_UP | IFF_RUNNING)
        fcntl.ioctl(handle, SIOCSIFFLAGS, request)


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


if __name__ == "__main__":
    Child(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))).run()
