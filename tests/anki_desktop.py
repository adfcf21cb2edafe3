"""Takes pictures of Anki's own program: imports a package by its dialog and reviews cards.

Called with the package and the folder for the pictures. Qt draws into memory, so no screen is
needed; the first start asks for a language and is answered like a person would.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path

os.environ.update(
    QT_QPA_PLATFORM="offscreen",
    QTWEBENGINE_DISABLE_SANDBOX="1",
    QTWEBENGINE_CHROMIUM_FLAGS="--no-sandbox --disable-gpu",
    QT_SCALE_FACTOR="2",
    QT_LOGGING_RULES="*=false",
)

import anki.lang
import aqt
from aqt.import_export.import_dialog import ImportDialog
from aqt.import_export.importing import import_file
from aqt.profiles import ProfileManager
from aqt.qt import QApplication, QMessageBox, QTimer, QWidget
from aqt.theme import Theme

LANGUAGE = "zh_CN"
PATIENCE = 300  # looks at a condition before giving up
LOOK = 200  # milliseconds between two looks
PAINTING = 1500  # milliseconds; the web view does not tell when it has painted
WINDOW = (480, 700)  # pixels
# The pictures: names, themes, and the sort texts of the notes that they show.
PICTURES = (
    ("question-light", Theme.LIGHT, "047 view-vs-reshape"),
    ("cloze-light", Theme.LIGHT, "018 contiguous#contiguous-rule"),
    ("predict-dark", Theme.DARK, "047 view-vs-reshape#transpose-stride"),
    ("answer-dark", Theme.DARK, "047 view-vs-reshape#view-fails"),
)

Steps = Generator[Callable[[], bool] | int, None, None]


def answer_language_dialog() -> None:
    """Choose the language in the dialog of the first start, and confirm."""
    ask = ProfileManager.setDefaultLang

    def answered(manager: ProfileManager, row: int) -> None:
        timer = QTimer()

        def answer() -> None:
            dialog = QApplication.activeModalWidget()
            if isinstance(dialog, QMessageBox):
                timer.stop()
                QTimer.singleShot(0, dialog.button(QMessageBox.StandardButton.Yes).click)
            elif dialog is not None:
                codes = [code for _, code in anki.lang.langs]
                manager.langForm.lang.setCurrentRow(codes.index(LANGUAGE))
                QTimer.singleShot(0, dialog.accept)

        timer.timeout.connect(answer)
        timer.start(LOOK)
        ask(manager, row)

    ProfileManager.setDefaultLang = answered


def script(package: Path, folder: Path) -> Steps:
    """Yield what to wait for between the steps: a condition, or milliseconds."""
    window = aqt.mw
    yield lambda: window.state == "deckBrowser"
    import_file(window, str(package))
    yield lambda: _dialog() is not None
    yield PAINTING
    dialog = _dialog()
    if dialog is None:
        sys.exit("the import dialog has gone")
    _picture(dialog, folder / "import.png")
    dialog.web.page().runJavaScript("document.querySelector('button.primary').click()")
    yield lambda: window.col.note_count() > 0
    yield PAINTING
    dialog.close()
    yield PAINTING
    window.resize(*WINDOW)
    for name, theme, sort_text in PICTURES:
        window.set_theme(theme)
        _leave_only(sort_text)
        window.moveToState("overview")
        yield PAINTING
        window.moveToState("review")
        yield _shows(window.web, "!document.querySelector('#answer')")
        window.reviewer._showAnswer()
        yield _shows(window.web, "document.querySelector('footer')")
        yield PAINTING
        _picture(window.web, folder / f"{name}.png")


def _shows(web: QWidget, expression: str) -> Callable[[], bool]:
    """Return a condition: a card is on the page, and `expression` holds there."""
    found: list[bool] = []

    def ask() -> bool:
        shown = "typeof _showAnswer === 'function' && document.querySelector('.torchdeck')"
        web.page().runJavaScript(f"Boolean({shown} && {expression})", found.append)
        return bool(found) and found[-1]

    return ask


def _dialog() -> ImportDialog | None:
    shown = [widget for widget in QApplication.topLevelWidgets() if widget.isVisible()]
    return next((widget for widget in shown if isinstance(widget, ImportDialog)), None)


def _leave_only(sort_text: str) -> None:
    """Suspend every card but those of one note, and choose their deck."""
    collection = aqt.mw.col
    note = collection.db.scalar("select id from notes where sfld = ?", sort_text)
    if note is None:
        sys.exit(f"{sort_text} is not in the package")
    cards = collection.find_cards("")
    kept = collection.card_ids_of_note(note)
    collection.sched.suspend_cards([card for card in cards if card not in kept])
    collection.sched.unsuspend_cards(kept)
    collection.decks.select(collection.get_card(kept[0]).did)


def _picture(widget: QWidget, path: Path) -> None:
    if not widget.grab().save(str(path)):
        sys.exit(f"{path} cannot be written")
    sys.stdout.write(f"{path}\n")


def run(steps: Steps) -> None:
    """Go on with `steps` whenever what they wait for has come; end the program behind them."""

    def go_on() -> None:
        try:
            awaited = next(steps)
        except StopIteration:
            QApplication.quit()
            return
        if isinstance(awaited, int):
            QTimer.singleShot(awaited, go_on)
        else:
            look(awaited, PATIENCE)

    def look(condition: Callable[[], bool], left: int) -> None:
        if condition():
            go_on()
        elif left:
            QTimer.singleShot(LOOK, lambda: look(condition, left - 1))
        else:
            sys.stderr.write(f"Anki does not get on from {aqt.mw.state}\n")
            os._exit(1)  # Qt would swallow an exception

    QTimer.singleShot(LOOK, go_on)


def main() -> None:
    """Start Anki in a folder of its own and run the script."""
    package, folder = map(Path, sys.argv[1:3])
    folder.mkdir(parents=True, exist_ok=True)
    answer_language_dialog()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as base:
        application = aqt._run(["anki", "-b", base], exec=False)
        run(script(package.resolve(), folder))
        application.exec()


if __name__ == "__main__":
    main()
