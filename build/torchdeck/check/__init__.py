"""Rules that hold for question files; none of them needs torch.

A rule is a function that yields findings: of one question, or of all of them. Faults of form (a
broken fence, an unknown section) are found while reading; the rules here look at what was read.
"""

from collections.abc import Iterable, Iterator, Sequence

from torchdeck.check import (
    cards,
    clozes,
    code,
    figures,
    formulas,
    layout,
    links,
    requirements,
    sections,
    syllabus,
    text,
    whole,
)
from torchdeck.check.facts import Facts, facts_of
from torchdeck.findings import Finding
from torchdeck.read.document import Reading
from torchdeck.read.edition import Edition

QUESTION_RULES = (
    syllabus.matches_syllabus,
    syllabus.sources_are_https,
    requirements.requires_what_it_imports,
    requirements.imports_what_it_requires,
    sections.sections_are_not_empty,
    sections.key_points_are_few,
    code.compiles,
    code.has_output_where_it_prints,
    code.prints_where_it_has_output,
    code.prints_more_than_literals,
    code.cuda_blocks_stand_alone,
    code.spawned_workers_are_guarded,
    figures.figures_have_names_of_their_own,
    figures.figures_are_shown,
    layout.code_fits_a_phone,
    layout.predicted_output_is_short,
    cards.titles_are_not_empty,
    cards.answers_are_short,
    cards.lists_are_short,
    cards.questions_are_open,
    cards.predict_cards_show_output,
    clozes.clozes_stand_in_cloze_cards,
    clozes.clozes_are_read_as_written,
    text.text_reads_well,
    formulas.formulas_are_mathematics,
    links.links_lead_to_the_web,
    links.images_are_files_of_the_topic,
)

CONTENT_RULES = (
    whole.numbers_and_slugs_are_unique,
    whole.twins_name_each_other,
    whole.fronts_differ,
)


def check_file(reading: Reading, edition: Edition) -> tuple[list[Finding], Facts | None]:
    """Return the findings of one file, and what the rules about the whole content need of it."""
    findings = list(reading.findings)
    if reading.question is None:
        return findings, None
    for rule in QUESTION_RULES:
        findings += rule(reading.question, edition)
    return findings, facts_of(reading.question)


def check_whole(
    content: Sequence[Facts], edition: Edition, *, whole_content: bool
) -> Iterator[Finding]:
    """Yield what is wrong between files.

    Shares of the content are looked at only if `content` is the `whole_content`.
    """
    for rule in CONTENT_RULES:
        yield from rule(content, edition)
    if whole_content:
        yield from whole.budgets_are_kept(content)


def check(edition: Edition, readings: Iterable[Reading], *, whole_content: bool) -> list[Finding]:
    """Return all findings of `readings`, in the order of files and lines."""
    findings: list[Finding] = []
    content: list[Facts] = []
    for reading in readings:
        of_file, facts = check_file(reading, edition)
        findings += of_file
        if facts is not None:
            content.append(facts)
    findings += check_whole(content, edition, whole_content=whole_content)
    return sorted(set(findings))
