"""A question's file, made from its line in the syllabus."""

import json

import yaml

from torchdeck.package.ledger import Ledger
from torchdeck.project import Project, ProjectError
from torchdeck.read.edition import Edition
from torchdeck.templates import render

TEMPLATE = "question.md.j2"


def new(project: Project, edition: Edition, ledger: Ledger, number: int) -> str:
    """Write the file of question `number` and return its name.

    Raises:
        ProjectError: The number is not in the syllabus, the file exists, or its slug is that of a
            retired question.
    """
    entry = edition.syllabus.get(number)
    if entry is None:
        raise ProjectError(f"question {number} is not in content/syllabus.tsv; add its line first")
    if entry.slug in ledger.retired:
        raise ProjectError(f"{entry.slug} is retired; give question {number} another slug first")
    path = project.content / entry.topic / f"{entry.slug}.md"
    if path.exists():
        raise ProjectError(f"{project.name(path)} exists")
    text = render("torchdeck.author", TEMPLATE, entry=entry, question=_yaml_scalar(entry.question))
    project.journal.write({path: text.encode()})
    return project.name(path)


def _yaml_scalar(text: str) -> str:
    """Return `text` as YAML, quoted only where a plain scalar would be read as something else."""
    try:
        is_plain = yaml.safe_load(f"question: {text}") == {"question": text}
    except yaml.YAMLError:
        is_plain = False
    return text if is_plain else json.dumps(text, ensure_ascii=False)
