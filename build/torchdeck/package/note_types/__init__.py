"""The note types: ids, fields and templates.

Ids are identities that learners' collections hold. The text of the templates and the style
sheet lie beside this module as files.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from types import MappingProxyType

from torchdeck.render import field_names as names
from torchdeck.render.note import NoteKind

_TAIL = (names.NOTICE, names.ACCEPTED_ON, names.TOPIC, names.LEVEL, names.SPARE_1, names.SPARE_2)


@dataclass(frozen=True)
class NoteType:
    """A note type as Anki knows it.

    Attributes:
        kind: What its notes ask for; names the folder of its templates.
        id: Anki's id of the type, for ever.
        name: Its name in Anki, for ever.
        fields: Field names in the editor's order.
        card_name: Name of its one template.
    """

    kind: NoteKind
    id: int
    name: str
    fields: tuple[str, ...]
    card_name: str

    @property
    def is_cloze(self) -> bool:
        """Whether Anki makes one card per cloze number."""
        return self.kind is NoteKind.CLOZE

    def field_id(self, index: int) -> int:
        """Return the explicit id by which Anki recognises a field that was renamed."""
        return self.id * 100 + index

    @property
    def template_id(self) -> int:
        """The explicit id by which Anki recognises a template that was renamed."""
        return self.id * 100 + 99

    @cached_property
    def front(self) -> str:
        """HTML of the question side."""
        return _read(f"{self.kind}/front.html")

    @cached_property
    def back(self) -> str:
        """HTML of the answer side."""
        return _read(f"{self.kind}/back.html")

    @cached_property
    def css(self) -> str:
        """The style sheet, the same for all types."""
        return _read("card.css")


NOTE_TYPES: Mapping[NoteKind, NoteType] = MappingProxyType(
    {
        NoteKind.QUESTION: NoteType(
            NoteKind.QUESTION,
            1_763_870_001,
            "torchdeck 面试题",
            (
                names.ID,
                names.QUESTION,
                names.KEY_POINTS,
                names.DETAIL,
                names.PITFALLS,
                names.SOURCES,
                *_TAIL,
            ),
            "面试题",
        ),
        NoteKind.QUESTION_ANSWER: NoteType(
            NoteKind.QUESTION_ANSWER,
            1_763_870_002,
            "torchdeck 问答",
            (names.ID, names.QUESTION, names.ANSWER, names.CONTEXT, *_TAIL),
            "问答",
        ),
        NoteKind.CLOZE: NoteType(
            NoteKind.CLOZE,
            1_763_870_003,
            "torchdeck 填空",
            (names.ID, names.TITLE, names.TEXT, names.CONTEXT, *_TAIL),
            "填空",
        ),
        NoteKind.PREDICT: NoteType(
            NoteKind.PREDICT,
            1_763_870_004,
            "torchdeck 猜输出",
            (
                names.ID,
                names.QUESTION,
                names.CODE,
                names.OUTPUT,
                names.EXPLANATION,
                names.CONTEXT,
                *_TAIL,
            ),
            "猜输出",
        ),
    }
)


def _read(name: str) -> str:
    return files(__name__).joinpath(name).read_text(encoding="utf-8")
