"""The form of identities: what may name a question or a card."""


def is_slug(text: str) -> bool:
    """Tell whether `text` consists of words of a-z and 0-9 with single hyphens between them."""
    return all(
        word and word.isascii() and word.isalnum() and word == word.lower()
        for word in text.split("-")
    )
