"""A real Anki renders the cards, a real Chromium shows them."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.browser.reviewer import Side
from tests.conftest import ROOT
from torchdeck.commands.content import read_files
from torchdeck.project import Project
from torchdeck.read.question import Body, Card, CardKind, CodeBlock, Question
from torchdeck.render import field_names as names
from torchdeck.verify.learner import learner

# Debian's chromium is a shell script around the program.
CHROMIUM = (
    "/usr/lib/chromium/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/chromium",
    "/usr/bin/google-chrome",
)


@dataclass(frozen=True)
class Cards:
    """All sides of the cards of a package, and the folder of its media."""

    sides: tuple[Side, ...]
    media: Path


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    with sync_playwright() as playwright:
        opened = chromium(playwright)
        yield opened
        opened.close()


def chromium(playwright: Playwright) -> Browser:
    """Start the system's Chromium."""
    program = next((path for path in CHROMIUM if Path(path).exists()), None)
    if program is None:
        pytest.fail("there is no Chromium; install the package `chromium`")
    arguments = ["--no-sandbox", "--disable-gpu"]
    return playwright.chromium.launch(executable_path=program, args=arguments)


@pytest.fixture(scope="session")
def all_cards() -> Iterator[Cards]:
    """The cards of decks/all.apkg."""
    with tempfile.TemporaryDirectory() as folder:
        yield render(ROOT / "decks" / "all.apkg", Path(folder), Project(ROOT))


def render(package: Path, folder: Path, project: Project) -> Cards:
    """Import `package` into a new collection and let Anki render every card."""
    questions = {
        reading.question.slug: reading.question
        for reading in read_files(project, project.question_files())
        if reading.question
    }
    sides: list[Side] = []
    with learner(folder) as anki:
        anki.import_package(package)
        collection = anki.collection
        for card_id in collection.find_cards("", order="c.due asc, c.ord asc"):
            card = collection.get_card(card_id)
            sort_text = card.note()[names.ID]
            question = questions[sort_text.split()[1].partition("#")[0]]
            slug = sort_text.partition("#")[2]
            own = next((item for item in question.cards if item.slug == slug), None)
            output = card.render_output()
            style = f"<style>{output.css}</style>"
            for side, html in (
                ("question", output.question_text),
                ("answer", output.answer_text),
            ):
                shown = collection.media.escape_media_filenames(style + html)
                codes = expected_codes(question, own, card.ord + 1, side)
                sides.append(Side(sort_text, side, card.ord, shown, codes))
    return Cards(tuple(sides), folder / "collection.media")


def expected_codes(
    question: Question, card: Card | None, number: int, side: str
) -> tuple[str, ...]:
    """Return the code that a side must show, from the Markdown."""
    if card is None:
        bodies = (question.key_points, question.detail, question.pitfalls)
        blocks = [block for body in bodies for block in _shown(body)]
        return tuple(block.code.rstrip("\n") for block in blocks) if side == "answer" else ()
    if card.kind is CardKind.PREDICT:
        first, *rest = _shown(card.body)
        behind = [block.code.rstrip("\n") for block in rest] if side == "answer" else []
        return (first.code.rstrip("\n"), *behind)
    if card.kind is CardKind.CLOZE:
        return tuple(_with_gaps(block, number, side) for block in _shown(card.body))
    if side == "question":
        return ()
    return tuple(block.code.rstrip("\n") for block in _shown(card.body))


def _shown(body: Body) -> list[CodeBlock]:
    return [part for part in body if isinstance(part, CodeBlock) and not part.words.hidden]


def _with_gaps(block: CodeBlock, number: int, side: str) -> str:
    """Return the code as a cloze card shows it: its own blank is `[...]` on the front."""
    code = block.code
    if side == "question":
        for mark in sorted(block.clozes, key=lambda mark: -mark.start):
            if mark.number == number:
                code = f"{code[: mark.start]}[...]{code[mark.end :]}"
    return code.rstrip("\n")
