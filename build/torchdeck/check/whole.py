"""Rules about the content as a whole."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

from torchdeck.findings import Finding, Location
from torchdeck.read.document import CARDS_LIMIT
from torchdeck.read.edition import Edition
from torchdeck.read.inline import inline_blocks, inline_tokens, plain_text
from torchdeck.read.question import Card, CardKind, CodeBlock, Question, code_blocks
from torchdeck.rules import Rule

NORUN_SHARE = 0.10
UNSTABLE_SHARE = 0.05
SMALLEST_COUNT = 40  # blocks; of fewer a share says nothing

SIMILARITY = 0.85  # of the sets of neighbouring characters of two fronts

_REFERENCE = re.compile(r"第\s*(\d{1,9})\s*题")
_INSIGNIFICANT = re.compile(r"[\s，。；：？！、“”‘’「」（）,.;:?!`]+")


def numbers_and_slugs_are_unique(
    questions: Sequence[Question], _edition: Edition
) -> Iterator[Finding]:
    """No two files answer the same question or claim the same identity."""
    numbers: dict[int, Question] = {}
    slugs: dict[str, Question] = {}
    for question in questions:
        other = slugs.setdefault(question.slug, question)
        if other is not question:
            message = f"the slug {question.slug} is already that of {other.location.file}"
            yield Finding(Location(question.location.file), Rule.SLUG_DUPLICATE, message)
        if "number" in question.lines:
            other = numbers.setdefault(question.number, question)
            if other is not question:
                place = Location(question.location.file, question.lines["number"])
                message = f"number {question.number} is already that of {other.location.file}"
                yield Finding(place, Rule.NUMBER_DUPLICATE, message)


def twins_name_each_other(questions: Sequence[Question], edition: Edition) -> Iterator[Finding]:
    """Questions that ask nearly the same share out their angles and say so."""
    for question in questions:
        entry = edition.syllabus.get(question.number)
        if entry is None:
            continue
        named = {
            int(number)
            for body in question.bodies
            for _, token in inline_tokens(body)
            if token.type == "text"
            for number in _REFERENCE.findall(token.content)
        }
        for twin in sorted(set(entry.twins) - named):
            message = (
                f"asks nearly the same as question {twin}: take another angle, name 第 {twin} 题"
            )
            yield Finding(question.location, Rule.TWIN_UNNAMED, message)


def budgets_are_kept(questions: Sequence[Question]) -> Iterator[Finding]:
    """Code that does not run, or whose output is not compared, stays the exception."""
    blocks = [block for question in questions for block in question.blocks if _is_code(block)]
    if len(blocks) < SMALLEST_COUNT:
        return
    for rule, share, of_kind in (
        (Rule.BUDGET_NORUN, NORUN_SHARE, [b for b in blocks if b.words.norun is not None]),
        (Rule.BUDGET_UNSTABLE, UNSTABLE_SHARE, [b for b in blocks if b.words.unstable is not None]),
    ):
        if len(of_kind) > share * len(blocks):
            file, most = Counter(block.location.file for block in of_kind).most_common(1)[0]
            word = rule.rpartition("-")[2]
            message = (
                f"{len(of_kind)} of {len(blocks)} blocks are {word}, over {share:.0%} "
                f"of the content; {most} of them are here"
            )
            yield Finding(Location(file), rule, message)


def fronts_differ(questions: Sequence[Question], _edition: Edition) -> Iterator[Finding]:
    """A learner who meets the same front twice cannot tell which answer is meant."""
    cards = (card for question in questions for card in question.cards[:CARDS_LIMIT])
    fronts = [_front(card) for card in cards]
    for first, second in _similar(fronts):
        rule = Rule.FRONT_EQUAL if first.text == second.text else Rule.FRONT_SIMILAR
        how = "the same front as" if rule is Rule.FRONT_EQUAL else "nearly the front of"
        message = f"{how} #{first.card.slug} at {first.card.location}"
        yield Finding(second.card.location, rule, message)


def _similar(fronts: Sequence["_Front"]) -> Iterator[tuple["_Front", "_Front"]]:
    """Yield the pairs that agree, each in the order of their places.

    Two sets that share a part `s` of their union share one of the `1 - s` rarest pairs of either,
    so only fronts that meet in an index of those are compared.
    """
    frequency = Counter(pair for front in fronts for pair in front.pairs)
    index: defaultdict[str, list[_Front]] = defaultdict(list)
    for front in sorted(fronts, key=lambda front: front.card.location):
        rarest = sorted(front.pairs, key=lambda pair: (frequency[pair], pair))
        keys = rarest[: len(rarest) - ceil(SIMILARITY * len(rarest)) + 1]
        met = {id(other): other for key in keys for other in index[key]}
        for other in met.values():
            if front.is_similar_to(other):
                yield other, front
        for key in keys:
            index[key].append(front)


@dataclass(frozen=True, slots=True)
class _Front:
    """What a learner sees first of a card, reduced to its letters and digits."""

    card: Card
    text: str
    pairs: frozenset[str]

    def is_similar_to(self, other: "_Front") -> bool:
        common = len(self.pairs & other.pairs)
        return common >= SIMILARITY * (len(self.pairs) + len(other.pairs) - common)


def _front(card: Card) -> _Front:
    pieces = [] if card.kind is CardKind.CLOZE else [plain_text(card.title)]
    if card.kind is CardKind.CLOZE:
        pieces += [plain_text(token.children or ()) for _, token in inline_blocks(card.body)]
    if card.kind is not CardKind.QUESTION_ANSWER:
        pieces += [block.code for block in code_blocks(card.body)]
    text = _INSIGNIFICANT.sub("", " ".join(pieces)).lower()
    return _Front(card, text, frozenset(map("".join, pairwise(text))) or frozenset({text}))


def _is_code(block: CodeBlock) -> bool:
    return block.runs or block.words.norun is not None
