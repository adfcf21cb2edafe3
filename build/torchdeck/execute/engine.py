"""Executes what is stale, compares all of it, and says what became of every block."""

import dataclasses
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from torchdeck.execute.cache import ResultCache
from torchdeck.execute.compare import Comparison, compare, difference
from torchdeck.execute.durations import Durations
from torchdeck.execute.figure import figure_difference, same_figure
from torchdeck.execute.fork_runner import ForkRunner
from torchdeck.execute.guards import guards
from torchdeck.execute.isolation import Isolation
from torchdeck.execute.job import Process, plan, unsupported
from torchdeck.execute.keys import (
    Environment,
    MissingPackageError,
    code_keys,
    environment,
    result_key,
)
from torchdeck.execute.leftovers import sweep
from torchdeck.execute.options import EngineOptions
from torchdeck.execute.pool import Pool
from torchdeck.execute.probe import cuda_device
from torchdeck.execute.records import Records
from torchdeck.execute.report import FileReport, RunReport
from torchdeck.execute.results import COMPLETED, Origin, Outcome, RunResult, Warned
from torchdeck.execute.script import Script
from torchdeck.execute.subprocess_runner import SubprocessRunner
from torchdeck.read.question import CodeBlock


@dataclasses.dataclass(frozen=True, slots=True)
class _Stale:
    """A process that has to be executed, and the file and environment that it belongs to."""

    index: int
    process: Process
    keys: Sequence[str]
    where: Environment


class Engine:
    """Runs files under the installed PyTorch."""

    def __init__(
        self,
        cache: ResultCache,
        durations: Durations,
        records: Records,
        options: EngineOptions,
        pool: Pool | None = None,
    ) -> None:
        """Hand processes to `pool`; to threads, each of which waits for one, if none.

        Raises:
            MissingPackageError: torch is not installed.
        """
        self._cache = cache
        self._durations = durations
        self._records = records
        self._force = options.force
        self._without_missing = options.without_missing
        threads = ThreadPoolExecutor(options.jobs or os.cpu_count() or 1)
        here = guards(environment(()))
        self._pool = pool or Pool(threads, self._run_here, here)
        self.guards = self._pool.guards
        self._isolation = options.isolation if pool is None else Isolation.SPAWN
        self._spawning = SubprocessRunner(here)
        self._forking: ForkRunner | None = None

    def run(self, scripts: Sequence[Script], on_file: Callable[[FileReport], None]) -> RunReport:
        """Run `scripts`; `on_file` is told of each file when it is done.

        Interrupting it kills every process that it started.

        Raises:
            MissingPackageError: A distribution that a file requires is not installed, and such
                files are not to be passed over.
            PoolError: The pool cannot run them, or not all.
            ServerError: The server that forks blocks has ended.
        """
        missing = [_missing(script) for script in scripts]
        if not self._without_missing:
            for error in filter(None, missing):
                raise error
        work = _Work(scripts, on_file)
        stale = [
            item
            for index, (script, error) in enumerate(zip(scripts, missing, strict=True))
            for item in self._settle(index, script, work, error)
        ]
        isolation = self._isolation or Isolation.quickest(len(stale))
        if isolation is Isolation.FORK:
            self._forking = ForkRunner(self.guards)
        if stale:
            sweep()
        with self._pool.executor:
            try:
                self._execute(stale, work)
            except BaseException:
                self._close()
                self._pool.executor.shutdown(cancel_futures=True)
                raise
        self._close()
        if stale:
            self._durations.keep(work.seconds({item.index for item in stale}))
        return work.report()

    @property
    def preload_warnings(self) -> Sequence[Warned]:
        """The warnings of importing torch in the server, where there was one."""
        return self._forking.preload_warnings if self._forking else ()

    def _close(self) -> None:
        if self._forking:
            self._forking.close()
        self._spawning.close()

    def _settle(
        self, index: int, script: Script, work: "_Work", missing: MissingPackageError | None
    ) -> Iterator[_Stale]:
        """Give `work` the results that need no execution; yield the processes that do."""
        processes = plan(script)
        work.expect(index, len(processes))
        for process in processes:
            if missing is not None:
                work.add(index, [_passed_over(block, missing) for block in process.blocks])
                continue
            keys = code_keys(process)
            where = environment(script.requires, process.device or "cpu")
            results = self._known(process, keys, where)
            if results is None:
                yield _Stale(index, process, keys, where)
            else:
                work.add(index, results)

    def _known(
        self, process: Process, keys: Sequence[str], where: Environment
    ) -> list[RunResult] | None:
        """Return the results of a process that is not to be executed, or None."""
        reasons = [unsupported(block) for block in process.blocks]
        if any(reasons):
            reason = next(filter(None, reasons))
            return [
                _not_verified(block, own or f"shares a process with a block that {reason}")
                for block, own in zip(process.blocks, reasons, strict=True)
            ]
        if process.device == "cuda" and cuda_device() is None:
            return [
                self._recorded(block, key) for block, key in zip(process.blocks, keys, strict=True)
            ]
        if self._force:
            return None
        results = []
        for block, key in zip(process.blocks, keys, strict=True):
            result = self._cache.get(result_key(key, where), block)
            if result is None:
                return None
            results.append(result)
        return results

    def _execute(self, stale: Sequence[_Stale], work: "_Work") -> None:
        """Execute the longest first; files with a `slow` block afterwards, one at a time."""
        together = [item for item in stale if not work.is_slow(item.index)]
        together.sort(key=lambda item: -self._durations.expected(item.process.file))
        self._wait_for(together, work)
        for item in stale:
            if work.is_slow(item.index):
                self._wait_for([item], work)

    def _wait_for(self, items: Sequence[_Stale], work: "_Work") -> None:
        pool = self._pool
        futures = {pool.executor.submit(pool.run, item.process): item for item in items}
        for future in as_completed(futures):
            item = futures[future]
            results = pool.results(item.process, future)
            for key, result in zip(item.keys, results, strict=True):
                self._cache.put(result_key(key, item.where), result)
            work.add(item.index, results)

    def _run_here(self, process: Process) -> list[RunResult]:
        forking = self._forking if process.device is None else None
        return (forking or self._spawning).run(process)

    def _recorded(self, block: CodeBlock, key: str) -> RunResult:
        record = self._records.newest(key)
        if record is None:
            return _not_verified(block, "needs a CUDA device, and no record has this code")
        return RunResult(
            block,
            record.outcome,
            stdout=record.stdout,
            reason=f"recorded on {record.device} with torch {record.torch}, {record.recorded}",
            line=block.location.line,
            origin=Origin.RECORD,
        )


class _Work:
    """The results of a run so far."""

    def __init__(self, scripts: Sequence[Script], on_file: Callable[[FileReport], None]) -> None:
        self._scripts = scripts
        self._on_file = on_file
        self._left: dict[int, int] = {}
        self._results: dict[int, list[RunResult]] = {}
        self._reports: dict[int, FileReport] = {}

    def expect(self, index: int, processes: int) -> None:
        """Begin the file at `index`, whose results come in `processes` parts."""
        self._left[index] = processes
        self._results[index] = [
            _not_run(block)
            for block in self._scripts[index].blocks
            if not block.runs and block.words.norun is not None
        ]
        if not processes:
            self._finish(index)

    def add(self, index: int, results: Sequence[RunResult]) -> None:
        """Add the results of one process of the file at `index`."""
        self._results[index] += results
        self._left[index] -= 1
        if not self._left[index]:
            self._finish(index)

    def is_slow(self, index: int) -> bool:
        """Tell whether the file at `index` wants the machine for itself."""
        return any(block.words.slow for block in self._scripts[index].blocks)

    def seconds(self, indices: set[int]) -> dict[str, float]:
        """Return what the blocks of files took, by the files' names."""
        return {
            self._scripts[index].file: sum(result.seconds for result in self._results[index])
            for index in indices
        }

    def report(self) -> RunReport:
        """Return the reports of all files, in the order of the scripts."""
        return RunReport(tuple(self._reports[index] for index in sorted(self._reports)))

    def _finish(self, index: int) -> None:
        script = self._scripts[index]
        results = sorted(self._results[index], key=lambda result: result.block.location.line)
        if script.compares:
            results = [_judge_output(result, script) for result in results]
        self._reports[index] = FileReport(script, tuple(results))
        self._on_file(self._reports[index])


def _missing(script: Script) -> MissingPackageError | None:
    try:
        environment(script.requires)
    except MissingPackageError as error:
        return error
    return None


def _passed_over(block: CodeBlock, error: MissingPackageError) -> RunResult:
    return RunResult(block, Outcome.SKIPPED, reason=str(error), line=block.location.line)


def _not_run(block: CodeBlock) -> RunResult:
    return RunResult(
        block, Outcome.SKIPPED, reason=f"norun: {block.words.norun}", line=block.location.line
    )


def _not_verified(block: CodeBlock, reason: str) -> RunResult:
    return RunResult(block, Outcome.NOT_VERIFIED, reason=reason, line=block.location.line)


def _judge_output(result: RunResult, script: Script) -> RunResult:
    """Turn a completed result that is not the accepted one into `output changed`."""
    block = result.block
    if result.outcome not in COMPLETED:
        return result
    again = f"`torchdeck run --accept {block.location.file}` writes it"
    if compare(block, result.stdout) is Comparison.CHANGED:
        line, diff = difference(block, result.stdout)
        what = (
            "prints something else than accepted"
            if block.output
            else "prints, but has no output fence"
        )
    elif block.words.figure and not same_figure(
        accepted := script.figures.get(block.words.figure, ""), result.figure
    ):
        line, diff = block.location.line, figure_difference(accepted, result.figure)
        what = f"draws another figure than {block.words.figure}"
    else:
        return result
    return dataclasses.replace(
        result,
        outcome=Outcome.OUTPUT_CHANGED,
        reason=f"{what}; {again}",
        line=line,
        detail=diff,
    )
