"""How changes are told."""

from enum import StrEnum


class ChangesFormat(StrEnum):
    """The forms of `torchdeck changes`."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"
