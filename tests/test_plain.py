"""`run --plain`: Markdown that knows nothing of the format."""

import json
from pathlib import Path

import pytest

from tests.conftest import Torchdeck

FOREIGN = """\
# A tutorial

```python
x = 2
print(x * 21)
```

1. In a list:

   ```{.python .numberLines}
   print(x + 1)
   ```

> ```py title="quoted.py"
> raise ValueError("no")
> ```

```Python
print("never reached")
```

```pycon
>>> 1 + 1
```

```bash
echo not ours
```
"""


def test_python_fences_run_in_order_and_the_counts_add_up(
    tmp_path: Path, torchdeck: Torchdeck
) -> None:
    (tmp_path / "a.md").write_text(FOREIGN, encoding="utf-8")
    record = tmp_path / "out.json"
    result = torchdeck(tmp_path, "run", "--plain", "a.md", "--record", str(record))
    assert result.status == 1
    assert result.lines[-1] == ("run: 1 file, 4 blocks extracted: 2 ok, 1 failed, 1 skipped")
    assert "a.md:15: error[run-failed]: ValueError: no" in result.out
    kept = json.loads(record.read_text(encoding="utf-8"))["a.md"]
    assert [(one["line"], one["outcome"], one["stdout"]) for one in kept] == [
        (3, "ok", "42\n"),
        (10, "ok", "3\n"),
        (14, "failed", ""),
        (18, "skipped", ""),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "```python",
        "```python\n\tx = (\n```",
        "---\na: [\n---\n```py\n1/0\n```",
        "\ufeff# x",
        "```python\n" + "x" * 100_000 + "\n```",
        "> ```python\n> x\n\n```python\nprint(1)",
    ],
)
def test_odd_files_never_crash(tmp_path: Path, torchdeck: Torchdeck, text: str) -> None:
    (tmp_path / "a.md").write_text(text, encoding="utf-8")
    result = torchdeck(tmp_path, "run", "--plain", ".")
    assert result.status in {0, 1}
    counts = result.lines[-1].partition("extracted: ")
    extracted = int(counts[0].split(", ")[1].split()[0])
    outcomes = [] if counts[2] == "none" else counts[2].split(", ")
    assert extracted == sum(int(outcome.split()[0]) for outcome in outcomes)


@pytest.mark.parametrize("arguments", [[], ["nowhere.md"], ["a.md", "--accept"]])
def test_wrong_usage(tmp_path: Path, torchdeck: Torchdeck, arguments: list[str]) -> None:
    assert torchdeck(tmp_path, "run", "--plain", *arguments).status == 2
