"""Rules that hold a file against the syllabus."""

from collections.abc import Iterator

from torchdeck.findings import Finding, Location
from torchdeck.read.address import is_web_address
from torchdeck.read.edition import Edition
from torchdeck.read.question import Question
from torchdeck.rules import Rule


def matches_syllabus(question: Question, edition: Edition) -> Iterator[Finding]:
    """Number, file name, folder and wording are those of one line of the syllabus."""
    if "number" not in question.lines:
        return
    place = Location(question.location.file, question.lines["number"])
    entry = edition.syllabus.get(question.number)
    if entry is None:
        yield Finding(place, Rule.NUMBER_UNKNOWN, f"{question.number} is not in the syllabus")
        return
    if (question.topic, question.slug) != (entry.topic, entry.slug):
        yield Finding(
            place,
            Rule.FILE_NAME,
            f"question {entry.number} belongs in content/{entry.topic}/{entry.slug}.md",
        )
    if "question" in question.lines and question.wording != entry.question:
        yield Finding(question.location, Rule.WORDING, f"the syllabus words it: {entry.question}")


def sources_are_https(question: Question, _edition: Edition) -> Iterator[Finding]:
    """Sources are addresses that a learner can open safely."""
    line = question.lines.get("sources")
    if line is None:
        return
    place = Location(question.location.file, line)
    if not question.sources:
        yield Finding(place, Rule.SOURCE_MISSING, "name at least one official page")
    for url in question.sources:
        if not is_web_address(url):
            yield Finding(place, Rule.SOURCE_HTTPS, f"{url} is no https address")
