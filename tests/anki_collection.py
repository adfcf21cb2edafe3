"""A learner's collection: the real Anki, used as its reviewer and importer use it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from anki.collection import Collection, ImportAnkiPackageRequest, ImportLogWithChanges
from anki.notes import Note
from anki.scheduler.v3 import Scheduler

GOOD: Literal[3] = 3


@dataclass(frozen=True)
class Schedule:
    """Everything that studying leaves on a card and in the review log."""

    cards: tuple[tuple[object, ...], ...]
    reviews: tuple[tuple[object, ...], ...]


class Learner:
    """A collection and what a learner does with it."""

    def __init__(self, collection: Collection) -> None:
        self.collection = collection

    def import_package(self, path: Path) -> ImportLogWithChanges.Log:
        """Import with the options that Anki offers by default."""
        request = ImportAnkiPackageRequest(
            package_path=str(path.resolve()),
            options=self.collection._backend.get_import_anki_package_presets(),
        )
        log = self.collection.import_anki_package(request).log
        self.collection.models._clear_cache()
        return log

    def use_fsrs(self) -> None:
        self.collection.set_config("fsrs", val=True)

    def study(self, deck: str, cards: int) -> int:
        """Answer up to `cards` cards of `deck` with good; return how many there were."""
        deck_id = self.collection.decks.id_for_name(deck)
        assert deck_id is not None
        self.collection.decks.select(deck_id)
        scheduler = self.collection.sched
        assert isinstance(scheduler, Scheduler)
        for count in range(cards):
            queued = scheduler.get_queued_cards(fetch_limit=1)
            if not queued.cards:
                return count
            card = self.collection.get_card(queued.cards[0].card.id)
            card.start_timer()
            scheduler.answerCard(card, GOOD)
        return cards

    def note(self, sort_text: str) -> Note:
        assert self.collection.db is not None
        note_id = self.collection.db.scalar("select id from notes where sfld = ?", sort_text)
        return self.collection.get_note(note_id)

    def schedule(self) -> Schedule:
        assert self.collection.db is not None
        cards = self.collection.db.all(
            "select id, nid, did, ord, type, queue, due, ivl, factor, reps, lapses, left, flags, "
            "data from cards order by id"
        )
        reviews = self.collection.db.all("select * from revlog order by id")
        return Schedule(tuple(map(tuple, cards)), tuple(map(tuple, reviews)))


@contextmanager
def learner(folder: Path) -> Iterator[Learner]:
    """Open a new collection in `folder`."""
    collection = Collection(str(folder / "collection.anki2"))
    try:
        yield Learner(collection)
    finally:
        collection.close()
