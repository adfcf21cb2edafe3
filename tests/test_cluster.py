"""Work on a real Dask cluster: the same results, or a clear refusal."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dask
import psutil
import pytest
from distributed import Client, LocalCluster

from tests.conftest import Torchdeck, line_of, project_of, sleeping, wait_until
from torchdeck.execute.guards import guards
from torchdeck.execute.keys import environment

LIMIT = 240  # seconds; a run on a busy machine, torch is imported several times
WAITING = """\
```python
import subprocess

subprocess.run(["sleep", "{marker}"])
print(1 + 1)
```

```output
2
```
"""
BLOCKS = {
    "completes": "```python figure=completes-line.svg\nimport matplotlib.pyplot as plt\n\n"
    "plt.plot([1, 2])\n```\n\n```python raises=NameError\nnobody\n```\n\n"
    '```python\nprint("x" * 1_000_000)\n```',
    "fails": "```python\nimport warnings\n\nwarnings.warn('old')\n```\n\n"
    "```python\n1 / 0\n```\n\n```python\nx = 1\n```",
}


@contextmanager
def started_cluster(workers: int = 1) -> Iterator[LocalCluster]:
    with LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        host="127.0.0.1",
        scheduler_port=0,
        dashboard_address="127.0.0.1:0",
    ) as cluster:
        yield cluster


def workers_of(cluster: LocalCluster) -> list[str]:
    assert cluster.scheduler is not None
    return list(cluster.scheduler.workers)


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    """Two workers that no test harms."""
    with started_cluster(workers=2) as cluster:
        yield cluster


@pytest.fixture
def marker(request: pytest.FixtureRequest) -> str:
    """The seconds of a `sleep` that can be told from any other."""
    return f"7{os.getpid()}{sum(map(ord, request.node.name))}"


@pytest.fixture
def waiting(tmp_path: Path, marker: str) -> Path:
    """A project whose first file waits until somebody ends its `sleep`, and a short one."""
    blocks = {"waits": WAITING.format(marker=marker), "waits-not": "```python\nx = 1\n```"}
    return project_of(tmp_path / "waiting", blocks)


def on(cluster: LocalCluster) -> tuple[str, ...]:
    return ("--executor", "dask", "--scheduler", cluster.scheduler_address)


@contextmanager
def running(project: Path, cluster: LocalCluster) -> Iterator["subprocess.Popen[str]"]:
    # Behind a shell's `&` this process ignores the signal, and what it starts would do so too.
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [sys.executable, "-m", "torchdeck", "run", *on(cluster)],
        cwd=project,
        env={**os.environ, "XDG_CACHE_HOME": str(project / ".cache"), "CI": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    signal.signal(signal.SIGINT, former)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def pretend_torch(folder: Path, cluster: LocalCluster, worker: str) -> None:
    """Let the worker find the metadata of another torch first."""
    metadata = folder / "torch-9.9.9.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: torch\nVersion: 9.9.9\n")
    with Client(cluster, set_as_default=False) as client:
        client.run(put_first, str(folder), workers=[worker])


def put_first(folder: str) -> None:
    sys.path.insert(0, folder)


def test_workers_find_what_this_machine_finds(
    tmp_path: Path, torchdeck: Torchdeck, cluster: LocalCluster
) -> None:
    project = project_of(tmp_path / "project", BLOCKS)
    told, kept = [], []
    for arguments in (("--isolation", "spawn"), on(cluster)):
        result = torchdeck(project, "run", "--force", "--json", "found.json", *arguments)
        assert result.status == 1, result.err
        told.append(sorted(line for line in result.lines if " of tcp://" not in line))
        blocks = json.loads((project / "found.json").read_text(encoding="utf-8"))
        kept.append([block | {"seconds": 0} for name in sorted(blocks) for block in blocks[name]])
    assert told[0] == told[1]
    assert kept[0] == kept[1]
    assert sum("error[" in line for line in told[0]) == 5
    again = torchdeck(project, "run", *on(cluster))
    assert "2 executed, 3 cache" in again.lines[-1], again.out


def test_a_lost_worker_changes_nothing(waiting: Path, marker: str) -> None:
    with started_cluster() as cluster, running(waiting, cluster) as run:
        wait_until(lambda: sleeping(marker))
        first = sleeping(marker)
        worker_of(first, cluster).kill()
        wait_until(lambda: sleeping(marker) not in {None, first})
        psutil.Process(sleeping(marker)).kill()
        out, _ = run.communicate(timeout=LIMIT)
    assert run.returncode == 0, out
    assert "2 blocks (2 ok)" in out


def test_a_process_that_takes_its_workers_along_is_a_finding(waiting: Path, marker: str) -> None:
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        started_cluster() as cluster,
        running(waiting, cluster) as run,
    ):
        wait_until(lambda: sleeping(marker))
        worker_of(sleeping(marker), cluster).kill()
        out, _ = run.communicate(timeout=LIMIT)
    assert run.returncode == 1, out
    line = line_of(waiting / "content" / "blocks" / "waits.md", "```python")
    assert f"waits.md:{line}: error[run-signal]: its worker was lost, 1 of 1 times" in out
    assert "2 blocks (1 ok, 1 signal)" in out


def tasks_of(cluster: LocalCluster) -> list[object]:
    assert cluster.scheduler is not None
    return list(cluster.scheduler.tasks)


def worker_of(pid: int | None, cluster: LocalCluster) -> psutil.Process:
    """Return the worker's process above the process `pid`."""
    workers = {nanny.process.pid for nanny in cluster.workers.values()}
    return next(parent for parent in psutil.Process(pid).parents() if parent.pid in workers)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_ended_run_leaves_nothing_on_the_cluster(
    waiting: Path, marker: str, cluster: LocalCluster, number: signal.Signals
) -> None:
    with running(waiting, cluster) as run:
        wait_until(lambda: sleeping(marker))
        run.send_signal(number)
        out, _ = run.communicate(timeout=LIMIT)
    assert run.returncode == (-signal.SIGKILL if number == signal.SIGKILL else 130)
    assert "Traceback" not in out
    wait_until(lambda: not sleeping(marker) and not tasks_of(cluster))
    assert len(workers_of(cluster)) == 2


def test_a_scheduler_that_goes_away_is_told(waiting: Path, marker: str) -> None:
    with started_cluster() as cluster, running(waiting, cluster) as run:
        wait_until(lambda: sleeping(marker))
        cluster.close()
        out, _ = run.communicate(timeout=LIMIT)
    assert run.returncode == 2, out
    assert out.splitlines()[-1].endswith("the connection to the scheduler was lost")
    wait_until(lambda: not sleeping(marker))


def test_a_worker_with_another_torch_gets_no_work(
    waiting: Path, torchdeck: Torchdeck, tmp_path: Path
) -> None:
    with started_cluster(workers=2) as cluster:
        worker, _ = workers_of(cluster)
        pretend_torch(tmp_path, cluster, worker)
        result = torchdeck(waiting, "run", *on(cluster))
    assert result.status == 2
    here = environment(()).torch
    assert result.err.splitlines()[1:] == [f"{worker}: torch is 9.9.9 there, {here} here"]
    assert not result.out


def test_a_worker_that_gets_another_torch_meanwhile_ends_the_run(
    waiting: Path, marker: str, tmp_path: Path
) -> None:
    with started_cluster() as cluster, running(waiting, cluster) as run:
        wait_until(lambda: sleeping(marker))
        (worker,) = workers_of(cluster)
        pretend_torch(tmp_path, cluster, worker)
        psutil.Process(sleeping(marker)).kill()
        out, _ = run.communicate(timeout=LIMIT)
    assert run.returncode == 2, out
    assert f": {worker}: torch is 9.9.9 there" in out


def test_the_guards_of_a_run_are_those_of_its_weakest_worker(
    waiting: Path, torchdeck: Torchdeck, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not guards(environment(())).network:
        pytest.skip("not enforced here: network")
    (waiting / "content" / "blocks" / "waits.md").unlink()
    # Without the programs of util-linux there are no namespaces.
    programs = tmp_path / "programs"
    programs.mkdir()
    if found := shutil.which("g++"):
        (programs / "g++").symlink_to(found)
    monkeypatch.setenv("PATH", str(programs))
    with started_cluster() as cluster:
        monkeypatch.undo()
        (worker,) = workers_of(cluster)
        result = torchdeck(waiting, "run", "--record", *on(cluster))
        refused = torchdeck(waiting, "run", "--require-guards", *on(cluster))
    assert result.status == 0, result.err
    assert f"run: {worker}: not enforced: network, processes" in result.lines
    assert result.lines[-2].endswith("; not enforced: network, processes")
    (path,) = (waiting / "content" / "records").iterdir()
    kept = json.loads(path.read_text(encoding="utf-8"))["guards"]
    assert (kept["network"], kept["processes"], kept["files"]) == (False, False, True)
    assert refused.status == 2
    assert "not enforced on every worker: network, processes" in refused.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--executor", "dask"), "--executor dask goes with --scheduler"),
        (("--scheduler", "tcp://127.0.0.1:1"), "--executor dask goes with --scheduler"),
        (("--executor", "dask", "--scheduler", "x", "--jobs", "2"), "neither --jobs nor"),
        (("--executor", "dask", "--scheduler", "x", "--isolation", "fork"), "nor --isolation"),
        (("--executor", "dask", "--scheduler", "tcp://127.0.0.1:1"), "no scheduler answers"),
        (("--executor", "dask", "--scheduler", "x://y"), "x://y: no scheduler answers: unknown"),
        (("--executor", "dask", "--scheduler", "tls://127.0.0.1:1"), "check your TLS"),
    ],
)
def test_a_cluster_that_is_not_there_is_told(
    waiting: Path, torchdeck: Torchdeck, arguments: tuple[str, ...], message: str
) -> None:
    result = torchdeck(waiting, "run", *arguments)
    assert result.status == 2
    assert message in result.err
    assert len(result.err.splitlines()) == 1


def test_a_scheduler_without_workers_is_told(waiting: Path, torchdeck: Torchdeck) -> None:
    with started_cluster(workers=0) as cluster:
        result = torchdeck(waiting, "run", *on(cluster))
    assert result.status == 2
    assert result.err.endswith(": the scheduler has no worker\n")


def test_the_extra_is_named_where_it_is_missing(
    waiting: Path, torchdeck: Torchdeck, tmp_path: Path
) -> None:
    hidden = "import sys\nsys.modules['distributed'] = None\n"
    (tmp_path / "sitecustomize.py").write_text(hidden, encoding="utf-8")
    arguments = ("run", "--executor", "dask", "--scheduler", "tcp://127.0.0.1:1")
    paths = os.pathsep.join([str(tmp_path), *os.environ.get("PYTHONPATH", "").split(os.pathsep)])
    result = torchdeck(waiting, *arguments, PYTHONPATH=paths)
    assert result.status == 2
    assert result.err == "error: distributed is missing; install the extra dask\n"


def test_any_markdown_runs_on_workers_too(
    tmp_path: Path, torchdeck: Torchdeck, cluster: LocalCluster
) -> None:
    (tmp_path / "plain.md").write_text("```python\nprint(1)\n```\n", encoding="utf-8")
    result = torchdeck(tmp_path, "run", "--plain", "plain.md", *on(cluster))
    assert result.status == 0, result.err
    assert result.lines[-1] == "run: 1 file, 1 block extracted: 1 ok"
