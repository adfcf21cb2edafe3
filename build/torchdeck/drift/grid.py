"""Questions against versions: what broke when."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torchdeck.drift.classify import AcceptedText, Kind, drift
from torchdeck.drift.run import RecordedRun
from torchdeck.templates import render

_ORDER = {kind: rank for rank, kind in enumerate(Kind)}


@dataclass(frozen=True)
class Grid:
    """The worst that became of each question under each PyTorch, held against the pinned one.

    Attributes:
        pinned: The record that the others are held against.
        runs: The other records, older versions first.
        rows: By question file and record's name the worst kind; a file without blocks in a record
            has none there.
    """

    pinned: RecordedRun
    runs: Sequence[RecordedRun]
    rows: Mapping[str, Mapping[str, Kind]]

    def cell(self, file: str, run: RecordedRun) -> str:
        """Return what the grid shows of a question under a version."""
        kind = self.rows[file].get(run.name)
        return "" if kind is None else str(kind)

    def text(self) -> str:
        """Return a line a question in which something is other than unchanged."""
        lines = [f"held against {self.pinned.torch}"]
        for file in self.rows:
            cells = [
                f"{run.torch} {cell}"
                for run in self.runs
                if (cell := self.cell(file, run)) and cell != Kind.UNCHANGED
            ]
            if cells:
                lines.append(f"{file}: {', '.join(cells)}")
        return "\n".join([*lines, self.summary])

    @property
    def summary(self) -> str:
        """The figures in one line."""
        changed = sum(
            any(kind is not Kind.UNCHANGED for kind in cells.values())
            for cells in self.rows.values()
        )
        return f"grid: {len(self.rows)} questions, {len(self.runs)} versions, {changed} differ"

    def json(self) -> str:
        """Return the grid as JSON."""
        facts = {"pinned": self.pinned.name, "rows": self.rows}
        return json.dumps(facts, ensure_ascii=False, indent=1) + "\n"

    def markdown(self) -> str:
        """Return the grid as a Markdown table."""
        return render("torchdeck.drift", "grid.md.j2", grid=self)

    def html(self) -> str:
        """Return the grid as one page that needs nothing else."""
        return render("torchdeck.drift", "grid.html.j2", grid=self)


def grid(pinned: RecordedRun, runs: Sequence[RecordedRun], accepted: AcceptedText) -> Grid:
    """Hold `runs` against `pinned`.

    Args:
        pinned: The record of the PyTorch that the content names.
        runs: All records, older versions first.
        accepted: Finds the accepted output of a block.
    """
    others = [run for run in runs if run.name != pinned.name and run.device == pinned.device]
    rows: dict[str, dict[str, Kind]] = {}
    for run in others:
        for item in drift(pinned, run, runs, accepted):
            cells = rows.setdefault(item.file, {})
            cells[run.name] = min(
                (cells.get(run.name, Kind.UNCHANGED), item.kind), key=_ORDER.__getitem__
            )
    return Grid(pinned, others, {file: rows[file] for file in sorted(rows)})
