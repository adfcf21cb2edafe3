"""Rules about the notes under 追问 and 卡片."""

from collections.abc import Iterator

from torchdeck.findings import Finding, Location
from torchdeck.read.cloze import ClozeError, find_marks, strip_marks
from torchdeck.read.edition import Edition
from torchdeck.read.inline import inline_tokens, plain_text
from torchdeck.read.question import Card, CardKind, Question, code_blocks


def titles_are_not_empty(question: Question, _edition: Edition) -> Iterator[Finding]:
    """The heading is the card's front."""
    for card in question.cards:
        if not plain_text(card.title).strip():
            yield Finding(card.location, "card-title-empty", "write the question in the heading")


def clozes_belong_to_cloze_cards(question: Question, _edition: Edition) -> Iterator[Finding]:
    """A `.cloze` note has marks that Anki reads as written; no other text has any."""
    for card in question.cards:
        if card.kind is CardKind.CLOZE:
            yield from _cloze_faults(card)
    elsewhere = [
        question.key_points,
        question.detail,
        question.pitfalls,
        *(card.body for card in question.cards if card.kind is not CardKind.CLOZE),
    ]
    for body in elsewhere:
        lines = [line for line, token in inline_tokens(body) if any(find_marks(token.content))]
        lines += [block.location.line for block in code_blocks(body) if block.clozes]
        for line in lines:
            yield Finding(
                Location(question.location.file, line),
                "cloze-outside",
                "a cloze mark works only in a note of kind .cloze",
            )


def _cloze_faults(card: Card) -> Iterator[Finding]:
    numbers = {mark.number for block in code_blocks(card.body) for mark in block.clozes}
    for line, text in _paragraphs(card):
        try:
            numbers.update(mark.number for mark in strip_marks(text).marks)
        except ClozeError as error:
            yield Finding(Location(card.location.file, line), "cloze-broken", str(error))
    if not numbers:
        yield Finding(card.location, "cloze-missing", f"#{card.slug} hides nothing")
    elif numbers != set(range(1, max(numbers) + 1)):
        found = ", ".join(f"c{number}" for number in sorted(numbers))
        yield Finding(card.location, "cloze-numbers", f"number them from c1 on; found {found}")


def _paragraphs(card: Card) -> Iterator[tuple[int, str]]:
    """Yield the source text of each paragraph or table cell: the room of one cloze."""
    for part in card.body:
        for token in getattr(part, "tokens", ()):
            if token.type == "inline":
                yield (token.map[0] + 1 if token.map else 0), token.content


def predict_cards_show_output(question: Question, _edition: Edition) -> Iterator[Finding]:
    """A `.predict` note starts with code that printed something."""
    for card in question.cards:
        if card.kind is not CardKind.PREDICT:
            continue
        block = next(code_blocks(card.body), None)
        if block is None or card.body[0] is not block:
            yield Finding(
                card.location, "predict-code", f"#{card.slug} must start with the code to predict"
            )
        elif block.output is None:
            yield Finding(
                block.location,
                "predict-output",
                "the code has no output fence; `torchdeck run --accept` writes it",
            )
