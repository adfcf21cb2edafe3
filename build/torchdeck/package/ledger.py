"""`decks/ledger.json`: when each note and note type last changed.

Anki takes an updated note only if its `mod` is newer, and then overwrites the learner's edits.
So `mod` moves exactly when what a note says has changed.
"""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, replace
from pathlib import Path
from typing import Any

from torchdeck.findings import Finding, FindingsError, Location
from torchdeck.package.note_types import NoteType
from torchdeck.render.canonical import digest
from torchdeck.render.note import KEY_SEPARATOR, Note
from torchdeck.rules import Rule

LEDGER_FORMAT = 1


@dataclass(frozen=True, slots=True)
class NoteEntry:
    """What is remembered of a note.

    Attributes:
        kind: Its note type; for ever, since Anki does not move a note to another.
        digest: Of what it says (`render.canonical`).
        mod: When that last changed, in seconds since 1970.
        pytorch: The release under which that was accepted.
        identity: The key that it had first, if it was renamed; its GUID comes from that.
    """

    kind: str
    digest: str
    mod: int
    pytorch: str
    identity: str | None = None


@dataclass(frozen=True, slots=True)
class RetiredEntry:
    """A note that is in the content no more, whole: learners of older editions have it.

    Attributes:
        identity: The key that it had first.
        kind: Its note type.
        topic: Slug of its topic.
        number: Number of its question.
        mod: When it was retired, in seconds since 1970.
        pytorch: The release under which its text was accepted.
        reason: What a learner is told, such as what replaces it.
        fields: Its last fields.
        tags: Its last tags.
    """

    identity: str
    kind: str
    topic: str
    number: int
    mod: int
    pytorch: str
    reason: str
    fields: Mapping[str, str]
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NoteTypeEntry:
    """What is remembered of a note type: a digest of its texts, and when they last changed."""

    digest: str
    mod: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """All entries; notes by key (`question#card`), note types by kind.

    `name` is the ledger's path as findings show it.
    """

    name: str
    notes: Mapping[str, NoteEntry]
    note_types: Mapping[str, NoteTypeEntry]
    retired: Mapping[str, RetiredEntry]

    @property
    def newest(self) -> int:
        """The latest `mod`, or 0."""
        mods = [entry.mod for entry in self.notes.values()]
        mods += [entry.mod for entry in self.note_types.values()]
        mods += [entry.mod for entry in self.retired.values()]
        return max(mods, default=0)

    @classmethod
    def read(cls, path: Path, name: str) -> "Ledger":
        """Read the ledger at `path`, which findings call `name`; none yet is an empty one.

        Raises:
            FindingsError: The file is no ledger.
        """
        if not path.exists():
            return cls(name, {}, {}, {})
        try:
            return cls._of(name, json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            message = f"is no ledger ({error}); take it back from version control"
            raise FindingsError([Finding(Location(name), Rule.LEDGER, message)]) from error

    @classmethod
    def _of(cls, name: str, data: Mapping[str, Any]) -> "Ledger":
        if data["format"] != LEDGER_FORMAT:
            raise ValueError(f"format {data['format']} is not {LEDGER_FORMAT}")
        return cls(
            name,
            {key: NoteEntry(**entry) for key, entry in data["notes"].items()},
            {key: NoteTypeEntry(**entry) for key, entry in data["note_types"].items()},
            {
                key: RetiredEntry(**entry | {"tags": tuple(entry["tags"])})
                for key, entry in data["retired"].items()
            },
        )

    def of_questions(self, slugs: Collection[str]) -> "Ledger":
        """Return the ledger without the notes of questions that are not in `slugs`."""
        kept = {
            key: entry
            for key, entry in self.notes.items()
            if key.partition(KEY_SEPARATOR)[0] in slugs
        }
        return replace(self, notes=kept)

    def serialize(self) -> str:
        """Return the file's text: sorted, one entry a line, so that merges stay small."""
        parts = []
        for title, entries in (
            ("note_types", self.note_types),
            ("notes", self.notes),
            ("retired", self.retired),
        ):
            rows = ",\n".join(
                f"    {json.dumps(key)}: {_serialize(entries[key])}" for key in sorted(entries)
            )
            parts.append(f'  "{title}": {{\n{rows}\n  }}' if rows else f'  "{title}": {{}}')
        return f'{{\n  "format": {LEDGER_FORMAT},\n' + ",\n".join(parts) + "\n}\n"


def advance(
    ledger: Ledger,
    notes: Sequence[Note],
    note_types: Sequence[NoteType],
    *,
    now: int,
    pytorch: str,
) -> Ledger:
    """Return the ledger after `notes` and `note_types`; entries move only where text changed.

    Args:
        ledger: The committed ledger.
        notes: All notes of the edition.
        note_types: All note types.
        now: Seconds since 1970; what changed gets this `mod`.
        pytorch: The release under which outputs are accepted now.

    Raises:
        FindingsError: A note vanished, or the clock stands at or before the newest entry while
            something has to move.
    """
    new_notes = {
        note.key: _note_entry(ledger.notes.get(note.key), note, now, pytorch) for note in notes
    }
    new_types = {
        str(kind.kind): _type_entry(ledger.note_types.get(kind.kind), type_digest(kind), now)
        for kind in note_types
    }
    findings = [
        Finding(
            Location(ledger.name),
            Rule.NOTE_VANISHED,
            f"{key} is in the ledger but not in content/; learners may have it: put it back",
        )
        for key in sorted(ledger.notes.keys() - new_notes.keys())
    ]
    findings += [
        Finding(
            note.location,
            Rule.LEDGER,
            f"{note.key} was of the kind {entry.kind}; learners would never get another kind: "
            "retire it and choose a new slug",
        )
        for note in notes
        if (entry := ledger.notes.get(note.key)) is not None and entry.kind != note.kind
    ]
    # A note of a retired one's first name would get its GUID, and with it learners' schedules.
    retired = {*ledger.retired, *(entry.identity for entry in ledger.retired.values())}
    findings += [
        Finding(
            note.location,
            Rule.LEDGER,
            f"{note.key} is the name of a retired note; learners have that: choose another",
        )
        for note in notes
        if note.key in retired
    ]
    after = Ledger(ledger.name, new_notes, new_types, ledger.retired)
    if findings:
        raise FindingsError(findings)
    if after != ledger:
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


def _serialize(entry: NoteEntry | NoteTypeEntry | RetiredEntry) -> str:
    facts = {name: value for name, value in asdict(entry).items() if value is not None}
    return json.dumps(facts, ensure_ascii=False)


def _note_entry(entry: NoteEntry | None, note: Note, now: int, pytorch: str) -> NoteEntry:
    text = digest(note)
    if entry and entry.digest == text:
        return entry
    return NoteEntry(note.kind, text, now, pytorch, entry.identity if entry else None)


def _type_entry(entry: NoteTypeEntry | None, text: str, now: int) -> NoteTypeEntry:
    return entry if entry and entry.digest == text else NoteTypeEntry(text, now)
