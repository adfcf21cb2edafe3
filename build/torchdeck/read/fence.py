"""The info string of a fence: a language, then words that say how the block runs."""

import dataclasses
import shlex
from collections.abc import Callable
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any

from torchdeck.read.numbers import whole_number
from torchdeck.read.question import FenceWords
from torchdeck.rules import Rule

_MEMORY_UNITS = MappingProxyType({"M": 2**20, "G": 2**30})
_DEVICES = ("cuda",)


class FenceError(ValueError):
    """An info string that means nothing; the message says which word and why."""

    rule = Rule.FENCE_WORDS


class FenceReasonError(FenceError):
    """A word that needs a reason has none."""

    rule = Rule.FENCE_REASON


@dataclasses.dataclass(frozen=True, slots=True)
class FenceInfo:
    """A parsed info string."""

    language: str
    words: FenceWords


def parse_info(info: str) -> FenceInfo:
    """Parse an info string such as `python raises=TypeError timeout=60`.

    Raises:
        FenceError: The quotes do not match, or a word is unknown, repeated, or has no good value.
    """
    try:
        parts = shlex.split(info)
    except ValueError as error:
        raise FenceError(f"quotes in the info string do not match ({error})") from error
    if not parts:
        return FenceInfo("", FenceWords())
    values: dict[str, Any] = {}
    for part in parts[1:]:
        word, equals, value = part.partition("=")
        if word in values:
            raise FenceError(f"the word {word!r} stands twice")
        if word in _FLAGS and not equals:
            values[word] = True
        elif word in _VALUES and value:
            values[word] = _VALUES[word](value)
        elif word in _REASONED:
            raise FenceReasonError(f'{word} needs a reason: {word}="why"')
        else:
            raise FenceError(_complaint(word, has_value=bool(value)))
    return FenceInfo(parts[0], FenceWords(**values))


def _complaint(word: str, *, has_value: bool) -> str:
    if word in _FLAGS:
        return f"{word!r} takes no value"
    if word in _VALUES and not has_value:
        return f"{word!r} needs a value: {word}=…"
    return f"unknown word {word!r}; known are {', '.join(sorted({*_FLAGS, *_VALUES}))}"


def _seconds(value: str) -> float:
    seconds = whole_number(value)
    if seconds is None:
        raise FenceError(f"timeout={value}: give whole seconds, such as timeout=60")
    return float(seconds)


def _bytes(value: str) -> int:
    number, unit = whole_number(value[:-1]), value[-1]
    if unit not in _MEMORY_UNITS or number is None:
        raise FenceError(f"memory={value}: give a whole number with M or G, such as memory=4G")
    return number * _MEMORY_UNITS[unit]


def _device(value: str) -> str:
    if value not in _DEVICES:
        raise FenceError(f"device={value}: the only device word is device={_DEVICES[0]}")
    return value


def _exception(value: str) -> str:
    if not all(part.isidentifier() for part in value.split(".")):
        raise FenceError(f"raises={value}: give the name of an exception class")
    return value


def _file_name(value: str) -> str:
    path = PurePosixPath(value)
    if path.is_absolute() or ".." in path.parts or "\\" in value or not path.name:
        raise FenceError(f"{value!r} leads out of the run's folder; give a plain relative path")
    return value


_REASONED = frozenset({"norun", "unstable"})
_FLAGS = frozenset({"fresh", "hidden", "slow"})
_VALUES: MappingProxyType[str, Callable[[str], Any]] = MappingProxyType(
    {
        "norun": str,
        "raises": _exception,
        "device": _device,
        "timeout": _seconds,
        "memory": _bytes,
        "unstable": str,
        "file": _file_name,
        "figure": _file_name,
    }
)
