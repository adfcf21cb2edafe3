"""Folders, links, images and data files that must be refused, and disks that refuse to be written.

Beside `tests/test_bad_files.py`: each row breaks a sound project that has been built.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import DETAIL, FIRST_RELEASE, Torchdeck, write_question

DEEP = "[" * 100_000
SVG = '<svg xmlns="http://www.w3.org/2000/svg">{}</svg>'
PNG = b"\x89PNG\r\n\x1a\n"
SYLLABUS = "number\ttopic\tslug\tquestion\ttwins\n1\ttensor\tviews\t什么是视图?\t\n"
BOMB = (
    '<!DOCTYPE svg [<!ENTITY a "'
    + "甲" * 1_000
    + '">'
    + "".join(
        f'<!ENTITY {name} "{f"&{of};" * 10}">' for of, name in zip("abcde", "bcdef", strict=True)
    )
    + "]>"
    + SVG.format("<text>&f;</text>")
)


@dataclass(frozen=True)
class Bad:
    """A project that a command refuses.

    Attributes:
        what: What is wrong.
        found: Each finding as `place: rule`, the place below content/ unless it starts with `/`.
        break_it: Makes it so.
        command: The command that refuses it.
    """

    what: str
    found: tuple[str, ...]
    break_it: Callable[[Path], object]
    command: tuple[str, ...] = ("build",)


def put(name: str, content: str | bytes) -> Callable[[Path], object]:
    """Return what writes the file `name` of a project."""

    def write(project: Path) -> None:
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    return write


def link(name: str, target: str) -> Callable[[Path], object]:
    return lambda project: (project / name).symlink_to(target)


def image(content: str | bytes, name: str = "a.svg") -> Callable[[Path], object]:
    """Return what has the question show an image of `content`."""

    def show(project: Path) -> None:
        put(f"content/tensor/{name}", content)(project)
        write_question(project, f"{DETAIL}\n\n![甲]({name})")

    return show


def shown(name: str, make: Callable[[Path], object]) -> Callable[[Path], object]:
    """Return what has the question show `name`, which `make` makes in the topic's folder."""

    def show(project: Path) -> None:
        make(project / "content" / "tensor" / name)
        write_question(project, f"{DETAIL}\n\n![甲]({name})")

    return show


def ledger(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], object]:
    """Return what changes the data in a project's ledger."""

    def rewrite(project: Path) -> None:
        path = project / "decks" / "ledger.json"
        data = json.loads(path.read_text(encoding="utf-8"))
        change(data)
        path.write_text(json.dumps(data), encoding="utf-8")

    return rewrite


def topics(old: str, new: str) -> Callable[[Path], object]:
    def rewrite(project: Path) -> None:
        path = project / "content" / "topics.toml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return rewrite


def closed_folder(project: Path) -> None:
    folder = project / "content" / "closed"
    folder.mkdir()
    folder.chmod(0)


def ledger_folder(project: Path) -> None:
    path = project / "decks" / "ledger.json"
    path.unlink()
    path.mkdir()


def no_utf_8(project: Path) -> None:
    name = os.fsencode(project / "content" / "tensor") + b"/\xff.md"
    Path(os.fsdecode(name)).write_bytes(b"a" * 200_000)


VIEWS = "content/tensor/views.md"
IMAGE = "tensor/views.md:25"
BAD = [
    # Files and folders.
    Bad("a folder in place of a file", ("tensor/x.md: file-unreadable",),
        lambda project: (project / "content/tensor/x.md").mkdir()),
    Bad("a pipe in place of a file", ("tensor/x.md: file-unreadable",),
        lambda project: os.mkfifo(project / "content/tensor/x.md")),
    Bad("a link that leads nowhere", ("tensor/x.md: file-unreadable",),
        link("content/tensor/x.md", "nowhere")),
    Bad("a link to itself", ("tensor/x.md: file-unreadable",), link("content/tensor/x.md", "x.md")),
    Bad("a link to itself, named", ("tensor/x.md: file-unreadable",),
        link("content/tensor/x.md", "x.md"), ("check", "content/tensor/x.md")),
    Bad("a link out of the content", ("tensor/x.md: file-unreadable",),
        link("content/tensor/x.md", "/etc/passwd")),
    Bad("a link to endless zeros", ("tensor/x.md: file-unreadable",),
        link("content/tensor/x.md", "/dev/zero")),
    Bad("a topic's folder that is a link", ("other: file-unreadable",),
        link("content/other", "/etc")),
    Bad("a topic's folder that is a circle", ("other: file-unreadable",),
        link("content/other", ".")),
    Bad("a topic's folder that nobody may list", ("closed: file-unreadable",), closed_folder),
    Bad("a question beside the topics", ("x.md: file-name",), put("content/x.md", "甲")),
    Bad("a question too deep", ("tensor/more/x.md: file-name",),
        put("content/tensor/more/x.md", "甲")),
    Bad("another suffix", ("tensor/copies.MD: file-name",), put("content/tensor/copies.MD", "甲")),
    Bad("a name that breaks lines", (r"tensor/a\nb.md: file-large",),
        put("content/tensor/a\nb.md", "甲" * 100_000)),
    Bad("a name that is no UTF-8", (r"tensor/\udcff.md: file-large",),
        no_utf_8),
    Bad("a name that is no UTF-8, executed", (r"tensor/\udcff.md: file-large",), no_utf_8,
        ("run",)),
    Bad("the name in capitals", ("tensor/Views.md:2: file-name",
        "tensor/views.md:2: number-duplicate",
        "tensor/views.md:31: front-equal", "tensor/views.md:37: front-equal"),
        lambda project: shutil.copy(project / VIEWS, project / "content/tensor/Views.md")),
    Bad("the name in full-width letters", ("tensor/ｖiews.md:2: file-name",
        "tensor/ｖiews.md:2: number-duplicate", "tensor/ｖiews.md:31: front-equal",
        "tensor/ｖiews.md:37: front-equal"),
        lambda project: shutil.copy(project / VIEWS, project / "content/tensor/ｖiews.md")),
    # The edition.
    Bad("topics of broken TOML", ("topics.toml: edition",), put("content/topics.toml", "[[")),
    Bad("topics of deep TOML", ("topics.toml: edition",),
        put("content/topics.toml", f"a = {DEEP}")),
    Bad("topics with a huge number", ("topics.toml: edition",),
        put("content/topics.toml", f"a = {'1' * 5_000}")),
    Bad("topics of ten megabytes", ("topics.toml: file-large",),
        put("content/topics.toml", b"#" * 10_000_000)),
    Bad("a topic of another type", ("topics.toml: edition",), topics('name = "张量"', "name = 1")),
    Bad("a topic's slug that leads out", ("topics.toml: edition",),
        topics('slug = "tensor"', 'slug = "../x"')),
    Bad("a deck with a line end", ("topics.toml: edition",), topics("01 张量", r"01\n张量")),
    Bad("a source that is no address", ("topics.toml: edition",),
        topics('language = "zh-Hans"', 'language = "zh-Hans"\nsource = "https://[{path}"')),
    Bad("no syllabus", ("syllabus.tsv: file-unreadable",),
        lambda project: (project / "content/syllabus.tsv").unlink()),
    Bad("an empty syllabus", ("syllabus.tsv:1: syllabus",), put("content/syllabus.tsv", "")),
    Bad("a syllabus with a huge number", ("syllabus.tsv:3: syllabus",),
        put("content/syllabus.tsv", SYLLABUS + "1" * 5_000 + "\ttensor\tx\t甲?\t\n")),
    Bad("a syllabus with the number 10000", ("syllabus.tsv:3: syllabus",),
        put("content/syllabus.tsv", SYLLABUS + "10000\ttensor\tx\t甲?\t\n")),
    Bad("a syllabus with a line separator", ("syllabus.tsv:3: syllabus",),
        put("content/syllabus.tsv", SYLLABUS + "2\ttensor\tx\t甲\u2028?\t\n")),
    Bad("a syllabus with a long cell", ("syllabus.tsv:3: syllabus",),
        put("content/syllabus.tsv", SYLLABUS + "2\ttensor\t" + "x" * 200_000 + "\n")),
    # Images.
    Bad("no image", (f"{IMAGE}: image-missing",), shown("a.svg", str)),
    Bad("a folder in place of an image", (f"{IMAGE}: image-missing",), shown("a.svg", Path.mkdir)),
    Bad("an image that is a circle", (f"{IMAGE}: image-missing",),
        shown("a.svg", lambda path: path.symlink_to("a.svg"))),
    Bad("an image that leads out", (f"{IMAGE}: image-outside",),
        shown("a.svg", lambda path: path.symlink_to("/etc/passwd"))),
    Bad("an image with a name too long", (f"{IMAGE}: image-missing",),
        shown("a" * 300 + ".svg", str)),
    Bad("a huge image", (f"{IMAGE}: image-large",), image(PNG + bytes(2**20), "a.png")),
    Bad("an image whose suffix lies", (f"{IMAGE}: image-type",), image(b"GIF89a", "a.png")),
    Bad("a drawing whose suffix lies", (f"{IMAGE}: image-unsafe",), image(PNG)),
    Bad("a drawing with a script", (f"{IMAGE}: image-unsafe",), image(SVG.format("<script/>"))),
    Bad("a drawing with a handler", (f"{IMAGE}: image-unsafe",),
        image(SVG.format('<g onclick="x()"/>'))),
    Bad("a drawing of another address", (f"{IMAGE}: image-unsafe",),
        image(SVG.format('<use href="https://a.org/a.svg#b"/>'))),
    Bad("a drawing that reads a file", (f"{IMAGE}: image-unsafe",),
        image('<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + SVG.format("&a;"))),
    Bad("a drawing that grows", (f"{IMAGE}: image-unsafe",), image(BOMB)),
    Bad("a drawing 50,000 groups deep", (f"{IMAGE}: image-unsafe",),
        image(SVG.format("<g>" * 50_000 + "</g>" * 50_000))),
    # Data files.
    Bad("half a ledger", ("/decks/ledger.json: ledger",), put("decks/ledger.json", '{"format": 2')),
    Bad("a ledger of a list", ("/decks/ledger.json: ledger",), put("decks/ledger.json", "[]")),
    Bad("a deep ledger", ("/decks/ledger.json: ledger",), put("decks/ledger.json", DEEP)),
    Bad("a ledger that is a folder", ("/decks/ledger.json: ledger",),
        ledger_folder),
    Bad("a ledger with a text for a time", ("/decks/ledger.json: ledger",),
        ledger(lambda data: data["notes"]["views"].update(mod="now"))),
    Bad("a ledger with a huge time", ("/decks/ledger.json: ledger",),
        ledger(lambda data: data["notes"]["views"].update(mod=10**100))),
    Bad("a ledger with an unknown member", ("/decks/ledger.json: ledger",),
        ledger(lambda data: data["notes"]["views"].update(colour=1))),
    Bad("a ledger whose notes are a list", ("/decks/ledger.json: ledger",),
        ledger(lambda data: data.update(notes=[]))),
    Bad("a ledger with a number for a deck", ("/decks/ledger.json: ledger",),
        ledger(lambda data: data["decks"].update(tensor=1))),
    Bad("a package that was cut off", ("/decks/all.apkg: deck-edited",),
        lambda project: os.truncate(project / "decks/all.apkg", 5_000)),
    Bad("a package with other bytes within", ("/decks/all.apkg: deck-edited",),
        put("decks/all.apkg", b"PK\x03\x04" + bytes(5_000))),
    Bad("notices that are a list", ("notices.json: notice-stale",),
        put("content/notices.json", "[]")),
    Bad("deep notices", ("notices.json: notice-stale",), put("content/notices.json", DEEP)),
    Bad("a notice of other types", ("notices.json: notice-stale",),
        put("content/notices.json", '{"a": [{"file": 1, "line": "x", "since": 2, "say": 3}]}')),
    Bad("half a record", ("records/a.json: record",), put("content/records/a.json", '{"blocks"')),
    Bad("a deep record", ("records/a.json: record",), put("content/records/a.json", DEEP)),
    Bad("a record of a list", ("records/a.json: record",), put("content/records/a.json", "[]")),
    Bad("a record that is a folder", ("records/a.json: record",),
        lambda project: (project / "content/records/a.json").mkdir(parents=True)),
    Bad("a record of other types", ("records/a.json: record",),
        put("content/records/a.json", '{"environment": {}, "blocks": {"a": 1}}')),
]  # fmt: skip

# Root may read and write everything; without these capabilities the kernel refuses it, too.
_WITHOUT_PRIVILEGES = """
import ctypes, os, sys
for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
    ctypes.CDLL(None).prctl(24, capability)  # PR_CAPBSET_DROP
os.execv(sys.executable, [sys.executable, "-m", "torchdeck", *sys.argv[1:]])
"""


def call(project: Path, *arguments: str, file_size: int | None = None) -> tuple[int, str, str]:
    """Call the command as somebody whom the file system's permissions bind."""

    def limit() -> None:
        if file_size is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))

    process = subprocess.run(
        [sys.executable, "-c", _WITHOUT_PRIVILEGES, *arguments],
        cwd=project,
        env={**os.environ, "SOURCE_DATE_EPOCH": str(FIRST_RELEASE + 1)},
        capture_output=True,
        check=False,
        preexec_fn=limit,  # no thread runs here
    )
    return process.returncode, process.stdout.decode(), process.stderr.decode()


def files_of(project: Path) -> dict[str, bytes]:
    """Return everything in the project's decks folder."""
    return {
        path.name: path.read_bytes() for path in (project / "decks").iterdir() if path.is_file()
    }


_DECKS: dict[str, bytes] = {}  # built once


@pytest.fixture
def built(project: Path, torchdeck: Torchdeck) -> Path:
    """A project with its decks, and an edit that a build would write."""
    if not _DECKS:
        assert torchdeck(project, "build").status == 0
        _DECKS.update(files_of(project))
    for name, content in _DECKS.items():
        put(f"decks/{name}", content)(project)
    path = project / VIEWS
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("存储不在时。", "存储释放时。"), encoding="utf-8")
    return project


@pytest.mark.skipif(sys.platform != "linux", reason="capabilities and /dev are Linux's")
@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.what)
def test_a_bad_folder_is_refused(built: Path, bad: Bad) -> None:
    bad.break_it(built)
    before = files_of(built)
    status, out, err = call(built, *bad.command)
    told = [line.partition("]")[0] for line in out.splitlines() if ": error[" in line]
    assert [line.removeprefix("content/").replace(" error[", " ") for line in told] == [
        place.removeprefix("/") for place in bad.found
    ], out
    assert (status, err) == (1, "")
    assert files_of(built) == before


@pytest.mark.skipif(sys.platform != "linux", reason="capabilities are Linux's")
@pytest.mark.parametrize(
    "refuses", ["a full disk", "a closed folder", "a file", "a package's place"]
)
def test_a_disk_that_refuses_leaves_the_old_decks(built: Path, refuses: str) -> None:
    decks = built / "decks"
    size = None
    if refuses == "a full disk":
        size = 1_000  # bytes; the kernel refuses to write more into any file
    elif refuses == "a closed folder":
        decks.chmod(0o555)
    elif refuses == "a file":
        shutil.rmtree(decks)
        decks.write_bytes(b"")
    else:
        (decks / "all.apkg").unlink()
        (decks / "all.apkg").mkdir()
    before = files_of(built) if decks.is_dir() else {}
    status, out, err = call(built, "build", file_size=size)
    assert status == 1, out
    told = [line for line in (out + err).splitlines() if "error" in line]
    assert len(told) == 1, out + err
    assert "Traceback" not in err
    assert (files_of(built) if decks.is_dir() else {}) == before
