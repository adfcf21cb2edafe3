"""The ledger's next state; refuses what would cost learners a card, a schedule or an update.

Anki takes an updated note only if its `mod` is newer, and then overwrites the learner's edits.
So `mod` moves exactly when what a note says has changed.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from difflib import SequenceMatcher
from typing import Any

from torchdeck.findings import Finding, FindingsError, Location
from torchdeck.package.ledger import Ledger, NoteEntry, NoteTypeEntry
from torchdeck.package.note_types import NoteType
from torchdeck.package.shipped import shipped_cards
from torchdeck.read.edition import Edition
from torchdeck.render.canonical import digest
from torchdeck.render.note import Note, NoteKind
from torchdeck.rules import Rule

# Below this, a sentence that hides something else is another question: half of it is new.
SAME_SENTENCE = 0.5


@dataclass(frozen=True, slots=True)
class Step:
    """From what was shipped to what is to be shipped."""

    ledger: Ledger
    edition: Edition
    notes: Sequence[Note]
    note_types: Sequence[NoteType]

    def finding(self, rule: Rule, message: str) -> Finding:
        """Return a finding about the ledger itself."""
        return Finding(Location(self.ledger.name), rule, message)

    def known(self) -> Iterator[tuple[Note, NoteEntry]]:
        """Yield the notes that learners have, with what is remembered of them."""
        for note in self.notes:
            if (entry := self.ledger.notes.get(note.key)) is not None:
                yield note, entry


def notes_stay(step: Step) -> Iterator[Finding]:
    """A note that is gone would never be updated again, and nobody would know."""
    for key in sorted(step.ledger.notes.keys() - {note.key for note in step.notes}):
        yield step.finding(
            Rule.NOTE_VANISHED,
            f"{key} is in the ledger but not in content/; learners have it: put it back, or "
            f"take it back on purpose with `torchdeck retire {key}`",
        )


def kinds_stay(step: Step) -> Iterator[Finding]:
    """Anki would give a note of another type a second place, or none."""
    for note, entry in step.known():
        if entry.kind != note.kind:
            yield Finding(
                note.location,
                Rule.KIND_CHANGED,
                f"{note.key} was of the kind {entry.kind}; learners would never get another kind: "
                "retire it and choose a new slug",
            )


def retired_names_stay_free(step: Step) -> Iterator[Finding]:
    """A note of a retired one's name would get its GUID, and with it learners' schedules."""
    retired = step.ledger.retired
    taken = {*retired, *(entry.identity for entry in retired.values())}
    for note in step.notes:
        if note.key in taken:
            message = (
                f"{note.key} is the name of a retired note; learners have that: choose another"
            )
            yield Finding(note.location, Rule.SLUG_RETIRED, message)


def cards_stay(step: Step) -> Iterator[Finding]:
    """A card whose field is empty or whose cloze is gone stays with learners and asks nothing."""
    for note, entry in step.known():
        for card in sorted(set(entry.cards) - set(shipped_cards(note).cards)):
            if entry.kind == NoteKind.CLOZE:
                yield Finding(
                    note.location,
                    Rule.CLOZE_REMOVED,
                    f"{note.key} hid {entry.clozes.get(str(card + 1), '')!r} as c{card + 1}; "
                    "learners have that card: put the cloze back, or retire the note and ask the "
                    "rest under a new slug",
                )
            else:
                yield Finding(
                    note.location,
                    Rule.CARD_EMPTIED,
                    f"{note.key} made a card {card + 1} that it makes no more; learners would keep "
                    "an empty one: fill its field again, or retire the note",
                )


def clozes_ask_the_same(step: Step) -> Iterator[Finding]:
    """A number that hides another fact takes the schedule of the old one along."""
    for note, entry in step.known():
        now = shipped_cards(note)
        for number, hidden in now.clozes.items():
            before = entry.clozes.get(number)
            if before is None or before == hidden:
                continue
            others = {text: other for other, text in entry.clozes.items() if other != number}
            if hidden in others:
                what = f"c{number} now hides {hidden!r}, which was c{others[hidden]}"
            elif _alike(entry.around, now.around) < SAME_SENTENCE:
                what = f"c{number} hid {before!r} in another sentence"
            else:
                continue
            yield Finding(
                note.location,
                Rule.CLOZE_REUSED,
                f"{note.key}: {what}; the learner's schedule of c{number} belongs to the old fact: "
                "keep the number with it, give a new fact the next free one, or a new note",
            )


def schemas_stay(step: Step) -> Iterator[Finding]:
    """Anki would make a second type beside the learner's, whose notes are never updated again."""
    for note_type in step.note_types:
        entry = step.ledger.note_types.get(note_type.kind)
        if entry is None:
            continue
        now = schema(note_type)
        for part in sorted(now.keys() | entry.schema.keys()):
            if now.get(part) != entry.schema.get(part):
                yield step.finding(
                    Rule.SCHEMA_CHANGED,
                    f"note type {note_type.kind}: {part} is {now.get(part)} and was "
                    f"{entry.schema.get(part)}; learners' notes would be frozen: use a spare "
                    "field, or introduce a new note type (docs/note-types.md)",
                )


def decks_stay(step: Step) -> Iterator[Finding]:
    """Anki matches decks by name: learners' cards would stay behind in the old one."""
    names = {topic.slug: topic.deck for topic in step.edition.topics}
    for slug, deck in sorted(step.ledger.decks.items()):
        if names.get(slug) != deck:
            yield step.finding(
                Rule.DECK_RENAMED,
                f"topic {slug} had the deck {deck!r} and now has {names.get(slug)!r}; learners' "
                "cards would stay in the old one: keep topic and name in content/topics.toml",
            )


def tags_stay(step: Step) -> Iterator[Finding]:
    """Learners' filtered decks search for tags."""
    now = {tag for note in step.notes for tag in note.tags}
    now |= {tag for entry in step.ledger.retired.values() for tag in entry.tags}
    for tag in sorted(step.ledger.tags - now):
        yield step.finding(
            Rule.TAG_RENAMED,
            f"no note carries the tag {tag} any more; learners' searches and filtered decks use "
            "it: give it back to the notes that had it",
        )


Guard = Callable[[Step], Iterator[Finding]]
GUARDS: tuple[Guard, ...] = (
    notes_stay,
    kinds_stay,
    retired_names_stay_free,
    cards_stay,
    clozes_ask_the_same,
    schemas_stay,
    decks_stay,
    tags_stay,
)


def advance(step: Step, *, now: int) -> Ledger:
    """Return the ledger after `step`; entries move only where text changed.

    Args:
        step: The committed ledger, and all that is to be shipped.
        now: Seconds since 1970; what changed gets this `mod`.

    Raises:
        FindingsError: A guard refuses, or the clock stands at or before the newest entry while
            something has to move.
    """
    findings = [finding for guard in GUARDS for finding in guard(step)]
    if findings:
        raise FindingsError(findings)
    ledger = step.ledger
    after = replace(
        ledger,
        notes={
            note.key: _note_entry(ledger.notes.get(note.key), note, now, step.edition.pytorch)
            for note in step.notes
        },
        note_types={
            str(kind.kind): _type_entry(ledger.note_types.get(kind.kind), kind, now)
            for kind in step.note_types
        },
        decks={topic.slug: topic.deck for topic in step.edition.topics},
        tags=ledger.tags | {tag for note in step.notes for tag in note.tags},
    )
    if (after.notes, after.note_types) != (ledger.notes, ledger.note_types):
        refuse_old_clock(ledger, now)
    return after


def refuse_old_clock(ledger: Ledger, now: int) -> None:
    """Refuse a change at a time that learners' collections would take for an old one.

    Raises:
        FindingsError: `now` is not after the newest entry.
    """
    if now <= ledger.newest:
        message = (
            f"the time {now} is not after the newest entry {ledger.newest}, so learners "
            "would not get the change; set the clock or SOURCE_DATE_EPOCH"
        )
        raise FindingsError([Finding(Location(ledger.name), Rule.CLOCK, message)])


def type_digest(note_type: NoteType) -> str:
    """Return the SHA-256 of everything that Anki stores of `note_type`."""
    facts = [
        note_type.id,
        note_type.name,
        note_type.fields,
        [astuple(template) for template in note_type.templates],
        note_type.css,
    ]
    return hashlib.sha256(json.dumps(facts, ensure_ascii=False).encode()).hexdigest()


def schema(note_type: NoteType) -> dict[str, Any]:
    """Return the part of `note_type` that can never change, as JSON has it."""
    return {
        "id": note_type.id,
        "name": note_type.name,
        "fields": [[note_type.field_id(i), name] for i, name in enumerate(note_type.fields)],
        "templates": [[template.id, template.name] for template in note_type.templates],
    }


def _note_entry(entry: NoteEntry | None, note: Note, now: int, pytorch: str) -> NoteEntry:
    text = note.digest or digest(note)
    if entry and entry.digest == text:
        return entry
    cards = shipped_cards(note)
    return NoteEntry(
        note.kind,
        text,
        now,
        pytorch,
        entry.identity if entry else None,
        cards.cards,
        cards.clozes,
        cards.around,
    )


def _type_entry(entry: NoteTypeEntry | None, note_type: NoteType, now: int) -> NoteTypeEntry:
    text = type_digest(note_type)
    if entry and entry.digest == text:
        return entry
    return NoteTypeEntry(text, now, schema(note_type))


def _alike(first: str, second: str) -> float:
    return SequenceMatcher(None, first, second, autojunk=False).ratio()
