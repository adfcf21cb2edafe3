"""Executes what is stale, compares all of it, and says what became of every block."""

import dataclasses
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cached_property

from torchdeck.execute.accept import Acceptance
from torchdeck.execute.cache import ResultCache
from torchdeck.execute.compare import Comparison, compare, difference
from torchdeck.execute.guards import guards
from torchdeck.execute.job import Process, plan
from torchdeck.execute.keys import (
    Environment,
    code_keys,
    environment,
    result_key,
)
from torchdeck.execute.records import Records
from torchdeck.execute.results import COMPLETED, Origin, Outcome, RunResult
from torchdeck.execute.script import Script
from torchdeck.execute.subprocess_runner import SubprocessRunner
from torchdeck.findings import Finding, Location
from torchdeck.read.question import CodeBlock
from torchdeck.rules import Rule

RULES = {
    Outcome.FAILED: Rule.RUN_FAILED,
    Outcome.DID_NOT_RAISE: Rule.RUN_DID_NOT_RAISE,
    Outcome.TIMEOUT: Rule.RUN_TIMEOUT,
    Outcome.MEMORY: Rule.RUN_MEMORY,
    Outcome.SIGNAL: Rule.RUN_SIGNAL,
    Outcome.EXITED: Rule.RUN_EXITED,
    Outcome.OUTPUT_CHANGED: Rule.RUN_OUTPUT,
    Outcome.SKIPPED: Rule.RUN_SKIPPED,
}
CUDA_PROBE = "import sys, torch; sys.exit(not torch.cuda.is_available())"


@dataclass(frozen=True)
class FileReport:
    """What became of one file: its results in the order of its blocks."""

    script: Script
    results: tuple[RunResult, ...]

    @cached_property
    def outcomes(self) -> Mapping[Outcome, int]:
        """How many blocks had each outcome, in the order of the set."""
        found = Counter(result.outcome for result in self.results)
        return {outcome: found[outcome] for outcome in Outcome}

    @cached_property
    def acceptances(self) -> tuple[Acceptance, ...]:
        """The outputs that `--accept` writes: new and changed ones, not numeric noise."""
        return tuple(
            Acceptance(result.block, result.stdout)
            for result in self.results
            if result.outcome is Outcome.OUTPUT_CHANGED
        )

    def findings(self, accepted: Collection[CodeBlock] = ()) -> Iterator[Finding]:
        """Yield what an author has to look at, apart from outputs that were just accepted."""
        for result in self.results:
            rule = _rule(result)
            if rule is not None and result.block not in accepted:
                place = Location(result.block.location.file, result.line)
                yield Finding(place, rule, _message(result), result.detail)


@dataclass(frozen=True)
class RunReport:
    """What became of all files."""

    files: tuple[FileReport, ...]

    @cached_property
    def results(self) -> tuple[RunResult, ...]:
        """The results of all blocks."""
        return tuple(result for file in self.files for result in file.results)

    @cached_property
    def outcomes(self) -> Mapping[Outcome, int]:
        """How many blocks had each outcome, in the order of the set."""
        found = Counter(result.outcome for result in self.results)
        return {outcome: found[outcome] for outcome in Outcome}

    @property
    def not_verified(self) -> Iterator[RunResult]:
        """The blocks that neither ran here nor have a record."""
        return (result for result in self.results if result.outcome is Outcome.NOT_VERIFIED)

    @cached_property
    def origins(self) -> Mapping[Origin, int]:
        """How many results were executed now, cached or recorded."""
        found = Counter(result.origin for result in self.results)
        return {origin: found[origin] for origin in Origin}

    def findings(self, accepted: Collection[CodeBlock] = ()) -> list[Finding]:
        """Return the findings of all files in the order of files and lines."""
        return sorted(finding for file in self.files for finding in file.findings(accepted))


class Engine:
    """Runs files under the installed PyTorch."""

    def __init__(
        self, cache: ResultCache, records: Records, *, force: bool = False, jobs: int | None = None
    ) -> None:
        """Use `cache` unless `force`; run up to `jobs` files at once (default: the CPUs).

        Raises:
            MissingPackageError: torch is not installed.
        """
        self._cache = cache
        self._records = records
        self._force = force
        self._jobs = jobs or os.cpu_count() or 1
        self.guards = guards(environment(()))
        self._runner = SubprocessRunner(self.guards)
        self._has_cuda: bool | None = None

    def run(self, scripts: Sequence[Script], on_file: Callable[[FileReport], None]) -> RunReport:
        """Run `scripts`; `on_file` is told of each file when it is done.

        Interrupting it kills every process that it started.

        Raises:
            MissingPackageError: A distribution that a file requires is not installed.
        """
        for script in scripts:
            environment(script.requires)
        with ThreadPoolExecutor(self._jobs) as executor:
            try:
                return self._run_all(scripts, executor, on_file)
            except BaseException:
                self._runner.close()
                executor.shutdown(cancel_futures=True)
                raise

    def _run_all(
        self,
        scripts: Sequence[Script],
        executor: Executor,
        on_file: Callable[[FileReport], None],
    ) -> RunReport:
        futures: dict[Future[FileReport], int] = {
            executor.submit(self._run_file, script): index for index, script in enumerate(scripts)
        }
        reports: dict[int, FileReport] = {}
        for future in as_completed(futures):
            report = future.result()
            reports[futures[future]] = report
            on_file(report)
        return RunReport(tuple(reports[index] for index in sorted(reports)))

    def _run_file(self, script: Script) -> FileReport:
        results: dict[int, RunResult] = {
            block.location.line: _not_run(block)
            for block in script.blocks
            if not block.runs and block.words.norun is not None
        }
        for process in plan(script):
            for result in self._run_process(process, script):
                results[result.block.location.line] = result
        found = [results[line] for line in sorted(results)]
        if script.compares:
            found = [_judge_output(result) for result in found]
        return FileReport(script, tuple(found))

    def _run_process(self, process: Process, script: Script) -> list[RunResult]:
        unsupported = [_unsupported(block) for block in process.blocks]
        if any(unsupported):
            reason = next(reason for reason in unsupported if reason)
            return [
                _not_verified(block, own or f"shares a process with a block that {reason}")
                for block, own in zip(process.blocks, unsupported, strict=True)
            ]
        keys = code_keys(process)
        if process.device == "cuda" and not self._cuda():
            return [
                self._recorded(block, key) for block, key in zip(process.blocks, keys, strict=True)
            ]
        where = environment(script.requires, process.device or "cpu")
        kept = None if self._force else self._kept(process, keys, where)
        if kept is not None:
            return kept
        results = self._runner.run(process)
        for key, result in zip(keys, results, strict=True):
            self._cache.put(result_key(key, where), result)
        return results

    def _kept(
        self, process: Process, keys: Sequence[str], where: Environment
    ) -> list[RunResult] | None:
        """Return the cached results if every block of the process has one."""
        results = []
        for block, key in zip(process.blocks, keys, strict=True):
            result = self._cache.get(result_key(key, where), block)
            if result is None:
                return None
            results.append(result)
        return results

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

    def _cuda(self) -> bool:
        """Ask a process of its own: this one never imports torch."""
        if self._has_cuda is None:
            command = [sys.executable, "-c", CUDA_PROBE]
            status = subprocess.run(command, check=False, capture_output=True).returncode
            self._has_cuda = status == 0
        return self._has_cuda


def _not_run(block: CodeBlock) -> RunResult:
    return RunResult(
        block, Outcome.SKIPPED, reason=f"norun: {block.words.norun}", line=block.location.line
    )


def _not_verified(block: CodeBlock, reason: str) -> RunResult:
    return RunResult(block, Outcome.NOT_VERIFIED, reason=reason, line=block.location.line)


def _unsupported(block: CodeBlock) -> str | None:
    """Return what cannot be done with `block` here; told, never passed over."""
    if block.language == "cpp" and shutil.which("g++") is None:
        return "is C++, and there is no g++ here"
    if block.words.figure is not None:
        return "draws a figure, which is not compared yet"
    return None


def _judge_output(result: RunResult) -> RunResult:
    """Turn a completed result whose output is not the accepted one into `output changed`."""
    if result.outcome not in COMPLETED:
        return result
    if compare(result.block, result.stdout) is not Comparison.CHANGED:
        return result
    line, diff = difference(result.block, result.stdout)
    what = (
        "prints something else than accepted"
        if result.block.output
        else "prints, but has no output fence"
    )
    return dataclasses.replace(
        result,
        outcome=Outcome.OUTPUT_CHANGED,
        reason=f"{what}; `torchdeck run --accept {result.block.location.file}` writes it",
        line=line,
        detail=diff,
    )


def _rule(result: RunResult) -> Rule | None:
    if result.outcome is Outcome.SKIPPED and result.block.words.norun is not None:
        return None
    if result.outcome is Outcome.NOT_VERIFIED:
        if _unsupported(result.block) or result.block.words.device is None:
            return Rule.RUN_UNSUPPORTED
        return Rule.RUN_UNPROVEN if result.block.output is not None else None
    return RULES.get(result.outcome)


def _message(result: RunResult) -> str:
    if result.outcome is Outcome.NOT_VERIFIED:
        shown = ", so its output fence is not proven; remove it" if result.block.output else ""
        return f"not verified: the block {result.reason}{shown}"
    return result.reason
