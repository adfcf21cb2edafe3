"""A question's file, made from its line in the syllabus."""

import jinja2

from torchdeck.files import write_whole
from torchdeck.project import Project, ProjectError
from torchdeck.read.edition import Edition

TEMPLATE = "question.md.j2"


def new(project: Project, edition: Edition, number: int) -> str:
    """Write the file of question `number` and return its name.

    Raises:
        ProjectError: The number is not in the syllabus, or the file exists.
    """
    entry = edition.syllabus.get(number)
    if entry is None:
        raise ProjectError(f"question {number} is not in content/syllabus.tsv; add its line first")
    path = project.content / entry.topic / f"{entry.slug}.md"
    if path.exists():
        raise ProjectError(f"{project.name(path)} exists")
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("torchdeck.author", ""),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  # the result is Markdown, written for its author
    )
    write_whole({path: environment.get_template(TEMPLATE).render(entry=entry).encode()})
    return project.name(path)
