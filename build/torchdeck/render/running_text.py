"""Finished HTML with its running text changed: what stands in no code and no style sheet."""

from collections.abc import Callable
from html.parser import HTMLParser

_VERBATIM = ("pre", "code", "style")


def with_text(html: str, change: Callable[[str], str]) -> str:
    """Return `html` with `change` applied to each piece of its running text, as it is written."""
    rewriter = _Rewriter(change)
    rewriter.feed(html)
    rewriter.close()
    return "".join(rewriter.parts)


class _Rewriter(HTMLParser):
    def __init__(self, change: Callable[[str], str]) -> None:
        super().__init__(convert_charrefs=False)
        self.parts: list[str] = []
        self._change = change
        self._text = ""
        self._verbatim = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self._end_text()
        self._verbatim += tag in _VERBATIM
        self.parts.append(self.get_starttag_text() or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del tag, attrs
        self._end_text()
        self.parts.append(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        self._end_text()
        self._verbatim -= tag in _VERBATIM
        self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_entityref(self, name: str) -> None:
        self._text += f"&{name};"

    def handle_charref(self, name: str) -> None:
        self._text += f"&#{name};"

    def close(self) -> None:
        super().close()
        self._end_text()

    def _end_text(self) -> None:
        text, self._text = self._text, ""
        self.parts.append(text if self._verbatim else self._change(text))
