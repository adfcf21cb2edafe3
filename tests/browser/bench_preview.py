"""How quick the preview is with the whole content: from a save to the screen, and scrolling."""

import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.conftest import chromium
from tests.browser.preview_page import preview
from tests.conftest import ROOT

ROUNDS = 7
QUESTION = "content/tensor/view-vs-reshape.md"
STALL = 100  # milliseconds that a frame may take before a person sees it

SCROLL = """async () => {
  const list = document.getElementById("list");
  const frames = [];
  let last = performance.now();
  for (let top = 0; top < list.scrollHeight; top += list.clientHeight / 2) {
    list.scrollTop = top;
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    frames.push(now - last);
    last = now;
  }
  return frames;
}"""
# The same cards under other ids, until there are a thousand.
THOUSAND = """async () => {
  const one = data.cards;
  for (let copy = 1; data.cards.length < 1000; copy += 1) {
    data.cards = data.cards.concat(one.map((card) => ({ ...card, id: `${copy}-${card.id}` })));
  }
  const began = performance.now();
  filter();
  await new Promise(requestAnimationFrame);
  return [data.cards.length, performance.now() - began];
}"""


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        project = Path(name) / "project"
        shutil.copytree(ROOT / "content", project / "content")
        shutil.copytree(ROOT / "decks", project / "decks")
        browser = chromium(playwright)
        with preview(project) as address:
            page = browser.new_page(viewport={"width": 1400, "height": 900})
            page.goto(f"{address}#view-vs-reshape%2F1")
            expect(page.frame_locator("#light").locator(".question")).to_be_visible()
            saves = [_save(page, project / QUESTION, f"第 {n} 次。") for n in range(ROUNDS)]
            cards, listing = page.evaluate(THOUSAND)
            frames = page.evaluate(SCROLL)
        browser.close()
    sys.stdout.write(
        f"preview: from save to screen {statistics.median(saves):.2f} s "
        f"(slowest of {ROUNDS}: {max(saves):.2f} s); {cards} cards listed in {listing:.0f} ms, "
        f"scrolled in {len(frames)} frames, the slowest {max(frames):.0f} ms, "
        f"{sum(frame > STALL for frame in frames)} over {STALL} ms\n"
    )


def _save(page: Page, path: Path, words: str) -> float:
    """Return the seconds until words that were just saved are on the screen."""
    text = path.read_text(encoding="utf-8")
    head, mark, tail = text.partition("## 要点\n\n- ")
    page.evaluate("() => { side = 'back'; render(); }")
    began = time.perf_counter()
    path.write_text(head + mark + words + tail, encoding="utf-8")
    page.frame_locator("#light").get_by_text(words).wait_for()
    seconds = time.perf_counter() - began
    path.write_text(text, encoding="utf-8")
    page.frame_locator("#light").get_by_text(words).wait_for(state="detached")
    return seconds


if __name__ == "__main__":
    main()
