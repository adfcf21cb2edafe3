"""Images of a question: found beside its file, named by their content."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from urllib.parse import unquote

from torchdeck.findings import Findings
from torchdeck.read.inline import inline_tokens
from torchdeck.read.question import Body, Question
from torchdeck.render.note import Media
from torchdeck.render.svg import SIZE_LIMIT, UnsafeSvgError, safe_svg
from torchdeck.rules import Rule

DIGEST_LENGTH = 12  # hexadecimal digits in a media name

# How a file of each format starts; drawings are read whole.
_STARTS: Mapping[str, tuple[bytes, ...]] = MappingProxyType(
    {
        ".png": (b"\x89PNG\r\n\x1a\n",),
        ".jpg": (b"\xff\xd8\xff",),
        ".jpeg": (b"\xff\xd8\xff",),
        ".webp": (b"RIFF",),
    }
)


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
            try:
                by_target[target] = read_image(folder, unquote(target))
            except ImageError as error:
                findings.add(line, error.rule, f"{target} {error}")
    return QuestionMedia(by_target)


class ImageError(Exception):
    """An image that no card can show; the message says why."""

    def __init__(self, rule: Rule, message: str) -> None:
        """Say by which `rule`."""
        super().__init__(message)
        self.rule = rule


def read_image(folder: Path, name: str) -> Media:
    """Read the image called `name` in `folder`.

    Raises:
        ImageError: It is not there, is too large, or is no image that may be shown.
    """
    try:
        path = (folder / name).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise ImageError(Rule.IMAGE_OUTSIDE, "leads out of the topic's folder")
        if not path.is_file():
            raise ImageError(Rule.IMAGE_MISSING, "does not exist")
        with path.open("rb") as file:
            content = file.read(SIZE_LIMIT + 1)
    # Python 3.11 raises RuntimeError for links that lead in a circle.
    except (OSError, ValueError, RuntimeError) as error:
        raise ImageError(Rule.IMAGE_MISSING, f"cannot be read: {error}") from error
    if len(content) > SIZE_LIMIT:
        raise ImageError(Rule.IMAGE_LARGE, f"has more than {SIZE_LIMIT} bytes; make it smaller")
    suffix = path.suffix.lower()
    if suffix == ".svg":
        try:
            content = safe_svg(content)
        except UnsafeSvgError as error:
            raise ImageError(Rule.IMAGE_UNSAFE, str(error)) from error
    elif not content.startswith(_STARTS.get(suffix, ())):
        raise ImageError(Rule.IMAGE_TYPE, f"holds no {suffix.removeprefix('.')}")
    digest = hashlib.sha256(content).hexdigest()[:DIGEST_LENGTH]
    return Media(f"torchdeck-{PurePosixPath(name).stem}-{digest}{suffix}", content)
