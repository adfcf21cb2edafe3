"""`torchdeck verify --since`: learners who come from older decks, and what they may lose."""

from collections.abc import Callable
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest
from anki.collection import ImportAnkiPackageRequest, ImportLogWithChanges
from anki.import_export_pb2 import IMPORT_ANKI_PACKAGE_UPDATE_CONDITION_ALWAYS as ALWAYS

from tests.conftest import ROOT, Torchdeck
from tests.press import EDITION, NOTES, Press, note, with_texts
from torchdeck.package import advance
from torchdeck.package.build import ALL
from torchdeck.package.note_types import NOTE_TYPES
from torchdeck.package.payload import read_payload
from torchdeck.verify import upgrade
from torchdeck.verify.learner import Learner, learner
from torchdeck.verify.rules import Rule

CHANGED = with_texts({"views#lifetime": "存储释放后。", "views": "别的要点"})


def releases(folder: Path) -> tuple[Path, Path]:
    press = Press(folder)
    return press.publish(NOTES), press.publish([*CHANGED, note("leaves#new", "新的一张。")])


def stale(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The newer release has other texts at the old times."""
    press = Press(folder)
    older = press.publish(NOTES)
    press.time -= 86_400
    monkeypatch.setattr(advance, "refuse_old_clock", lambda *_: None)
    return older, press.publish(CHANGED)


def overwriting(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The learner has Anki update every note, whatever its time."""

    def import_package(self: Learner, path: Path) -> ImportLogWithChanges.Log:
        options = self.collection._backend.get_import_anki_package_presets()
        options.update_notes = ALWAYS
        request = ImportAnkiPackageRequest(package_path=str(path.resolve()), options=options)
        return self.collection.import_anki_package(request).log

    monkeypatch.setattr(Learner, "import_package", import_package)
    return releases(folder)


def forgetting(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A stand-in: no package that can be built makes Anki forget, so this import does it."""
    plain = Learner.import_package

    def import_package(self: Learner, path: Path) -> ImportLogWithChanges.Log:
        log = plain(self, path)
        self.collection.sched.schedule_cards_as_new(self.collection.find_cards("is:review"))
        self.collection.sched.schedule_cards_as_new(self.collection.find_cards("is:learn"))
        return log

    monkeypatch.setattr(Learner, "import_package", import_package)
    return releases(folder)


Plant = Callable[[Path, pytest.MonkeyPatch], tuple[Path, Path]]
LOSSES: dict[Rule, Plant] = {
    Rule.NOTE_OUTDATED: stale,
    Rule.EDIT_LOST: overwriting,
    Rule.HISTORY_LOST: forgetting,
}


def test_nobody_loses_anything(tmp_path: Path) -> None:
    assert list(upgrade.faults(*releases(tmp_path))) == []


def test_other_markup_of_the_same_words_is_no_loss(tmp_path: Path) -> None:
    press = Press(tmp_path)
    older = press.publish([*NOTES, note("leaves#code", '<code><span class="n">x</span></code>')])
    newer = press.publish([*NOTES, note("leaves#code", "<code>x</code>")])
    assert list(upgrade.faults(older, newer)) == []


@pytest.mark.parametrize("rule", list(LOSSES))
def test_a_loss_is_found_by_its_rule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rule: Rule
) -> None:
    found = list(upgrade.faults(*LOSSES[rule](tmp_path, monkeypatch)))
    assert rule in {fault.rule for fault in found}


def test_another_schema_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    press = Press(tmp_path)
    older = press.publish(NOTES)
    monkeypatch.setattr(advance, "GUARDS", ())
    types = {kind: replace(it, fields=(*it.fields, "新字段")) for kind, it in NOTE_TYPES.items()}
    for module in ("torchdeck.package.apkg.NOTE_TYPES", "torchdeck.package.build.NOTE_TYPES"):
        monkeypatch.setattr(module, types)
    found = list(upgrade.faults(older, press.publish(CHANGED)))
    assert any("no package updates any more" in fault.message for fault in found)


def test_the_command_names_who_came_from_where(tmp_path: Path, torchdeck: Torchdeck) -> None:
    older, newer = releases(tmp_path)
    result = torchdeck(tmp_path, "verify", str(newer), "--since", str(older))
    assert result.status == 0, result.out
    assert f"verify: five learners came from {older}" in result.lines
    assert torchdeck(tmp_path, "verify", str(newer), "--since", str(tmp_path)).status == 2


def test_a_release_is_taken_back_by_a_newer_one(tmp_path: Path) -> None:
    press = Press(tmp_path / "releases")
    first, bad, good = (press.publish(notes) for notes in (NOTES, CHANGED, NOTES))
    (tmp_path / "anki").mkdir()
    with learner(tmp_path / "anki") as anki:
        for decks, answer in (
            (first, "存储不在时。"),
            (bad, "存储释放后。"),
            (good, "存储不在时。"),
        ):
            anki.import_package(decks / ALL)
            assert anki.note("001 views#lifetime")["答案"] == answer
        anki.study(EDITION.topics[0].deck, 3)
        before = anki.schedule()
        assert len(anki.import_package(bad / ALL).updated) == 0  # the bad one is older for ever
        assert anki.schedule() == before


@pytest.mark.parametrize("first", sorted(path.name for path in (ROOT / "decks").glob("*.apkg")))
def test_packages_come_in_any_order_and_mixture(tmp_path: Path, first: str) -> None:
    """Every pair of the real packages, and then the package of everything."""
    decks = ROOT / "decks"
    everything = {row.guid: row.fields for row in read_payload((decks / ALL).read_bytes()).notes}
    files = sorted(path.name for path in decks.glob("*.apkg"))
    with learner(tmp_path) as anki:
        for one, other in permutations(files, 2):
            if one != first:
                continue
            anki.import_package(decks / one)
            anki.study("PyTorch 面试", 2)
            before = anki.schedule()
            anki.import_package(decks / other)
            assert before.lost_in(anki.schedule()) == []
            expected = {
                row.guid: row.fields
                for file in (one, other)
                for row in read_payload((decks / file).read_bytes()).notes
            }
            fields = anki.fields()
            assert {guid: fields[guid] for guid in expected} == expected
            anki.collection.remove_notes(anki.collection.find_notes(""))
        anki.import_package(decks / first)
        anki.import_package(decks / ALL)
        assert anki.fields().items() >= everything.items()
