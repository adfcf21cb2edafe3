"""Anki's reviewer page in Chromium: its own HTML, CSS, scripts and MathJax, from the aqt wheel.

Nothing is served: the browser's requests are answered from files, and what asks for anything else
is noted as a fault.
"""

import importlib.util
import mimetypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Browser, Page, Route

from tests.browser.profiles import Profile

HOST = "http://anki.test"
CHECKS = Path(__file__).with_name("checks.js")

PAGE = """<!doctype html>
<html class="{root}" dir="ltr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/_anki/css/webview.css">
<link rel="stylesheet" href="/_anki/css/reviewer.css">
<script>
  // The desktop program's end of the bridge; there is none here.
  window.bridgeCommand = window.pycmd = () => {{}};
</script>
</head>
<body class="{body}">
<script src="/_anki/js/mathjax.js"></script>
<script src="/_anki/js/vendor/mathjax/tex-chtml-full.js"></script>
<script src="/_anki/js/reviewer.js"></script>
<script src="/checks.js"></script>
<div id="_mark" hidden></div><div id="_flag" hidden></div>
<script>qFade = 0;</script>
<div id="qa" dir="auto"></div>
</body>
</html>
"""


@dataclass(frozen=True)
class Side:
    """One side of a card as Anki renders it.

    Attributes:
        key: The note's id as the card shows it.
        side: `question` or `answer`.
        ord: Number of the card in its note, from 0.
        html: What the reviewer shows.
        codes: The text that each block of code must have, in order.
    """

    key: str
    side: str
    ord: int
    html: str
    codes: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.key} {self.ord + 1} {self.side}"


@dataclass
class Reviewer:
    """A reviewer page and what went wrong in it, apart from the cards' own faults."""

    page: Page
    profile: Profile
    faults: list[str] = field(default_factory=list)

    def check(self, sides: Sequence[Side]) -> list[str]:
        """Show each side and return what is wrong with it."""
        arguments = {
            "sides": [
                {"name": side.name, "html": side.html, "codes": list(side.codes)} for side in sides
            ],
            "classes": self.profile.body_classes,
            "width": self.profile.width,
        }
        found: list[str] = self.page.evaluate("(a) => checkAll(a)", arguments)
        faults, self.faults[:] = found + self.faults, []
        return [f"{self.profile.name}: {fault}" for fault in faults]

    def show(self, side: Side) -> None:
        """Show one side, as a learner sees it before touching anything."""
        self.page.evaluate(
            "([html, classes]) => show(html, classes)", [side.html, self.profile.body_classes]
        )


@contextmanager
def reviewer(browser: Browser, profile: Profile, media: Path) -> Iterator[Reviewer]:
    """Open the reviewer of `profile`, with the media folder `media`."""
    context = browser.new_context(
        viewport={"width": profile.width, "height": profile.height},
        is_mobile=profile.is_phone,
        device_scale_factor=2 if profile.is_phone else 1,
    )
    page = context.new_page()
    opened = Reviewer(page, profile)

    def serve(route: Route) -> None:
        url = urlsplit(route.request.url)
        answer = _answer(unquote(url.path), profile, media) if url.netloc == "anki.test" else None
        if answer is not None:
            route.fulfill(**answer)
            return
        if not url.path.endswith("/_torchdeck-user.css"):  # the learner's own, rarely there
            opened.faults.append(f"request for {route.request.url}")
        route.abort()

    page.route("**/*", serve)
    page.on("pageerror", lambda error: opened.faults.append(f"script error: {error}"))
    page.on(
        "console",
        lambda message: (
            opened.faults.append(f"console: {message.text}")
            if message.type == "error" and "net::ERR_FAILED" not in message.text
            else None
        ),
    )
    page.goto(f"{HOST}/")
    page.wait_for_function("() => window.MathJax?.startup?.promise")
    page.evaluate("() => MathJax.startup.promise")
    try:
        yield opened
    finally:
        context.close()


def _answer(path: str, profile: Profile, media: Path) -> dict[str, Any] | None:
    if path == "/":
        page = PAGE.format(root=profile.root_class, body=profile.body_classes)
        return {"body": page, "content_type": "text/html; charset=utf-8"}
    if path == "/checks.js":
        file = CHECKS
    elif path.startswith("/_anki/"):
        file = _web_folder() / path.removeprefix("/_anki/")
    else:
        file = media / path.removeprefix("/")
    if not file.is_file():
        return None
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return {"path": file, "content_type": kind}


def _web_folder() -> Path:
    spec = importlib.util.find_spec("_aqt")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("the aqt wheel, which holds Anki's reviewer, is not installed")
    return Path(spec.submodule_search_locations[0]) / "data" / "web"
