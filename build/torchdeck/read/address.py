"""Addresses that a learner can open."""

from urllib.parse import urlsplit


def is_web_address(text: str) -> bool:
    """Tell whether `text` is a whole https address, with a host and nothing else around it."""
    try:
        parts = urlsplit(text)
    except ValueError:  # such as an open bracket in the host
        return False
    return parts.scheme == "https" and bool(parts.hostname) and not any(map(_ends_address, text))


def _ends_address(character: str) -> bool:
    return character.isspace() or character in '<>"'
