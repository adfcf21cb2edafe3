"""What can be said of packages before Anki sees them."""

import json
from collections.abc import Iterator, Mapping

from torchdeck.package.build import ALL
from torchdeck.package.payload import NoteRow, Payload
from torchdeck.package.retired import RETIRED
from torchdeck.verify.report import Fault
from torchdeck.verify.rules import Rule


def faults(payloads: Mapping[str, Payload], now: int) -> Iterator[Fault]:
    """Yield what is wrong with `payloads`, by file name, at the time `now`."""
    yield from _differences(payloads)
    owner: dict[str, tuple[str, NoteRow]] = {}
    for file in sorted(payloads, key=lambda file: (file == ALL, file)):
        payload = payloads[file]
        yield from _repeated(file, payload)
        yield from _future(file, payload, now)
        for note in payload.notes:
            first_file, first = owner.setdefault(note.guid, (file, note))
            if first_file == file:
                continue
            same = (first.note_type, first.fields) == (note.note_type, note.fields)
            if file != ALL or not same:
                yield Fault(
                    file,
                    Rule.GUID_TWICE,
                    f"{note.sort_text}: {first_file} has another note of the same GUID; "
                    "only one of them would arrive",
                )


def _differences(payloads: Mapping[str, Payload]) -> Iterator[Fault]:
    """Yield the notes in which the package of everything differs from the topic decks."""
    if ALL not in payloads:
        return
    of_topics = {
        note.guid: note
        for file, payload in payloads.items()
        if file not in (ALL, RETIRED)
        for note in payload.notes
    }
    of_all = {note.guid: note for note in payloads[ALL].notes}
    for guid, note in {**of_topics, **of_all}.items():
        if of_topics.get(guid) != of_all.get(guid):
            message = f"{note.sort_text} is not the same here and in its topic's deck"
            yield Fault(ALL, Rule.NOT_ARRIVED, message)


def _repeated(file: str, payload: Payload) -> Iterator[Fault]:
    seen: set[str] = set()
    for note in payload.notes:
        if note.guid in seen:
            yield Fault(
                file, Rule.GUID_TWICE, f"{note.sort_text}: its GUID stands twice in the package"
            )
        seen.add(note.guid)


def _future(file: str, payload: Payload, now: int) -> Iterator[Fault]:
    what = [(note.sort_text, note.mod) for note in payload.notes]
    what += [
        (f"note type {kind['name']}", int(kind["mod"]))
        for kind in json.loads(payload.note_types).values()
    ]
    for name, mod in what:
        if mod > now:
            yield Fault(file, Rule.FUTURE_MOD, f"{name}: mod {mod} lies in the future of {now}")
