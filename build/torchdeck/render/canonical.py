"""What a field says, apart from how its HTML is written.

A note counts as changed only if this changes. Pygments' spans and class names, wrappers, and
the serializer's spelling are left out, so that a new version of a library moves no note; text,
structure that a reader sees, link targets and images (named by their content) stay in.
"""

import hashlib
import json
from html.parser import HTMLParser

from torchdeck.render.note import Note

CANONICAL_VERSION = 1

# Elements that a reader sees, each with the attribute that matters.
_ELEMENTS = {
    **dict.fromkeys(
        (
            "p",
            "br",
            "hr",
            "pre",
            "code",
            "samp",
            "strong",
            "em",
            "s",
            "blockquote",
            "ul",
            "ol",
            "li",
            "table",
            "tr",
            "th",
            "td",
            "h3",
            "h4",
            "h5",
            "h6",
            "details",
            "summary",
        ),
        "",
    ),
    "a": "href",
    "img": "src",
}


class _Canonical(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.items: list[str] = []
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _ELEMENTS:
            self._end_text()
            self.items.append(f"<{tag} {dict(attrs).get(_ELEMENTS[tag]) or ''}")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in _ELEMENTS:
            self._end_text()
            self.items.append(f">{tag}")

    def handle_data(self, data: str) -> None:
        self._text.append(data)

    def close(self) -> None:
        super().close()
        self._end_text()

    def _end_text(self) -> None:
        text = "".join(self._text)
        self._text.clear()
        if text.strip():
            self.items.append(text)


def canonical(html: str) -> list[str]:
    """Return the field `html` as a list of texts and element marks."""
    parser = _Canonical()
    parser.feed(html)
    parser.close()
    return parser.items


def digest(note: Note) -> str:
    """Return the SHA-256 of what `note` says: its id, its fields and its tags."""
    fields = {name: canonical(html) for name, html in note.fields.items()}
    facts = [CANONICAL_VERSION, note.kind, note.sort_text, fields, sorted(note.tags)]
    text = json.dumps(facts, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
