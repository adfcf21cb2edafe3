"""Formulas for a page that brings no MathJax: as MathML, which browsers set by themselves.

On a learner's device Anki's MathJax sets them; only the preview shows them this way.
"""

from html import escape, unescape
from html.parser import HTMLParser

from latex2mathml.converter import convert

# What Anki hands to MathJax, and how the browser is to set it.
_DELIMITERS = ((r"\(", r"\)", "inline"), (r"\[", r"\]", "block"))
_VERBATIM = ("pre", "code", "style")


def with_mathml(html: str) -> str:
    """Return `html` with its formulas as MathML; what cannot be converted stays as it is."""
    rewriter = _Rewriter()
    rewriter.feed(html)
    rewriter.close()
    return "".join(rewriter.parts)


class _Rewriter(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.parts: list[str] = []
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
        self.parts.append(text if self._verbatim else _converted(text))


def _converted(text: str) -> str:
    for start, end, display in _DELIMITERS:
        head, found, rest = text.partition(start)
        formula, closed, tail = rest.partition(end)
        if found and closed:
            return _converted(head) + _mathml(unescape(formula), display) + _converted(tail)
    return text


def _mathml(formula: str, display: str) -> str:
    try:
        return convert(formula, display=display)
    except Exception as error:  # noqa: BLE001  # the library says nowhere what it may raise
        return f'<code title="{escape(str(error))}">{escape(formula, quote=False)}</code>'
