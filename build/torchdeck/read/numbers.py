"""Numbers that people write, read without surprises."""

MOST_DIGITS = 9  # Python refuses to read thousands of digits, and SQLite to keep them


def whole_number(text: str) -> int | None:
    """Return the number from 1 on that `text` writes in ASCII digits, else None.

    A leading zero, or more than `MOST_DIGITS` digits, make no number.
    """
    if not text.isascii() or not text.isdecimal() or text[0] == "0" or len(text) > MOST_DIGITS:
        return None
    return int(text)
