"""The YAML at the head of a question file, read from its node tree.

PyYAML's loaders lose line numbers, let a repeated key win silently, and follow YAML 1.1
(`047` is 39, `no` is false). Composing the nodes and reading the scalars here avoids all three.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeVar

import yaml

from torchdeck.findings import Findings
from torchdeck.read.characters import hidden_character
from torchdeck.read.numbers import whole_number
from torchdeck.rules import Rule

LEVELS = (1, 2, 3)
DEPTH_LIMIT = 8  # of lists and mappings in each other; libyaml's composer recurses in C

# The loader over libyaml where PyYAML was built with it: ten times as fast, with the same nodes.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """The keys of the front matter.

    A key that is missing or wrong has a neutral value here and no line in `lines`, so that one
    bad key does not hide what is wrong with the rest of the file.
    """

    number: int = 0
    question: str = ""
    level: int = LEVELS[0]
    tags: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    lines: Mapping[str, int] = field(default_factory=dict)


def parse_front_matter(text: str, first_line: int, findings: Findings) -> FrontMatter:
    """Read the front matter `text`, whose first line is line `first_line` of its file.

    What is wrong with it is added to `findings`.
    """
    try:
        if (fault := _unwelcome(text)) is not None:
            line, problem = fault
            findings.add(first_line + line, Rule.FRONT_MATTER_YAML, problem)
            return FrontMatter()
        node = yaml.compose(text, Loader=LOADER)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line if error.problem_mark else 0
        problem = error.problem or "cannot be read"
        findings.add(first_line + line, Rule.FRONT_MATTER_YAML, f"not valid YAML: {problem}")
        return FrontMatter()
    except yaml.reader.ReaderError as error:
        # Its position counts bytes or characters, depending on the loader.
        message = f"not valid YAML: holds U+{error.character:04X}; {error.reason}"
        findings.add(first_line, Rule.FRONT_MATTER_YAML, message)
        return FrontMatter()
    if not isinstance(node, yaml.MappingNode):
        findings.add(first_line, Rule.FRONT_MATTER_YAML, "must consist of `key: value` lines")
        return FrontMatter()
    reader = _Reader(node, first_line, findings)
    return FrontMatter(
        number=reader.take("number", _whole_number, 0),
        question=reader.take("question", _text, ""),
        level=reader.take("level", _level, LEVELS[0]),
        tags=reader.take("tags", _tags, ()),
        sources=reader.take("sources", _texts, ()),
        requires=reader.take("requires", _distributions, (), optional=True),
        lines=reader.finish(),
    )


def _unwelcome(text: str) -> tuple[int, str] | None:
    """Return the line, from 0, and the name of what `key: value` lines have no use for.

    It is found before anything is composed: nodes deep in each other end the process.

    Raises:
        YAMLError: The text is no YAML.
    """
    depth = 0
    for event in yaml.parse(text, Loader=LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        line = event.start_mark.line if event.start_mark else 0
        if depth > DEPTH_LIMIT:
            return line, f"nested deeper than {DEPTH_LIMIT} levels; a list of words is enough"
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            return line, "no anchors and no aliases here; write the value out"
        if getattr(event, "tag", None) is not None:
            return line, "no tags here; write the plain value"
    return None


class _ValueFormError(ValueError):
    """A value that its key does not take."""


class _Reader:
    """Takes the keys out of a mapping node one by one and notes what is wrong."""

    def __init__(self, node: yaml.MappingNode, first_line: int, findings: Findings) -> None:
        self._first_line = first_line
        self._findings = findings
        self._lines: dict[str, int] = {}
        self._values: dict[str, yaml.Node] = {}
        for key, value in node.value:
            line = first_line + key.start_mark.line
            if not isinstance(key, yaml.ScalarNode):
                findings.add(line, Rule.FRONT_MATTER_YAML, "a key must be a plain word")
                continue
            name = str(key.value)
            if name in self._values:
                findings.add(line, Rule.FRONT_MATTER_DUPLICATE, f"key {name!r} stands twice")
            else:
                self._values[name] = value
                self._lines[name] = line

    def take(
        self, name: str, convert: Callable[[yaml.Node], T], neutral: T, *, optional: bool = False
    ) -> T:
        node = self._values.pop(name, None)
        if node is None:
            if not optional:
                self._findings.add(
                    self._first_line - 1, Rule.FRONT_MATTER_MISSING, f"key {name!r} is missing"
                )
            return neutral
        try:
            return convert(node)
        except _ValueFormError as error:
            line = self._first_line + node.start_mark.line
            self._findings.add(line, Rule.FRONT_MATTER_TYPE, f"{name}: {error}")
            del self._lines[name]
            return neutral

    def finish(self) -> Mapping[str, int]:
        for name in self._values:
            self._findings.add(
                self._lines.pop(name), Rule.FRONT_MATTER_UNKNOWN, f"unknown key {name!r}; remove it"
            )
        return MappingProxyType(self._lines)


def _text(node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
        raise _ValueFormError("give one line of text")
    if hidden := hidden_character(node.value):
        raise _ValueFormError(f"holds {hidden}, which nobody sees; remove it")
    return str(node.value).strip()


def _texts(node: yaml.Node) -> tuple[str, ...]:
    if not isinstance(node, yaml.SequenceNode):
        raise _ValueFormError("give a list")
    return tuple(_text(item) for item in node.value)


def _tags(node: yaml.Node) -> tuple[str, ...]:
    tags = _texts(node)
    for tag in tags:
        if not _is_word(tag):
            raise _ValueFormError(f"{tag!r} is no single word; separate tags with a comma: [a, b]")
    return tags


def _distributions(node: yaml.Node) -> tuple[str, ...]:
    """Take plain names only: they become arguments of pip, which knows options and addresses."""
    names = _texts(node)
    for name in names:
        if not (name.isascii() and name[0].isalnum() and _is_word(name)):
            raise _ValueFormError(f"{name!r} is no plain name of a distribution")
    return names


def _is_word(text: str) -> bool:
    return text.replace("-", "").replace("_", "").replace(".", "").isalnum()


def _whole_number(node: yaml.Node) -> int:
    text = _text(node)
    number = whole_number(text)
    if number is None:
        raise _ValueFormError(f"{text!r} is not a whole number without leading zeros")
    return number


def _level(node: yaml.Node) -> int:
    level = _whole_number(node)
    if level not in LEVELS:
        raise _ValueFormError("give 1 (basic), 2 or 3 (advanced)")
    return level
