"""How long execution takes, as ratios to baselines of the same run.

150 files of 4 light blocks: forked from the server, a fresh interpreter per file, and jupyter-cache
with its parallel executor, all with the same number of jobs. Then the real content, against the
time that its files take one by one; and a run in which nothing is stale.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import nbformat
import psutil
from jupyter_cache import get_cache
from jupyter_cache.executors import load_executor

from tests.conftest import ROOT
from torchdeck.commands.content import read_files
from torchdeck.execute.cache import ResultCache
from torchdeck.execute.durations import Durations
from torchdeck.execute.engine import Engine
from torchdeck.execute.isolation import Isolation
from torchdeck.execute.options import EngineOptions
from torchdeck.execute.records import Records
from torchdeck.execute.report import FileReport
from torchdeck.execute.results import COMPLETED
from torchdeck.execute.script import Script, accepted_figures, script_of
from torchdeck.findings import Findings
from torchdeck.project import Project
from torchdeck.read.plain import read_plain

FILES = 150
JOBS = os.cpu_count() or 1
GIB = 2**30
WATCH_INTERVAL = 0.1  # seconds

BLOCKS = (
    """import torch

x = torch.arange(12.0).reshape(3, 4)
print(x.t().contiguous().sum())""",
    """x.requires_grad_()
(x**2).sum().backward()
print(torch.equal(x.grad, 2 * x))""",
    """from torch import nn

model = nn.Linear(4, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
before = model.weight.clone()
model(x.detach()).sum().backward()
optimizer.step()
print(torch.equal(before, model.weight))""",
    "print(torch.einsum('ij,kj->ik', x, x).shape)",
)


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(prefix="torchdeck-bench-") as name:
        light_files(Path(name))
        real_content(Path(name))
    nothing_stale()


def light_files(folder: Path) -> None:
    """Compare three ways to run many light files."""
    scripts = [_light_script(folder, index) for index in range(FILES)]
    with _peak() as peak, _timer() as forked:
        _run(folder, scripts, JOBS)
    with _timer() as fresh, ThreadPoolExecutor(JOBS) as pool:
        list(pool.map(_run_fresh, sorted(folder.glob("*.py"))))
    with _timer() as jupyter:
        _run_jupyter_cache(folder)
    _say(
        f"run: {FILES} files of {len(BLOCKS)} light blocks, {JOBS} jobs: {forked():.1f} s, "
        f"peak {peak() / GIB:.2f} GiB; a fresh interpreter per file {fresh():.1f} s, "
        f"ratio {fresh() / forked():.1f}; jupyter-cache {jupyter():.1f} s, "
        f"ratio {jupyter() / forked():.1f}"
    )


def real_content(folder: Path) -> None:
    """Compare the whole content at once with its files one by one."""
    project = Project(ROOT)
    scripts = [
        script_of(question, accepted_figures(question, (ROOT / question.location.file).parent))
        for reading in read_files(project, project.question_files())
        if (question := reading.question)
    ]
    ends = [time.perf_counter()]
    _run(folder, scripts, 1, lambda _: ends.append(time.perf_counter()))
    first, *alone = (end - start for start, end in pairwise(ends))
    # The first file also waits for the server, which imports torch.
    usual = statistics.median(alone)
    preload = first - usual
    alone.append(usual)
    with _timer() as together:
        _run(folder, scripts, JOBS)
    floor = max(sum(alone) / JOBS, *alone) + preload
    _say(
        f"run: the content, {len(scripts)} files: {together():.1f} s with {JOBS} jobs; one by one "
        f"{sum(alone):.1f} s, the longest {max(alone):.1f} s, preload {preload:.1f} s: "
        f"ratio {together() / floor:.2f} to what {JOBS} jobs could do at best"
    )


def nothing_stale() -> None:
    """Compare a run that finds everything unchanged with starting the command."""
    run, version = (
        statistics.median(_seconds_of([sys.executable, "-m", "torchdeck", word]) for _ in range(7))
        for word in ("run", "--version")
    )
    _say(
        f"run: nothing stale: {run:.2f} s, starting the command {version:.2f} s, "
        f"difference {run - version:.2f} s"
    )


def _light_script(folder: Path, index: int) -> Script:
    """Write the same blocks as Markdown, as a script and as a notebook."""
    blocks = [f"# {index}\n{code}" for code in BLOCKS]
    markdown = folder / f"light-{index}.md"
    markdown.write_text("".join(f"```python\n{code}\n```\n\n" for code in blocks), "utf-8")
    (folder / f"light_{index}.py").write_text("\n".join(blocks), encoding="utf-8")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in blocks])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "python3"}
    nbformat.write(notebook, folder / f"light-{index}.ipynb")
    found = read_plain(markdown, markdown.name, Findings(markdown.name))
    return Script(markdown.name, found, requires=(), figures={}, compares=False)


def _run(
    folder: Path,
    scripts: list[Script],
    jobs: int,
    on_file: Callable[[FileReport], object] = lambda _: None,
) -> None:
    options = EngineOptions(force=True, jobs=jobs, isolation=Isolation.FORK)
    engine = Engine(ResultCache(folder), Durations(folder), Records(), options)
    report = engine.run(scripts, lambda file: (on_file(file), None)[1])
    done = sum(report.outcomes[outcome] for outcome in COMPLETED)
    _say(f"    {done} of {len(report.results)} blocks completed")


def _run_fresh(path: Path) -> None:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, path], env=environment, check=True, stdout=subprocess.DEVNULL)


def _run_jupyter_cache(folder: Path) -> None:
    os.environ["OMP_NUM_THREADS"] = "1"
    cache = get_cache(folder / "jupyter-cache")
    for path in sorted(folder.glob("*.ipynb")):
        cache.add_nb_to_project(str(path))
    with _without_stderr():  # each kernel says how it talks to its client
        result = load_executor("local-parallel", cache).run_and_cache(timeout=600)
    _say(f"    {len(result.succeeded)} of {FILES} notebooks completed")


def _seconds_of(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


@contextmanager
def _without_stderr() -> Iterator[None]:
    """Send what this process and its children say to nowhere."""
    kept = os.dup(2)
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


@contextmanager
def _timer() -> Iterator[Callable[[], float]]:
    began = time.perf_counter()
    ends: list[float] = []
    yield lambda: ends[0] - began
    ends.append(time.perf_counter())


@contextmanager
def _peak() -> Iterator[Callable[[], int]]:
    """Watch the memory of all processes below this one; shared pages are divided among them."""
    held = [0]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(WATCH_INTERVAL):
            held.append(sum(map(_share, psutil.Process().children(recursive=True))))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield lambda: max(held)
    finally:
        done.set()
        watcher.join()


def _share(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
