"""The blocks below a heading, gathered into prose and code with its accepted output."""

import dataclasses
from collections.abc import Sequence
from functools import cache

from markdown_it.token import Token
from pygments.lexers import find_lexer_class_by_name
from pygments.util import ClassNotFound

from torchdeck.findings import Findings, Location
from torchdeck.read.cloze import ClozeError, ClozeText, strip_marks
from torchdeck.read.fence import FenceError, FenceInfo, parse_info
from torchdeck.read.question import (
    EXECUTABLE_LANGUAGES,
    Body,
    CodeBlock,
    FenceWords,
    Output,
    Prose,
)
from torchdeck.read.source import Source
from torchdeck.rules import Rule

OUTPUT = "output"
LEVEL_LIMIT = 10  # of blocks or of marks in each other; markdown-it drops text from 20 on


class BodyBuilder:
    """Takes top-level blocks one by one; `finish` returns what they make."""

    def __init__(self, source: Source, findings: Findings) -> None:
        """Start an empty body; faults in its fences are added to `findings`."""
        self._source = source
        self._findings = findings
        self._parts: list[Prose | CodeBlock] = []
        self._prose: list[Token] = []  # since the last fence

    def add(self, element: Sequence[Token]) -> None:
        """Add the tokens of one top-level block."""
        opening = element[0]
        if opening.type == "fence":
            self._end_prose()
            self._add_fence(opening)
            return
        for token in element:
            self._check_nested(token)
        self._check_depth(element)
        self._prose += element

    def finish(self) -> Body:
        """Return the body."""
        self._end_prose()
        return tuple(self._parts)

    def _end_prose(self) -> None:
        if self._prose:
            self._parts.append(Prose(self._location(self._prose[0]), tuple(self._prose)))
            self._prose = []

    def _add_fence(self, token: Token) -> None:
        start, end = token.map or (0, 0)
        if not _is_closed(token, self._source.lines[end - 1] if end - 1 > start else ""):
            self._findings.add(
                start + 1, Rule.FENCE_UNCLOSED, f"close the fence with {token.markup}"
            )
        try:
            info = parse_info(token.info)
        except FenceError as error:
            self._findings.add(start + 1, error.rule, str(error))
            info = FenceInfo(token.info.split()[0], FenceWords())
        if info.language == OUTPUT:
            self._add_output(token, info)
            return
        self._check_language(start + 1, info.language)
        try:
            cloze = strip_marks(token.content)
        except ClozeError as error:
            self._findings.add(start + 1, Rule.CLOZE_BROKEN, str(error))
            cloze = ClozeText(token.content, ())
        if any(mark.hint for mark in cloze.marks):
            message = "a `::` in a cloze in code starts a hint, and would be cut from the code"
            self._findings.add(start + 1, Rule.CLOZE_BROKEN, message)
        self._parts.append(
            CodeBlock(
                location=self._location(token),
                end=end,
                language=info.language,
                code=cloze.text,
                clozes=cloze.marks,
                words=info.words,
                output=None,
            )
        )

    def _add_output(self, token: Token, info: FenceInfo) -> None:
        line = self._location(token).line
        if info.words != FenceWords():
            self._findings.add(line, Rule.FENCE_WORDS, "an output fence takes no words")
        block = self._parts[-1] if self._parts else None
        if not isinstance(block, CodeBlock) or not block.runs or block.output is not None:
            self._findings.add(
                line, Rule.OUTPUT_ORPHAN, "an output fence must follow the block that printed it"
            )
            return
        output = Output(
            self._location(token), token.content.removesuffix("\n"), (token.map or (0, 0))[1]
        )
        self._parts[-1] = dataclasses.replace(block, output=output)

    def _check_language(self, line: int, language: str) -> None:
        if not language:
            self._findings.add(
                line, Rule.FENCE_LANGUAGE, "name the language behind the backticks, or `text`"
            )
            return
        if not is_language(language):
            message = f"{language!r} is no language that Pygments knows"
            self._findings.add(line, Rule.FENCE_LANGUAGE, message)
        elif (spelling := executable_spelling(language)) not in {None, language}:
            message = f"write `{spelling}`: only that spelling of {language!r} runs"
            self._findings.add(line, Rule.FENCE_LANGUAGE, message)

    def _check_nested(self, token: Token) -> None:
        """Find fences that would not run, or that are no fences at all, inside other blocks."""
        start = self._location(token).line
        if token.type == "fence":
            language = token.info.split()[0] if token.info.split() else ""
            if language != OUTPUT:
                self._check_language(start, language)
            if language in EXECUTABLE_LANGUAGES or language == OUTPUT:
                self._findings.add(
                    start, Rule.FENCE_NESTED, "code that runs cannot stand in a list or a quote"
                )
        elif token.type == "inline":
            for offset, text in enumerate(token.content.split("\n")):
                if text.lstrip().startswith("```"):
                    self._findings.add(
                        start + offset,
                        Rule.FENCE_BACKTICK,
                        "a backtick in the info string makes this fence plain text; remove it",
                    )

    def _check_depth(self, element: Sequence[Token]) -> None:
        line = 0
        for token in element:
            line = token.map[0] + 1 if token.map else line
            marks = token.children or ()
            if token.level > LEVEL_LIMIT or any(mark.level > LEVEL_LIMIT for mark in marks):
                message = f"nested deeper than {LEVEL_LIMIT} levels, of which a part would be lost"
                self._findings.add(line, Rule.NESTING_DEEP, message)
                return

    def _location(self, token: Token) -> Location:
        return Location(self._source.name, token.map[0] + 1 if token.map else 0)


def _is_closed(token: Token, last_line: str) -> bool:
    text = last_line.strip()
    return len(text) >= len(token.markup) and set(text) == {token.markup[0]}


@cache
def is_language(alias: str) -> bool:
    """Tell whether Pygments has a lexer of that alias."""
    try:
        find_lexer_class_by_name(alias)
    except ClassNotFound:
        return False
    return True


@cache
def executable_spelling(alias: str) -> str | None:
    """Return the language that runs of which `alias` is another name, or None."""
    lexer = find_lexer_class_by_name(alias)
    for language in EXECUTABLE_LANGUAGES:
        if find_lexer_class_by_name(language) is lexer:
            return language
    return None
