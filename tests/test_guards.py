"""What a block cannot do: each trap is told as what it is, and the run goes on."""

import ctypes
import os
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.conftest import Result, Torchdeck, write_question
from torchdeck.execute import landlock
from torchdeck.execute.guards import guards
from torchdeck.execute.isolation import Isolation
from torchdeck.execute.keys import environment

ENFORCED = guards(environment(()))

Run = Callable[[str, str], Result]


def needs(guard: str) -> pytest.MarkDecorator:
    """Skip, visibly, where this machine has no such guard."""
    return pytest.mark.skipif(not getattr(ENFORCED, guard), reason=f"not enforced here: {guard}")


@pytest.fixture
def run(project: Path, torchdeck: Torchdeck) -> Run:
    """Run a block with its output; a second file must go on unharmed."""

    def call(code: str, output: str) -> Result:
        fence = f"```python\n{code}\n```"
        if output:
            fence += f"\n\n```output\n{output}\n```"
        path = write_question(project, fence)
        other = path.read_text(encoding="utf-8").replace(fence, "```python\nx = 1\n```")
        other = other.replace("number: 1", "number: 2").replace("什么是视图?", "什么是副本?")
        path.with_name("copies.md").write_text(other, encoding="utf-8")
        result = torchdeck(project, "run")
        assert "content/tensor/copies.md: 1 ok" in result.lines
        return result

    return call


def running_commands() -> str:
    """Return the command lines of all processes of this machine."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended meanwhile
            lines.append(path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
    return "\n".join(lines)


def test_the_report_names_every_guard(run: Run) -> None:
    result = run("print(len([1]))", "1")
    line = next(line for line in result.lines if line.startswith("run: guards: "))
    told = re.sub(r" \([^)]*\)", "", line.partition("guards: ")[2])
    names = set(re.findall(r"[a-z]+", told)) - {"enforced", "not", "none"}
    assert names == {"network", "files", "processes", "memory", "time", "output", "environment"}


def test_required_guards_that_are_missing_stop_the_run(project: Path, torchdeck: Torchdeck) -> None:
    # Without the programs of util-linux there are no namespaces.
    result = torchdeck(project, "run", "--require-guards", PATH="/nowhere")
    assert result.status == 2
    assert "not enforced on this machine: network, processes" in result.err
    result = torchdeck(project, "run", PATH="/nowhere")
    assert result.status == 0
    assert "not enforced: network, processes" in result.out


@pytest.mark.skipif(bool(ENFORCED.missing), reason=f"not enforced here: {ENFORCED.missing}")
def test_required_guards_that_hold_let_it_run(project: Path, torchdeck: Torchdeck) -> None:
    assert torchdeck(project, "run", "--require-guards").status == 0


@needs("processes")
def test_a_block_that_hangs_with_children_is_ended_whole(
    project: Path, torchdeck: Torchdeck
) -> None:
    marker = "986422"
    code = (
        f"import subprocess\nsubprocess.Popen(['sleep', '{marker}'], start_new_session=True)\n"
        "while True:\n    pass"
    )
    write_question(project, f"```python timeout=2\n{code}\n```")
    assert "error[run-timeout]" in torchdeck(project, "run").out
    assert marker not in running_commands()


@pytest.fixture
def service() -> Iterator[Path]:
    """A socket on which a program of this machine listens, where services have theirs."""
    folders = [os.environ.get("XDG_RUNTIME_DIR", "/run"), "/run"]
    folder = next((name for name in folders if os.access(name, os.W_OK)), None)
    if folder is None:
        pytest.skip("no folder of services can be written to")
    with tempfile.TemporaryDirectory(dir=folder) as name, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{name}/service")
        listener.listen()
        yield Path(name) / "service"


@needs("network")
@pytest.mark.parametrize("isolation", Isolation)
def test_services_of_the_machine_are_out_of_reach(
    project: Path, torchdeck: Torchdeck, service: Path, isolation: Isolation
) -> None:
    code = (
        "import socket\ntry:\n    socket.socket(socket.AF_UNIX).connect(\n"
        f"        '{service}')\nexcept OSError as error:\n    print(type(error).__name__)"
    )
    write_question(project, f"```python\n{code}\n```\n\n```output\nFileNotFoundError\n```")
    result = torchdeck(project, "run", "--isolation", isolation.value)
    assert result.status == 0, result.out


@needs("processes")
@pytest.mark.parametrize("isolation", Isolation)
def test_memory_shared_by_number_is_not_shared_with_blocks(
    project: Path, torchdeck: Torchdeck, isolation: Isolation
) -> None:
    libc = ctypes.CDLL(None)
    key = os.getpid()
    memory = libc.shmget(key, 1, 0o1666)  # made anew, for everybody
    assert memory >= 0
    code = f"import ctypes\nprint(ctypes.CDLL(None).shmget({key}, 1, 0))"
    write_question(project, f"```python\n{code}\n```\n\n```output\n-1\n```")
    try:
        result = torchdeck(project, "run", "--isolation", isolation.value)
    finally:
        libc.shmctl(memory, 0, None)  # removed
    assert result.status == 0, result.out


@needs("files")
def test_landlock_binds_children_too(tmp_path: Path) -> None:
    (tmp_path / "allowed").mkdir()
    (tmp_path / "secret").write_text("x", encoding="utf-8")
    code = (
        "import subprocess, sys\n"
        "from torchdeck.execute import landlock\n"
        f"landlock.restrict(['/usr', '/bin', '/lib', '/lib64'], ['{tmp_path}/allowed'])\n"
        f"print(subprocess.run(['cat', '{tmp_path}/secret'], capture_output=True).returncode)\n"
        f"print(subprocess.run(['touch', '{tmp_path}/allowed/x']).returncode)\n"
        f"print(subprocess.run(['touch', '{tmp_path}/x'], capture_output=True).returncode)\n"
    )
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert process.stdout.split() == [b"1", b"0", b"1"]
    assert landlock.version() > 0
