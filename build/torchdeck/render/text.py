"""What a field shows, as plain text."""

from html.parser import HTMLParser

_BLOCKS = frozenset(
    ("p", "div", "br", "hr", "pre", "li", "tr", "blockquote", "h3", "h4", "h5", "h6", "table")
)


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._in_pre = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS:
            self.parts.append("\n")
        elif tag in ("td", "th"):
            self.parts.append(" ")
        elif tag == "img":
            self.parts.append(f"[{dict(attrs).get('alt') or ''}]")
        self._in_pre = self._in_pre or tag == "pre"

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.parts.append("\n")
        self._in_pre = self._in_pre and tag != "pre"

    def handle_data(self, data: str) -> None:
        self.parts.append(data if self._in_pre else data.replace("\n", " "))


def plain_text(html: str) -> str:
    """Return the text of the field `html`: a line a block, without blank lines."""
    parser = _Text()
    parser.feed(html)
    parser.close()
    lines = "".join(parser.parts).split("\n")
    return "\n".join(line.rstrip() for line in lines if line.strip())
