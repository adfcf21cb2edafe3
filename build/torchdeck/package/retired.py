"""`decks/retired.apkg`: what was taken back, for learners who have it from older editions.

It says what replaced each note. Such notes stand in no other deck: a new learner would get dead
cards, and one who deleted them would get them back.
"""

from base64 import b64decode
from html import escape

from torchdeck.findings import Location
from torchdeck.package.apkg import DeckContent, StampedNote
from torchdeck.package.identity import guid
from torchdeck.package.ledger import Ledger, RetiredEntry
from torchdeck.read.edition import Edition
from torchdeck.render import field_names as names
from torchdeck.render.note import KEY_SEPARATOR, Media, Note, NoteKind, NoteState

RETIRED = "retired.apkg"
TAG = "torchdeck::retired"
FIRST_DUE = 100_000_000  # behind all notes that learn

_DECK_SEPARATOR = "::"
_DESCRIPTION = f"已退役的卡片：只为更新旧版牌组而设，新学习者无需导入。搜索 tag:{TAG} 可找到它们。"


def retired_deck(edition: Edition, ledger: Ledger) -> DeckContent | None:
    """Return the deck of all retired notes, or None if there is none."""
    if not ledger.retired:
        return None
    root = edition.topics[0].deck.partition(_DECK_SEPARATOR)[0]
    notes = tuple(
        _stamped(edition, ledger, key, ledger.retired[key], FIRST_DUE + index)
        for index, key in enumerate(sorted(ledger.retired))
    )
    return DeckContent(f"{root}{_DECK_SEPARATOR}已退役", _DESCRIPTION, notes)


def _stamped(
    edition: Edition, ledger: Ledger, key: str, entry: RetiredEntry, due: int
) -> StampedNote:
    question, _, card = key.partition(KEY_SEPARATOR)
    notice = escape(f"已退役，请删除或暂停：{entry.reason}", quote=False)
    note = Note(
        location=Location(ledger.name),
        question=question,
        card=card or None,
        kind=NoteKind(entry.kind),
        topic=entry.topic,
        number=entry.number,
        fields={**entry.fields, names.NOTICE: notice},
        tags=(*entry.tags, TAG),
        media=tuple(Media(name, b64decode(data)) for name, data in entry.media.items()),
        due=due,
        state=NoteState.FINE,
    )
    return StampedNote(note, guid(edition.namespace, entry.identity), entry.mod, entry.pytorch, "")
