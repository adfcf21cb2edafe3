"""What became of all blocks, as text, Markdown, JSON, or a page of HTML."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import groupby

from torchdeck.drift.classify import ALARMING, Drift, Kind
from torchdeck.drift.run import RecordedRun
from torchdeck.templates import render


@dataclass(frozen=True)
class DriftReport:
    """Two records compared.

    Attributes:
        before: The one.
        after: The other.
        found: What became of each block, in the order of files and lines.
    """

    before: RecordedRun
    after: RecordedRun
    found: Sequence[Drift]

    @cached_property
    def counts(self) -> Mapping[Kind, int]:
        """How many blocks there are of each kind, the worst first."""
        counted = Counter(item.kind for item in self.found)
        return {kind: counted[kind] for kind in Kind if counted[kind]}

    @cached_property
    def by_file(self) -> Mapping[str, Sequence[Drift]]:
        """What is worth a look, by question file."""
        told = [item for item in self.found if item.kind is not Kind.UNCHANGED]
        return {file: list(group) for file, group in groupby(told, key=lambda item: item.file)}

    @property
    def is_alarming(self) -> bool:
        """Whether a block fails or prints something else."""
        return any(kind in ALARMING for kind in self.counts)

    @property
    def remark(self) -> str:
        """What to know about the two builds, or an empty text."""
        if self.before.is_cpu_build == self.after.is_cpu_build:
            return ""
        cpu, other = (
            (self.before, self.after) if self.before.is_cpu_build else (self.after, self.before)
        )
        return (
            f"{cpu.torch} is a CPU build and {other.torch} is not: a difference may come from the "
            "build; it is called build-dependent where a further record shows that"
        )

    def text(self) -> str:
        """Return the report as plain lines."""
        lines = [f"{self.remark}"] if self.remark else []
        for items in self.by_file.values():
            for item in items:
                lines.append(f"{item.place}: {item.kind}")
                lines += [f"    {line}" for line in item.detail.splitlines()]
        return "\n".join([*lines, self.summary])

    @property
    def summary(self) -> str:
        """The figures in one line."""
        figures = ", ".join(f"{count} {kind}" for kind, count in self.counts.items()) or "no block"
        return f"drift: {self.before.name} to {self.after.name}: {figures}"

    def json(self) -> str:
        """Return the report as JSON."""
        facts = {
            "before": self.before.name,
            "after": self.after.name,
            "remark": self.remark,
            "counts": self.counts,
            "blocks": [asdict(item) for item in self.found],
        }
        return json.dumps(facts, ensure_ascii=False, indent=1) + "\n"

    def markdown(self) -> str:
        """Return the report as Markdown."""
        return render("torchdeck.drift", "report.md.j2", report=self)

    def html(self) -> str:
        """Return the report as one page that needs nothing else."""
        return render("torchdeck.drift", "report.html.j2", report=self)
