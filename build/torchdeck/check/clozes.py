"""Rules about cloze marks."""

from collections.abc import Iterator

from markdown_it.token import Token

from torchdeck.findings import Finding, Location
from torchdeck.read.cloze import ClozeError, find_marks, strip_marks
from torchdeck.read.edition import Edition
from torchdeck.read.inline import inline_blocks, inline_tokens
from torchdeck.read.question import Body, Card, CardKind, Prose, Question, code_blocks
from torchdeck.rules import Rule


def clozes_stand_in_cloze_cards(question: Question, _edition: Edition) -> Iterator[Finding]:
    """In every other note the marks would be shown as they are."""
    bodies = [question.key_points, question.detail, question.pitfalls]
    bodies += [card.body for card in question.cards if card.kind is not CardKind.CLOZE]
    lines = [line for body in bodies for line in _lines_with_marks(body)]
    lines += [
        card.location.line
        for card in question.cards
        if any(_has_mark(token.content) for token in card.title)
    ]
    for card in question.cards:
        if card.kind is CardKind.CLOZE:
            lines += _lines_with_marks_out_of_text(card.body)
    for line in lines:
        place = Location(question.location.file, line)
        message = "a cloze mark works only in the body of a .cloze note"
        yield Finding(place, Rule.CLOZE_OUTSIDE, message)


def clozes_are_read_as_written(question: Question, _edition: Edition) -> Iterator[Finding]:
    """A `.cloze` note has marks, numbered from 1 on, that Anki reads as written."""
    for card in question.cards:
        if card.kind is CardKind.CLOZE:
            yield from _faults(card)


def _faults(card: Card) -> Iterator[Finding]:
    numbers = {mark.number for block in code_blocks(card.body) for mark in block.clozes}
    broken = False
    for line, block in inline_blocks(card.body):
        place = Location(card.location.file, line)
        try:
            numbers.update(mark.number for mark in strip_marks(block.content).marks)
        except ClozeError as error:
            broken = True
            yield Finding(place, Rule.CLOZE_BROKEN, str(error))
            continue
        shown = [mark for token in block.children or () for mark in find_marks(token.content)]
        if len(shown) != len(list(find_marks(block.content))):
            message = "a cloze mark in an address or a title, or spelt with character references"
            yield Finding(place, Rule.CLOZE_BROKEN, message)
        if not _is_nested_well(block.children or []):
            message = "a cloze opens and closes at different depths of emphasis, link or code"
            yield Finding(place, Rule.CLOZE_NESTED, message)
    if not numbers and not broken:
        message = f"#{card.slug} hides nothing; mark what to recall as {{{{c1::…}}}}"
        yield Finding(card.location, Rule.CLOZE_MISSING, message)
    elif numbers and len(numbers) != max(numbers):
        found = ", ".join(f"c{number}" for number in sorted(numbers))
        yield Finding(card.location, Rule.CLOZE_NUMBERS, f"number them from c1 on; found {found}")


def _lines_with_marks(body: Body) -> Iterator[int]:
    for line, block in inline_blocks(body):
        if _has_mark(block.content):
            yield line
    yield from (code.location.line for code in code_blocks(body) if code.clozes)
    yield from _lines_with_marks_in_blocks(body)


def _lines_with_marks_out_of_text(body: Body) -> Iterator[int]:
    """Yield lines at which a mark would reach a cloze card where nobody can recall it.

    Anki would read it in an image's description, a remark or an output, and never see it in code
    that is not shown.
    """
    yield from _lines_with_marks_in_blocks(body)
    for line, token in inline_tokens(body):
        if token.type == "image" and _has_mark(token.content):
            yield line
    for block in code_blocks(body):
        words = (block.words.norun, block.words.unstable, block.words.file)
        if any(word and _has_mark(word) for word in words) or (block.words.hidden and block.clozes):
            yield block.location.line
        if block.output is not None and _has_mark(block.output.text):
            yield block.output.location.line


def _lines_with_marks_in_blocks(body: Body) -> Iterator[int]:
    """Yield the lines of displayed formulas, and of code inside other blocks, with marks."""
    for part in body:
        for token in part.tokens if isinstance(part, Prose) else ():
            if token.type != "inline" and token.map and _has_mark(token.content):
                yield token.map[0] + 1


def _has_mark(text: str) -> bool:
    return any(find_marks(text))


def _is_nested_well(tokens: list[Token]) -> bool:
    """Tell whether each cloze closes where it opened: as deep, and in no code of its own."""
    path: list[str] = []
    open_at: list[str] | None = None
    for token in tokens:
        if token.nesting == 1:
            path.append(token.type)
        elif token.nesting == -1 and path:
            path.pop()
        place = path if token.type == "text" else [*path, f"{token.type}{id(token)}"]
        text = token.content
        while True:
            opening = next((at for at, _ in find_marks(text)), None)
            closing = text.find("}}")
            if open_at is None:
                if opening is None:
                    break
                open_at = place.copy()
                text = text[text.index("::", opening) + 2 :]
            elif closing == -1:
                break
            elif place != open_at:
                return False
            else:
                open_at = None
                text = text[closing + 2 :]
    return open_at is None
