"""Rules about the content as a whole."""

import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

from torchdeck.check.facts import Facts, Front
from torchdeck.findings import Finding, Location
from torchdeck.read.edition import Edition
from torchdeck.rules import Rule

NORUN_SHARE = 0.10
UNSTABLE_SHARE = 0.05
SMALLEST_COUNT = 40  # blocks; of fewer a share says nothing

SIMILARITY = 0.85  # of the sets of neighbouring characters of two fronts


def numbers_and_slugs_are_unique(content: Sequence[Facts], _edition: Edition) -> Iterator[Finding]:
    """No two files answer the same question or claim the same identity."""
    numbers: dict[int, Facts] = {}
    slugs: dict[str, Facts] = {}
    for question in content:
        other = slugs.setdefault(question.slug, question)
        if other is not question:
            message = f"the slug {question.slug} is already that of {other.location.file}"
            yield Finding(Location(question.location.file), Rule.SLUG_DUPLICATE, message)
        if question.number_line is not None:
            other = numbers.setdefault(question.number, question)
            if other is not question:
                place = Location(question.location.file, question.number_line)
                message = f"number {question.number} is already that of {other.location.file}"
                yield Finding(place, Rule.NUMBER_DUPLICATE, message)


def twins_name_each_other(content: Sequence[Facts], edition: Edition) -> Iterator[Finding]:
    """Questions that ask nearly the same share out their angles and say so."""
    for question in content:
        entry = edition.syllabus.get(question.number)
        if entry is None:
            continue
        for twin in sorted(set(entry.twins).difference(question.named)):
            message = (
                f"asks nearly the same as question {twin}: take another angle, name 第 {twin} 题"
            )
            yield Finding(question.location, Rule.TWIN_UNNAMED, message)


def budgets_are_kept(content: Sequence[Facts]) -> Iterator[Finding]:
    """Code that does not run, or whose output is not compared, stays the exception."""
    blocks = sum(question.blocks for question in content)
    if blocks < SMALLEST_COUNT:
        return
    for rule, share, counts in (
        (Rule.BUDGET_NORUN, NORUN_SHARE, [question.norun for question in content]),
        (Rule.BUDGET_UNSTABLE, UNSTABLE_SHARE, [question.unstable for question in content]),
    ):
        if sum(counts) > share * blocks:
            most = max(counts)
            word = rule.rpartition("-")[2]
            message = (
                f"{sum(counts)} of {blocks} blocks are {word}, over {share:.0%} "
                f"of the content; {most} of them are here"
            )
            file = content[counts.index(most)].location.file
            yield Finding(Location(file), rule, message)


def fronts_differ(content: Sequence[Facts], _edition: Edition) -> Iterator[Finding]:
    """A learner who meets the same front twice cannot tell which answer is meant."""
    fronts = [_Pairs.of(front) for question in content for front in question.fronts]
    for first, second in _similar(fronts):
        rule = Rule.FRONT_EQUAL if first.text == second.text else Rule.FRONT_SIMILAR
        how = "the same front as" if rule is Rule.FRONT_EQUAL else "nearly the front of"
        message = f"{how} #{first.slug} at {first.location}"
        yield Finding(second.location, rule, message)


@dataclass(frozen=True, slots=True)
class _Pairs:
    """A front and its pairs of neighbouring characters."""

    front: Front
    pairs: frozenset[str]

    @classmethod
    def of(cls, front: Front) -> "_Pairs":
        # Thousands of fronts share their pairs; interned, each stands in memory once.
        pairs = frozenset(sys.intern(first + second) for first, second in pairwise(front.text))
        return cls(front, pairs or frozenset({front.text}))

    def is_similar_to(self, other: "_Pairs") -> bool:
        common = len(self.pairs & other.pairs)
        return common >= SIMILARITY * (len(self.pairs) + len(other.pairs) - common)


def _similar(fronts: Sequence[_Pairs]) -> Iterator[tuple[Front, Front]]:
    """Yield the pairs that agree, each in the order of their places.

    Two sets that share a part `s` of their union share one of the `1 - s` rarest pairs of either,
    so only fronts that meet in an index of those are compared.
    """
    frequency = Counter(pair for item in fronts for pair in item.pairs)
    by_rarity = sorted(frequency, key=lambda pair: (frequency[pair], pair))
    rank = {pair: place for place, pair in enumerate(by_rarity)}
    index: defaultdict[int, list[_Pairs]] = defaultdict(list)
    for item in sorted(fronts, key=lambda item: item.front.location):
        rarest = sorted(map(rank.__getitem__, item.pairs))
        keys = rarest[: len(rarest) - ceil(SIMILARITY * len(rarest)) + 1]
        met = {id(other): other for key in keys for other in index[key]}
        for other in met.values():
            if item.is_similar_to(other):
                yield other.front, item.front
        for key in keys:
            index[key].append(item)
