"""What a question file holds, once read: the dataclasses that travel through the rooms."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from markdown_it.token import Token

from torchdeck.findings import Location

EXECUTABLE_LANGUAGES = frozenset({"python", "bash", "cpp"})


class CardKind(StrEnum):
    """What a note asks for; the value is the word behind the slug in a heading."""

    QUESTION_ANSWER = "qa"
    CLOZE = "cloze"
    PREDICT = "predict"


@dataclass(frozen=True, slots=True)
class ClozeMark:
    """One `{{c1::text}}`, as offsets into the text without the marks.

    Attributes:
        number: The number behind the `c`; it makes the card's identity.
        start: Offset of the first hidden character.
        end: Offset behind the last hidden character.
        hint: Text behind a second `::`, or None.
    """

    number: int
    start: int
    end: int
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class FenceWords:
    """How a fence's info string says that its block runs; see docs/format.md."""

    fresh: bool = False
    norun: str | None = None
    hidden: bool = False
    raises: str | None = None
    device: str | None = None
    timeout: float | None = None  # seconds
    memory: int | None = None  # bytes
    slow: bool = False
    unstable: str | None = None
    file: str | None = None
    figure: str | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """An `output` fence: what its block printed when it was last accepted.

    Attributes:
        location: The opening fence.
        text: The content, without the final line end.
        end: Line of the closing fence.
    """

    location: Location
    text: str
    end: int


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """A top-level fence with its accepted output.

    Attributes:
        location: The opening fence; the code starts one line below.
        end: Line of the closing fence.
        language: A Pygments alias.
        code: What runs: the content without cloze marks.
        clozes: The cloze marks taken out of the content.
        words: How the block runs.
        output: The output fence that follows, if any.
    """

    location: Location
    end: int
    language: str
    code: str
    clozes: tuple[ClozeMark, ...]
    words: FenceWords
    output: Output | None

    @property
    def runs(self) -> bool:
        """Whether the block is meant to be executed somewhere."""
        return (
            self.language in EXECUTABLE_LANGUAGES
            and self.words.norun is None
            and self.words.file is None
        )

    @property
    def takes_part(self) -> bool:
        """Whether execution needs the block: it runs, or another block runs its file."""
        return self.runs or self.words.file is not None


@dataclass(frozen=True, slots=True)
class Prose:
    """Consecutive top-level Markdown blocks that are not fences."""

    location: Location
    tokens: tuple[Token, ...]


Body = tuple[Prose | CodeBlock, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """A heading under 追问 or 卡片: one note of its own.

    Attributes:
        location: The heading.
        section: The section that it stands in.
        slug: The note's identity within its question, for ever.
        kind: What the note asks for.
        heading: Source text of the heading, attributes included.
        title: Inline tokens of the heading, without its attributes.
        body: Everything below the heading.
    """

    location: Location
    section: str
    slug: str
    kind: CardKind
    heading: str
    title: tuple[Token, ...]
    body: Body


@dataclass(frozen=True, slots=True)
class Question:
    """One question file.

    Attributes:
        location: The file, at the line of its question.
        topic: Slug of the topic: the folder's name.
        slug: The question's identity for ever: the file's name.
        number: Number in the syllabus.
        wording: The question as the syllabus words it.
        level: 1 (basic) to 3 (advanced).
        tags: Free keywords.
        sources: Official pages.
        requires: Distributions that the code imports beyond torch.
        lines: The line of each key of the front matter that could be read.
        sections: The line of each section.
        key_points: 要点.
        detail: 详解.
        pitfalls: 易错.
        cards: The notes under 追问 and 卡片, in the file's order.
    """

    location: Location
    topic: str
    slug: str
    number: int
    wording: str
    level: int
    tags: tuple[str, ...]
    sources: tuple[str, ...]
    requires: tuple[str, ...]
    lines: Mapping[str, int]
    sections: Mapping[str, int]
    key_points: Body
    detail: Body
    pitfalls: Body
    cards: tuple[Card, ...]

    @property
    def bodies(self) -> Iterator[Body]:
        """The parts of the file in reading order."""
        yield self.key_points
        yield self.detail
        yield self.pitfalls
        for card in self.cards:
            yield card.body

    @property
    def blocks(self) -> Iterator[CodeBlock]:
        """Every top-level fence in reading order."""
        for body in self.bodies:
            yield from code_blocks(body)


def code_blocks(body: Body) -> Iterator[CodeBlock]:
    """Yield the fences of `body`."""
    return (part for part in body if isinstance(part, CodeBlock))
