"""How drift is told."""

from enum import StrEnum


class DriftFormat(StrEnum):
    """The forms of `torchdeck drift`."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"
    HTML = "html"
