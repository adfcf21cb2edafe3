"""Characters that nobody sees, but programs act upon.

A bidirectional control shows code in another order than it runs in, U+001F ends a field inside
Anki's database, and U+2028 ends a line for some programs only.
"""

from unicodedata import category, name

_JOINERS = frozenset("\u200c\u200d")  # emoji and several scripts need them
_HIDDEN = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
_LAST_OF_PLANE = 0xFFFE  # the last two code points of each plane are no characters
_NO_CHARACTERS = range(0xFDD0, 0xFDF0)


def hidden_character(text: str) -> str | None:
    """Return the first character of `text` that nobody sees, as `U+202E`, or None.

    Tabs and line feeds are meant to be there.
    """
    if text.isprintable():
        return None
    for character in text:
        if character not in "\t\n" and _is_hidden(character):
            return f"U+{ord(character):04X} {name(character, '')}".rstrip()
    return None


def _is_hidden(character: str) -> bool:
    code = ord(character)
    is_none = code & _LAST_OF_PLANE == _LAST_OF_PLANE or code in _NO_CHARACTERS
    return is_none or (category(character) in _HIDDEN and character not in _JOINERS)
