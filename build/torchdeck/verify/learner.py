"""A learner's collection: the real Anki, used as its reviewer and its importer use it.

Needs the `anki` package.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from anki.collection import Collection, ImportAnkiPackageRequest, ImportLogWithChanges
from anki.dbproxy import DBProxy
from anki.notes import Note, NoteId
from anki.scheduler.v3 import Scheduler

GOOD: Literal[3] = 3

_SCHEDULE = (
    "select c.id, n.guid, c.did, c.ord, c.type, c.queue, c.due, c.ivl, c.factor, c.reps, c.lapses,"
    " c.left, c.odue, c.odid, c.flags, c.data from cards c join notes n on n.id = c.nid"
)

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Schedule:
    """Everything that studying leaves: on cards, by GUID and ordinal, and in the review log."""

    cards: dict[tuple[str, int], Row]
    reviews: tuple[Row, ...]

    def lost_in(self, later: "Schedule") -> list[tuple[str, int]]:
        """Return the cards, as GUID and ordinal, that `later` lacks or has otherwise."""
        return [key for key, row in self.cards.items() if later.cards.get(key) != row]


class Learner:
    """A collection and what a learner does with it."""

    def __init__(self, collection: Collection) -> None:
        """Use `collection`, which stays the caller's to close."""
        self.collection = collection

    def import_package(self, path: Path) -> ImportLogWithChanges.Log:
        """Import with the options that Anki offers by default."""
        request = ImportAnkiPackageRequest(
            package_path=str(path.resolve()),
            options=self.collection._backend.get_import_anki_package_presets(),  # noqa: SLF001
        )
        log = self.collection.import_anki_package(request).log
        self.collection.models._clear_cache()  # noqa: SLF001  # the import bypasses it
        return log

    def use_fsrs(self) -> None:
        """Schedule by FSRS from now on."""
        self.collection.set_config("fsrs", val=True)

    def study(self, deck: str, cards: int) -> int:
        """Answer up to `cards` cards of `deck` with good; return how many there were."""
        deck_id = self.collection.decks.id_for_name(deck)
        if deck_id is None:
            return 0
        self.collection.decks.select(deck_id)
        scheduler = self.collection.sched
        if not isinstance(scheduler, Scheduler):
            raise TypeError("a new collection has the scheduler of today")
        for count in range(cards):
            queued = scheduler.get_queued_cards(fetch_limit=1)
            if not queued.cards:
                return count
            card = self.collection.get_card(queued.cards[0].card.id)
            card.start_timer()
            scheduler.answerCard(card, GOOD)
        return cards

    def edit(self, sort_text: str, field: str, addition: str, *, time: int) -> None:
        """Write `addition` behind a field of a note, at `time` in seconds since 1970."""
        note = self.note(sort_text)
        note[field] += addition
        self.collection.update_note(note)
        self._database.execute("update notes set mod = ? where id = ?", time, note.id)

    def move(self, sort_texts: Sequence[str], deck: str) -> None:
        """Move the cards of notes to a deck of the learner's own."""
        own = self.collection.decks.add_normal_deck_with_name(deck).id
        cards = [card for text in sort_texts for card in self.note(text).card_ids()]
        self.collection.set_deck(cards, own)

    def delete(self, sort_texts: Sequence[str]) -> None:
        """Delete notes with their cards."""
        self.collection.remove_notes([self.note(text).id for text in sort_texts])

    def note(self, sort_text: str) -> Note:
        """Return the note that Anki's browser sorts by `sort_text`."""
        (note_id,) = self.rows("select id from notes where sfld = ?", sort_text)[0]
        return self.collection.get_note(NoteId(note_id))

    def fields(self) -> dict[str, tuple[str, ...]]:
        """Return the fields of all notes by GUID."""
        rows = self.rows("select guid, flds from notes")
        return {guid: tuple(fields.split("\x1f")) for guid, fields in rows}

    def schedule(self) -> Schedule:
        """Return all that studying has left."""
        cards = {(row[1], row[3]): row for row in self.rows(_SCHEDULE)}
        return Schedule(cards, tuple(self.rows("select * from revlog order by id")))

    def rows(self, query: str, *values: str | float | None) -> list[Row]:
        """Ask the collection's database."""
        return [tuple(row) for row in self._database.all(query, *values)]

    @property
    def _database(self) -> DBProxy:
        if self.collection.db is None:
            raise TypeError("the collection is closed")
        return self.collection.db


@contextmanager
def learner(folder: Path) -> Iterator[Learner]:
    """Open a new collection in `folder`."""
    collection = Collection(str(folder / "collection.anki2"))
    try:
        yield Learner(collection)
    finally:
        collection.close()
