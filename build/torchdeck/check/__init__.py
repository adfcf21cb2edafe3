"""Rules that hold for question files; none of them needs torch.

A rule is a function that yields findings: of one question, or of all of them. Faults of form (a
broken fence, an unknown section) are found while reading; the rules here look at what was read.
"""

from collections.abc import Iterable

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


def check(edition: Edition, readings: Iterable[Reading], *, whole_content: bool) -> list[Finding]:
    """Return all findings of `readings`, in the order of files and lines.

    Shares of the content are looked at only if `readings` are the `whole_content`.
    """
    findings: list[Finding] = []
    questions = []
    for reading in readings:
        findings += reading.findings
        if reading.question is not None:
            questions.append(reading.question)
            for rule in QUESTION_RULES:
                findings += rule(reading.question, edition)
    for content_rule in CONTENT_RULES:
        findings += content_rule(questions, edition)
    if whole_content:
        findings += whole.budgets_are_kept(questions)
    return sorted(set(findings))
