"""Limits of a phone's screen on code."""

from collections.abc import Iterator

from torchdeck.check.width import columns
from torchdeck.findings import Finding, Location
from torchdeck.read.edition import Edition
from torchdeck.read.question import CardKind, CodeBlock, Question, code_blocks
from torchdeck.rules import Rule

CODE_COLUMNS = 60
CODE_LINES = 25
PREDICT_COLUMNS = 48
PREDICT_LINES = 12


def code_fits_a_phone(question: Question, _edition: Edition) -> Iterator[Finding]:
    """Code is read without scrolling sideways, and on one screen."""
    predicted = {id(block) for block in _predicted(question)}
    for block in question.blocks:
        if block.words.hidden:
            continue
        is_predicted = id(block) in predicted
        widest = PREDICT_COLUMNS if is_predicted else CODE_COLUMNS
        longest = PREDICT_LINES if is_predicted else CODE_LINES
        lines = block.code.rstrip("\n").split("\n")
        for number, line in enumerate(lines, start=1):
            if columns(line) > widest:
                place = Location(block.location.file, block.location.line + number)
                message = f"{columns(line)} columns; keep code to {widest}"
                yield Finding(place, Rule.CODE_WIDE, message)
        if len(lines) > longest:
            message = f"{len(lines)} lines; keep a block to {longest}"
            yield Finding(block.location, Rule.CODE_LONG, message)


def predicted_output_is_short(question: Question, _edition: Edition) -> Iterator[Finding]:
    """Nobody predicts a screenful."""
    for block in _predicted(question):
        if block.output is not None:
            lines = block.output.text.count("\n") + 1
            if lines > PREDICT_LINES:
                message = f"{lines} lines of output to predict; keep to {PREDICT_LINES}"
                yield Finding(block.output.location, Rule.PREDICT_LONG, message)


def _predicted(question: Question) -> Iterator[CodeBlock]:
    for card in question.cards:
        if card.kind is CardKind.PREDICT:
            yield from list(code_blocks(card.body))[:1]
