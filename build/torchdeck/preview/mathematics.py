"""Formulas for a page that brings no MathJax: as MathML, which browsers set by themselves.

On a learner's device Anki's MathJax sets them; only the preview shows them this way.
"""

from html import escape, unescape

from latex2mathml.converter import convert

from torchdeck.render.running_text import with_text

# What Anki hands to MathJax, and how the browser is to set it.
_DELIMITERS = ((r"\(", r"\)", "inline"), (r"\[", r"\]", "block"))


def with_mathml(html: str) -> str:
    """Return `html` with its formulas as MathML; what cannot be converted stays as it is."""
    return with_text(html, _converted)


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
