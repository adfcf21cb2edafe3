"""Rules about the notes under 追问 and 卡片."""

import re
from collections.abc import Iterator

from torchdeck.check.width import columns
from torchdeck.findings import Finding
from torchdeck.read.edition import Edition
from torchdeck.read.inline import inline_blocks, plain_text
from torchdeck.read.question import CardKind, Prose, Question, code_blocks
from torchdeck.rules import Rule

ANSWER_COLUMNS = 120
ANSWER_CODE_LINES = 6
LIST_ITEMS = 3

_YES_NO = re.compile(r"吗[？?]?$|是否|能否|可否|是不是|能不能|会不会|有没有|可不可以|要不要")
_NO_QUESTION = re.compile(r"请?(?:解释(?!器)|说明(?!符|书)|描述(?!符)|介绍|谈谈|简述|概述)")
_OPEN_QUESTION = re.compile(r"为什么|为何|怎|如何|何时|哪|什么|多少|几")


def titles_are_not_empty(question: Question, _edition: Edition) -> Iterator[Finding]:
    """The heading is the card's front."""
    for card in question.cards:
        if not plain_text(card.title).strip():
            message = "write the question in the heading"
            yield Finding(card.location, Rule.CARD_TITLE_EMPTY, message)


def answers_are_short(question: Question, _edition: Edition) -> Iterator[Finding]:
    """One thing a card: what does not fit is a second card."""
    for card in question.cards:
        width = sum(
            columns(_shown(plain_text(token.children or ())))
            for _, token in inline_blocks(card.body)
        )
        if width > ANSWER_COLUMNS:
            message = f"#{card.slug}: {width} columns of answer; keep to {ANSWER_COLUMNS}"
            yield Finding(card.location, Rule.CARD_LONG, message)
        if card.kind is CardKind.QUESTION_ANSWER:
            blocks = [block for block in code_blocks(card.body) if not block.words.hidden]
            lines = sum(len(block.code.rstrip("\n").split("\n")) for block in blocks)
            if lines > ANSWER_CODE_LINES:
                message = f"#{card.slug}: {lines} lines of code; keep to {ANSWER_CODE_LINES}"
                yield Finding(card.location, Rule.CARD_LONG, message)


def lists_are_short(question: Question, _edition: Edition) -> Iterator[Finding]:
    """A list of more than three is not remembered as one fact."""
    for card in question.cards:
        for part in card.body:
            longest = _longest_list(part) if isinstance(part, Prose) else 0
            if longest > LIST_ITEMS:
                message = f"#{card.slug}: a list of {longest}; keep to {LIST_ITEMS}"
                yield Finding(card.location, Rule.CARD_LIST, message)


def questions_are_open(question: Question, _edition: Edition) -> Iterator[Finding]:
    """A coin answers a yes/no question as well as a learner does."""
    for card in question.cards:
        title = plain_text(card.title).strip()
        if (
            card.kind is CardKind.QUESTION_ANSWER
            and _YES_NO.search(title)
            and not _OPEN_QUESTION.search(title)
        ):
            message = f"#{card.slug} asks yes or no; ask why, when, or what happens"
            yield Finding(card.location, Rule.CARD_YES_NO, message)
        if card.kind is CardKind.QUESTION_ANSWER and _NO_QUESTION.match(title):
            message = f"#{card.slug} asks for an essay; ask why, when, or what happens"
            yield Finding(card.location, Rule.CARD_EXPLAIN, message)


def predict_cards_show_output(question: Question, _edition: Edition) -> Iterator[Finding]:
    """A `.predict` note starts with code that printed something."""
    for card in question.cards:
        if card.kind is not CardKind.PREDICT:
            continue
        block = next(code_blocks(card.body), None)
        if block is None or card.body[0] is not block or not block.runs:
            message = f"#{card.slug} must start with the code to predict"
            yield Finding(card.location, Rule.PREDICT_CODE, message)
        elif block.output is None:
            message = "the code has no output fence; `torchdeck run --accept` writes it"
            yield Finding(block.location, Rule.PREDICT_OUTPUT, message)


def _longest_list(part: Prose) -> int:
    """Return the number of items of the longest list, nested ones counted by themselves."""
    longest = 0
    open_lists: list[int] = []
    for token in part.tokens:
        if token.type in {"bullet_list_open", "ordered_list_open"}:
            open_lists.append(0)
        elif token.type == "list_item_open":
            open_lists[-1] += 1
            longest = max(longest, open_lists[-1])
        elif token.type in {"bullet_list_close", "ordered_list_close"}:
            open_lists.pop()
    return longest


def _shown(text: str) -> str:
    """Drop the cloze marks, which no card shows."""
    return re.sub(r"\{\{c\d+::|\}\}", "", text)
