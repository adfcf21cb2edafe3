"""Anki's cloze marks, `{{c1::text}}` or `{{c1::text::hint}}`, in plain text."""

from collections.abc import Iterator
from dataclasses import dataclass

from torchdeck.read.numbers import MOST_DIGITS
from torchdeck.read.question import ClozeMark

_CLOSE = "}}"
_OPEN = "{{c"


@dataclass(frozen=True, slots=True)
class ClozeText:
    """Text without its marks, and where the marks were."""

    text: str
    marks: tuple[ClozeMark, ...]


class ClozeError(ValueError):
    """A cloze mark that Anki would not read as written."""


def find_marks(text: str) -> Iterator[tuple[int, str]]:
    """Yield `(offset of the braces, digits of the number)` of each cloze mark that opens in `text`.

    Braces that are no cloze, such as those of an f-string, are passed over.
    """
    position = text.find(_OPEN)
    while position != -1:
        digits_start = position + len(_OPEN)
        digits_end = digits_start
        while digits_end < len(text) and text[digits_end] in "0123456789":
            digits_end += 1
        if digits_end > digits_start and text.startswith("::", digits_end):
            yield position, text[digits_start:digits_end]
        position = text.find(_OPEN, digits_start)


def strip_marks(text: str) -> ClozeText:
    """Take the cloze marks out of `text`.

    Raises:
        ClozeError: A mark is nested in another, has no end, hides nothing, or has a number that
            Anki does not take.
    """
    plain: list[str] = []
    marks: list[ClozeMark] = []
    length = consumed = 0
    for position, digits in find_marks(text):
        if len(digits) > MOST_DIGITS:
            raise ClozeError(f"a cloze number has {len(digits)} digits; number from c1 on")
        number = int(digits)
        if position < consumed:
            raise ClozeError(f"cloze c{number} opens inside another; Anki would make one card")
        start = text.index("::", position) + 2
        end = text.find(_CLOSE, start)
        if end == -1:
            raise ClozeError(f"cloze c{number} has no closing }}}}")
        if number == 0:
            raise ClozeError("cloze numbers start at 1")
        hidden, _, hint = text[start:end].partition("::")
        if "::" in hint or "`" in hint:
            raise ClozeError(f"cloze c{number}: Anki takes what follows a `::` for a hint")
        if text.startswith("}", end + len(_CLOSE)):
            raise ClozeError(f"cloze c{number}: the first }}}} ends it; put a space between braces")
        if not hidden.strip():
            raise ClozeError(f"cloze c{number} hides nothing")
        before = text[consumed:position]
        plain += [before, hidden]
        length += len(before)
        marks.append(ClozeMark(number, length, length + len(hidden), hint or None))
        length += len(hidden)
        consumed = end + len(_CLOSE)
    plain.append(text[consumed:])
    return ClozeText("".join(plain), tuple(marks))
