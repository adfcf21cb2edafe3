"""Prints what each tool needs for the same notes, and what arrives in the real Anki.

Called by `nox -s peers` with the folder of the tools' environments.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.conftest import ROOT
from tests.peers.notes import SourceNote, source_notes
from tests.peers.tools import TOOLS, Tool
from torchdeck.project import Project
from torchdeck.verify.learner import Learner, learner

RUNS = 3
IMAGES = ("*.svg", "*.png", "*.jpg", "*.webp")
LOADS = ("src='http", 'src="http', "src = 'http", "url(http", 'src = "http')


class BrokenError(Exception):
    """A tool ended with an error; the message is its last line."""


def main() -> None:
    """Measure every tool on the notes that need no image."""
    notes = [note for note in source_notes(Project(ROOT)) if "](" not in note.back]
    fences = sum("```" in note.back for note in notes)
    formulas = sum("$" in note.plain_back.replace("```", "") for note in notes)
    _tell(f"{len(notes)} notes: {fences} with code, {formulas} with $")
    base = (0.0, 0.0)
    for kind in TOOLS:
        tool = kind(Path(sys.argv[1]))
        try:
            seconds = _seconds(tool, notes)
            base = base if any(base) else seconds
            whole, start = seconds
            _tell(
                f"{tool.name}: {whole:.2f} s ({whole / base[0]:.2f} of torchdeck), of that "
                f"{start:.2f} s to start; without it {(whole - start) / (base[0] - base[1]):.2f}"
            )
            for line in _arrives(tool, notes):
                _tell(f"{tool.name}: {line}")
        except BrokenError as error:
            _tell(f"{tool.name}: does not work here: {error}")


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _seconds(tool: Tool, notes: Sequence[SourceNote]) -> tuple[float, float]:
    """Return the median time of a first build, and that of only starting."""
    whole, start = [], []
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            tool.write(notes, folder)
            whole.append(_timed(tool.command(folder), folder))
            start.append(_timed(tool.start_up, folder))
    return statistics.median(whole), statistics.median(start)


def _timed(command: Sequence[str], folder: Path) -> float:
    began = time.perf_counter()
    process = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    if process.returncode:
        told = (process.stdout + process.stderr).decode("utf-8", "replace").strip()
        raise BrokenError(told.rpartition("\n")[2])
    return time.perf_counter() - began


def _arrives(tool: Tool, notes: Sequence[SourceNote]) -> list[str]:
    """Build and import: all notes, the same again, one answer edited, one note in front."""
    edited = [*notes[:-1], notes[-1].says("另有一句。")]
    first = SourceNote(
        notes[0].file, notes[0].key + "-new", "新的一题何时来？ {#brand-new}", "新的答案。"
    )
    lines = []
    fronts: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as name, learner(Path(name)) as anki:
        folder = Path(name) / "work"
        folder.mkdir()
        for what, these in (
            ("first import", notes),
            ("nothing changed", notes),
            ("one answer edited", edited),
            ("one note added in front", [first, *edited]),
        ):
            tool.write(these, folder)
            time.sleep(1.0)  # a change is newer by a whole second, or Anki passes over it
            _timed(tool.command(folder), folder)
            logs = [anki.import_package(path) for path in tool.packages(folder)]
            new, updated = sum(len(log.new) for log in logs), sum(len(log.updated) for log in logs)
            before, fronts = fronts, {guid: text[0] for guid, text in anki.fields().items()}
            other = sum(fronts[guid] != front for guid, front in before.items())
            lines.append(f"{what}: {new} new, {updated} updated, {other} that ask something else")
        lines.append(_looks(anki))
    return lines


def _looks(anki: Learner) -> str:
    """Count what can be seen in the fields and templates."""
    fields = ["\n".join(values) for values in anki.fields().values()]
    models = anki.collection.models
    used = [kind for kind in models.all() if models.use_count(kind)]
    sides = [part[side] for kind in used for part in kind["tmpls"] for side in ("qfmt", "afmt")]
    looks = "\n".join([*sides, *(kind["css"] for kind in used)])
    shown = {
        "code in <pre>": sum("<pre" in text for text in fields),
        "highlighted": sum(any("<span" in code for code in _code(text)) for text in fields),
        "formulas for Anki": sum(r"\(" in text or r"\[" in text for text in fields),
        "literal fences": sum("```" in text for text in fields),
        "scripts in templates": looks.count("<script"),
        "addresses that load": sum((looks + "".join(fields)).count(mark) for mark in LOADS),
    }
    return ", ".join(f"{name} {count}" for name, count in shown.items())


def _code(text: str) -> list[str]:
    return [part.partition("</pre>")[0] for part in text.split("<pre")[1:]]


if __name__ == "__main__":
    main()
