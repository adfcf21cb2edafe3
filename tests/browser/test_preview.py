"""The preview page, used as an author uses it."""

import http.client
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect

from tests.browser.preview_page import preview
from tests.conftest import SPECIMEN, Torchdeck, line_of

QUESTION = "content/specimen/every-construct.md"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SPECIMEN, tmp_path / "project"))


@pytest.fixture
def address(project: Path) -> Iterator[str]:
    with preview(project) as found:
        yield found


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """The page, once it shows its first card."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    opened = context.new_page()
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("request", lambda request: faults.append(request.url) if away(request.url) else None)
    opened.goto(address)
    expect(light(opened).locator(".question")).to_be_visible()
    yield opened
    context.close()
    assert faults == []


def away(url: str) -> bool:
    return urlsplit(url).hostname not in {"127.0.0.1", None} and not url.startswith("about:")


def light(page: Page) -> FrameLocator:
    return page.frame_locator("#light")


def dark(page: Page) -> FrameLocator:
    return page.frame_locator("#dark")


def test_a_card_is_shown_in_both_themes_and_flips_by_button_and_key(page: Page) -> None:
    for frame in (light(page), dark(page)):
        expect(frame.locator(".question")).to_be_visible()
        expect(frame.locator("#answer")).to_have_count(0)
    page.click("#flip")
    expect(light(page).locator("#answer")).to_be_visible()
    page.keyboard.press("Space")
    expect(light(page).locator("#answer")).to_have_count(0)
    colours = [
        frame.locator("body").evaluate("(body) => getComputedStyle(body).backgroundColor")
        for frame in (light(page), dark(page))
    ]
    assert colours == ["rgb(255, 255, 255)", "rgb(28, 32, 36)"]


def test_keys_work_inside_a_card_too_and_scripts_do_not(page: Page) -> None:
    first = page.locator('[aria-current="true"]').inner_text()
    light(page).locator(".question").click()
    page.keyboard.press("j")
    expect(page.locator('[aria-current="true"]')).not_to_have_text(first)
    page.keyboard.press("k")
    expect(page.locator('[aria-current="true"]')).to_have_text(first)
    assert page.get_attribute("#light", "sandbox") == "allow-same-origin"


def test_the_device_changes_the_width(page: Page) -> None:
    def width() -> float:
        box = page.locator("#light").bounding_box()
        assert box is not None
        return box["width"]

    assert width() == pytest.approx(390, abs=1)
    page.keyboard.press("d")
    expect(page.locator("#frames")).to_have_class("desktop")
    assert width() > 450


def test_filters_by_kind_state_and_text(page: Page) -> None:
    entries = page.locator("#list button")
    every = entries.count()
    page.select_option("#kind", "cloze")
    expect(page.locator("#count")).to_contain_text(f"/ {every} 张")
    assert 0 < entries.count() < every
    page.select_option("#kind", "")
    page.select_option("#state", "not verified")
    assert entries.count() == 1
    page.select_option("#state", "")
    page.fill("#search", "predict")
    assert all("predict" in text for text in entries.all_inner_texts())


def test_an_edit_is_on_the_screen_after_saving(page: Page, project: Path) -> None:
    path = project / QUESTION
    text = path.read_text(encoding="utf-8")
    page.click("#flip")
    path.write_text(text.replace("## 要点\n\n- ", "## 要点\n\n- 刚刚改过。"), encoding="utf-8")
    expect(light(page).get_by_text("刚刚改过。")).to_be_visible()
    expect(page.locator("#findings li")).to_have_count(0)


def test_a_finding_stands_beside_its_card_and_goes_when_mended(page: Page, project: Path) -> None:
    path = project / QUESTION
    text = path.read_text(encoding="utf-8")
    broken = text.replace("## 易错", "[x](http://example.com)\n\n## 易错", 1)
    path.write_text(broken, encoding="utf-8")
    told = f"{QUESTION}:{line_of(path, '[x](http')}: error[link-target]"
    expect(page.locator("#findings")).to_contain_text(told)
    expect(page.locator('#list [data-state="finding"]').first).to_be_visible()
    path.write_text(text, encoding="utf-8")
    expect(page.locator("#findings li")).to_have_count(0)


def test_a_broken_file_keeps_its_cards_and_tells(page: Page, project: Path) -> None:
    entries = page.locator("#list button").count()
    path = project / QUESTION
    path.write_text(path.read_text(encoding="utf-8") + "\n```python\n", encoding="utf-8")
    expect(page.locator("#findings")).to_contain_text("error[fence-unclosed]")
    assert page.locator("#list button").count() == entries


def test_formulas_and_images_are_shown(page: Page) -> None:
    page.click("#flip")
    summary = light(page).locator("summary", has_text="详解")
    summary.click()
    assert light(page).locator("math").count() > 0
    images = light(page).locator("img")
    assert images.count() == 2
    for index in range(2):
        width = images.nth(index).evaluate(
            "(image) => image.decode().then(() => image.naturalWidth)"
        )
        assert width > 0


@pytest.mark.parametrize(
    ("path", "host", "status"),
    [
        ("/", None, 200),
        ("/", "localhost", 200),
        ("/", "evil.example", 400),
        ("/cards.json", "evil.example:8765", 400),
        ("/../content/topics.toml", None, 404),
        ("/%2e%2e/content/topics.toml", None, 404),
        ("/..%2fcontent%2ftopics.toml", None, 404),
        ("/nosuch.svg", None, 404),
    ],
)
def test_it_answers_this_machine_only_and_no_path_outside(
    address: str, path: str, host: str | None, status: int
) -> None:
    parts = urlsplit(address)
    with closing(http.client.HTTPConnection(str(parts.hostname), parts.port)) as connection:
        connection.request("GET", path, headers={"Host": host} if host else {})
        assert connection.getresponse().status == status


def test_the_static_site_holds_the_catalogue_the_cards_and_the_packages(
    project: Path, torchdeck: Torchdeck, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    assert torchdeck(project, "build").status == 0
    assert torchdeck(project, "preview", "--static", str(site)).status == 0
    names = {path.name for path in site.iterdir()}
    assert {"index.html", "browse.html", "cards.json", "all.apkg", "specimen.apkg"} <= names
    assert (site / "all.apkg").read_bytes() == (project / "decks" / "all.apkg").read_bytes()
    index = (site / "index.html").read_text(encoding="utf-8")
    assert 'href="specimen.apkg"' in index
    assert "<td>2.13.0</td>" in index


def test_a_site_without_decks_is_refused(
    project: Path, torchdeck: Torchdeck, tmp_path: Path
) -> None:
    result = torchdeck(project, "preview", "--static", str(tmp_path / "site"))
    assert result.status == 2
    assert "run `torchdeck build` first" in result.err
    assert not (tmp_path / "site").exists()


def test_a_taken_port_is_wrong_usage(address: str, project: Path, torchdeck: Torchdeck) -> None:
    port = str(urlsplit(address).port)
    result = torchdeck(project, "preview", "--port", port)
    assert result.status == 2
    assert "--port" in result.err
