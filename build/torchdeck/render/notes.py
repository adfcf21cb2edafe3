"""One question to its notes: the question's own, then one per card."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from types import MappingProxyType

from torchdeck.execute.keys import keyed_blocks
from torchdeck.execute.notices import Notices
from torchdeck.execute.records import Records
from torchdeck.execute.script import script_of
from torchdeck.read.edition import Edition
from torchdeck.read.question import Body, Card, CardKind, Question, code_blocks
from torchdeck.render import field_names as names
from torchdeck.render.html import BodyRenderer
from torchdeck.render.media import QuestionMedia
from torchdeck.render.note import Note, NoteKind, NoteState
from torchdeck.render.safe import safe

LEVELS = MappingProxyType({1: "基础", 2: "进阶", 3: "深入"})
TAG_ROOT = "torchdeck"
UNVERIFIED = "未验证：需要 CUDA 设备，尚无运行记录"

_KINDS = MappingProxyType(
    {
        CardKind.QUESTION_ANSWER: NoteKind.QUESTION_ANSWER,
        CardKind.CLOZE: NoteKind.CLOZE,
        CardKind.PREDICT: NoteKind.PREDICT,
    }
)


@dataclass(frozen=True, slots=True)
class _Draft:
    """What one note of a question has of its own."""

    card: Card | None
    kind: NoteKind
    fields: Mapping[str, str]
    bodies: tuple[Body, ...]


def notes_of(
    question: Question,
    edition: Edition,
    media: QuestionMedia,
    records: Records,
    notices: Notices,
) -> list[Note]:
    """Return the notes of `question`, its own first, in the order of the file."""
    recorded = _recorded(question, records)
    told = _told(question, notices)
    renderer = BodyRenderer(media.names(), recorded)
    drafts = [
        _question_draft(question, renderer),
        *(_card_draft(card, question, renderer) for card in question.cards),
    ]
    shared = {
        names.TOPIC: escape(edition.topic_by_slug[question.topic].name, quote=False),
        names.LEVEL: LEVELS[question.level],
        names.NUMBER: f"{question.number:03d}",
    }
    first_due = edition.due(question.number)
    return [
        Note(
            location=draft.card.location if draft.card else question.location,
            question=question.slug,
            card=draft.card.slug if draft.card else None,
            kind=draft.kind,
            topic=question.topic,
            number=question.number,
            fields={
                name: safe(html)
                for name, html in {**draft.fields, **shared, **_notice(draft, told)}.items()
            },
            tags=_tags(question, draft.kind),
            media=media.shown_in(*draft.bodies),
            due=first_due + index,
            state=_state(draft.bodies, recorded),
        )
        for index, draft in enumerate(drafts)
    ]


def _question_draft(question: Question, renderer: BodyRenderer) -> _Draft:
    fields = {
        names.QUESTION: escape(question.wording, quote=False),
        names.KEY_POINTS: renderer.body(question.key_points),
        names.DETAIL: renderer.body(question.detail),
        names.PITFALLS: renderer.body(question.pitfalls),
        names.SOURCES: _sources(question),
    }
    bodies = (question.key_points, question.detail, question.pitfalls)
    return _Draft(None, NoteKind.QUESTION, fields, bodies)


def _card_draft(card: Card, question: Question, renderer: BodyRenderer) -> _Draft:
    fields = _card_fields(card, question, renderer)
    return _Draft(card, _KINDS[card.kind], fields, (card.body,))


def _card_fields(card: Card, question: Question, renderer: BodyRenderer) -> dict[str, str]:
    title = renderer.inline(card.title)
    context = escape(question.wording, quote=False)
    if card.kind is CardKind.CLOZE:
        return {names.TITLE: title, names.TEXT: renderer.body(card.body), names.CONTEXT: context}
    if card.kind is CardKind.PREDICT:
        block = next(code_blocks(card.body))
        return {
            names.QUESTION: title,
            names.CODE: renderer.code(block),
            names.OUTPUT: renderer.output(block),
            names.EXPLANATION: renderer.body(card.body[1:]),
            names.CONTEXT: context,
        }
    return {names.QUESTION: title, names.ANSWER: renderer.body(card.body), names.CONTEXT: context}


def _told(question: Question, notices: Notices) -> Mapping[int, str]:
    """Return what newer PyTorch do otherwise, by the line of the block that shows it."""
    return {
        block.location.line: "；".join(notice.text for notice in found)
        for _, block, key in keyed_blocks(script_of(question))
        if (found := notices.of(key))
    }


def _notice(draft: _Draft, told: Mapping[int, str]) -> Mapping[str, str]:
    lines = [block.location.line for body in draft.bodies for block in code_blocks(body)]
    text = "；".join(dict.fromkeys(told[line] for line in lines if line in told))
    return {names.NOTICE: escape(text, quote=False)} if text else {}


def _state(bodies: Iterable[Body], recorded: Mapping[int, str]) -> NoteState:
    blocks = [block for body in bodies for block in code_blocks(body) if not block.words.hidden]
    if any(recorded.get(block.location.line) == UNVERIFIED for block in blocks):
        return NoteState.NOT_VERIFIED
    if any(block.words.norun is not None for block in blocks):
        return NoteState.NOT_RUN
    return NoteState.FINE


def question_tag(slug: str) -> str:
    """Return the tag that all notes of a question carry."""
    return f"{TAG_ROOT}::question::{slug}"


def _tags(question: Question, kind: NoteKind) -> tuple[str, ...]:
    """Return the tags; their forms are final, since learners' searches use them."""
    return (
        f"{TAG_ROOT}::kind::{kind}",
        f"{TAG_ROOT}::level::{question.level}",
        question_tag(question.slug),
        *(f"{TAG_ROOT}::tag::{tag.replace(' ', '-')}" for tag in sorted(set(question.tags))),
        f"{TAG_ROOT}::topic::{question.topic}",
    )


def _sources(question: Question) -> str:
    links = (
        f'<li><a href="{escape(url)}">{escape(url.removeprefix("https://"), quote=False)}</a></li>'
        for url in question.sources
    )
    return f"<ul>{''.join(links)}</ul>"


def _recorded(question: Question, records: Records) -> Mapping[int, str]:
    """Return what the cards say beside blocks that run only on a device, by line."""
    said: dict[int, str] = {}
    for process, block, key in keyed_blocks(script_of(question)):
        if process.device is None:
            continue
        record = records.newest(key)
        said[block.location.line] = (
            f"输出记录自 {record.device}，PyTorch {record.torch}，{record.recorded}"
            if record
            else UNVERIFIED
        )
    return said
