"""Rules that hold for every question file; none of them needs torch.

Each rule is a function from a question to its findings. Faults of form (a broken fence, an
unknown section) are found while reading; the rules here look at what was read.
"""

from collections.abc import Iterable

from torchdeck.check import cards, code, images, syllabus, text
from torchdeck.findings import Finding
from torchdeck.read.document import Reading
from torchdeck.read.edition import Edition

QUESTION_RULES = (
    syllabus.matches_syllabus,
    syllabus.sources_are_https,
    text.sections_are_not_empty,
    text.emphasis_is_parsed,
    text.emphasis_uses_stars,
    code.compiles,
    code.has_output_where_it_prints,
    cards.titles_are_not_empty,
    cards.clozes_belong_to_cloze_cards,
    cards.predict_cards_show_output,
    images.images_are_files_of_the_content,
)


def check(edition: Edition, readings: Iterable[Reading]) -> list[Finding]:
    """Return all findings of `readings`, in the order of files and lines."""
    findings: list[Finding] = []
    questions = []
    for reading in readings:
        findings += reading.findings
        if reading.question is not None:
            questions.append(reading.question)
            for rule in QUESTION_RULES:
                findings += rule(reading.question, edition)
    findings += syllabus.numbers_are_unique(questions)
    return sorted(set(findings))
