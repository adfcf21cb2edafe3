"""What must hold for any file: it is read, checked and rendered, or refused at its lines."""

import warnings
from pathlib import Path

from tests.conftest import DETAIL, FIRST_RELEASE, QUESTION, ROOT
from torchdeck.commands.content import Content, read_content
from torchdeck.execute.notices import Notices
from torchdeck.execute.records import Records
from torchdeck.findings import Findings
from torchdeck.package.build import build
from torchdeck.package.folder import DeckFolder
from torchdeck.package.ledger import Ledger
from torchdeck.package.payload import read_payload
from torchdeck.preview.gallery import FATAL
from torchdeck.project import Project
from torchdeck.render.media import read_media
from torchdeck.render.note import Note
from torchdeck.render.notes import notes_of

WORDING = "什么是视图?"
CARDS = "## 追问"


def make_project(root: Path) -> Path:
    """Make a project for one question, with the images of the content; return the file's path."""
    folder = root / "content" / "tensor"
    folder.mkdir(parents=True)
    (root / "content" / "topics.toml").write_text(
        'namespace = "any/zh"\npytorch = "2.13.0"\nlanguage = "zh-Hans"\n\n'
        '[[topics]]\nslug = "tensor"\nname = "张量"\ndeck = "任意"\nabout = "任意"\n',
        encoding="utf-8",
    )
    (root / "content" / "syllabus.tsv").write_text(
        f"number\ttopic\tslug\tquestion\ttwins\n1\ttensor\tviews\t{WORDING}\t\n", encoding="utf-8"
    )
    for image in (ROOT / "content").rglob("*.svg"):
        (folder / image.name).write_bytes(image.read_bytes())
    return folder / "views.md"


def real_texts() -> list[str]:
    """Return the files of the content, each as if it were the file of `make_project`."""
    heads = {"number: ": "number: 1", "question: ": f"question: {WORDING}"}
    return [
        "\n".join(
            next((new for head, new in heads.items() if line.startswith(head)), line)
            for line in path.read_text(encoding="utf-8").split("\n")
        )
        for path in Project(ROOT).question_files()
    ]


def short_texts() -> list[str]:
    """Return short files, each with the cards of a file of the content."""
    head = QUESTION.format(detail=DETAIL).partition(CARDS)[0]
    return [head + "".join(text.partition(CARDS)[1:]) for text in real_texts()]


def checked(path: Path, raw: bytes) -> Content:
    """Write `raw` to the question file at `path` and check it; findings must be in order."""
    path.write_bytes(raw)
    content = read_content(Project(path.parents[2]))
    last = len(raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"))
    for finding in content.findings:
        assert 0 <= finding.location.line <= last, finding
        assert str(finding).isprintable()
    return content


def rendered(path: Path, content: Content) -> list[Note]:
    """Render what `checked` returned, as the preview does, also with faults that leave cards."""
    has_faults_of_form = any(reading.findings for reading in content.readings)
    if has_faults_of_form or any(finding.rule in FATAL for finding in content.findings):
        return []
    found = Findings(path.name)
    notes = []
    for question in content.questions:
        media = read_media(question, path.parent, found)
        if found:
            return []
        notes += notes_of(question, content.edition, media, Records(), Notices(path.name, {}))
    return notes


def package(path: Path, content: Content, notes: list[Note]) -> None:
    """Package notes without faults; none of them may be lost, and genanki must not warn."""
    decks = DeckFolder(Project(path.parents[2]).decks, path.parents[2] / "cache")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        built = build(content.edition, notes, Ledger("ledger"), decks, now=FIRST_RELEASE)
    assert len(read_payload(built.files["all.apkg"]).notes) == len(notes)
