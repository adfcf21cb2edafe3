"""Two results of one block, and what the second changes."""

import difflib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from torchdeck.drift.run import RecordedBlock, RecordedRun
from torchdeck.execute.compare import Comparison, compare_texts, normalise
from torchdeck.execute.results import COMPLETED, Outcome


class Kind(StrEnum):
    """The closed set of what may become of a block; the worst first."""

    FAILS = "fails"
    OUTPUT_CHANGED = "output changed"
    NEW_WARNING = "new warning"
    WARNING_GONE = "warning gone"
    FIXED = "fixed"
    BUILD_DEPENDENT = "build-dependent"
    NOISE = "numeric noise"
    NOT_COMPARABLE = "not comparable"
    UNCHANGED = "unchanged"


_SOURCE = re.compile(r" *\(Triggered internally at [^()]*\)")

ALARMING = frozenset({Kind.FAILS, Kind.OUTPUT_CHANGED})

# The accepted output with these digits of the block with this key; None if the block was edited.
AcceptedText = Callable[[RecordedBlock], str | None]


@dataclass(frozen=True, slots=True)
class Drift:
    """What became of one block.

    Attributes:
        kind: One of the closed set.
        file: Path of its question file.
        line: Line of its fence.
        key: Its code key.
        detail: Why, or a diff.
    """

    kind: Kind
    file: str
    line: int
    key: str
    detail: str = ""

    @property
    def place(self) -> str:
        """File and line."""
        return f"{self.file}:{self.line}"


def drift(
    before: RecordedRun,
    after: RecordedRun,
    others: Sequence[RecordedRun],
    accepted: AcceptedText,
) -> list[Drift]:
    """Return what became of each block between two records, in the order of files and lines.

    Args:
        before: The one record.
        after: The other.
        others: Further records, which tell a new version's doing from another build's.
        accepted: Finds the accepted output of a block.
    """
    found = list(_unpaired(before, after, "is gone, or was edited"))
    found += _unpaired(after, before, "is new, or was edited")
    pairs = _Pairs(before, after, others, accepted)
    found += (pairs.drift(key) for key in after.blocks if key in before.blocks)
    return sorted(found, key=lambda item: (item.file, item.line))


def _unpaired(run: RecordedRun, other: RecordedRun, what: str) -> Iterator[Drift]:
    for key, block in run.blocks.items():
        if key not in other.blocks:
            detail = f"the block of {run.name} {what}"
            yield Drift(Kind.NOT_COMPARABLE, block.file, block.line, key, detail)


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Two records, and what helps to tell what became of a block between them."""

    before: RecordedRun
    after: RecordedRun
    others: Sequence[RecordedRun]
    accepted: AcceptedText

    def drift(self, key: str) -> Drift:
        """Return what became of the block with this `key`, which both records have."""
        block = self.after.blocks[key]
        kind, detail = classify(self.before.blocks[key], block, self.accepted)
        if (
            kind not in {Kind.UNCHANGED, Kind.NOT_COMPARABLE}
            and self.before.is_cpu_build != self.after.is_cpu_build
            and (witness := self._witness(key)) is not None
        ):
            kind = Kind.BUILD_DEPENDENT
            detail = (
                f"as in {self.before.name} also in {witness.name}, whose build is of the other kind"
            )
        return Drift(kind, block.file, block.line, key, detail)

    def _witness(self, key: str) -> RecordedRun | None:
        """Return a record that shows that the build, not the version, makes the difference.

        That is one of the build of `before` and a version not older than that of `after` in which
        the block is as in `before` (or the other way round).
        """
        older, newer = sorted((self.before, self.after), key=lambda run: run.release)
        for run in self.others:
            if key not in run.blocks:
                continue
            of_older_build = run.is_cpu_build == older.is_cpu_build and run.release >= newer.release
            of_newer_build = run.is_cpu_build == newer.is_cpu_build and run.release <= older.release
            twin = older if of_older_build else newer if of_newer_build else None
            if twin is not None and run is not twin:
                kind, _ = classify(twin.blocks[key], run.blocks[key], self.accepted)
                if kind in {Kind.UNCHANGED, Kind.NOISE}:
                    return run
        return None


def classify(old: RecordedBlock, new: RecordedBlock, accepted: AcceptedText) -> tuple[Kind, str]:
    """Return what became of a block, and why or as a diff."""
    if {old.outcome, new.outcome} <= COMPLETED:
        return _completed(old, new, accepted)
    for block in (old, new):
        if block.outcome in {Outcome.SKIPPED, Outcome.NOT_VERIFIED}:
            return Kind.NOT_COMPARABLE, block.reason
    if new.outcome in COMPLETED:
        return Kind.FIXED, f"was {old.outcome}: {old.reason}"
    if new.outcome == old.outcome:
        return Kind.UNCHANGED, ""
    return Kind.FAILS, f"{new.outcome}: {new.reason}"


def _completed(old: RecordedBlock, new: RecordedBlock, accepted: AcceptedText) -> tuple[Kind, str]:
    comparison, diff = _outputs(old, new, accepted)
    if comparison is None:
        return Kind.NOT_COMPARABLE, "its accepted output was edited since one of the records"
    if comparison is Comparison.CHANGED:
        return Kind.OUTPUT_CHANGED, diff
    if come := _warnings(old, new):
        return Kind.NEW_WARNING, "\n".join(come)
    if gone := _warnings(new, old):
        return Kind.WARNING_GONE, "\n".join(gone)
    return (Kind.NOISE, diff) if comparison is Comparison.NOISE else (Kind.UNCHANGED, "")


def _outputs(
    old: RecordedBlock, new: RecordedBlock, accepted: AcceptedText
) -> tuple[Comparison | None, str]:
    if old.stdout is None and new.stdout is None and old.accepted == new.accepted:
        return Comparison.SAME, ""
    texts = [
        block.stdout if block.stdout is not None or block.accepted is None else accepted(block)
        for block in (old, new)
    ]
    ours, theirs = (
        None if text is None and block.accepted is not None else normalise(text or "")
        for text, block in zip(texts, (old, new), strict=True)
    )
    if ours is None or theirs is None:
        return None, ""
    diff = difflib.unified_diff(ours.split("\n"), theirs.split("\n"), lineterm="", n=2)
    return compare_texts(ours, theirs), "\n".join(list(diff)[2:])


def _warnings(old: RecordedBlock, new: RecordedBlock) -> list[str]:
    """Return the warnings of `new` that `old` has not, apart from where they were given."""
    known = set(map(_without_source, old.warnings))
    return [text for text in dict.fromkeys(map(_without_source, new.warnings)) if text not in known]


def _without_source(warning: str) -> str:
    """Return a warning without the line of C++ that gave it, which every version moves."""
    return _SOURCE.sub("", normalise(warning))
