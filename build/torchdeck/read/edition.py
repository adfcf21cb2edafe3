"""`content/topics.toml` and `content/syllabus.tsv`: what an edition consists of."""

import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from torchdeck.findings import Findings, FindingsError
from torchdeck.read.address import is_web_address
from torchdeck.read.slug import is_slug
from torchdeck.read.source import read_source
from torchdeck.read.syllabus import SYLLABUS_FILE, SyllabusEntry, read_syllabus
from torchdeck.rules import Rule

TOPICS_FILE = "topics.toml"
DUE_STEP = 100  # room in `due` for the notes of one question
NUMBERS_PER_TOPIC = 1_000  # in a row; the next thousand starts behind all topics
MOST_TOPICS = 50


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic: its folder under content/, its Chinese name, and its deck for ever."""

    slug: str
    name: str
    deck: str
    about: str


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

        By topic in study order, then by number, each thousand of numbers by itself: no two
        questions share a place, and a question that is added moves no other.
        """
        order = [topic.slug for topic in self.topics].index(self.syllabus[number].topic)
        thousands, place = divmod(number, NUMBERS_PER_TOPIC)
        row = thousands * MOST_TOPICS + order
        return (row * NUMBERS_PER_TOPIC + place) * DUE_STEP


def read_edition(content: Path, name: str = "content") -> Edition:
    """Read the two files in the folder `content`, which findings call `name`.

    Raises:
        FindingsError: A file is missing or broken; without it no stage can work.
    """
    topics_findings = Findings(f"{name}/{TOPICS_FILE}")
    syllabus_findings = Findings(f"{name}/{SYLLABUS_FILE}")
    settings = _read_toml(content / TOPICS_FILE, topics_findings)
    if settings is None:
        read_syllabus(content / SYLLABUS_FILE, None, syllabus_findings)
        raise FindingsError([*topics_findings, *syllabus_findings])
    topics = tuple(_topics(settings, topics_findings))
    slugs = None if topics_findings else {topic.slug for topic in topics}
    syllabus = read_syllabus(content / SYLLABUS_FILE, slugs, syllabus_findings)
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
    return isinstance(value, str) and is_web_address(value) and "{path}" in value


def _read_toml(path: Path, findings: Findings) -> dict[str, object] | None:
    source = read_source(path, findings.file, findings)
    if source is None:
        return None
    try:
        return tomllib.loads(source.text)
    except ValueError as error:  # also that of an integer of thousands of digits
        findings.add(0, Rule.EDITION, f"not valid TOML: {error}")
    except RecursionError:
        findings.add(0, Rule.EDITION, "not valid TOML: nested too deep")
    return None


def _topics(settings: Mapping[str, object], findings: Findings) -> list[Topic]:
    rows = settings.get("topics")
    if not isinstance(rows, list) or not rows:
        findings.add(0, Rule.EDITION, "list the topics as [[topics]]")
        return []
    keys = ("slug", "name", "deck", "about")
    topics = []
    for row in rows:
        if not isinstance(row, dict) or set(row) != set(keys):
            findings.add(0, Rule.EDITION, f"each [[topics]] has the keys {', '.join(keys)}")
        elif not all(isinstance(row[key], str) and row[key].isprintable() for key in keys):
            findings.add(0, Rule.EDITION, "the values in [[topics]] are texts of one line")
        else:
            topics.append(Topic(**row))
            if not is_slug(row["slug"]):
                message = f"slug {row['slug']!r}: use a-z, 0-9 and single hyphens between them"
                findings.add(0, Rule.EDITION, message)
    if len(rows) > MOST_TOPICS:
        findings.add(0, Rule.EDITION, f"{len(rows)} topics; there is room for {MOST_TOPICS}")
    for key in ("slug", "deck"):
        counts = Counter(getattr(topic, key) for topic in topics)
        for value in sorted(value for value, count in counts.items() if count > 1):
            findings.add(0, Rule.EDITION, f"two topics have the {key} {value!r}")
    return topics
