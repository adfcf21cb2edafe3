"""The note types: ids, fields and templates.

Ids are identities that learners' collections hold. The text of the templates and the style
sheet lie beside this module as files; Jinja puts them together, with square brackets for its own
marks, since braces are Anki's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from types import MappingProxyType

import jinja2

from torchdeck.render import field_names as names
from torchdeck.render.note import NoteKind

FIELD_IDS_PER_TYPE = 100
FIRST_TEMPLATE_ID = 90  # of those of a type, behind all fields there could be

_TAIL = (
    names.NOTICE,
    names.TOPIC,
    names.LEVEL,
    names.NUMBER,
    names.ID,
    names.ACCEPTED_ON,
    names.LINK,
    names.SPARE_1,
    names.SPARE_2,
)
_TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("torchdeck.package", "note_types"),
    block_start_string="[%",
    block_end_string="%]",
    variable_start_string="[[",
    variable_end_string="]]",
    comment_start_string="[#",
    comment_end_string="#]",
    undefined=jinja2.StrictUndefined,
    keep_trailing_newline=True,
    autoescape=False,  # noqa: S701  # the files are our own, and nothing is filled in
)


@dataclass(frozen=True, slots=True)
class Template:
    """A card template.

    Attributes:
        name: Its name in Anki, for ever.
        id: The explicit id by which Anki recognises a template that was renamed.
        front: HTML of the question side.
        back: HTML of the answer side.
        browser_front: What Anki's browser shows as the question.
        browser_back: What Anki's browser shows as the answer.
    """

    name: str
    id: int
    front: str
    back: str
    browser_front: str
    browser_back: str


@dataclass(frozen=True)
class NoteType:
    """A note type as Anki knows it.

    Attributes:
        kind: What its notes ask for; names the folder of its templates.
        id: Anki's id of the type, for ever.
        name: Its name in Anki, for ever.
        fields: Field names in the editor's order.
        card_name: Name of its template.
        browser_front: What Anki's browser shows as the question of a card.
        browser_back: What Anki's browser shows as its answer.
    """

    kind: NoteKind
    id: int
    name: str
    fields: tuple[str, ...]
    card_name: str
    browser_front: str
    browser_back: str

    @property
    def is_cloze(self) -> bool:
        """Whether Anki makes one card per cloze number."""
        return self.kind is NoteKind.CLOZE

    def field_id(self, index: int) -> int:
        """Return the explicit id by which Anki recognises a field that was renamed."""
        return self.id * FIELD_IDS_PER_TYPE + index

    @cached_property
    def templates(self) -> tuple[Template, ...]:
        """Its templates: the one that makes the cards, and a spare where the type allows it.

        A spare makes no card until a later edition fills its field; then learners get the card
        without a change of the note type.
        """
        first = self.id * FIELD_IDS_PER_TYPE + FIRST_TEMPLATE_ID
        template = Template(
            self.card_name,
            first,
            self._read(f"{self.kind}/front.html"),
            self._read(f"{self.kind}/back.html"),
            f"{{{{{names.ID}}}}} {self.browser_front}",
            self.browser_back,
        )
        if self.is_cloze:
            return (template,)
        spare = Template(
            "备用",
            first + 1,
            self._read("spare_front.html"),
            self._read("spare_back.html"),
            f"{{{{{names.ID}}}}} {{{{{names.SPARE_1}}}}}",
            f"{{{{{names.SPARE_2}}}}}",
        )
        return (template, spare)

    @cached_property
    def css(self) -> str:
        """The style sheet, the same for all types."""
        return files(__name__).joinpath("card.css").read_text(encoding="utf-8")

    def _read(self, name: str) -> str:
        return _TEMPLATES.get_template(name).render(has_context=names.CONTEXT in self.fields)


NOTE_TYPES: Mapping[NoteKind, NoteType] = MappingProxyType(
    {
        NoteKind.QUESTION: NoteType(
            NoteKind.QUESTION,
            1_763_870_001,
            "torchdeck 面试题",
            (
                names.QUESTION,
                names.KEY_POINTS,
                names.DETAIL,
                names.PITFALLS,
                names.SOURCES,
                *_TAIL,
            ),
            "面试题",
            "{{问题}}",
            "{{要点}}",
        ),
        NoteKind.QUESTION_ANSWER: NoteType(
            NoteKind.QUESTION_ANSWER,
            1_763_870_002,
            "torchdeck 问答",
            (names.QUESTION, names.ANSWER, names.CONTEXT, *_TAIL),
            "问答",
            "{{问题}}",
            "{{答案}}",
        ),
        NoteKind.CLOZE: NoteType(
            NoteKind.CLOZE,
            1_763_870_003,
            "torchdeck 填空",
            (names.TITLE, names.TEXT, names.CONTEXT, *_TAIL),
            "填空",
            "{{cloze:正文}}",
            "{{cloze:正文}}",
        ),
        NoteKind.PREDICT: NoteType(
            NoteKind.PREDICT,
            1_763_870_004,
            "torchdeck 猜输出",
            (
                names.QUESTION,
                names.CODE,
                names.OUTPUT,
                names.EXPLANATION,
                names.CONTEXT,
                *_TAIL,
            ),
            "猜输出",
            "{{问题}} {{代码}}",
            "{{输出}}",
        ),
    }
)
