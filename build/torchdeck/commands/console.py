"""What commands print: plain lines in a pipe, with a progress bar on a terminal."""

import io
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from torchdeck.findings import Finding

# Findings and figures are data for pipes and editors: no wrapping, no markup, no colours by guess.
for _stream in (sys.stdout, sys.stderr):
    if isinstance(_stream, io.TextIOWrapper):
        # A console of another encoding shows what it can, instead of ending the command.
        _stream.reconfigure(errors="backslashreplace")
OUT = Console(soft_wrap=True, highlight=False, markup=False, emoji=False)
ERR = Console(stderr=True, soft_wrap=True, highlight=False, markup=False, emoji=False)


class Task:
    """A step of work whose items are counted."""

    def __init__(self, progress: Progress, total: int) -> None:
        """Show the count of `total` items on `progress`, if that is on a terminal."""
        self._progress = progress
        self._id = progress.add_task("", total=total)

    def done(self, line: str) -> None:
        """Count one item and print its line."""
        self._progress.console.print(line)
        self._progress.advance(self._id)


@contextmanager
def task(title: str, total: int) -> Iterator[Task]:
    """Show the progress of the work in the block; in a pipe only its lines appear."""
    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=OUT, transient=True, disable=not OUT.is_terminal) as progress:
        yield Task(progress, total)


def print_findings(findings: Iterable[Finding]) -> None:
    """Print the findings, each on a line of its own with its detail below."""
    for finding in findings:
        OUT.print(str(finding))


def counts(numbers: Mapping[Any, int]) -> str:
    """Return `3 ok, 1 skipped` for the names that were counted at all."""
    return ", ".join(f"{number} {name}" for name, number in numbers.items() if number) or "none"


def plural(number: int, noun: str) -> str:
    """Return `1 note` or `2 notes`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
