"""`decks/ledger.json`: everything that was ever shipped to learners.

One entry a line, each line ending in a comma, so that the lines of two branches can stand
together: version control merges the file by union, and reading settles what then stands twice.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields, replace
from functools import reduce
from pathlib import Path
from typing import Any, TypeVar

from torchdeck.findings import Finding, FindingsError, Location
from torchdeck.read.data import read_json, to_dataclass, typed
from torchdeck.render.note import KEY_SEPARATOR, Note, NoteKind
from torchdeck.rules import Rule

LEDGER_FORMAT = 2
_END = ""  # a last entry without a name, so that every other line ends in a comma


@dataclass(frozen=True, slots=True)
class NoteEntry:
    """What is remembered of a note.

    Attributes:
        kind: Its note type; for ever, since Anki does not move a note to another.
        digest: Of what it says (`render.canonical`).
        mod: When that last changed, in seconds since 1970.
        pytorch: The release under which that was accepted.
        identity: The key that it had first, if it was renamed; its GUID comes from that.
        cards: Ordinals of the cards that it makes.
        clozes: What each cloze number hides.
        around: The text of a cloze note without what is hidden.
    """

    kind: str
    digest: str
    mod: int
    pytorch: str
    identity: str | None = None
    cards: tuple[int, ...] = (0,)
    clozes: Mapping[str, str] = field(default_factory=dict)
    around: str = ""


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
        media: What its fields show: content in base64 by name.
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
    media: Mapping[str, str]

    @classmethod
    def of(cls, note: Note, entry: NoteEntry, *, reason: str, now: int) -> "RetiredEntry":
        """Return what is kept of `note`, of which `entry` is remembered, when it is retired."""
        return cls(
            identity=entry.identity or note.key,
            kind=note.kind,
            topic=note.topic,
            number=note.number,
            mod=now,
            pytorch=entry.pytorch,
            reason=reason,
            fields=dict(note.fields),
            tags=note.tags,
            media={item.name: b64encode(item.content).decode() for item in note.media},
        )


@dataclass(frozen=True, slots=True)
class NoteTypeEntry:
    """What is remembered of a note type.

    Attributes:
        digest: Of everything that Anki stores of it.
        mod: When that last changed, in seconds since 1970.
        schema: What can never change: names and ids, of the type, its fields and its templates.
    """

    digest: str
    mod: int
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ledger:
    """All entries.

    Attributes:
        name: The ledger's path as findings show it.
        notes: By key, `question` or `question#card`.
        note_types: By kind.
        retired: By the last key.
        decks: Names of the decks by topic.
        tags: All that a note ever carried.
        packages: Digests of the payloads that the last build wrote, by file; several only between
            a merge and the next build.
    """

    name: str
    notes: Mapping[str, NoteEntry] = field(default_factory=dict)
    note_types: Mapping[str, NoteTypeEntry] = field(default_factory=dict)
    retired: Mapping[str, RetiredEntry] = field(default_factory=dict)
    decks: Mapping[str, str] = field(default_factory=dict)
    tags: frozenset[str] = frozenset()
    packages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

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
            return cls(name)
        try:
            return cls._of(name, read_json(path, _with_copies))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            message = f"is no ledger ({error}); take it back from version control"
            raise FindingsError([Finding(Location(name), Rule.LEDGER, message)]) from error

    @classmethod
    def _of(cls, name: str, data: Mapping[str, Any]) -> "Ledger":
        if data["format"] != LEDGER_FORMAT:
            raise ValueError(f"format {data['format']} is not {LEDGER_FORMAT}")
        notes = _entries(data["notes"], lambda entry: to_dataclass(NoteEntry, entry), _both)
        retired = _entries(data["retired"], _retired_entry, _newer)
        # A branch may have changed a note that another one renamed or retired.
        gone = {entry.identity for entry in notes.values()} | retired.keys()
        return cls(
            name,
            {key: entry for key, entry in notes.items() if key not in gone},
            _entries(data["note_types"], lambda entry: to_dataclass(NoteTypeEntry, entry), _newer),
            retired,
            _entries(data["decks"], _deck, lambda first, _second: first),
            frozenset(typed(tuple[str, ...], data["tags"], "tags")) - {_END},
            _entries(data["packages"], _digests, lambda first, second: (*first, *second)),
        )

    def of_questions(self, slugs: Collection[str]) -> "Ledger":
        """Return the ledger without what is not of questions in `slugs`."""
        kept = {
            key: entry
            for key, entry in self.notes.items()
            if key.partition(KEY_SEPARATOR)[0] in slugs
        }
        return replace(self, notes=kept, retired={}, decks={}, tags=frozenset(), packages={})

    def serialize(self) -> str:
        """Return the file's text: sorted, one entry a line."""
        sections: dict[str, Mapping[str, object]] = {
            "note_types": self.note_types,
            "decks": self.decks,
            "packages": self.packages,
            "notes": self.notes,
            "retired": self.retired,
        }
        parts = [f'  "format": {LEDGER_FORMAT}', _section("tags", map(_json, sorted(self.tags)))]
        for title, entries in sections.items():
            rows = [f"{_json(key)}: {_serialize(entries[key])}" for key in sorted(entries)]
            parts.append(_section(title, rows, end=f"{_json(_END)}: null", brackets="{}"))
        return "{\n" + ",\n".join(parts) + "\n}\n"


class _Copies(list[Any]):
    """The values of a name that stands more than once in an object."""


def _with_copies(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        found[name] = _Copies([*_copies(found[name]), value]) if name in found else value
    return found


def _copies(value: object) -> list[Any]:
    return value if isinstance(value, _Copies) else [value]


_Entry = TypeVar("_Entry")
_Timed = TypeVar("_Timed", NoteEntry, NoteTypeEntry, RetiredEntry)


def _entries(
    section: Mapping[str, Any],
    read: Callable[[Any], _Entry],
    merge: Callable[[_Entry, _Entry], _Entry],
) -> dict[str, _Entry]:
    return {
        key: reduce(merge, map(read, _copies(value)))
        for key, value in section.items()
        if key != _END
    }


def _newer(first: _Timed, second: _Timed) -> _Timed:
    return max(first, second, key=lambda entry: entry.mod)


def _both(first: NoteEntry, second: NoteEntry) -> NoteEntry:
    """Return the newer entry with all card and cloze numbers that either of them shipped."""
    newer = _newer(first, second)
    older = first if newer is second else second
    return replace(
        newer,
        cards=tuple(sorted({*older.cards, *newer.cards})),
        clozes={**older.clozes, **newer.clozes},
    )


def _deck(name: Any) -> str:
    return str(typed(str, name, "a deck"))


def _digests(values: Any) -> tuple[str, ...]:
    return tuple(typed(tuple[str, ...], values, "a package"))


def _retired_entry(data: Any) -> RetiredEntry:
    entry = to_dataclass(RetiredEntry, data)
    NoteKind(entry.kind)  # both raise a ValueError for what no package can be built from
    for content in entry.media.values():
        b64decode(content, validate=True)
    return entry


def _section(title: str, rows: Iterable[str], *, end: str = '""', brackets: str = "[]") -> str:
    lines = "".join(f"    {row},\n" for row in rows)
    return f'  "{title}": {brackets[0]}\n{lines}    {end}\n  {brackets[1]}'


def _serialize(entry: object) -> str:
    if not isinstance(entry, (NoteEntry, NoteTypeEntry, RetiredEntry)):
        return _json(entry)
    facts = asdict(entry)
    for of in fields(entry):
        default = of.default_factory() if of.default_factory is not MISSING else of.default
        if facts[of.name] == default:
            del facts[of.name]
    return _json(facts)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
