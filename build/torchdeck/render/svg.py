"""SVG files for cards: drawings only, without script, handlers or references to elsewhere.

An SVG is XML, so an HTML cleaner would not leave a well-formed file; and an author should be told
what is refused instead of finding it gone.
"""

import re
from xml.etree import ElementTree as ET

SIZE_LIMIT = 2**20  # bytes
DEPTH_LIMIT = 100  # of groups in each other

_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_HREFS = frozenset({"href", f"{{{_XLINK}}}href"})
_ELEMENTS = frozenset(
    {
        *("svg", "g", "defs", "symbol", "use", "title", "desc", "style", "clipPath", "mask"),
        *("path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "pattern"),
        *("text", "tspan", "marker", "linearGradient", "radialGradient", "stop"),
    }
)
# Facts about the file, of no use on a card; left out without a word.
_PASSED_OVER = frozenset({"metadata"})
_REFERENCE = re.compile(r"url\(\s*['\"]?(?!#)|@import|javascript:|\\", re.IGNORECASE)

ET.register_namespace("", _SVG)
ET.register_namespace("xlink", _XLINK)


class UnsafeSvgError(ValueError):
    """An SVG holds more than a drawing; the message says what."""


def safe_svg(content: bytes) -> bytes:
    """Return the drawing in `content`, without comments, metadata and document type.

    Raises:
        UnsafeSvgError: It is no SVG, too large, or holds what could run or load something.
    """
    if len(content) > SIZE_LIMIT:
        raise UnsafeSvgError(f"is larger than {SIZE_LIMIT} bytes")
    try:
        # Expat limits how far entities can grow, and fetches nothing.
        root = ET.fromstring(content)  # noqa: S314
    except (ET.ParseError, ValueError, LookupError) as error:
        raise UnsafeSvgError(f"is no XML: {error}") from error
    if _name(root) != "svg":
        raise UnsafeSvgError(f"holds <{_name(root)}> instead of <svg>")
    _refuse_depth(root)
    _clean(root)
    drawing = bytes(ET.tostring(root, encoding="utf-8"))
    if len(drawing) > SIZE_LIMIT:
        raise UnsafeSvgError(f"grows beyond {SIZE_LIMIT} bytes by its entities")
    return drawing


def _refuse_depth(root: ET.Element) -> None:
    """Refuse what the functions below, and other programs, could not follow."""
    level = [root]
    for _ in range(DEPTH_LIMIT):
        level = [child for element in level for child in element]
    if level:
        raise UnsafeSvgError(f"is nested deeper than {DEPTH_LIMIT} elements")


def _clean(element: ET.Element) -> None:
    for name, value in list(element.attrib.items()):
        if name.startswith("{") and name not in _HREFS:
            del element.attrib[name]  # what a drawing program notes for itself
        elif name.lower().startswith("on"):
            raise UnsafeSvgError(f"<{_name(element)}> has the handler {name}")
        elif name in _HREFS and not value.startswith("#"):
            raise UnsafeSvgError(f"<{_name(element)}> refers to {value[:60]!r}")
        elif _REFERENCE.search(value):
            raise UnsafeSvgError(f"{name} of <{_name(element)}> refers to {value[:60]!r}")
    if _name(element) == "style" and _REFERENCE.search("".join(element.itertext())):
        raise UnsafeSvgError("<style> refers to something outside the file")
    for child in list(element):
        name = _name(child)
        if name in _PASSED_OVER or not name.isidentifier():
            element.remove(child)
        elif name not in _ELEMENTS:
            raise UnsafeSvgError(f"holds <{name}>, which is no part of a drawing")
        else:
            _clean(child)


def _name(element: ET.Element) -> str:
    """Return an element's name; those of other namespaces keep theirs and match nothing."""
    return element.tag.removeprefix(f"{{{_SVG}}}")
