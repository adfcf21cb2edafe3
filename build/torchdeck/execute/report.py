"""What became of the files of a run."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from torchdeck.execute.accept import Acceptance
from torchdeck.execute.job import unsupported
from torchdeck.execute.results import Origin, Outcome, RunResult
from torchdeck.execute.script import Script
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
        """What `--accept` writes: new and changed outputs and figures, not numeric noise."""
        return tuple(
            Acceptance(result.block, result.stdout, result.figure)
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


def _rule(result: RunResult) -> Rule | None:
    if result.outcome is Outcome.SKIPPED and result.block.words.norun is not None:
        return None
    if result.outcome is Outcome.NOT_VERIFIED:
        if unsupported(result.block) or result.block.words.device is None:
            return Rule.RUN_UNSUPPORTED
        return Rule.RUN_UNPROVEN if result.block.output is not None else None
    return RULES.get(result.outcome)


def _message(result: RunResult) -> str:
    if result.outcome is Outcome.NOT_VERIFIED:
        shown = ", so its output fence is not proven; remove it" if result.block.output else ""
        return f"not verified: the block {result.reason}{shown}"
    return result.reason
