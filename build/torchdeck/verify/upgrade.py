"""Five learners who have older decks import these; what each of them must keep is compared.

Runs in the process that holds the real Anki.
"""

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from torchdeck.package.build import ALL
from torchdeck.package.payload import NoteRow, Payload, read_payload
from torchdeck.package.retired import RETIRED
from torchdeck.render.canonical import canonical
from torchdeck.verify.learner import Learner, learner
from torchdeck.verify.report import Fault
from torchdeck.verify.rules import Rule

STUDIED = 40  # cards
OWN_DECK = "我的牌组"
OWN_WORDS = "（我的笔记）"
_TWICE = "select guid, count() from notes group by guid having count() > 1"
EVERY = 5  # each fifth note is edited, deleted, moved or suspended
RED_FLAG = 1


@dataclass(frozen=True, slots=True)
class Upgrade:
    """The package that a learner has, and the one that is imported over it."""

    older: Path
    newer: Path
    before: Payload
    after: Payload

    @classmethod
    def of(cls, older: Path, decks: Path) -> "Upgrade":
        """Read the packages of everything in the folders `older` and `decks`."""
        paths = (older / ALL, decks / ALL)
        return cls(*paths, *(read_payload(path.read_bytes()) for path in paths))

    @property
    def chosen(self) -> list[NoteRow]:
        """The older notes with which a learner does something of his own."""
        return list(self.before.notes[::EVERY])


def faults(older: Path, decks: Path) -> Iterator[Fault]:
    """Yield what learners lose who go from the decks in `older` to those in `decks`."""
    upgrade = Upgrade.of(older, decks)
    for name, live in LEARNERS.items():
        with (
            tempfile.TemporaryDirectory(prefix="torchdeck-") as folder,
            learner(Path(folder)) as anki,
        ):
            for rule, message in chain(live(anki, upgrade), _state_faults(anki, upgrade)):
                yield Fault(ALL, rule, f"the learner {name}, from {older.name}: {message}")


Loss = tuple[Rule, str]
Life = Callable[[Learner, Upgrade], Iterator[Loss]]


def _fresh(anki: Learner, upgrade: Upgrade) -> Iterator[Loss]:
    anki.import_package(upgrade.newer)
    yield from _outdated(anki, upgrade, {})


def _with_history(anki: Learner, upgrade: Upgrade) -> Iterator[Loss]:
    anki.import_package(upgrade.older)
    anki.use_fsrs()
    _study(anki, upgrade.before)
    cards = [card for note in upgrade.chosen for card in anki.note(note.sort_text).card_ids()]
    anki.collection.sched.suspend_cards(cards)
    anki.collection.set_user_flag_for_cards(RED_FLAG, cards)
    yield from _import_over(anki, upgrade)
    yield from _outdated(anki, upgrade, {})


def _who_edited(anki: Learner, upgrade: Upgrade) -> Iterator[Loss]:
    anki.import_package(upgrade.older)
    _study(anki, upgrade.before)
    names = _field_names(upgrade.before)
    newer = {note.guid: note.mod for note in upgrade.after.notes}
    for note in upgrade.chosen:
        anki.edit(note.sort_text, names[note.note_type][0], OWN_WORDS, time=note.mod + 1)
    edited = {note.guid: anki.fields()[note.guid] for note in upgrade.chosen}
    kept = {
        note.guid: edited[note.guid]
        for note in upgrade.chosen
        if newer.get(note.guid, note.mod) == note.mod
    }
    yield from _import_over(anki, upgrade)
    fields = anki.fields()
    for note in upgrade.chosen:
        if note.guid in kept and fields.get(note.guid) != kept[note.guid]:
            yield Rule.EDIT_LOST, f"his edit of {note.sort_text} is gone, and nothing changed there"
    yield from _outdated(anki, upgrade, kept)


def _who_deleted(anki: Learner, upgrade: Upgrade) -> Iterator[Loss]:
    anki.import_package(upgrade.older)
    _study(anki, upgrade.before)
    anki.delete([note.sort_text for note in upgrade.chosen])
    yield from _import_over(anki, upgrade)
    yield from _outdated(anki, upgrade, {})


def _who_moved_cards(anki: Learner, upgrade: Upgrade) -> Iterator[Loss]:
    anki.import_package(upgrade.older)
    anki.move([note.sort_text for note in upgrade.chosen], OWN_DECK)
    _study(anki, upgrade.before)
    yield from _import_over(anki, upgrade)
    yield from _outdated(anki, upgrade, {})


LEARNERS: dict[str, Life] = {
    "who starts": _fresh,
    "with a history": _with_history,
    "who edited": _who_edited,
    "who deleted": _who_deleted,
    "who moved cards": _who_moved_cards,
}


def _import_over(anki: Learner, upgrade: Upgrade) -> Iterator[Loss]:
    """Import the newer packages; yield the cards whose schedule, deck or flag is another."""
    before = anki.schedule()
    anki.import_package(upgrade.newer)
    retired = upgrade.newer.parent / RETIRED
    if retired.exists():
        anki.import_package(retired)
    after = anki.schedule()
    for guid, card in before.lost_in(after):
        yield Rule.HISTORY_LOST, f"card {card + 1} of the note {guid} is not as he left it"
    if before.reviews != after.reviews:
        yield Rule.HISTORY_LOST, "the review log is another one"


def _outdated(anki: Learner, upgrade: Upgrade, own: dict[str, tuple[str, ...]]) -> Iterator[Loss]:
    """Yield the notes that do not read as in the newer package; `own` are the learner's."""
    fields = anki.fields()
    for note in upgrade.after.notes:
        if note.guid not in own and not _read_alike(fields.get(note.guid, ()), note.fields):
            yield Rule.NOTE_OUTDATED, f"{note.sort_text} does not read as in the new package"


def _read_alike(one: Sequence[str], other: Sequence[str]) -> bool:
    """Tell whether fields say the same: other markup alone gives a note no newer `mod`."""
    return one == other or list(map(canonical, one)) == list(map(canonical, other))


def _state_faults(anki: Learner, upgrade: Upgrade) -> Iterator[Loss]:
    types = {int(number) for number in json.loads(upgrade.after.note_types)}
    strange = anki.rows(
        f"select n.sfld from notes n where n.mid not in ({','.join(map(str, types))})"  # noqa: S608  # whole numbers
    )
    for (name,) in strange:
        yield Rule.NOTE_OUTDATED, f"{name} is of a note type that no package updates any more"
    for guid, count in anki.rows(_TWICE):
        yield Rule.GUID_TWICE, f"{count} notes have the GUID {guid}"
    for empty in anki.collection.get_empty_cards().notes:
        yield Rule.EMPTY_CARD, f"the note {empty.note_id} has a card that shows nothing"


def _study(anki: Learner, payload: Payload) -> None:
    """Answer some cards, from as many decks as it takes."""
    left = STUDIED
    for deck in _deck_names(payload):
        left -= anki.study(deck, left)


def _deck_names(payload: Payload) -> Sequence[str]:
    return sorted(deck["name"] for deck in json.loads(payload.decks).values())


def _field_names(payload: Payload) -> dict[int, list[str]]:
    return {
        int(number): [field["name"] for field in kind["flds"]]
        for number, kind in json.loads(payload.note_types).items()
    }
