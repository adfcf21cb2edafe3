"""What a package is refused for: one rule for each way in which a learner would lose."""

from enum import StrEnum


class Rule(StrEnum):
    """The rules of `torchdeck verify`."""

    NOT_ARRIVED = "note-not-arrived"
    TEMPLATE_ERROR = "template-error"
    BLANK_SIDE = "blank-side"
    MEDIA = "media"
    EMPTY_CARD = "empty-card"
    INTEGRITY = "integrity"
    GUID_TWICE = "guid-twice"
    FUTURE_MOD = "future-mod"
    HISTORY_LOST = "history-lost"
    EDIT_LOST = "edit-lost"
    NOTE_OUTDATED = "note-outdated"
