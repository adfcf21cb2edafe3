"""Questions against versions: what broke when."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from torchdeck.drift.classify import AcceptedText, Kind, drift
from torchdeck.drift.report import DriftReport
from torchdeck.drift.run import RecordedRun
from torchdeck.templates import render

GRID_PAGE = "versions.html"

_ORDER = {kind: rank for rank, kind in enumerate(Kind)}


@dataclass(frozen=True)
class Grid:
    """The worst that became of each question under each PyTorch, held against the pinned one.

    Attributes:
        pinned: The record that the others are held against.
        reports: What became of the blocks in each of the others, older versions first.
    """

    pinned: RecordedRun
    reports: Sequence[DriftReport]

    @property
    def runs(self) -> Sequence[RecordedRun]:
        """The other records, older versions first."""
        return [report.after for report in self.reports]

    @cached_property
    def rows(self) -> Mapping[str, Mapping[str, Kind]]:
        """By question file and record's name the worst kind of the file's blocks in the record."""
        rows: dict[str, dict[str, Kind]] = {}
        for report in self.reports:
            name = report.after.name
            for item in report.found:
                cells = rows.setdefault(item.file, {})
                worst = (cells.get(name, Kind.UNCHANGED), item.kind)
                cells[name] = min(worst, key=_ORDER.__getitem__)
        return {file: rows[file] for file in sorted(rows)}

    def cell(self, file: str, run: RecordedRun) -> str:
        """Return what the grid shows of a question under a version; nothing without blocks."""
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
        return f"grid: {len(self.rows)} questions, {len(self.reports)} versions, {changed} differ"

    def json(self) -> str:
        """Return the grid as JSON."""
        facts = {"pinned": self.pinned.name, "rows": self.rows}
        return json.dumps(facts, ensure_ascii=False, indent=1) + "\n"

    def markdown(self) -> str:
        """Return the grid as a Markdown table."""
        return render("torchdeck.drift", "grid.md.j2", grid=self)

    def html(self, pages: Mapping[str, str] = MappingProxyType({})) -> str:
        """Return the grid as one page that needs nothing else.

        Args:
            pages: Where more is said of a record, by the record's name.
        """
        return render("torchdeck.drift", "grid.html.j2", grid=self, pages=pages)

    def site(self) -> Mapping[str, bytes]:
        """Return the grid and the reports as pages that lead to each other, by file name."""
        pages = {run.name: f"drift-{run.name}.html" for run in self.runs}
        reports = {pages[report.after.name]: report.html() for report in self.reports}
        return {
            name: page.encode() for name, page in {GRID_PAGE: self.html(pages), **reports}.items()
        }


def grid(pinned: RecordedRun, runs: Sequence[RecordedRun], accepted: AcceptedText) -> Grid:
    """Hold `runs` against `pinned`.

    Args:
        pinned: The record of the PyTorch that the content names.
        runs: All records, older versions first.
        accepted: Finds the accepted output of a block.
    """
    return Grid(
        pinned,
        [
            DriftReport(pinned, run, drift(pinned, run, runs, accepted))
            for run in runs
            if run.name != pinned.name and run.device == pinned.device
        ],
    )
