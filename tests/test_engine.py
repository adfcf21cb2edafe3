"""How work is handed out, kept and reported."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.conftest import Torchdeck, line_of, sleeping, wait_until, write_question
from torchdeck.execute.cache import ResultCache
from torchdeck.execute.durations import Durations
from torchdeck.execute.engine import Engine
from torchdeck.execute.guards import MemoryGuard, guards
from torchdeck.execute.isolation import Isolation, can_fork
from torchdeck.execute.job import plan
from torchdeck.execute.keys import environment
from torchdeck.execute.options import EngineOptions
from torchdeck.execute.pool import Pool
from torchdeck.execute.records import Records
from torchdeck.execute.results import Outcome
from torchdeck.execute.runner import Runner
from torchdeck.execute.script import Script
from torchdeck.execute.subprocess_runner import SubprocessRunner
from torchdeck.findings import Findings
from torchdeck.read.plain import read_plain

needs_fork = pytest.mark.skipif(not can_fork(), reason="not enforced here: fork")


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., Script]:
    """Make a script from blocks of Python."""

    def make(name: str, *codes: str) -> Script:
        path = tmp_path / f"{name}.md"
        path.write_text("".join(f"```python\n{code}\n```\n\n" for code in codes), encoding="utf-8")
        blocks = read_plain(path, path.name, Findings(path.name))
        return Script(path.name, blocks, requires=(), figures={}, compares=False)

    return make


def engine(folder: Path, **options: object) -> Engine:
    cache, durations = ResultCache(folder / "cache"), Durations(folder / "cache")
    pool = options.pop("pool", None)
    return Engine(cache, durations, Records(), EngineOptions(**options), pool)  # type: ignore[arg-type]


def test_an_executor_of_other_processes_gets_the_plain_form(
    tmp_path: Path, script: Callable[..., Script]
) -> None:
    scripts = [script("a", "import os", "print(os.getppid() > 0)"), script("b", "1 / 0", "x = 1")]
    here = guards(environment(()))
    with ProcessPoolExecutor(1) as executor:
        pool = Pool(executor, SubprocessRunner(here).run, here)
        report = engine(tmp_path, pool=pool).run(scripts, lambda _: None)
    assert [result.outcome for result in report.results] == [
        Outcome.OK,
        Outcome.OK,
        Outcome.FAILED,
        Outcome.SKIPPED,
    ]
    assert report.results[1].stdout == "True\n"


def test_the_longest_go_first_and_slow_ones_alone_at_the_end(
    project: Path, torchdeck: Torchdeck
) -> None:
    folder = project / "content" / "tensor"
    rows = ["number\ttopic\tslug\tquestion\ttwins"]
    waits = {"a-short": 0.1, "b-slow": 0.1, "c-long": 1.0, "d-middle": 0.5}
    path = write_question(project, "DETAIL")
    question = path.read_text(encoding="utf-8")
    path.unlink()
    for number, (name, seconds) in enumerate(waits.items(), start=1):
        rows.append(f"{number}\ttensor\t{name}\t什么是 {name}?\t")
        words = "python slow" if "slow" in name else "python"
        text = question.replace("DETAIL", f"```{words}\nimport time\ntime.sleep({seconds})\n```")
        text = text.replace("什么是视图?", f"什么是 {name}?").replace(
            "number: 1", f"number: {number}"
        )
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    (project / "content" / "syllabus.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    first = torchdeck(project, "run", "--jobs", "1")
    assert first.status == 0, first.out
    again = torchdeck(project, "run", "--jobs", "1", "--force")
    done = [line.split(":")[0].rpartition("/")[2] for line in again.lines if line.endswith("1 ok")]
    assert done == ["c-long.md", "d-middle.md", "a-short.md", "b-slow.md"]


def test_each_failure_comes_with_the_command_that_runs_its_file_again(
    project: Path, torchdeck: Torchdeck
) -> None:
    write_question(project, "```python\n1 / 0\n```\n\n```python\nx = 1\n```")
    result = torchdeck(project, "run")
    (again,) = [line for line in result.lines if line.startswith("again: ")]
    assert again == "again: torchdeck run content/tensor/views.md"
    assert torchdeck(project, *again.split()[2:]).status == 1


def test_reports_for_other_programs(project: Path, torchdeck: Torchdeck, tmp_path: Path) -> None:
    path = write_question(
        project,
        "```python\nprint(1 + 1)\n```\n\n```output\n3\n```\n\n"
        "```python\nimport warnings\nwarnings.warn('old')\n```\n\n"
        '```python norun="why not"\nx\n```\n\n```python fresh\n1 / 0\n```',
    )
    files = {name: tmp_path / name for name in ("out.json", "out.xml")}
    arguments = ("--json", str(files["out.json"]), "--junit", str(files["out.xml"]))
    assert torchdeck(project, "run", *arguments).status == 1
    blocks = json.loads(files["out.json"].read_text("utf-8"))["content/tensor/views.md"]
    assert [block["outcome"] for block in blocks] == ["output changed", "ok", "skipped", "failed"]
    assert blocks[0]["stdout"] == "2\n"
    assert blocks[1]["warnings"] == [
        {"category": "UserWarning", "text": "old", "line": line_of(path, "warnings.warn")}
    ]
    (suite,) = ET.parse(files["out.xml"]).getroot()  # noqa: S314  # it was written just now
    counts = {name: suite.get(name) for name in ("tests", "failures", "skipped")}
    assert counts == {"tests": "4", "failures": "2", "skipped": "1"}
    (failure,) = suite.findall(f"testcase[@line='{line_of(path, '1 / 0') - 1}']/failure")
    assert failure.get("message") == "ZeroDivisionError: division by zero"
    assert f"views.md:{line_of(path, '1 / 0')}" in str(failure.text)


def test_a_run_with_nothing_stale_starts_no_process_and_never_imports_torch(
    project: Path, torchdeck: Torchdeck, tmp_path: Path
) -> None:
    assert torchdeck(project, "run").status == 0
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "def refuse(event, arguments):\n"
        "    if event == 'import' and arguments[0] == 'torch':\n"
        "        raise OSError(1, 'torch is not to be imported')\n"
        "    if event == 'subprocess.Popen' and 'python' in str(arguments[1]):\n"
        "        raise OSError(1, 'no interpreter is to be started')\n"
        "sys.addaudithook(refuse)\n",
        encoding="utf-8",
    )
    result = torchdeck(project, "run", PYTHONPATH=str(tmp_path))
    assert result.status == 0, result.err
    assert "1 cache" in result.lines[-1]
    forced = torchdeck(project, "run", "--force", PYTHONPATH=str(tmp_path))
    assert "no interpreter is to be started" in forced.err


@pytest.mark.parametrize("isolation", [pytest.param("fork", marks=needs_fork), "spawn"])
def test_resident_size_is_watched_where_address_space_cannot_be(
    script: Callable[..., Script], isolation: str
) -> None:
    if sys.platform != "linux":
        pytest.skip("not enforced here: memory")
    watched = guards(environment(()))
    watched = type(watched)(
        **{
            **{name: getattr(watched, name) for name in watched.__slots__},
            "memory": MemoryGuard.RESIDENT_SIZE,
        }
    )
    code = (
        "import subprocess, sys\n"
        "subprocess.run([sys.executable, '-c', 'x = b\"x\" * (5 * 2**30); input()'],\n"
        "               stdin=subprocess.PIPE, start_new_session=True)"
    )
    (process,) = plan(script("big", code))
    runner = runner_of(isolation)(watched)
    (result,) = runner.run(process)
    runner.close()
    assert result.outcome is Outcome.MEMORY, result
    assert "held more than 4294967296 bytes" in result.reason


def runner_of(isolation: str) -> type[Runner]:
    if isolation == "spawn":
        return SubprocessRunner
    from torchdeck.execute.fork_runner import ForkRunner  # noqa: PLC0415  # on Linux only

    return ForkRunner


@needs_fork
def test_the_server_imports_what_is_slow_and_keeps_one_thread(
    tmp_path: Path, script: Callable[..., Script]
) -> None:
    code = (
        "import sys\n"
        "names = ('torch', 'torch._dynamo', 'torch.utils.data', 'torch.distributed')\n"
        "print(all(name in sys.modules for name in names))"
    )
    report = engine(tmp_path, isolation=Isolation.FORK).run([script("a", code)], lambda _: None)
    assert report.results[0].stdout == "True\n"


@pytest.mark.parametrize("isolation", [pytest.param("fork", marks=needs_fork), "spawn"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_ended_run_leaves_no_process_and_no_broken_file(
    project: Path, tmp_path: Path, isolation: str, number: signal.Signals
) -> None:
    if number == signal.SIGKILL and not guards(environment(())).processes:
        pytest.skip("not enforced here: processes")
    marker = f"9{os.getpid()}{int(number)}"
    path = write_question(
        project,
        "```python\nimport subprocess\n"
        f"subprocess.run(['sleep', '{marker}'], start_new_session=True)\n```",
    )
    before = path.read_bytes()
    # Behind a shell's `&` this process ignores the signal, and what it starts would do so too.
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [sys.executable, "-m", "torchdeck", "run", "--accept", "--isolation", isolation],
        cwd=project,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache"), "CI": ""},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    signal.signal(signal.SIGINT, former)
    try:
        wait_until(lambda: sleeping(marker))
        process.send_signal(number)
        status = process.wait(timeout=60)
    finally:
        process.kill()
    assert status == (-signal.SIGKILL if number == signal.SIGKILL else 130)
    wait_until(lambda: not sleeping(marker))
    assert path.read_bytes() == before


def test_the_folder_of_a_killed_run_goes_with_the_next(
    project: Path, torchdeck: Torchdeck, tmp_path: Path
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    marker = f"8{os.getpid()}"
    write_question(
        project, f"```python\nimport subprocess\nsubprocess.run(['sleep', '{marker}'])\n```"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "torchdeck", "run"],
        cwd=project,
        env={**os.environ, "TMPDIR": str(temporary), "XDG_CACHE_HOME": str(tmp_path / "cache")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: sleeping(marker))
    process.kill()
    process.wait()
    assert len(list(temporary.iterdir())) == 1
    (temporary / "torchdeck-somebody").mkdir()
    write_question(project, "```python\nx = 1\n```")
    assert torchdeck(project, "run", TMPDIR=str(temporary)).status == 0
    assert [path.name for path in temporary.iterdir()] == ["torchdeck-somebody"]
