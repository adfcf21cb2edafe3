"""Blocks that no author would write: each is told as what it is, and the other files go on.

All of them are files of one project, which is run once in each isolation.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import Result, Torchdeck, project_of
from torchdeck.execute.guards import guards
from torchdeck.execute.isolation import Isolation, can_fork
from torchdeck.execute.keys import environment

ENFORCED = guards(environment(()))
MARKER = "98642"  # seconds that the sleeping children would sleep
SECRET = "s3cret"  # noqa: S105  # what blocks must not find


@dataclass(frozen=True)
class Trap:
    """A block and what is to be told of it.

    Attributes:
        code: The block.
        output: Its accepted output.
        told: Rule and part of the finding, None if it completes.
        line: Line of `code`, counted from 1, that the finding names; 0 for the fence.
        words: Words of its fence.
        guard: The guard that it needs.
    """

    code: str
    output: str = ""
    told: tuple[str, str] | None = None
    line: int = 0
    words: str = ""
    guard: str = "time"


TRAPS = {
    "leak": Trap(
        "import os, random, torch\n"
        "torch.set_default_dtype(torch.float64)\n"
        "torch.manual_seed(7), random.seed(7)\n"
        "os.environ['LEAK'] = 'x'\n"
        "os.makedirs('sub'), os.chdir('sub')"
    ),
    "no-leak": Trap(
        "import os, torch\n"
        "print(torch.tensor(1.0).dtype, torch.initial_seed())\n"
        "print('LEAK' in os.environ, os.path.basename(os.getcwd()))",
        "torch.float32 0\nFalse run",
    ),
    "stderr-of-c": Trap(
        "import ctypes\nlibc = ctypes.CDLL(None)\nlibc.perror(b'from C')\nprint('out')", "out"
    ),
    "child-output": Trap("import os\nos.system('echo from a child')", "from a child"),
    "endless-loop": Trap(
        "n = 0\nwhile True:\n    n += 1", told=("run-timeout", "longer than 2 s"), words="timeout=2"
    ),
    "endless-output": Trap(
        "while True:\n    print('x' * 10**6)",
        told=("run-failed", "printed more than 1048576 bytes"),
        guard="output",
    ),
    "sys-exit": Trap("import sys\nsys.exit(0)", told=("run-exited", "sys.exit(0)"), line=2),
    "os-exit": Trap("import os\nos._exit(0)", told=("run-exited", "with status 0")),
    "segfault": Trap("import ctypes\nctypes.string_at(0)", told=("run-signal", "SIGSEGV")),
    "six-gigabytes": Trap(
        "import torch\nx = torch.ones(6 * 2**30, dtype=torch.int8)",
        told=("run-memory", "can't allocate memory"),
        line=2,
        guard="memory",
    ),
    "bytes": Trap("import os\nos.write(1, b'\\xff\\xfe\\n')", r"\xff\xfe"),
    "sleepers": Trap(
        "import subprocess\n"
        f"many = [subprocess.Popen(['sleep', '{MARKER}'], start_new_session=True)\n"
        "        for _ in range(100)]\n"
        "print(len(many))",
        "100",
        guard="processes",
    ),
    "secrets": Trap(
        "import os\n"
        "print('TOKEN' in os.environ, 's3cret' in str(os.environ))\n"
        "try:\n"
        "    print(open('{home}/token').read())\n"
        "except PermissionError as error:\n"
        "    print(error.strerror)",
        "False False\nPermission denied",
        guard="files",
    ),
    "network": Trap(
        "import socket\n"
        "try:\n"
        "    socket.create_connection(('192.0.2.1', 80), timeout=5)\n"
        "except OSError as error:\n"
        "    print(error.strerror)\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "client = socket.create_connection(server.getsockname())\n"
        "print(server.accept()[1][0])",
        "Network is unreachable\n127.0.0.1",
        guard="network",
    ),
    "devices": Trap(
        "print(len(open('/dev/urandom', 'rb').read(4)))\n"
        "try:\n"
        "    open('/dev/ptmx', 'rb')\n"
        "except PermissionError as error:\n"
        "    print(error.strerror)",
        "4\nPermission denied",
        guard="files",
    ),
    "writes-outside": Trap(
        "try:\n"
        "    open('{home}/planted', 'w')\n"
        "except PermissionError as error:\n"
        "    print(error.strerror)",
        "Permission denied",
        guard="files",
    ),
    "cache-is-planted": Trap(
        "import os, pathlib\n"
        "for name in ('TORCHINDUCTOR_CACHE_DIR', 'TORCH_EXTENSIONS_DIR'):\n"
        "    folder = pathlib.Path(os.environ[name])\n"
        "    folder.mkdir(parents=True, exist_ok=True)\n"
        "    (folder / 'planted.so').write_text('x')"
    ),
    "cache-was-planted": Trap(
        "import os, pathlib\n"
        "for name in ('TORCHINDUCTOR_CACHE_DIR', 'TORCH_EXTENSIONS_DIR'):\n"
        "    print((pathlib.Path(os.environ[name]) / 'planted.so').exists())",
        "False\nFalse",
    ),
    "warns": Trap("import torch\nm = torch.jit.script(torch.nn.ReLU())"),
    "warns-too": Trap("import torch\nm = torch.jit.script(torch.nn.ReLU())"),
    "rebinds-print": Trap(
        "import builtins, sys\n"
        "builtins.print = lambda *words: None\n"
        "print('never seen')\n"
        "sys.stdout = None",
        "seen",
        told=("run-output", "prints something else"),
    ),
    "still-prints": Trap("print('seen')", "seen"),
}


@dataclass(frozen=True)
class Traps:
    """The project of all traps after a run."""

    root: Path
    result: Result


@pytest.fixture(scope="module", params=list(Isolation))
def traps(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Traps]:
    """All traps, run once in each isolation."""
    if request.param is Isolation.FORK and not can_fork():
        pytest.skip("not enforced here: fork")
    folder = tmp_path_factory.mktemp("traps")
    home = folder / "home"
    home.mkdir()
    (home / "token").write_text(SECRET, encoding="utf-8")
    root = project_of(folder / "project", {name: _fences(TRAPS[name], home) for name in TRAPS})
    torchdeck = Torchdeck(folder / "cache")
    arguments = ("run", "--isolation", request.param.value, "--jobs", "1")
    result = torchdeck(root, *arguments, TOKEN=SECRET, HOME=str(home))
    yield Traps(root, result)
    assert not (home / "planted").exists()


def _fences(trap: Trap, home: Path) -> str:
    fences = f"```python {trap.words}\n{trap.code.replace('{home}', str(home))}\n```\n"
    return f"{fences}\n```output\n{trap.output}\n```\n" if trap.output else fences


@pytest.mark.parametrize("name", TRAPS)
def test_each_is_told_as_what_it_is(traps: Traps, name: str) -> None:
    trap = TRAPS[name]
    if not getattr(ENFORCED, trap.guard):
        pytest.skip(f"not enforced here: {trap.guard}")
    findings = [
        line
        for line in traps.result.lines
        if re.match(rf"content/blocks/{name}\.md:\d+: error", line)
    ]
    if trap.told is None:
        assert findings == []
        assert f"content/blocks/{name}.md: 1 ok" in traps.result.lines
        return
    lines = (traps.root / "content" / "blocks" / f"{name}.md").read_text("utf-8").split("\n")
    fence = next(n for n, line in enumerate(lines, start=1) if line.startswith("```python"))
    rule, part = trap.told
    line = fence + trap.line if rule != "run-output" else lines.index("```output") + 2
    (told,) = findings
    assert told.startswith(f"content/blocks/{name}.md:{line}: error[{rule}]: ")
    assert part in told
    assert f"again: torchdeck run content/blocks/{name}.md" in traps.result.lines


def test_a_timeout_shows_the_line_that_hangs(traps: Traps) -> None:
    assert re.search(r'File "content/blocks/endless-loop\.md", line \d+ in', traps.result.out)


def test_a_warning_is_told_for_each_file_that_causes_it(traps: Traps) -> None:
    told = [line for line in traps.result.lines if "DeprecationWarning: `torch.jit.script`" in line]
    assert [line.split(":")[0] for line in told] == [
        "content/blocks/warns-too.md",
        "content/blocks/warns.md",
    ]


@pytest.mark.skipif(not ENFORCED.processes, reason="not enforced here: processes")
@pytest.mark.usefixtures("traps")
def test_no_child_is_left() -> None:
    commands = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended meanwhile
            commands.append(path.read_bytes())
    assert not [command for command in commands if MARKER.encode() in command]
