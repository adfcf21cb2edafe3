"""Projects to work on, and the command as a person calls it."""

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from torchdeck.read.edition import read_edition

ROOT = Path(__file__).parent.parent
SPECIMEN = Path(__file__).parent / "specimen"
PYTORCH = read_edition(ROOT / "content").pytorch

FIRST_RELEASE = 1_700_000_000  # seconds since 1970; a time that is long over
DAY = 86_400

QUESTION = """\
---
number: 1
question: 什么是视图?
level: 1
tags: [stride]
sources:
  - https://docs.pytorch.org/docs/stable/tensor_view.html
---

## 要点

- 视图与原张量共享存储。

## 详解

{detail}

## 易错

视图会让整段存储活着。

## 追问

### 视图何时失效？ {{#lifetime}}

存储不在时。

## 卡片

### 存储 {{#storage .cloze}}

存储是{{{{c1::一维}}}}的。
"""

DETAIL = """\
```python
x = [1, 2, 3]
print(sum(x))
```

```output
6
```"""


@dataclass(frozen=True)
class Result:
    """What a command printed and how it ended."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


@dataclass(frozen=True)
class Torchdeck:
    """The command, with a cache of its own; call it with a folder and arguments."""

    cache: Path

    def variables(self, **environment: str) -> dict[str, str]:
        """Return the environment in which it runs."""
        variables = {name: value for name, value in os.environ.items() if name != "CI"}
        return variables | {
            "XDG_CACHE_HOME": str(self.cache),
            "SOURCE_DATE_EPOCH": str(FIRST_RELEASE),
            **environment,
        }

    def __call__(self, folder: Path, *arguments: str, **environment: str) -> Result:
        process = subprocess.run(
            [sys.executable, "-m", "torchdeck", *arguments],
            cwd=folder,
            env=self.variables(**environment),
            capture_output=True,
            check=False,
        )
        out, err = process.stdout.decode(), process.stderr.decode()
        assert "Traceback" not in err, err
        return Result(process.returncode, out, err)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one short question, by its root folder."""
    root = tmp_path / "project"
    folder = root / "content" / "tensor"
    folder.mkdir(parents=True)
    (root / "content" / "topics.toml").write_text(
        f'namespace = "test/zh"\npytorch = "{PYTORCH}"\nlanguage = "zh-Hans"\n\n'
        '[[topics]]\nslug = "tensor"\nname = "张量"\ndeck = "测试::01 张量"\nabout = "视图"\n',
        encoding="utf-8",
    )
    (root / "content" / "syllabus.tsv").write_text(
        "number\ttopic\tslug\tquestion\ttwins\n1\ttensor\tviews\t什么是视图?\t\n"
        "2\ttensor\tcopies\t什么是副本?\t\n",
        encoding="utf-8",
    )
    write_question(root, DETAIL)
    return root


@pytest.fixture
def specimen(tmp_path: Path) -> Path:
    """A copy of the specimen project, by its root folder."""
    return Path(shutil.copytree(SPECIMEN, tmp_path / "specimen"))


@pytest.fixture
def torchdeck(tmp_path: Path) -> Torchdeck:
    """The command, with a cache for this test alone."""
    return Torchdeck(tmp_path / "cache")


def project_of(root: Path, blocks: Mapping[str, str]) -> Path:
    """Make a project whose questions, by slug, have the given fences as their 详解."""
    content = root / "content" / "blocks"
    content.mkdir(parents=True)
    (root / "content" / "topics.toml").write_text(
        f'namespace = "blocks/zh"\npytorch = "{PYTORCH}"\nlanguage = "zh-Hans"\n\n'
        '[[topics]]\nslug = "blocks"\nname = "代码"\ndeck = "代码"\nabout = "代码块"\n',
        encoding="utf-8",
    )
    rows = ["number\ttopic\tslug\tquestion\ttwins"]
    for number, (slug, fences) in enumerate(blocks.items(), start=1):
        wording = f"{slug} 如何?"
        rows.append(f"{number}\tblocks\t{slug}\t{wording}\t")
        text = QUESTION.format(detail=fences).replace("number: 1", f"number: {number}")
        text = text.replace("什么是视图?", wording)
        (content / f"{slug}.md").write_text(text, encoding="utf-8")
    (root / "content" / "syllabus.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return root


def write_question(root: Path, detail: str) -> Path:
    """Write the project's question with `detail` as its 详解."""
    path = root / "content" / "tensor" / "views.md"
    path.write_text(QUESTION.format(detail=detail), encoding="utf-8")
    return path


def line_of(path: Path, text: str) -> int:
    """Return the number of the first line of `path` that contains `text`."""
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
        if text in line:
            return number
    raise AssertionError(f"{text!r} is not in {path}")


def sleeping(marker: str) -> int | None:
    """Return the id of a process `sleep MARKER`, None if there is none."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended meanwhile
            if path.read_bytes() == f"sleep\0{marker}\0".encode():
                return int(path.parent.name)
    return None


def wait_until(condition: Callable[[], object]) -> None:
    """Return when `condition` holds; a minute is too long."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        threading.Event().wait(0.02)  # a scheduler that is waited for may share this process
