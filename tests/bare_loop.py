"""The least that makes cards of Markdown: markdown-it-py, Pygments and genanki in one loop.

The baseline of `bench_scale`: `python -m tests.bare_loop CONTENT DECKS`. The same bodies, code and
notes, and the same packages as a build: one a topic, and one of all. Nothing is checked,
remembered or compressed.
"""

import sys
from functools import cache
from pathlib import Path

import genanki
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.front_matter import front_matter_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name

_BASIC = genanki.Model(
    1_763_870_101,
    "bare",
    fields=[{"name": "Front"}, {"name": "Back"}],
    templates=[{"name": "Card", "qfmt": "{{Front}}", "afmt": "{{Back}}"}],
)
_CLOZE = genanki.Model(
    1_763_870_102,
    "bare cloze",
    fields=[{"name": "Title"}, {"name": "Text"}],
    templates=[{"name": "Card", "qfmt": "{{cloze:Text}}", "afmt": "{{cloze:Text}}"}],
    model_type=genanki.Model.CLOZE,
)
_FORMATTER = HtmlFormatter(nowrap=True)


def main() -> None:
    """Write the packages."""
    content, folder = map(Path, sys.argv[1:])
    folder.mkdir(exist_ok=True)
    parser = MarkdownIt("commonmark", {"html": False, "highlight": _highlight})
    parser.enable(["table", "strikethrough"])
    front_matter_plugin(parser)
    dollarmath_plugin(parser, double_inline=True)
    decks = []
    for index, topic in enumerate(sorted(path for path in content.iterdir() if path.is_dir())):
        deck = genanki.Deck(1_763_870_200 + index, topic.name)
        for path in sorted(topic.glob("*.md")):
            for note in _notes(parser, path):
                deck.add_note(note)
        decks.append(deck)
    images = sorted(map(str, content.glob("*/*.svg")))
    for deck in decks:
        genanki.Package(deck, images).write_to_file(folder / f"{deck.name}.apkg")
    genanki.Package(decks, images).write_to_file(folder / "all.apkg")


def _notes(parser: MarkdownIt, path: Path) -> list[genanki.Note]:
    """Return the note of the file itself, then one for each of its headings with a slug."""
    starts, slugs = [0], [""]
    tokens = parser.parse(path.read_text(encoding="utf-8"))
    for index, token in enumerate(tokens):
        title = tokens[index + 1].content if token.type == "heading_open" else ""
        if title.endswith("}"):
            starts.append(index)
            slugs.append(title.rpartition("{")[2])
    ends = [*starts[1:], len(tokens)]
    return [
        _note(parser, path.stem, slug, tokens[start:end])
        for start, end, slug in zip(starts, ends, slugs, strict=True)
    ]


def _note(parser: MarkdownIt, question: str, slug: str, tokens: list[Token]) -> genanki.Note:
    head = 3 if slug else 1  # a heading's tokens, or the front matter
    front = parser.renderer.render(tokens[:head], parser.options, {}) if slug else question
    back = parser.renderer.render(tokens[head:], parser.options, {})
    model = _CLOZE if slug.endswith(".cloze}") else _BASIC
    return genanki.Note(model, [front, back], guid=genanki.guid_for(question, slug))


def _highlight(code: str, language: str, _words: str) -> str:
    return "" if language == "output" else str(highlight(code, _lexer(language), _FORMATTER))


@cache
def _lexer(language: str) -> Lexer:
    return get_lexer_by_name(language)


if __name__ == "__main__":
    main()
