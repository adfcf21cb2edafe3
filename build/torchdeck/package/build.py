"""All notes to the files in `decks/`, computed whole before anything is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from torchdeck.findings import Finding, FindingsError, Location
from torchdeck.journal import Journal
from torchdeck.package.advance import Step, advance
from torchdeck.package.apkg import DeckContent, StampedNote, package_bytes
from torchdeck.package.catalogue import CatalogueRow, catalogue
from torchdeck.package.identity import guid
from torchdeck.package.ledger import Ledger
from torchdeck.package.note_types import NOTE_TYPES
from torchdeck.package.payload import PackageError, payload_digest, read_payload
from torchdeck.package.retired import RETIRED, retired_deck
from torchdeck.project import LEDGER_FILE
from torchdeck.read.edition import Edition, Topic
from torchdeck.render.note import Note
from torchdeck.rules import Rule

ALL = "all.apkg"
CATALOGUE = "README.md"
SUFFIX = ".apkg"


@dataclass(frozen=True, slots=True)
class Built:
    """What a build came to.

    Attributes:
        files: Content by name.
        stale: Names of files whose content on disk is another one, and of packages on disk that
            no topic makes.
        notes: Number of notes.
        cards: Number of cards.
        not_verified: Number of notes that show code which never ran.
        moved: Keys of the notes whose `mod` moves.
    """

    files: Mapping[str, bytes]
    stale: tuple[str, ...]
    notes: int
    cards: int
    not_verified: int
    moved: tuple[str, ...]


def build(
    edition: Edition, notes: Sequence[Note], before: Ledger, decks: Path, *, now: int
) -> Built:
    """Return what the folder `decks` should hold.

    Args:
        edition: The edition.
        notes: The notes to package.
        before: When each of them, and no other note, last changed.
        decks: The folder.
        now: Seconds since 1970; notes that changed get this `mod`.

    Raises:
        FindingsError: Two notes have one GUID, or a guard refuses (see `advance`).
    """
    after = advance(Step(before, edition, notes, list(NOTE_TYPES.values())), now=now)
    stamped = _stamp(edition, notes, after)
    contents = {
        topic: DeckContent(topic.deck, _description(topic, of_topic, after), tuple(of_topic))
        for topic in edition.topics
        if (of_topic := [item for item in stamped if item.note.topic == topic.slug])
    }
    type_mods = {kind: entry.mod for kind, entry in after.note_types.items()}
    packages = {
        f"{topic.slug}{SUFFIX}": package_bytes([content], type_mods)
        for topic, content in contents.items()
    }
    packages[ALL] = package_bytes(list(contents.values()), type_mods)
    if (retired := retired_deck(edition, after)) is not None:
        packages[RETIRED] = package_bytes([retired], type_mods)
    files = {file: _kept_or_new(decks / file, data) for file, data in packages.items()}
    payloads = {file: read_payload(data) for file, data in files.items()}
    rows = [
        CatalogueRow.of(
            f"{topic.slug}{SUFFIX}",
            topic.name,
            content.notes,
            len(payloads[f"{topic.slug}{SUFFIX}"].cards),
            files[f"{topic.slug}{SUFFIX}"],
        )
        for topic, content in contents.items()
    ]
    whole = CatalogueRow.of(ALL, "全部", stamped, len(payloads[ALL].cards), files[ALL])
    files[CATALOGUE] = catalogue(edition, rows, whole, retired).encode()
    digests = {file: (payload_digest(payload),) for file, payload in payloads.items()}
    files[LEDGER_FILE] = replace(after, packages=digests).serialize().encode()
    existing = {path.name for path in decks.glob(f"*{SUFFIX}") if path.is_file()}
    return Built(
        files=files,
        stale=(
            *(file for file, data in files.items() if _content(decks / file) != data),
            *sorted(existing - files.keys()),
        ),
        notes=len(stamped),
        cards=whole.cards,
        not_verified=whole.not_verified,
        moved=tuple(key for key, entry in after.notes.items() if before.notes.get(key) != entry),
    )


def write(built: Built, decks: Path, journal: Journal) -> None:
    """Write the stale files of `built` into `decks`; remove those that nothing makes.

    Raises:
        FindingsError: A file cannot be written or removed, so nothing was changed.
    """
    journal.write(
        {decks / name: built.files[name] for name in built.stale if name in built.files},
        remove=[decks / name for name in built.stale if name not in built.files],
    )


def refuse_edited(ledger: Ledger, decks: Path, name: str) -> None:
    """Refuse to build over packages in `decks`, named `name`, that no build wrote.

    Learners may have imported them; whoever changed one should know that it is lost.

    Raises:
        FindingsError: A package holds something else than what the ledger remembers.
    """
    findings = [
        Finding(
            Location(f"{name}/{file}"),
            Rule.DECK_EDITED,
            "was changed by something else than the build; take it back from version control, or "
            "delete it and build it anew",
        )
        for file, digests in sorted(ledger.packages.items())
        if (data := _content(decks / file)) is not None and _digest(data) not in digests
    ]
    if findings:
        raise FindingsError(findings)


def link(edition: Edition, note: Note) -> str:
    """Return the address of the file that a note comes from, or an empty text."""
    return (edition.source or "").replace("{path}", quote(note.location.file))


def _stamp(edition: Edition, notes: Sequence[Note], ledger: Ledger) -> list[StampedNote]:
    stamped = []
    findings = []
    keys: dict[str, Note] = {}
    for note in sorted(notes, key=lambda note: note.due):
        entry = ledger.notes[note.key]
        identity = guid(edition.namespace, entry.identity or note.key)
        stamped.append(StampedNote(note, identity, entry.mod, entry.pytorch, link(edition, note)))
        other = keys.setdefault(identity, note)
        if other is not note:
            findings.append(
                Finding(
                    note.location, Rule.GUID_COLLISION, f"has the GUID of {other.key}; rename it"
                )
            )
    if findings:
        raise FindingsError(findings)
    return stamped


def _description(topic: Topic, notes: Sequence[StampedNote], ledger: Ledger) -> str:
    """Return the deck's description; its date is the deck's own last change."""
    kinds = {item.note.kind for item in notes}
    mods = [item.mod for item in notes] + [ledger.note_types[kind].mod for kind in kinds]
    changed = datetime.fromtimestamp(max(mods), UTC).date().isoformat()
    return f"{topic.about}。卡片上的输出由卡片上的代码真实打印。最近更新：{changed}"


def _kept_or_new(path: Path, data: bytes) -> bytes:
    """Return the bytes on disk if their payload is that of `data`, else `data`.

    Another zlib writes other bytes of the same payload; an unchanged deck keeps its own.
    """
    existing = _content(path)
    if existing is None or existing == data:
        return data
    try:
        same = read_payload(existing) == read_payload(data)
    except PackageError:
        return data
    return existing if same else data


def _digest(data: bytes) -> str | None:
    """Return the digest of a package's payload; None if it is no package."""
    try:
        return payload_digest(read_payload(data))
    except PackageError:
        return None


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
