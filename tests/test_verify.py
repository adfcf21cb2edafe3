"""`torchdeck verify`: each planted bad package is found by its rule's name."""

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path

import genanki
import pytest

from tests.conftest import DAY, Torchdeck
from tests.packages import change_database
from tests.test_upgrade import LOSSES
from torchdeck.verify.rules import Rule

SIMPLE = genanki.Model(
    1_700_000_001,
    "Simple",
    fields=[{"name": "Front"}, {"name": "Back"}],
    templates=[{"name": "Card", "qfmt": "{{Front}}", "afmt": "{{FrontSide}}<hr>{{Back}}"}],
)
CLOZE = genanki.Model(
    1_700_000_002,
    "Blanks",
    fields=[{"name": "Text"}, {"name": "Extra"}],
    templates=[{"name": "Card", "qfmt": "{{cloze:Text}}", "afmt": "{{cloze:Text}}{{Extra}}"}],
    model_type=genanki.Model.CLOZE,
)


@dataclasses.dataclass
class Bad:
    """A package to plant: genanki's parts, and what is done to the database afterwards."""

    model: genanki.Model = SIMPLE
    fields: tuple[str, ...] = ("front", "back")
    media: tuple[str, ...] = ()
    guids: tuple[str, ...] = ("a-guid",)
    mod: float = 1_700_000_000.0
    sql: str = ""


def plant(folder: Path, bad: Bad) -> None:
    folder.mkdir()
    deck = genanki.Deck(1_700_000_003, "Planted")
    for guid in bad.guids:
        deck.add_note(genanki.Note(model=bad.model, fields=list(bad.fields), guid=guid))
    media = []
    for name in bad.media:
        (folder / name).write_bytes(b"<svg/>")
        media.append(str(folder / name))
    path = folder / "tensor.apkg"
    genanki.Package(deck, media).write_to_file(path, timestamp=bad.mod)
    if bad.sql:
        change_database(path, bad.sql)


def broken_template() -> genanki.Model:
    template = {"name": "Card", "qfmt": "{{Front}}{{Nowhere}}", "afmt": "{{Back}}"}
    return genanki.Model(1_700_000_004, "Broken", fields=SIMPLE.fields, templates=[template])


def optional_card() -> genanki.Model:
    templates = [
        *SIMPLE.templates,
        {"name": "Second", "qfmt": "{{#Back}}{{Back}}{{/Back}}", "afmt": "{{Front}}"},
    ]
    return genanki.Model(1_700_000_005, "Two", fields=SIMPLE.fields, templates=templates)


PLANTED: dict[Rule, Callable[[], Bad]] = {
    Rule.NOT_ARRIVED: lambda: Bad(sql="update notes set mid = 77"),
    Rule.TEMPLATE_ERROR: lambda: Bad(model=broken_template()),
    Rule.BLANK_SIDE: lambda: Bad(fields=("front", "")),
    Rule.MEDIA: lambda: Bad(fields=('<img src="gone.svg">', "back")),
    Rule.EMPTY_CARD: lambda: Bad(
        model=optional_card(), sql="update notes set flds = 'front' || char(31) || ''"
    ),
    Rule.INTEGRITY: lambda: Bad(
        sql="insert into cards select id + 1, nid, did, 7, mod, usn, type, queue, due, ivl, "
        "factor, reps, lapses, left, odue, odid, flags, data from cards"
    ),
    Rule.GUID_TWICE: lambda: Bad(guids=("twin", "twin")),
    Rule.FUTURE_MOD: lambda: Bad(mod=time.time() + 30 * DAY),
}


def test_a_good_package_has_no_findings(tmp_path: Path, torchdeck: Torchdeck) -> None:
    plant(tmp_path / "decks", Bad())
    result = torchdeck(tmp_path, "verify", str(tmp_path / "decks"))
    assert result.status == 0, result.out
    assert result.lines[-1].endswith("1 package, 1 note, 1 card, 0 findings")


def test_every_rule_has_a_planted_package() -> None:
    assert PLANTED.keys() | LOSSES.keys() == set(Rule)


@pytest.mark.parametrize("rule", list(PLANTED))
def test_a_bad_package_is_found_by_its_rule(
    tmp_path: Path, torchdeck: Torchdeck, rule: Rule
) -> None:
    plant(tmp_path / "decks", PLANTED[rule]())
    result = torchdeck(tmp_path, "verify", str(tmp_path / "decks"))
    assert result.status == 1, result.out + result.err
    assert f"error[{rule}]: " in result.out


def test_an_unused_image_is_found(tmp_path: Path, torchdeck: Torchdeck) -> None:
    plant(tmp_path / "decks", Bad(media=("_unused.svg",)))
    result = torchdeck(tmp_path, "verify", str(tmp_path / "decks"))
    assert result.status == 0
    plant(tmp_path / "more", Bad(fields=('<img src="used.svg">', "back"), media=("used.svg",)))
    assert torchdeck(tmp_path, "verify", str(tmp_path / "more")).status == 0


def test_one_guid_in_two_decks_is_found(tmp_path: Path, torchdeck: Torchdeck) -> None:
    plant(tmp_path / "decks", Bad())
    plant(tmp_path / "other", Bad(model=CLOZE, fields=("{{c1::x}}", "")))
    (tmp_path / "other" / "tensor.apkg").rename(tmp_path / "decks" / "autograd.apkg")
    result = torchdeck(tmp_path, "verify", str(tmp_path / "decks"))
    assert "decks/tensor.apkg: error[guid-twice]" in result.out
    assert "decks/tensor.apkg: error[note-not-arrived]" in result.out


def test_an_old_package_of_everything_is_found(project: Path, torchdeck: Torchdeck) -> None:
    torchdeck(project, "build")
    old = (project / "decks" / "all.apkg").read_bytes()
    path = project / "content" / "tensor" / "views.md"
    text = path.read_text(encoding="utf-8").replace("存储不在时。", "存储不在后。")
    path.write_text(text, encoding="utf-8")
    torchdeck(project, "build", SOURCE_DATE_EPOCH=str(1_700_000_000 + DAY))
    (project / "decks" / "all.apkg").write_bytes(old)
    result = torchdeck(project, "verify")
    assert result.status == 1
    assert "decks/all.apkg: error[note-not-arrived]: 001 views#lifetime" in result.out


def test_a_file_that_is_no_package_is_found(tmp_path: Path, torchdeck: Torchdeck) -> None:
    folder = tmp_path / "decks"
    folder.mkdir()
    (folder / "x.apkg").write_bytes(b"no zip")
    result = torchdeck(tmp_path, "verify", str(folder))
    assert result.status == 1
    assert "decks/x.apkg: error[note-not-arrived]" in result.out


def test_an_empty_folder_is_wrong_usage(tmp_path: Path, torchdeck: Torchdeck) -> None:
    assert torchdeck(tmp_path, "verify", str(tmp_path)).status == 2


def test_the_specimen_arrives_whole(specimen: Path, torchdeck: Torchdeck) -> None:
    torchdeck(specimen, "build")
    result = torchdeck(specimen, "verify")
    assert result.status == 0, result.out
    assert result.lines[-1].endswith("2 packages, 8 notes, 11 cards, 0 findings")
