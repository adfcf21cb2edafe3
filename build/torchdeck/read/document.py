"""From the tokens of a question file to a `Question`."""

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import MappingProxyType

from markdown_it.token import Token

from torchdeck.findings import Finding, Findings, Location
from torchdeck.read.body import BodyBuilder
from torchdeck.read.characters import hidden_character
from torchdeck.read.front_matter import FrontMatter, parse_front_matter
from torchdeck.read.markdown import heading_attributes, markdown_parser
from torchdeck.read.question import Body, Card, CardKind, Question
from torchdeck.read.slug import is_slug
from torchdeck.read.source import Source, read_source
from torchdeck.rules import Rule

KEY_POINTS = "要点"
DETAIL = "详解"
PITFALLS = "易错"
FOLLOW_UPS = "追问"
CARDS = "卡片"
SECTIONS = (KEY_POINTS, DETAIL, PITFALLS, FOLLOW_UPS, CARDS)
CARD_SECTIONS = frozenset({FOLLOW_UPS, CARDS})

SIZE_LIMIT = 2**17  # bytes; ten times the longest answer
CARDS_LIMIT = 99  # the order of new cards has room for so many behind the question's own

FRONT_MATTER_LINE = 2  # the line below the opening `---`

_KINDS = {None: CardKind.QUESTION_ANSWER, "cloze": CardKind.CLOZE, "predict": CardKind.PREDICT}


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """A question file as read: what it says and what is wrong with its form.

    `question` is None only if the file could not be decoded.
    """

    source: Source | None
    question: Question | None
    findings: tuple[Finding, ...]


def read_question(path: Path, name: str) -> Reading:
    """Read the question file at `path`; `name` is its path as findings show it.

    The folder is the topic and the file name the question's slug. Never raises for bad input.
    """
    findings = Findings(name)
    source = read_source(path, name, findings, limit=SIZE_LIMIT)
    if source is None:
        return Reading(None, None, tuple(findings))
    for number, line in enumerate(source.lines, start=1):
        if hidden := hidden_character(line):
            message = f"holds {hidden}, which nobody sees; remove it"
            findings.add(number, Rule.CHARACTER_HIDDEN, message)
    front_matter, tokens = _front_matter(markdown_parser().parse(source.text), findings)
    sections = _Sections(source, findings)
    for element in top_level_elements(tokens):
        sections.add(element)
    return Reading(source, sections.question(front_matter), tuple(findings))


def top_level_elements(tokens: Sequence[Token]) -> Iterator[tuple[Token, ...]]:
    """Yield the tokens of each top-level block, from its opening to its closing token."""
    start = depth = 0
    for index, token in enumerate(tokens):
        depth += token.nesting
        if depth == 0:
            yield tuple(tokens[start : index + 1])
            start = index + 1


def _front_matter(tokens: list[Token], findings: Findings) -> tuple[FrontMatter, Sequence[Token]]:
    if tokens and tokens[0].type == "front_matter":
        return parse_front_matter(tokens[0].content, FRONT_MATTER_LINE, findings), tokens[1:]
    findings.add(1, Rule.FRONT_MATTER_MISSING, "the file must start with front matter between ---")
    return FrontMatter(), tokens


@dataclasses.dataclass(frozen=True, slots=True)
class _OpenCard:
    """A card whose body is still being read."""

    card: Card
    body: BodyBuilder

    def finish(self) -> Card:
        return dataclasses.replace(self.card, body=self.body.finish())


class _Sections:
    """Sorts the top-level blocks of a file into sections and cards."""

    def __init__(self, source: Source, findings: Findings) -> None:
        self._source = source
        self._findings = findings
        self._bodies: dict[str, BodyBuilder] = {}
        self._lines: dict[str, int] = {}
        self._section: str | None = None
        self._cards: list[_OpenCard] = []
        self._slugs: set[str] = set()
        self._card: _OpenCard | None = None

    def add(self, element: tuple[Token, ...]) -> None:
        opening = element[0]
        if opening.type == "heading_open":
            if opening.tag in {"h1", "h2"}:
                self._open_section(element)
                return
            if opening.tag == "h3" and self._section in CARD_SECTIONS:
                self._open_card(element)
                return
            self._refuse_attributes(opening, "only headings under 追问 and 卡片 take a slug")
        self._add_to_body(element)

    def _open_section(self, element: tuple[Token, ...]) -> None:
        opening, inline = element[0], element[1]
        line = _line(opening)
        title = inline.content.strip()
        self._card = None
        self._refuse_attributes(opening, "sections take no slug")
        if opening.tag == "h1" or title not in SECTIONS:
            self._section = None
            self._findings.add(
                line,
                Rule.SECTION_UNKNOWN,
                f"{title!r} is no section; use ## {' / '.join(SECTIONS)}",
            )
        elif title in self._bodies:
            self._findings.add(line, Rule.SECTION_DUPLICATE, f"section {title} stands twice")
        else:
            later = [name for name in self._bodies if SECTIONS.index(name) > SECTIONS.index(title)]
            if later:
                self._findings.add(line, Rule.SECTION_ORDER, f"{title} belongs before {later[0]}")
            self._section = title
            self._lines[title] = line
            self._bodies[title] = BodyBuilder(self._source, self._findings)

    def _open_card(self, element: tuple[Token, ...]) -> None:
        opening, inline = element[0], element[1]
        line = _line(opening)
        attributes = heading_attributes(opening)
        kind = _KINDS.get(attributes.kind)
        if attributes.error:
            self._findings.add(line, Rule.HEADING_ATTRIBUTES, attributes.error)
        elif attributes.slug is None:
            self._findings.add(line, Rule.CARD_SLUG_MISSING, "end the heading with {#slug}")
        elif kind is None:
            self._findings.add(
                line,
                Rule.CARD_KIND_UNKNOWN,
                f".{attributes.kind} is no kind; use .cloze or .predict",
            )
        elif not is_slug(attributes.slug):
            self._findings.add(
                line,
                Rule.SLUG_MALFORMED,
                f"#{attributes.slug}: use a-z, 0-9 and single hyphens between them",
            )
        if attributes.slug in self._slugs:
            self._findings.add(
                line, Rule.SLUG_DUPLICATE, f"#{attributes.slug} stands twice in this file"
            )
        elif attributes.slug is not None:
            self._slugs.add(attributes.slug)
        if len(self._cards) == CARDS_LIMIT:
            message = f"more than {CARDS_LIMIT} notes in one file; make a second question of it"
            self._findings.add(line, Rule.CARDS_MANY, message)
        card = Card(
            location=Location(self._source.name, line),
            section=self._section or "",
            slug=attributes.slug or "",
            kind=kind or CardKind.QUESTION_ANSWER,
            heading=inline.content,
            title=tuple(inline.children or ()),
            body=(),
        )
        self._card = _OpenCard(card, BodyBuilder(self._source, self._findings))
        self._cards.append(self._card)

    def _add_to_body(self, element: tuple[Token, ...]) -> None:
        if self._card is not None:
            self._card.body.add(element)
        elif self._section is None or self._section in CARD_SECTIONS:
            place = "below a ### heading" if self._section else "below a ## section"
            self._findings.add(_line(element[0]), Rule.TEXT_OUTSIDE, f"this belongs {place}")
        else:
            self._bodies[self._section].add(element)

    def _refuse_attributes(self, opening: Token, reason: str) -> None:
        attributes = heading_attributes(opening)
        if attributes.slug or attributes.error:
            self._findings.add(_line(opening), Rule.HEADING_ATTRIBUTES, reason)

    def question(self, front_matter: FrontMatter) -> Question:
        for title in SECTIONS:
            if title not in self._bodies:
                self._findings.add(0, Rule.SECTION_MISSING, f"section ## {title} is missing")
        path = self._source.path
        return Question(
            location=Location(self._source.name, front_matter.lines.get("question", 1)),
            topic=path.parent.name,
            slug=path.stem,
            number=front_matter.number,
            wording=front_matter.question,
            level=front_matter.level,
            tags=front_matter.tags,
            sources=front_matter.sources,
            requires=front_matter.requires,
            lines=front_matter.lines,
            sections=MappingProxyType(self._lines),
            key_points=self._body(KEY_POINTS),
            detail=self._body(DETAIL),
            pitfalls=self._body(PITFALLS),
            cards=tuple(card.finish() for card in self._cards),
        )

    def _body(self, title: str) -> Body:
        builder = self._bodies.get(title)
        return builder.finish() if builder else ()


def _line(token: Token) -> int:
    return token.map[0] + 1 if token.map else 0
