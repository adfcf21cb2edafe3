"""What a learner who has older decks gets from these."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from torchdeck.release.shelf import Shelf, ShippedNote
from torchdeck.render import field_names as names
from torchdeck.render.note import KEY_SEPARATOR
from torchdeck.render.text import plain_text

FRONTS = (names.QUESTION, names.TITLE)
# Filled by packaging or repeated from the question: they say nothing of the note's own.
_PASSED_OVER = frozenset(
    (names.ACCEPTED_ON, names.LINK, names.CONTEXT, names.ID, names.NUMBER, names.TOPIC)
)


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field that reads otherwise: the lines that went and those that came."""

    name: str
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NoteChange:
    """A note that is new, changed or retired.

    Attributes:
        name: What Anki's browser sorts by.
        front: What it asks, as plain text.
        fields: What reads otherwise; nothing if only a picture or its form changed.
        notice: Why it was retired.
    """

    name: str
    front: str
    fields: tuple[FieldChange, ...] = ()
    notice: str = ""

    @property
    def question(self) -> str:
        """Number and slug of its question."""
        return self.name.partition(KEY_SEPARATOR)[0]

    @property
    def is_question(self) -> bool:
        """Whether it is the note of a question itself."""
        return KEY_SEPARATOR not in self.name


@dataclass(frozen=True, slots=True)
class DeckChanges:
    """What happened to the notes of one deck."""

    deck: str
    new: tuple[NoteChange, ...]
    changed: tuple[NoteChange, ...]
    retired: tuple[NoteChange, ...]


def changes(before: Shelf, after: Shelf) -> tuple[DeckChanges, ...]:
    """Return what `after` brings to a learner who has `before`, deck by deck."""
    new = [note for guid, note in after.notes.items() if guid not in before.notes]
    changed = [
        (old, note)
        for guid, note in after.notes.items()
        if (old := before.notes.get(guid)) is not None and note.mod > old.mod
    ]
    retired = [
        (before.notes[guid], note)
        for guid, note in after.retired.items()
        if guid in before.notes and guid not in before.retired
    ]
    decks = [note.deck for note in (*after.notes.values(), *before.notes.values())]
    return tuple(
        found
        for deck in dict.fromkeys(decks)
        if (
            found := DeckChanges(
                deck,
                _sorted(NoteChange(note.name, _front(note)) for note in new if note.deck == deck),
                _sorted(_changed(old, note) for old, note in changed if note.deck == deck),
                _sorted(_retired(note) for old, note in retired if old.deck == deck),
            )
        )
        != DeckChanges(deck, (), (), ())
    )


def count(found: Sequence[DeckChanges]) -> Mapping[str, int]:
    """Return how many notes are new, changed and retired."""
    return {
        "new": sum(len(deck.new) for deck in found),
        "changed": sum(len(deck.changed) for deck in found),
        "retired": sum(len(deck.retired) for deck in found),
    }


def _changed(before: ShippedNote, after: ShippedNote) -> NoteChange:
    return NoteChange(after.name, _front(after), tuple(_field_changes(before, after)))


def _retired(note: ShippedNote) -> NoteChange:
    return NoteChange(note.name, _front(note), notice=plain_text(note.fields[names.NOTICE]))


def _field_changes(before: ShippedNote, after: ShippedNote) -> Iterator[FieldChange]:
    for name, html in after.fields.items():
        old = plain_text(before.fields.get(name, "")).splitlines()
        new = plain_text(html).splitlines()
        if name in _PASSED_OVER or old == new:
            continue
        went: list[str] = []
        came: list[str] = []
        for kind, start, end, new_start, new_end in _opcodes(old, new):
            if kind != "equal":
                went += old[start:end]
                came += new[new_start:new_end]
        yield FieldChange(name, tuple(went), tuple(came))


def _opcodes(old: list[str], new: list[str]) -> Sequence[tuple[str, int, int, int, int]]:
    return SequenceMatcher(None, old, new, autojunk=False).get_opcodes()


def _front(note: ShippedNote) -> str:
    front = next((note.fields[name] for name in FRONTS if note.fields.get(name)), "")
    return " ".join(plain_text(front).split())


def _sorted(found: Iterator[NoteChange]) -> tuple[NoteChange, ...]:
    return tuple(sorted(found, key=lambda change: change.name))
