"""The process that holds the real Anki: imports packages into a fresh collection.

Started by `verify.verifier` with a JSON object on its standard input (`decks`: folder, `files`:
names of the packages in it, `now`: seconds since 1970, `since`: folders of older decks), answers
with a JSON report on its standard output. A crash of Anki's backend ends this process only.
"""

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anki.buildinfo import version as anki_version
from anki.collection import Collection, ImportAnkiPackageRequest
from anki.errors import AnkiException

from torchdeck.package.payload import PackageError, Payload, read_payload
from torchdeck.verify import packages, upgrade
from torchdeck.verify.report import Fault, Report
from torchdeck.verify.rules import Rule

if TYPE_CHECKING:
    from anki.cards import Card, CardId

# Anki shows a broken template as the card's text, with this link in it.
TEMPLATE_ERROR_LINK = "docs.ankiweb.net/templates/errors.html"
NO_CLOZE = "No cloze"
IN_COLLECTION = ""  # a fault that only shows once the packages have met


def verify(decks: Path, files: Sequence[str], now: int, since: Sequence[Path]) -> Report:
    """Import `files` of the folder `decks` in their order, with Anki's default options.

    Learners then go from the decks in each folder of `since` to these.
    """
    faults: list[Fault] = []
    payloads: dict[str, Payload] = {}
    for file in files:
        try:
            payloads[file] = read_payload((decks / file).read_bytes())
        except PackageError as error:
            faults.append(Fault(file, Rule.NOT_ARRIVED, str(error)))
    faults += packages.faults(payloads, now)
    with (
        tempfile.TemporaryDirectory(prefix="torchdeck-") as folder,
        closing(Collection(str(Path(folder) / "collection.anki2"))) as collection,
    ):
        for file, payload in payloads.items():
            faults += _import(collection, decks / file, payload)
        collection.models._clear_cache()  # noqa: SLF001  # the import bypasses it
        cards = collection.find_cards("")
        for card_id in cards:
            faults += _card_faults(collection, card_id)
        faults += _media_faults(collection)
        faults += _empty_cards(collection)
        faults += _integrity_faults(collection)
        for older in since:
            faults += upgrade.faults(older, decks)
        return Report(
            tuple(sorted(set(faults))),
            len(payloads),
            collection.note_count(),
            len(cards),
            anki_version,
        )


def _import(collection: Collection, path: Path, payload: Payload) -> Iterator[Fault]:
    request = ImportAnkiPackageRequest(
        package_path=str(path.resolve()),
        options=collection._backend.get_import_anki_package_presets(),  # noqa: SLF001
    )
    try:
        collection.import_anki_package(request)
    except AnkiException as error:
        yield Fault(path.name, Rule.NOT_ARRIVED, f"Anki refuses the package: {error}")
        return
    for note in payload.notes:
        row = (
            collection.db.first("select flds from notes where guid = ?", note.guid)
            if collection.db
            else None
        )
        if row is None:
            yield Fault(path.name, Rule.NOT_ARRIVED, f"{note.sort_text} is not in the collection")
        elif tuple(row[0].split("\x1f")) != note.fields:
            yield Fault(path.name, Rule.NOT_ARRIVED, f"{note.sort_text} arrived with other fields")


def _card_faults(collection: Collection, card_id: "CardId") -> Iterator[Fault]:
    card = collection.get_card(card_id)
    name = _name(card)
    try:
        out = card.render_output()
    except AnkiException as error:
        yield Fault(IN_COLLECTION, Rule.TEMPLATE_ERROR, f"{name} cannot be rendered: {error}")
        return
    # The answer side usually repeats the question: what it adds counts.
    sides = {"front": out.question_text, "back": out.answer_text}
    for side, html in sides.items():
        if TEMPLATE_ERROR_LINK in html:
            yield Fault(IN_COLLECTION, Rule.TEMPLATE_ERROR, f"{name}: the {side} is an error")
        elif _is_blank(html) or NO_CLOZE in html:
            yield Fault(IN_COLLECTION, Rule.BLANK_SIDE, f"{name}: the {side} shows nothing")
    if _text(out.answer_text) == _text(out.question_text):
        yield Fault(IN_COLLECTION, Rule.BLANK_SIDE, f"{name}: the back adds nothing to the front")


def _media_faults(collection: Collection) -> Iterator[Fault]:
    check = collection.media.check()
    for name in check.missing:
        yield Fault(IN_COLLECTION, Rule.MEDIA, f"{name} is shown but not packaged")
    for name in check.unused:
        yield Fault(IN_COLLECTION, Rule.MEDIA, f"{name} is packaged but not shown")


def _empty_cards(collection: Collection) -> Iterator[Fault]:
    for note in collection.get_empty_cards().notes:
        yield Fault(
            IN_COLLECTION, Rule.EMPTY_CARD, f"{_sort_text(collection, note.note_id)}: empty card"
        )
    for note_id in _ids(collection, "select id from notes where id not in (select nid from cards)"):
        yield Fault(
            IN_COLLECTION, Rule.EMPTY_CARD, f"{_sort_text(collection, note_id)} has no card at all"
        )


def _integrity_faults(collection: Collection) -> Iterator[Fault]:
    before = collection.card_count()
    report, _ = collection.fix_integrity()
    after = collection.card_count()
    if before != after:
        yield Fault(
            IN_COLLECTION,
            Rule.INTEGRITY,
            f"Anki's database check turns {before} cards into {after}: {report}",
        )


def _ids(collection: Collection, query: str) -> list[int]:
    return [int(row) for row in collection.db.list(query)] if collection.db else []


def _sort_text(collection: Collection, note_id: int) -> str:
    row = (
        collection.db.scalar("select sfld from notes where id = ?", note_id)
        if collection.db
        else ""
    )
    return str(row)


def _name(card: "Card") -> str:
    return f"{_sort_text(card.col, card.nid)} card {card.ord + 1}"


class _Visible(HTMLParser):
    """Gathers what a learner sees."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []

    def handle_data(self, data: str) -> None:
        self.text.append(data.strip())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.text.append(str(dict(attrs).get("src")))


def _text(html: str) -> str:
    visible = _Visible()
    visible.feed(html)
    return "".join(visible.text)


def _is_blank(html: str) -> bool:
    return not _text(html)


def main() -> None:
    """Answer the request on standard input."""
    request: dict[str, Any] = json.load(sys.stdin)
    since = [Path(folder) for folder in request["since"]]
    # Some versions of Anki print as well: the report keeps the standard output for itself.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answer:
        os.dup2(2, 1)
        report = verify(Path(request["decks"]), request["files"], request["now"], since)
        json.dump(asdict(report), answer, ensure_ascii=False)


if __name__ == "__main__":
    main()
