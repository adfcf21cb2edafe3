"""What the real Anki does with what a new release changes; one row a change.

The learner of every row has studied, suspended and flagged cards, and moved one to a deck of his
own. Whatever the row, none of that may be lost, under SM-2 and under FSRS. Where a guard refuses
the change, the row switches it off and shows the harm.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import DAY, FIRST_RELEASE
from tests.press import CARDS, EDITION, NOTES, VIEWS, Press, note, with_texts, without
from torchdeck.findings import FindingsError
from torchdeck.package import advance
from torchdeck.package.build import ALL
from torchdeck.package.note_types import NOTE_TYPES, NoteType
from torchdeck.render import field_names as names
from torchdeck.render.note import Media, NoteKind
from torchdeck.rules import Rule
from torchdeck.verify.learner import Learner, Schedule, learner

CHANGED = "001 views#lifetime"
CLOZE = "001 views#storage"
OTHER = "002 leaves#grad"


@dataclass
class World:
    """A learner with the first release, the press, and what the learner has to lose."""

    anki: Learner
    press: Press
    before: Schedule
    monkeypatch: pytest.MonkeyPatch
    deleted: frozenset[str] = frozenset()  # GUIDs of notes that he removed himself

    def refuses(self, rule: Rule, *publish: Any) -> None:
        """Assert that the build refuses by `rule`, and then switch that guard off."""
        with pytest.raises(FindingsError) as caught:
            self.press.publish(*publish)
        assert {finding.rule for finding in caught.value.findings} == {rule}
        self.monkeypatch.setattr(advance, "GUARDS", ())

    def imports(self, decks: Path) -> tuple[int, int, int]:
        """Import a release; return how many notes were new, updated, conflicting."""
        log = self.anki.import_package(decks / ALL)
        return len(log.new), len(log.updated), len(log.conflicting)

    def field(self, name: str, field: str) -> str:
        return self.anki.note(name)[field]

    def decks(self) -> set[str]:
        return {deck.name for deck in self.anki.collection.decks.all_names_and_ids()}

    def types(self) -> set[str]:
        return {kind.name for kind in self.anki.collection.models.all_names_and_ids()}


@pytest.fixture(params=[False, True], ids=["sm2", "fsrs"])
def world(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    press = Press(tmp_path / "releases")
    decks = press.publish(NOTES)
    (tmp_path / "anki").mkdir()
    with learner(tmp_path / "anki") as anki:
        if request.param:
            anki.use_fsrs()
        anki.import_package(decks / ALL)
        assert anki.study(VIEWS.deck, 3) == 3
        cards = [*anki.note(CHANGED).card_ids(), *anki.note(CLOZE).card_ids()]
        anki.collection.sched.suspend_cards(cards[:1])
        anki.collection.set_user_flag_for_cards(1, cards)
        anki.move(["002 leaves"], "我的牌组")
        it = World(anki, press, anki.schedule(), monkeypatch)
        yield it
        after = anki.schedule()
        assert [key for key in it.before.lost_in(after) if key[0] not in it.deleted] == []
        assert after.reviews == it.before.reviews


def test_a_changed_note_arrives_with_its_tags(world: World) -> None:
    changed = [
        replace(item, tags=(*item.tags, "torchdeck::tag::new")) if item.card == "lifetime" else item
        for item in with_texts({"views#lifetime": "存储释放后。"})
    ]
    assert world.imports(world.press.publish(changed)) == (0, 1, 0)
    assert world.field(CHANGED, names.ANSWER) == "存储释放后。"
    assert "torchdeck::tag::new" in world.anki.note(CHANGED).tags


def test_an_unchanged_note_is_passed_over(world: World) -> None:
    assert world.imports(world.press.publish(NOTES)) == (0, 0, 0)


def test_an_update_that_is_not_newer_never_arrives(world: World) -> None:
    world.press.time = FIRST_RELEASE
    changed = with_texts({"views#lifetime": "存储释放后。"})
    with pytest.raises(FindingsError) as caught:
        world.press.publish(changed)
    assert [finding.rule for finding in caught.value.findings] == [Rule.CLOCK]
    world.monkeypatch.setattr(advance, "refuse_old_clock", lambda *_: None)
    assert world.imports(world.press.publish(changed)) == (0, 0, 0)
    assert world.field(CHANGED, names.ANSWER) == "存储不在时。"


def test_an_edit_stays_until_its_note_changes(world: World) -> None:
    for name in (CHANGED, OTHER):
        world.anki.edit(name, names.ANSWER, "我的笔记", time=FIRST_RELEASE + DAY)
    changed = with_texts({"views#lifetime": "存储释放后。"})
    assert world.imports(world.press.publish(changed)) == (0, 0, 0)
    assert world.field(CHANGED, names.ANSWER).endswith("我的笔记")
    newer = with_texts({"views#lifetime": "存储释放之后。"})
    assert world.imports(world.press.publish(newer)) == (0, 1, 0)
    assert world.field(CHANGED, names.ANSWER) == "存储释放之后。"
    assert world.field(OTHER, names.ANSWER).endswith("我的笔记")


def test_own_tags_stay_on_notes_that_do_not_change(world: World) -> None:
    for name in (CHANGED, OTHER):
        note_id = world.anki.note(name).id
        world.anki.collection.tags.bulk_add([note_id], "mine")
        world.anki.edit(name, names.ANSWER, "", time=FIRST_RELEASE)
    world.imports(world.press.publish(with_texts({"views#lifetime": "存储释放后。"})))
    assert "mine" in world.anki.note(OTHER).tags
    assert "mine" not in world.anki.note(CHANGED).tags  # the README says so


def test_another_slug_would_be_a_second_copy(world: World) -> None:
    renamed = [replace(item, card="death") if item.card == "lifetime" else item for item in NOTES]
    world.refuses(Rule.NOTE_VANISHED, renamed)
    assert world.imports(world.press.publish(renamed)) == (1, 0, 0)
    assert world.field(CHANGED, names.ANSWER) == world.field("001 views#death", names.ANSWER)


def test_another_kind_would_never_arrive(world: World) -> None:
    changed = [
        note("views#lifetime", "{{c1::存储}}不在时。", NoteKind.CLOZE)
        if item.card == "lifetime"
        else item
        for item in NOTES
    ]
    world.refuses(Rule.KIND_CHANGED, changed)
    new, updated, conflicting = world.imports(world.press.publish(changed))
    assert (new, updated, conflicting) == (0, 0, 1)
    assert world.field(CHANGED, names.ANSWER) == "存储不在时。"


def test_a_new_style_and_template_reach_everybody(world: World) -> None:
    for note_type in NOTE_TYPES.values():
        first, *spare = note_type.templates
        templates = (replace(first, back=first.back + "<!-- new -->"), *spare)
        world.monkeypatch.setitem(note_type.__dict__, "templates", templates)
        world.monkeypatch.setitem(note_type.__dict__, "css", note_type.css + ".new {}")
    assert world.imports(world.press.publish(NOTES)) == (0, 0, 0)
    for card in world.anki.collection.find_cards(""):
        out = world.anki.collection.get_card(card).render_output()
        assert "<!-- new -->" in out.answer_text
        assert ".new {}" in out.css


def test_another_field_would_freeze_the_learners_notes(world: World) -> None:
    kind = NOTE_TYPES[NoteKind.QUESTION_ANSWER]
    changed = with_texts({"views#lifetime": "存储释放后。"})
    with_type(world, replace(kind, fields=(*kind.fields, "新字段")))
    world.refuses(Rule.SCHEMA_CHANGED, changed)
    types = world.types()
    world.imports(world.press.publish(changed))
    assert {name.rstrip("+") for name in world.types() - types} == {kind.name}
    assert world.field(CHANGED, names.ANSWER) == "存储不在时。"


def test_a_spare_field_that_is_filled_makes_a_card(world: World) -> None:
    changed = [
        replace(item, fields={**item.fields, names.SPARE_1: "反过来？", names.SPARE_2: "是"})
        if item.card == "lifetime"
        else item
        for item in NOTES
    ]
    world.imports(world.press.publish(changed))
    assert len(world.anki.note(CHANGED).card_ids()) == 2
    # Emptied again, it would leave a card that asks nothing.
    world.refuses(Rule.CARD_EMPTIED, NOTES)
    world.imports(world.press.publish(NOTES))
    assert len(world.anki.note(CHANGED).card_ids()) == 2
    assert len(world.anki.collection.get_empty_cards().notes) == 1


def test_a_renamed_deck_would_leave_the_cards_behind(world: World) -> None:
    topics = (replace(VIEWS, deck="测试::01 别名"), *EDITION.topics[1:])
    edition = replace(EDITION, topics=topics)
    world.refuses(Rule.DECK_RENAMED, NOTES, edition)
    decks = world.decks()
    world.imports(world.press.publish(NOTES, edition))
    assert world.decks() - decks == {"测试::01 别名"}
    assert world.anki.collection.find_cards('"deck:测试::01 别名"') == []


def test_a_removed_note_would_stay_without_updates(world: World) -> None:
    world.refuses(Rule.NOTE_VANISHED, without("views#lifetime"))
    world.imports(world.press.publish(without("views#lifetime")))
    assert world.field(CHANGED, names.ANSWER) == "存储不在时。"


def test_a_deleted_note_comes_back(world: World) -> None:
    world.deleted = frozenset([world.anki.note(CHANGED).guid])
    world.anki.delete([CHANGED])
    assert world.imports(world.press.publish(NOTES)) == (1, 0, 0)  # the README says so
    assert world.anki.collection.card_count() == CARDS


def test_another_picture_has_another_name(world: World) -> None:
    def drawn(name: str, content: bytes) -> list[Any]:
        media = (Media(name, content),)
        picture = f'<img src="{name}" alt="x">'
        return [
            note("views#lifetime", picture, media=media) if item.card == "lifetime" else item
            for item in NOTES
        ]

    world.imports(world.press.publish(drawn("a-1.svg", b"<svg/>")))
    world.imports(world.press.publish(drawn("a-2.svg", b"<svg></svg>")))
    folder = Path(world.anki.collection.media.dir())
    assert world.field(CHANGED, names.ANSWER) == '<img src="a-2.svg" alt="x">'
    assert (folder / "a-2.svg").read_bytes() == b"<svg></svg>"
    assert world.anki.collection.media.check().missing == []


def test_a_removed_cloze_would_show_nothing(world: World) -> None:
    changed = with_texts({"views#storage": "存储是{{c1::一维}}的，按步幅寻址。"})
    world.refuses(Rule.CLOZE_REMOVED, changed)
    world.imports(world.press.publish(changed))
    shown = [
        world.anki.collection.get_card(card).question()
        for card in world.anki.note(CLOZE).card_ids()
    ]
    assert ["No cloze" in text for text in shown] == [False, True]


def test_a_cloze_number_that_is_used_again_would_move_schedules(world: World) -> None:
    changed = with_texts({"views#storage": "存储是{{c2::一维}}的，按{{c1::步幅}}寻址。"})
    world.refuses(Rule.CLOZE_REUSED, changed)
    world.imports(world.press.publish(changed))
    first = world.anki.collection.get_card(world.anki.note(CLOZE).card_ids()[0])
    assert "步幅" in first.answer()  # with the schedule of 一维


def test_a_new_cloze_is_a_new_card(world: World) -> None:
    changed = with_texts({"views#storage": "存储是{{c1::一维}}的，按{{c2::步幅}}{{c3::寻址}}。"})
    world.imports(world.press.publish(changed))
    assert len(world.anki.note(CLOZE).card_ids()) == 3


def test_a_new_cloze_in_a_note_edited_since_is_empty(world: World) -> None:
    """Anki leaves the text to the learner and adds the card all the same; the README says so."""
    changed = with_texts({"views#storage": "存储是{{c1::一维}}的，按{{c2::步幅}}{{c3::寻址}}。"})
    decks = world.press.publish(changed)
    world.anki.edit(CLOZE, names.TEXT, "我的笔记", time=world.press.time)
    world.imports(decks)
    (empty,) = world.anki.collection.get_empty_cards().notes
    assert empty.note_id == world.anki.note(CLOZE).id
    later = with_texts({"views#storage": "存储总是{{c1::一维}}的，按{{c2::步幅}}{{c3::寻址}}。"})
    world.press.time += DAY
    world.imports(world.press.publish(later))
    assert list(world.anki.collection.get_empty_cards().notes) == []


def test_a_tag_that_is_gone_would_empty_searches(world: World) -> None:
    bare = [replace(item, tags=item.tags[:1]) for item in NOTES]
    with pytest.raises(FindingsError) as caught:
        world.press.publish(bare)
    assert {finding.rule for finding in caught.value.findings} == {Rule.TAG_RENAMED}
    world.monkeypatch.setattr(advance, "GUARDS", ())
    search = "tag:torchdeck::question::views"
    assert len(world.anki.collection.find_cards(search)) == 5
    world.imports(world.press.publish(bare))
    assert world.anki.collection.find_cards(search) == []


def test_new_cards_come_in_the_order_of_the_release(world: World) -> None:
    more = [*NOTES, note("leaves#last", "最后一张。"), note("leaves#end", "真的最后。")]
    world.imports(world.press.publish(more))
    due = [
        world.anki.collection.get_card(world.anki.note(f"002 leaves#{slug}").card_ids()[0]).due
        for slug in ("last", "end")
    ]
    assert due == sorted(due)
    assert due[0] < due[1]


def test_a_description_says_when_the_deck_changed(world: World) -> None:
    world.imports(world.press.publish(with_texts({"views#lifetime": "存储释放后。"})))
    described = {
        deck["name"]: deck["desc"]
        for deck in world.anki.collection.decks.all()
        if deck["name"].startswith("测试::")
    }
    assert described[VIEWS.deck].endswith("2023-11-15")
    assert described[EDITION.topics[1].deck].endswith("2023-11-14")


def test_a_new_pytorch_alone_updates_nobody(world: World) -> None:
    edition = replace(EDITION, pytorch="2.14.1")
    assert world.imports(world.press.publish(NOTES, edition)) == (0, 0, 0)


def test_a_field_of_the_learners_own_ends_the_updates(world: World) -> None:
    models = world.anki.collection.models
    kind = models.by_name(NOTE_TYPES[NoteKind.QUESTION_ANSWER].name)
    assert kind is not None
    models.add_field(kind, models.new_field("我的字段"))
    models.update_dict(kind)
    changed = with_texts({"views#lifetime": "存储释放后。"})
    new, updated, conflicting = world.imports(world.press.publish(changed))
    assert (new, updated) == (0, 0)
    assert conflicting > 0  # the README says so
    assert world.field(CHANGED, names.ANSWER) == "存储不在时。"


def test_a_package_holds_no_suspended_card(world: World) -> None:
    decks = world.press.publish(NOTES)
    assert {card.due for card in world.press.payload(world.press.count).cards} != {0}
    world.imports(decks)
    suspended = world.anki.rows("select count() from cards where queue = -1")
    assert suspended == [(1,)]  # the learner's own


def with_type(world: World, note_type: NoteType) -> None:
    """Let packages have `note_type` in the place of that of its kind."""
    others = {**NOTE_TYPES, note_type.kind: note_type}
    for module in ("torchdeck.package.apkg.NOTE_TYPES", "torchdeck.package.build.NOTE_TYPES"):
        world.monkeypatch.setattr(module, others)
