"""All notes to the files in `decks/`, computed whole before anything is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from torchdeck.findings import Finding, FindingsError, Location
from torchdeck.journal import Journal
from torchdeck.package.advance import Step, advance
from torchdeck.package.apkg import DeckContent, StampedNote
from torchdeck.package.catalogue import CatalogueRow, catalogue
from torchdeck.package.folder import DeckFolder
from torchdeck.package.identity import guid
from torchdeck.package.ledger import Ledger
from torchdeck.package.note_types import NOTE_TYPES
from torchdeck.package.packages import packages_of
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
    edition: Edition, notes: Sequence[Note], before: Ledger, decks: DeckFolder, *, now: int
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
    decks_of = {
        topic: DeckContent(topic.deck, _description(topic, of_topic, after), tuple(of_topic))
        for topic in edition.topics
        if (of_topic := [item for item in stamped if item.note.topic == topic.slug])
    }
    wanted = {f"{topic.slug}{SUFFIX}": [deck] for topic, deck in decks_of.items()}
    wanted[ALL] = list(decks_of.values())
    if (retired := retired_deck(edition, after)) is not None:
        wanted[RETIRED] = [retired]
    packages = packages_of(wanted, after, decks)
    files = {file: package.data for file, package in packages.items()}
    rows = [
        CatalogueRow.of(
            f"{topic.slug}{SUFFIX}",
            topic.name,
            deck.notes,
            packages[f"{topic.slug}{SUFFIX}"].contents.cards,
            files[f"{topic.slug}{SUFFIX}"],
        )
        for topic, deck in decks_of.items()
    ]
    whole = CatalogueRow.of(ALL, "全部", stamped, packages[ALL].contents.cards, files[ALL])
    files[CATALOGUE] = catalogue(edition, rows, whole, retired).encode()
    digests = {file: (package.contents.digest,) for file, package in packages.items()}
    files[LEDGER_FILE] = replace(after, packages=digests).serialize().encode()
    existing = {path.name for path in decks.path.glob(f"*{SUFFIX}") if path.is_file()}
    return Built(
        files=files,
        stale=(
            *(file for file, data in files.items() if decks.content(file) != data),
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


def refuse_edited(ledger: Ledger, decks: DeckFolder, name: str) -> None:
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
        if (data := decks.content(file)) is not None
        and ((held := decks.held_by(data)) is None or held.digest not in digests)
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
