"""`content/topics.toml` and `content/syllabus.tsv`: what an edition consists of."""

import csv
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from torchdeck.findings import Findings, FindingsError
from torchdeck.read.slug import is_slug
from torchdeck.read.source import read_source
from torchdeck.rules import Rule

TOPICS_FILE = "topics.toml"
SYLLABUS_FILE = "syllabus.tsv"
DUE_STEP = 100  # room in `due` for the notes of one question
NUMBERS_PER_TOPIC = 1_000  # more than there will be questions

SYLLABUS_COLUMNS = ("number", "topic", "slug", "question", "twins")


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic: its folder under content/, its Chinese name, and its deck for ever."""

    slug: str
    name: str
    deck: str
    about: str


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


@dataclass(frozen=True)
class Edition:
    """What every stage agrees on.

    Attributes:
        namespace: First part of every GUID, such as `torchdeck/zh`.
        pytorch: The PyTorch release under which outputs are accepted.
        language: BCP 47 tag of the cards' text.
        source: Address of a file's source, with `{path}` for its path, to which cards link; None
            if they link nowhere.
        topics: The topics in study order.
        syllabus: The questions by number.
    """

    namespace: str
    pytorch: str
    language: str
    source: str | None
    topics: tuple[Topic, ...]
    syllabus: Mapping[int, SyllabusEntry]

    @cached_property
    def topic_by_slug(self) -> Mapping[str, Topic]:
        """The topics by their folder's name."""
        return {topic.slug: topic for topic in self.topics}

    def due(self, number: int) -> int:
        """Return the place of question `number` among new cards, in steps of `DUE_STEP`.

        By topic in study order, then by number; a question that is added moves no other.
        """
        order = [topic.slug for topic in self.topics].index(self.syllabus[number].topic)
        return (order * NUMBERS_PER_TOPIC + number) * DUE_STEP


def read_edition(content: Path, name: str = "content") -> Edition:
    """Read the two files in the folder `content`, which findings call `name`.

    Raises:
        FindingsError: A file is missing or broken; without it no stage can work.
    """
    topics_findings = Findings(f"{name}/{TOPICS_FILE}")
    syllabus_findings = Findings(f"{name}/{SYLLABUS_FILE}")
    settings = _read_toml(content / TOPICS_FILE, topics_findings)
    topics = tuple(_topics(settings, topics_findings))
    syllabus = _syllabus(
        content / SYLLABUS_FILE, {topic.slug for topic in topics}, syllabus_findings
    )
    values = {key: settings.get(key) for key in ("namespace", "pytorch", "language")}
    for key, value in values.items():
        if not isinstance(value, str) or not value:
            topics_findings.add(0, Rule.EDITION, f"key {key!r} must be a text")
    source = settings.get("source")
    if source is not None and not _is_source(source):
        message = "key 'source' must be an https address with {path} in it"
        topics_findings.add(0, Rule.EDITION, message)
    findings = [*topics_findings, *syllabus_findings]
    if findings:
        raise FindingsError(findings)
    return Edition(
        namespace=str(values["namespace"]),
        pytorch=str(values["pytorch"]),
        language=str(values["language"]),
        source=None if source is None else str(source),
        topics=topics,
        syllabus=syllabus,
    )


def _is_source(value: object) -> bool:
    return isinstance(value, str) and value.startswith("https://") and "{path}" in value


def _read_toml(path: Path, findings: Findings) -> dict[str, object]:
    source = read_source(path, findings.file, findings)
    if source is None:
        return {}
    try:
        return tomllib.loads(source.text)
    except tomllib.TOMLDecodeError as error:
        findings.add(0, Rule.EDITION, f"not valid TOML: {error}")
        return {}


def _topics(settings: Mapping[str, object], findings: Findings) -> list[Topic]:
    rows = settings.get("topics")
    if not isinstance(rows, list):
        findings.add(0, Rule.EDITION, "list the topics as [[topics]]")
        return []
    keys = ("slug", "name", "deck", "about")
    topics = []
    for row in rows:
        if isinstance(row, dict) and set(row) == set(keys):
            topics.append(Topic(*(str(row[key]) for key in keys)))
        else:
            findings.add(0, Rule.EDITION, f"each [[topics]] has the keys {', '.join(keys)}")
    for key in ("slug", "deck"):
        values = [getattr(topic, key) for topic in topics]
        for value in sorted({value for value in values if values.count(value) > 1}):
            findings.add(0, Rule.EDITION, f"two topics have the {key} {value!r}")
    return topics


def _syllabus(path: Path, topics: set[str], findings: Findings) -> dict[int, SyllabusEntry]:
    source = read_source(path, findings.file, findings)
    if source is None:
        return {}
    rows = csv.reader(source.text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    if tuple(next(rows, ())) != SYLLABUS_COLUMNS:
        findings.add(1, Rule.SYLLABUS, f"the first line must name {', '.join(SYLLABUS_COLUMNS)}")
        return {}
    entries: dict[int, SyllabusEntry] = {}
    lines: dict[int, int] = {}
    slugs: set[str] = set()
    for line, row in enumerate(rows, start=2):
        # Editors cut the tab before an empty last column.
        number, topic, slug, question, twins_text = [*row, *[""] * len(SYLLABUS_COLUMNS)][:5]
        twins = twins_text.split(",") if twins_text else []
        numbers_are_whole = all(map(str.isdecimal, [number, *twins]))
        if not question or len(row) > len(SYLLABUS_COLUMNS) or not numbers_are_whole:
            findings.add(
                line, Rule.SYLLABUS, "give number, topic, slug and question, tab-separated"
            )
            continue
        entry = SyllabusEntry(int(number), topic, slug, question, tuple(map(int, twins)))
        if entry.number in entries:
            findings.add(line, Rule.SYLLABUS, f"number {entry.number} stands twice")
        if entry.slug in slugs:
            findings.add(line, Rule.SYLLABUS, f"slug {entry.slug!r} stands twice")
        if not is_slug(entry.slug):
            message = f"slug {entry.slug!r}: use a-z, 0-9 and single hyphens between them"
            findings.add(line, Rule.SYLLABUS, message)
        if entry.topic not in topics:
            findings.add(line, Rule.SYLLABUS, f"topic {entry.topic!r} is not in {TOPICS_FILE}")
        slugs.add(entry.slug)
        entries[entry.number] = entry
        lines[entry.number] = line
    _check_twins(entries, lines, findings)
    return entries


def _check_twins(
    entries: Mapping[int, SyllabusEntry], lines: Mapping[int, int], findings: Findings
) -> None:
    for entry in entries.values():
        for twin in entry.twins:
            if twin not in entries or entry.number not in entries[twin].twins:
                message = f"{entry.number} has the twin {twin}; let {twin} have it too"
                findings.add(lines[entry.number], Rule.SYLLABUS, message)
