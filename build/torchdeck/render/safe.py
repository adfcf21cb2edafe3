"""The allow-list over finished HTML: nothing in a field can run, or load from anywhere.

Markdown is rendered without raw HTML, so this finds nothing to remove; it is the second wall.
"""

import re
from collections.abc import Callable

import nh3
from pygments.token import STANDARD_TYPES

from torchdeck.check.formulas import BEYOND_MATHEMATICS, COMMAND
from torchdeck.render.anki_text import inert
from torchdeck.render.running_text import with_text

_MEDIA_NAME = re.compile(r"torchdeck-[\w.-]+")

_TAGS = {
    *("p", "br", "hr", "div", "span", "blockquote", "pre", "code", "samp"),
    *("strong", "em", "s", "a", "img", "ul", "ol", "li", "h3", "h4", "h5", "h6"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
_CLASSES = {
    "p": {"file", "remark", "environment"},
    "pre": {"code", "output"},
    "span": {name for name in STANDARD_TYPES.values() if name} | {"w"},
}


def _attribute(tag: str, name: str, value: str) -> str | None:
    """Let an image be one of our own media files only."""
    if (tag, name) == ("img", "src") and not _MEDIA_NAME.fullmatch(value):
        return None
    return value


def _cleaner(attribute_filter: Callable[[str, str, str], str | None] | None) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=_TAGS,
        clean_content_tags={"script", "style"},
        attributes={
            "a": {"href"},
            "img": {"src", "alt"},
            "ol": {"start"},
            "th": {"style"},
            "td": {"style"},
        },
        attribute_filter=attribute_filter,
        filter_style_properties={"text-align"},
        allowed_classes=_CLASSES,
        url_schemes={"https"},
        link_rel=None,
    )


# The filter is called for every span of highlighted code; only an image needs it.
_CLEANER = _cleaner(None)
_IMAGE_CLEANER = _cleaner(_attribute)
_IMAGE_START = "<im"  # a parser also reads `<image` as `<img`


def safe(html: str) -> str:
    """Return the finished field `html` with nothing in it but what cards need."""
    if html.isalnum():
        return html  # a number or a name: half of all fields
    cleaner = _IMAGE_CLEANER if _IMAGE_START in html.lower() else _CLEANER
    cleaned = cleaner.clean(html)
    # Walking through finished HTML takes long; only a command that `check` missed is worth it.
    if not BEYOND_MATHEMATICS.isdisjoint(COMMAND.findall(cleaned)):
        cleaned = with_text(cleaned, _mathematics_only)
    return inert(cleaned)


def _mathematics_only(text: str) -> str:
    """Take the backslash from commands that would do more: MathJax shows their names then."""
    return COMMAND.sub(lambda match: match[1] if match[1] in BEYOND_MATHEMATICS else match[0], text)
