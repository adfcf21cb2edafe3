"""Rules about images."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from torchdeck.findings import Finding, Location
from torchdeck.read.edition import Edition
from torchdeck.read.inline import inline_tokens
from torchdeck.read.question import Question


def images_are_files_of_the_content(question: Question, _edition: Edition) -> Iterator[Finding]:
    """An image is a file in the question's own topic folder: a phone has nothing else."""
    for body in question.bodies:
        for line, token in inline_tokens(body):
            if token.type == "image" and (fault := _fault(str(token.attrs.get("src", "")))):
                yield Finding(Location(question.location.file, line), *fault)


def _fault(target: str) -> tuple[str, str] | None:
    parts = urlsplit(target)
    path = PurePosixPath(parts.path)
    if parts.scheme or parts.netloc:
        return "image-remote", f"{target}: put the file beside the question; cards work offline"
    if path.is_absolute() or ".." in path.parts or "\\" in target:
        return "image-outside", f"{target} leads out of the topic's folder"
    return None
