"""Random histories: a maintainer who releases, a learner who imports, studies and edits.

A model says what the learner must hold; the real Anki is compared with it after every step.
The ordinary tests run a few; `nox -s fuzz` runs a thousand and prints how often each move came.
"""

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from anki.notes import NoteId
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.conftest import DAY
from tests.press import NOTES, Press, note, with_texts
from torchdeck.package.payload import NoteRow, read_payload
from torchdeck.render import field_names as names
from torchdeck.render.note import Note, NoteKind
from torchdeck.verify.learner import Learner, learner

MOVES: Counter[str] = Counter()
# Each step builds packages and imports them into the real Anki: seconds, not milliseconds.
_PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
ALL_MOVES = {
    "edit",
    "add qa",
    "add cloze",
    "add predict",
    "add a cloze",
    "retire",
    "release",
    "release again",
    "import all.apkg",
    "import autograd.apkg",
    "import retired.apkg",
    "import tensor.apkg",
    "study",
    "learner edits",
    "learner deletes",
    "learner moves",
}
ADDED_KINDS = (NoteKind.QUESTION_ANSWER, NoteKind.CLOZE, NoteKind.PREDICT)


@dataclass(frozen=True)
class Held:
    """A note as the learner must have it."""

    mod: int
    fields: tuple[str, ...]


class Histories(RuleBasedStateMachine):
    """The moves of both, and what must hold after each."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "anki").mkdir()
        self.press = Press(folder / "releases")
        self.anki: Learner = self.stack.enter_context(learner(folder / "anki"))
        self.notes: dict[str, Note] = {item.key: item for item in NOTES}
        self.released: dict[str, Note] = {}
        self.held: dict[str, Held] = {}
        self.own: set[str] = set()  # GUIDs of notes that read as the learner wrote them
        self.serial = 0
        self.release()

    def teardown(self) -> None:
        self.stack.close()

    # The maintainer.

    @rule(data=st.data())
    def edit(self, data: st.DataObject) -> None:
        moved("edit")
        item = self._one_of(data, self.notes)
        self.serial += 1
        text = item.fields[_text_field(item)]
        self._put(*with_texts({item.key: f"{text}（{self.serial}）"}, [item]))

    @rule(kind=st.sampled_from(ADDED_KINDS))
    def add(self, kind: NoteKind) -> None:
        moved(f"add {kind}")
        self.serial += 1
        text = "{{c1::一}}和{{c2::二}}" if kind is NoteKind.CLOZE else f"内容 {self.serial}"
        self._put(note(f"leaves#added-{self.serial}", text, kind))

    @rule(data=st.data())
    def add_a_cloze(self, data: st.DataObject) -> None:
        moved("add a cloze")
        clozes = {key: item for key, item in self.notes.items() if item.kind is NoteKind.CLOZE}
        if clozes:
            item = self._one_of(data, clozes)
            text = item.fields[names.TEXT]
            number = text.count("{{c") + 1
            self._put(*with_texts({item.key: f"{text}，{{{{c{number}::又一个}}}}"}, [item]))

    @precondition(lambda self: len(self.released) > 1)
    @rule(data=st.data())
    def retire(self, data: st.DataObject) -> None:
        moved("retire")
        cards = {
            key: it for key, it in self.released.items() if "#" in key and key != "leaves#grad"
        }
        if cards:
            item = self._one_of(data, cards)
            self.press.retire(item, "见别处")
            del self.notes[item.key]
            del self.released[item.key]

    @rule()
    def release(self) -> None:
        moved("release")
        self.press.publish(list(self.notes.values()))
        self.released = dict(self.notes)

    @rule()
    def release_again(self) -> None:
        moved("release again")
        self.release()
        before = self.press.payload(self.press.count)
        self.release()
        assert self.press.payload(self.press.count) == before

    # The learner.

    @rule(data=st.data())
    def import_any(self, data: st.DataObject) -> None:
        releases = st.integers(1, self.press.count)
        folder = self.press.folder / str(data.draw(releases, label="release"))
        files = sorted(path.name for path in folder.glob("*.apkg"))
        self._import(folder / data.draw(st.sampled_from(files), label="package"))

    @rule()
    def import_the_newest(self) -> None:
        for path in (self.press.folder / str(self.press.count)).glob("*.apkg"):
            self._import(path)

    @rule(count=st.integers(1, 6))
    def study(self, count: int) -> None:
        moved("study")
        self.anki.study("测试", count)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def write_into_a_note(self, data: st.DataObject) -> None:
        moved("learner edits")
        row = self._held_note(data)
        time = self.press.time - DAY // 2  # before the next release
        self.anki.edit(row[1], names.SPARE_2, "·", time=time)
        self.held[row[0]] = Held(time, self.anki.fields()[row[0]])
        self.own.add(row[0])

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def delete_a_note(self, data: st.DataObject) -> None:
        moved("learner deletes")
        row = self._held_note(data)
        self.anki.delete([row[1]])
        del self.held[row[0]]

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def move_cards(self, data: st.DataObject) -> None:
        moved("learner moves")
        self.anki.move([self._held_note(data)[1]], "我的牌组")

    # What holds.

    @invariant()
    def he_holds_what_he_was_given_and_what_he_wrote(self) -> None:
        assert self.anki.fields() == {guid: held.fields for guid, held in self.held.items()}

    @invariant()
    def no_note_is_there_twice(self) -> None:
        assert self.anki.rows("select count() from notes") == [(len(self.held),)]

    @invariant()
    def no_card_is_empty(self) -> None:
        """Anki adds the cards of a new cloze also to a note whose text it leaves to the learner."""
        empty = [note.note_id for note in self.anki.collection.get_empty_cards().notes]
        guids = {self.anki.collection.get_note(NoteId(note)).guid for note in empty}
        assert guids <= self.own

    def _import(self, path: Path) -> None:
        moved(f"import {path.name}")
        before = self.anki.schedule()
        self.anki.import_package(path)
        after = self.anki.schedule()
        assert before.lost_in(after) == []
        assert before.reviews == after.reviews
        for row in read_payload(path.read_bytes()).notes:
            self._receive(row)

    def _put(self, item: Note) -> None:
        self.notes[item.key] = replace(item, due=0)

    def _receive(self, row: NoteRow) -> None:
        held = self.held.get(row.guid)
        if held is None or row.mod > held.mod:
            self.held[row.guid] = Held(row.mod, row.fields)
            self.own.discard(row.guid)

    def _one_of(self, data: st.DataObject, notes: dict[str, Note]) -> Note:
        return notes[data.draw(st.sampled_from(sorted(notes)), label="note")]

    def _held_note(self, data: st.DataObject) -> tuple[str, str]:
        """Return GUID and sort text of a note that the learner has."""
        guid = data.draw(st.sampled_from(sorted(self.held)), label="GUID")
        ((sort_text,),) = self.anki.rows("select sfld from notes where guid = ?", guid)
        return guid, sort_text


def moved(name: str) -> None:
    MOVES[name] += 1


def _text_field(item: Note) -> str:
    return {
        NoteKind.QUESTION: names.KEY_POINTS,
        NoteKind.QUESTION_ANSWER: names.ANSWER,
        NoteKind.CLOZE: names.TEXT,
        NoteKind.PREDICT: names.OUTPUT,
    }[item.kind]


@pytest.fixture(scope="module", autouse=True)
def every_move_was_made() -> Iterator[None]:
    yield
    for name, count in sorted(MOVES.items()):
        sys.stdout.write(f"{name}: {count}\n")
    assert MOVES.keys() == ALL_MOVES


class ThousandHistories(Histories):
    """The same moves; its test is selected by the fuzz session only."""


TestHistories = Histories.TestCase
TestHistories.settings = settings(_PATIENT, max_examples=25, derandomize=True, database=None)
TestThousandHistories = pytest.mark.fuzz(ThousandHistories.TestCase)
TestThousandHistories.settings = settings(_PATIENT, max_examples=1000, print_blob=True)
