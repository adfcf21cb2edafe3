"""Images of a question: found beside its file, named by their content."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from torchdeck.findings import Findings
from torchdeck.read.inline import inline_tokens
from torchdeck.read.question import Body, Question
from torchdeck.render.note import Media
from torchdeck.render.svg import UnsafeSvgError, safe_svg
from torchdeck.rules import Rule

DIGEST_LENGTH = 12  # hexadecimal digits in a media name


@dataclass(frozen=True, slots=True)
class QuestionMedia:
    """The images of a question by their target as written in the file."""

    by_target: Mapping[str, Media]

    def names(self) -> Mapping[str, str]:
        """Return the media names by target."""
        return {target: media.name for target, media in self.by_target.items()}

    def shown_in(self, *bodies: Body) -> tuple[Media, ...]:
        """Return what `bodies` show, each image once."""
        shown = {
            self.by_target[target].name: self.by_target[target]
            for body in bodies
            for _, target in image_targets(body)
        }
        return tuple(shown.values())


def image_targets(body: Body) -> Iterator[tuple[int, str]]:
    """Yield the line and the target of each image in `body`."""
    for line, token in inline_tokens(body):
        if token.type == "image":
            yield line, str(token.attrs["src"])


def read_media(question: Question, folder: Path, findings: Findings) -> QuestionMedia:
    """Read the images of `question` from its topic's `folder`.

    What cannot be read, or would lead out of the folder, is added to `findings`.
    """
    by_target: dict[str, Media] = {}
    for body in question.bodies:
        for line, target in image_targets(body):
            path = (folder / unquote(target)).resolve()
            if not path.is_relative_to(folder.resolve()):
                findings.add(line, Rule.IMAGE_OUTSIDE, f"{target} leads out of the topic's folder")
            elif not path.is_file():
                findings.add(line, Rule.IMAGE_MISSING, f"{target} does not exist")
            else:
                try:
                    content = _content(path)
                except UnsafeSvgError as error:
                    findings.add(line, Rule.IMAGE_UNSAFE, f"{target} {error}")
                    continue
                digest = hashlib.sha256(content).hexdigest()[:DIGEST_LENGTH]
                name = f"torchdeck-{path.stem}-{digest}{path.suffix.lower()}"
                by_target[target] = Media(name, content)
    return QuestionMedia(by_target)


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    return safe_svg(content) if path.suffix.lower() == ".svg" else content
