"""How wide text is on a screen."""

from unicodedata import east_asian_width

_WIDE = frozenset("WF")


def columns(text: str) -> int:
    """Return the display columns of `text`: two for a Chinese character, else one."""
    if text.isascii():
        return len(text)
    return sum(2 if east_asian_width(character) in _WIDE else 1 for character in text)
