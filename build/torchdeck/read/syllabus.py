"""`content/syllabus.tsv`: the questions of an edition, one a line."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from torchdeck.findings import Findings
from torchdeck.read.characters import hidden_character
from torchdeck.read.numbers import whole_number
from torchdeck.read.slug import is_slug
from torchdeck.read.source import read_source
from torchdeck.rules import Rule

SYLLABUS_FILE = "syllabus.tsv"
SYLLABUS_COLUMNS = ("number", "topic", "slug", "question", "twins")
NUMBER_LIMIT = 9_999  # the order of new cards has room for more; a larger one is a typing error


@dataclass(frozen=True, slots=True)
class SyllabusEntry:
    """One question of the syllabus.

    Attributes:
        number: Its number, for ever.
        topic: Slug of its topic.
        slug: Name of its file, and its identity for ever.
        question: Its wording to the letter.
        twins: Numbers of the questions that ask nearly the same: each names the others.
    """

    number: int
    topic: str
    slug: str
    question: str
    twins: tuple[int, ...]


def read_syllabus(
    path: Path, topics: Collection[str] | None, findings: Findings
) -> dict[int, SyllabusEntry]:
    """Return the entries of the file at `path` by number; what is wrong is added to `findings`.

    Their topics must be among `topics`, if those are known.
    """
    source = read_source(path, findings.file, findings)
    if source is None:
        return {}
    header, *rows = source.text.rstrip("\r\n").replace("\r\n", "\n").split("\n")
    if tuple(header.split("\t")) != SYLLABUS_COLUMNS:
        findings.add(1, Rule.SYLLABUS, f"the first line must name {', '.join(SYLLABUS_COLUMNS)}")
        return {}
    entries: dict[int, SyllabusEntry] = {}
    lines: dict[int, int] = {}
    slugs: set[str] = set()
    for line, row in enumerate(rows, start=2):
        entry = _entry(row, line, findings)
        if entry is None:
            continue
        if entry.number in entries:
            findings.add(line, Rule.SYLLABUS, f"number {entry.number} stands twice")
        if entry.slug in slugs:
            findings.add(line, Rule.SYLLABUS, f"slug {entry.slug!r} stands twice")
        if not is_slug(entry.slug):
            message = f"slug {entry.slug!r}: use a-z, 0-9 and single hyphens between them"
            findings.add(line, Rule.SYLLABUS, message)
        if topics is not None and entry.topic not in topics:
            findings.add(line, Rule.SYLLABUS, f"topic {entry.topic!r} is not one of the edition")
        slugs.add(entry.slug)
        entries[entry.number] = entry
        lines[entry.number] = line
    _check_twins(entries, lines, findings)
    return entries


def _entry(row: str, line: int, findings: Findings) -> SyllabusEntry | None:
    if hidden := hidden_character(row):
        findings.add(line, Rule.SYLLABUS, f"holds {hidden}, which nobody sees; remove it")
        return None
    cells = row.split("\t")
    # Editors cut the tab before an empty last column.
    number, topic, slug, question, twins_text = [*cells, *[""] * len(SYLLABUS_COLUMNS)][:5]
    twins = twins_text.split(",") if twins_text else []
    numbers = [whole_number(text) for text in (number, *twins)]
    whole = [number for number in numbers if number is not None and number <= NUMBER_LIMIT]
    if not question or len(cells) > len(SYLLABUS_COLUMNS) or len(whole) < len(numbers):
        message = (
            "give number, topic, slug and question, tab-separated; "
            f"numbers are whole, from 1 to {NUMBER_LIMIT}"
        )
        findings.add(line, Rule.SYLLABUS, message)
        return None
    return SyllabusEntry(whole[0], topic, slug, question, tuple(whole[1:]))


def _check_twins(
    entries: Mapping[int, SyllabusEntry], lines: Mapping[int, int], findings: Findings
) -> None:
    for entry in entries.values():
        for twin in entry.twins:
            if twin not in entries or entry.number not in entries[twin].twins:
                message = f"{entry.number} has the twin {twin}; let {twin} have it too"
                findings.add(lines[entry.number], Rule.SYLLABUS, message)
