"""Rules about links and images."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from torchdeck.findings import Finding, Location
from torchdeck.read.address import is_web_address
from torchdeck.read.edition import Edition
from torchdeck.read.inline import inline_tokens
from torchdeck.read.question import Question
from torchdeck.rules import Rule

IMAGE_SUFFIXES = frozenset({".svg", ".png", ".jpg", ".jpeg", ".webp"})
_NAME = re.compile(r"[\w.-]+")  # what stays of a name in the collection's media folder


def links_lead_to_the_web(question: Question, _edition: Edition) -> Iterator[Finding]:
    """A link is a whole https address: a phone has no files to link to."""
    for body in question.bodies:
        for line, token in inline_tokens(body):
            place = Location(question.location.file, line)
            if token.type == "link_open":
                target = str(token.attrs.get("href", ""))
                if not is_web_address(target):
                    message = f"{target!r} is no https address; to name a question write 第 N 题"
                    yield Finding(place, Rule.LINK_TARGET, message)
            elif token.type == "text" and "](" in token.content:
                message = "this link is shown as text: its address is not allowed or not closed"
                yield Finding(place, Rule.LINK_TARGET, message)


def images_are_files_of_the_topic(question: Question, _edition: Edition) -> Iterator[Finding]:
    """An image is a file in the question's own topic folder: cards work offline."""
    for card in question.cards:
        if any(token.type in {"image", "link_open"} for token in card.title):
            message = "no image and no link in a heading; put it into the answer"
            yield Finding(card.location, Rule.HEADING_CONTENT, message)
    for body in question.bodies:
        for line, token in inline_tokens(body):
            if token.type == "image":
                place = Location(question.location.file, line)
                # markdown-it writes other characters than ASCII as %XX.
                yield from _image_faults(place, unquote(str(token.attrs.get("src", ""))))


def _image_faults(place: Location, target: str) -> Iterator[Finding]:
    path = PurePosixPath(target)
    if _leads_to_the_web(target):
        message = f"{target}: put the file beside the question; cards work offline"
        yield Finding(place, Rule.IMAGE_REMOTE, message)
    elif path.is_absolute() or ".." in path.parts or "\\" in target:
        yield Finding(place, Rule.IMAGE_OUTSIDE, f"{target} leads out of the topic's folder")
    elif path.suffix.lower() not in IMAGE_SUFFIXES:
        message = f"{target}: use one of {', '.join(sorted(IMAGE_SUFFIXES))}"
        yield Finding(place, Rule.IMAGE_TYPE, message)
    elif not _NAME.fullmatch(path.name):
        message = f"{target}: name the file with letters, digits, `.`, `_` and `-` only"
        yield Finding(place, Rule.IMAGE_NAME, message)


def _leads_to_the_web(target: str) -> bool:
    try:
        parts = urlsplit(target)
    except ValueError:  # such as an open bracket in the host
        return True
    return bool(parts.scheme or parts.netloc)
