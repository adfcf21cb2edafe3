"""Releases made of notes alone, through the real build: no Markdown, no command, quick."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.conftest import DAY, FIRST_RELEASE
from torchdeck.findings import Location
from torchdeck.journal import Journal
from torchdeck.package.build import ALL, build, write
from torchdeck.package.folder import DeckFolder
from torchdeck.package.ledger import Ledger, RetiredEntry
from torchdeck.package.payload import Payload, read_payload
from torchdeck.read.edition import Edition, Topic
from torchdeck.read.syllabus import SyllabusEntry
from torchdeck.render import field_names as names
from torchdeck.render.note import Media, Note, NoteKind, NoteState

VIEWS = Topic("tensor", "张量", "测试::01 张量", "视图")
GRADIENTS = Topic("autograd", "自动求导", "测试::02 自动求导", "梯度")
EDITION = Edition(
    "test/zh",
    "2.13.0",
    "zh-Hans",
    None,
    (VIEWS, GRADIENTS),
    {
        number: SyllabusEntry(number, topic, slug, "什么？", ())
        for number, topic, slug in ((1, "tensor", "views"), (2, "autograd", "leaves"))
    },
)

_TEXTS = {
    NoteKind.QUESTION: (names.QUESTION, names.KEY_POINTS),
    NoteKind.QUESTION_ANSWER: (names.QUESTION, names.ANSWER),
    NoteKind.CLOZE: (names.TITLE, names.TEXT),
    NoteKind.PREDICT: (names.CODE, names.OUTPUT),
}


def note(
    key: str,
    text: str,
    kind: NoteKind = NoteKind.QUESTION_ANSWER,
    *,
    media: tuple[Media, ...] = (),
    **more: str,
) -> Note:
    """Return a note that says `text`; its front follows from its key."""
    question, _, card = key.partition("#")
    number = 1 if question == "views" else 2
    topic = EDITION.syllabus[number].topic
    front, back = _TEXTS[kind]
    shared = {names.TOPIC: topic, names.LEVEL: "基础", names.NUMBER: f"{number:03d}"}
    return Note(
        location=Location(f"content/{topic}/{question}.md", 1),
        question=question,
        card=card or None,
        kind=kind,
        topic=topic,
        number=number,
        fields={front: f"关于 {key}", back: text, **shared, **more},
        tags=("torchdeck::kind::" + kind, "torchdeck::question::" + question),
        media=media,
        due=0,
        state=NoteState.FINE,
    )


NOTES = (
    note("views", "要点", NoteKind.QUESTION),
    note("views#lifetime", "存储不在时。"),
    note("views#storage", "存储是{{c1::一维}}的，按{{c2::步幅}}寻址。", NoteKind.CLOZE),
    note("views#sum", "6", NoteKind.PREDICT),
    note("leaves", "要点", NoteKind.QUESTION),
    note("leaves#grad", "叶子才有。"),
)
CARDS = 7


@dataclass
class Press:
    """What the maintainer does, release after release; each is a day later.

    Attributes:
        folder: Holds one folder a release.
        time: Of the next release.
    """

    folder: Path
    time: int = FIRST_RELEASE
    count: int = field(default=0, init=False)

    def publish(self, notes: Sequence[Note], edition: Edition = EDITION) -> Path:
        """Build `notes` on top of the last release and return the folder of packages."""
        last = self.folder / str(self.count) / "ledger.json"
        ordered = [replace(item, due=index) for index, item in enumerate(notes)]
        decks = self.folder / str(self.count + 1)
        built = build(
            edition,
            ordered,
            Ledger.read(last, "ledger.json"),
            DeckFolder(decks, self.folder),
            now=self.time,
        )
        write(built, decks, Journal(self.folder))
        self.count += 1
        self.time += DAY
        return decks

    def retire(self, retired: Note, reason: str) -> None:
        """Take a note back, so that the next release ships it as retired."""
        path = self.folder / str(self.count) / "ledger.json"
        ledger = Ledger.read(path, "ledger.json")
        notes = dict(ledger.notes)
        entry = RetiredEntry.of(retired, notes.pop(retired.key), reason=reason, now=self.time)
        after = replace(ledger, notes=notes, retired={**ledger.retired, retired.key: entry})
        path.write_text(after.serialize(), encoding="utf-8")
        self.time += DAY

    def payload(self, release: int) -> Payload:
        """Return what release `release`, counted from 1, holds."""
        return read_payload((self.folder / str(release) / ALL).read_bytes())


def with_texts(texts: Mapping[str, str], notes: Sequence[Note] = NOTES) -> list[Note]:
    """Return `notes` with other texts for the keys in `texts`."""
    return [
        replace(item, fields={**item.fields, _TEXTS[item.kind][1]: texts[item.key]})
        if item.key in texts
        else item
        for item in notes
    ]


def without(*keys: str) -> list[Note]:
    """Return the notes except those with `keys`."""
    return [item for item in NOTES if item.key not in keys]
