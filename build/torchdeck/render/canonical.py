"""What a field says, apart from how its HTML is written.

A note counts as changed only if this changes. Pygments' spans and class names, wrappers, and
the serializer's spelling are left out, so that a new version of a library moves no note; text,
structure that a reader sees, link targets and images (named by their content) stay in.
"""

import hashlib
import json
import re
from html.parser import HTMLParser

from torchdeck.render.note import Note

CANONICAL_VERSION = 2

# Elements that a reader sees, each with the attributes that matters to him.
_INLINE: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("code", "samp", "strong", "em", "s"), ()),
    "a": ("href",),
    "img": ("src", "alt"),
}
_BLOCKS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        ("p", "br", "hr", "pre", "blockquote", "ul", "li", "table", "tr", "h3", "h4", "h5", "h6"),
        (),
    ),
    "ol": ("start",),
    "th": ("style",),
    "td": ("style",),
}
_ELEMENTS = _INLINE | _BLOCKS
# Where and when an output was recorded: true until the next record, and no news for a learner.
_PASSED_OVER = ("p", "environment")


class _Canonical(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.items: list[str] = []
        self._text = ""
        self._in_pre = False
        self._passes_over = False
        self._at_block = True  # blanks at the start and the end of a block are not shown

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self._passes_over = (tag, found.get("class")) == _PASSED_OVER
        if tag not in _ELEMENTS or self._passes_over:
            return
        self._end_text(at_block=tag in _BLOCKS)
        values = [f"{name}={found[name]}" for name in _ELEMENTS[tag] if found.get(name)]
        self.items.append(" ".join([f"<{tag}", *values]))
        self._in_pre = self._in_pre or tag == "pre"

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self._passes_over:
            self._passes_over = False
        elif tag in _ELEMENTS:
            self._end_text(at_block=tag in _BLOCKS)
            self.items.append(f">{tag}")
            self._in_pre = self._in_pre and tag != "pre"

    def handle_data(self, data: str) -> None:
        if not self._passes_over:
            self._text += data

    def close(self) -> None:
        super().close()
        self._end_text(at_block=True)

    def _end_text(self, *, at_block: bool) -> None:
        """Keep the text so far, with blanks as a browser shows them."""
        text, self._text = self._text, ""
        if not self._in_pre:
            text = re.sub(r"\s+", " ", text)
            text = text.lstrip() if self._at_block else text
            text = text.rstrip() if at_block else text
        if text:
            self.items.append(text)
        self._at_block = at_block


def canonical(html: str) -> list[str]:
    """Return the field `html` as a list of texts and element marks."""
    if html.isalnum():
        return [html]  # a number or a name: half of all fields, and nothing to parse
    parser = _Canonical()
    parser.feed(_without_spans(html))
    parser.close()
    return parser.items


def _without_spans(html: str) -> str:
    """Drop what marks nothing: nine of ten tags are Pygments' spans, and parsing is Python's."""
    first, *rest = html.replace("</span>", "").split("<span")
    return first + "".join(piece.partition(">")[2] for piece in rest)


def digest(note: Note) -> str:
    """Return the SHA-256 of what `note` says: its id, its fields and its tags."""
    fields = {name: canonical(html) for name, html in note.fields.items()}
    facts = [CANONICAL_VERSION, note.kind, note.sort_text, fields, sorted(note.tags)]
    text = json.dumps(facts, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
