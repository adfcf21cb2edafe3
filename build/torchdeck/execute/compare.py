"""Whether a block printed what was accepted.

The raw output is kept; what is normalised here serves the comparison only.
"""

import difflib
import math
import re
from collections.abc import Callable
from enum import StrEnum

from torchdeck.read.question import CodeBlock

RELATIVE_TOLERANCE = 1e-4  # of figures that are not whole numbers

_PATH_START = r"(?<![\w/.])/(?:[^\s'\"=,:()]+/)?"
_NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?(?![\w])")


class Comparison(StrEnum):
    """How an output relates to the accepted one."""

    SAME = "same"
    NOISE = "numeric noise"
    CHANGED = "changed"


def line_ends(text: str) -> str:
    """Use one kind of line end, as Markdown counts them, and none at the end of the text."""
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")


def without_ansi(text: str) -> str:
    """Drop the escape sequences that colour a terminal."""
    return re.sub(r"\x1b\[[0-9;?]*[ -/]*[@-~]", "", text)


def visible_controls(text: str) -> str:
    """Write other control characters than tab and line feed out, since no file may hold them."""
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", lambda found: f"\\x{ord(found[0]):02x}", text)


def shown(text: str) -> str:
    """Return `text` as an output fence, and so a card, can show it."""
    return visible_controls(without_ansi(line_ends(text)))


def without_addresses(text: str) -> str:
    """Give every memory address the same digits; other hexadecimal figures stay."""
    return re.sub(r"(?<= at )0x[0-9a-f]{6,16}\b", "0x…", text)


def without_temporary_folder(text: str) -> str:
    """Cut the folder of the run out of paths."""
    return re.sub(rf"{_PATH_START}torchdeck-\w{{8}}/run", "<run>", text)


def without_site_packages(text: str) -> str:
    """Cut the place of the installed packages out of paths."""
    return re.sub(rf"{_PATH_START}(?:site|dist)-packages/", "<site-packages>/", text)


NORMALISERS: tuple[Callable[[str], str], ...] = (
    shown,
    without_addresses,
    without_temporary_folder,
    without_site_packages,
)


def normalise(text: str) -> str:
    """Apply all normalisers in their order."""
    for normaliser in NORMALISERS:
        text = normaliser(text)
    return text


def compare(block: CodeBlock, printed: str) -> Comparison:
    """Compare what `block` printed with its output fence; no fence stands for no output."""
    accepted = normalise(block.output.text if block.output else "")
    actual = normalise(printed)
    if block.words.unstable is not None:
        accepted, actual = _masked(accepted), _masked(actual)
    return compare_texts(accepted, actual)


def compare_texts(accepted: str, actual: str) -> Comparison:
    """Compare two normalised outputs."""
    if accepted == actual:
        return Comparison.SAME
    return Comparison.NOISE if _only_noise(accepted, actual) else Comparison.CHANGED


def difference(block: CodeBlock, printed: str) -> tuple[int, str]:
    """Return the line of the file at which the outputs part, and a unified diff of them."""
    accepted = normalise(block.output.text if block.output else "").split("\n")
    actual = normalise(printed).split("\n")
    diff = "\n".join(
        difflib.unified_diff(accepted, actual, "accepted", "printed", lineterm="", n=2)
    )
    if block.output is None:
        return block.location.line, diff
    same = 0
    for ours, theirs in zip(accepted, actual, strict=False):
        if ours != theirs:
            break
        same += 1
    first = block.output.location.line + 1
    return min(first + same, block.output.end), diff


def _masked(text: str) -> str:
    """Mask each figure, so that only the shape of the output is left."""
    return _NUMBER.sub("#", text)


def _only_noise(accepted: str, actual: str) -> bool:
    """Tell whether the texts differ only in the last digits of figures with a fraction."""
    if _masked(accepted) != _masked(actual):
        return False
    pairs = zip(_NUMBER.findall(accepted), _NUMBER.findall(actual), strict=True)
    return all(ours == theirs or _close(ours, theirs) for ours, theirs in pairs)


def _close(ours: str, theirs: str) -> bool:
    if not all(set(number) & set(".eE") for number in (ours, theirs)):
        return False  # whole numbers are exact
    if float(ours).is_integer() and float(theirs).is_integer():
        return False  # also when written with a point
    return math.isclose(float(ours), float(theirs), rel_tol=RELATIVE_TOLERANCE)
