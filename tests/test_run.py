"""`torchdeck run`: real torch, real processes."""

from pathlib import Path

import pytest

from tests.conftest import DETAIL, PYTORCH, Torchdeck, line_of, write_question
from torchdeck.execute.accept import FileChangedError, accept
from torchdeck.execute.compare import Comparison, compare
from torchdeck.findings import Location
from torchdeck.read.question import CodeBlock, FenceWords, Output


def summary(lines: list[str]) -> str:
    return lines[-1].partition(": torch ")[2].partition(": ")[2]


def fence(code: str, words: str = "", output: str | None = None) -> str:
    text = f"```python {words}\n{code}\n```\n"
    return text if output is None else f"{text}\n```output\n{output}\n```\n"


def test_blocks_run_once_and_then_come_from_the_cache(project: Path, torchdeck: Torchdeck) -> None:
    write_question(
        project,
        fence("import torch\nx = torch.arange(6)")
        + "\n"
        + fence("print(x.sum())", output="tensor(15)"),
    )
    first, second = torchdeck(project, "run"), torchdeck(project, "run")
    forced = torchdeck(project, "run", "--force")
    assert (first.status, second.status, forced.status) == (0, 0, 0)
    assert summary(first.lines) == "2 blocks (2 ok); 2 executed; 0 outputs accepted"
    assert summary(second.lines) == "2 blocks (2 ok); 2 cache; 0 outputs accepted"
    assert summary(forced.lines) == "2 blocks (2 ok); 2 executed; 0 outputs accepted"


def test_an_empty_cache_runs_every_block_again(
    project: Path, torchdeck: Torchdeck, tmp_path: Path
) -> None:
    torchdeck(project, "run")
    result = torchdeck(project, "run", XDG_CACHE_HOME=str(tmp_path / "empty"))
    assert summary(result.lines) == "1 block (1 ok); 1 executed; 0 outputs accepted"


def test_prose_above_a_block_reruns_nothing_and_an_earlier_block_does(
    project: Path, torchdeck: Torchdeck
) -> None:
    torchdeck(project, "run")
    write_question(project, f"一句话。\n\n{DETAIL}")
    assert "1 cache" in torchdeck(project, "run").lines[-1]
    write_question(project, "```python\ny = 1\n```\n\n" + DETAIL)
    assert "2 executed" in torchdeck(project, "run").lines[-1]


def test_an_edited_digit_is_told_at_its_line(project: Path, torchdeck: Torchdeck) -> None:
    torchdeck(project, "run")
    path = write_question(project, fence("print(1)\nprint(22)", output="1\n23"))
    result = torchdeck(project, "run")
    assert result.status == 1
    assert result.out.count("error[") == 1
    assert f"content/tensor/views.md:{line_of(path, '23')}: error[run-output]" in result.out
    assert "    -23\n    +22\n" in result.out


def test_a_block_that_raises_and_those_behind_it_are_told(
    project: Path, torchdeck: Torchdeck
) -> None:
    detail = fence("a = 1\nb = a / 0  # here") + "\n" + fence("print(a)", output="1")
    path = write_question(project, detail + "\n" + fence("print(2)", "fresh", "2"))
    result = torchdeck(project, "run")
    assert result.status == 1
    name, raised = "content/tensor/views.md", line_of(path, "# here")
    assert f"{name}:{raised}: error[run-failed]: ZeroDivisionError: division by zero" in result.out
    assert f'File "{name}", line {raised}, in <module>' in result.out
    assert (
        f"{name}:{line_of(path, 'print(a)') - 1}: error[run-skipped]: never reached" in result.out
    )
    assert "1 ok, 1 failed, 1 skipped" in result.lines[-1] or "1 failed" in result.lines[-1]


@pytest.mark.parametrize(
    ("code", "words", "rule"),
    [
        ("x = bytearray(3 * 2**30)", "memory=2G", "run-memory"),
        ("import torch; x = torch.empty(3 * 2**30, dtype=torch.int8)", "memory=2G", "run-memory"),
        ("x = 1", "raises=TypeError", "run-did-not-raise"),
        ("1 / 0", "raises=TypeError", "run-failed"),
    ],
)
def test_each_way_to_fail_is_told_as_what_it_is(
    project: Path, torchdeck: Torchdeck, code: str, words: str, rule: str
) -> None:
    path = write_question(project, fence(code, words) + "\n" + fence("print(1)", output="1"))
    result = torchdeck(project, "run")
    assert result.status == 1
    fence_line = line_of(path, code) - 1
    told = [line for line in result.lines if f"error[{rule}]" in line]
    assert len(told) == 1, result.out
    assert told[0].startswith(
        (f"content/tensor/views.md:{fence_line}:", f"content/tensor/views.md:{fence_line + 1}:")
    )
    assert "error[run-skipped]" in result.out


def test_output_of_c_code_and_of_child_processes_is_caught(
    project: Path, torchdeck: Torchdeck
) -> None:
    code = (
        "import ctypes, os, subprocess\n"
        "print('one', flush=True)\n"
        "ctypes.CDLL(None).puts(b'two')\n"
        "ctypes.CDLL(None).fflush(None)\n"
        "subprocess.run(['echo', 'three'])\n"
        "os.write(1, b'four \\xff\\n')"
    )
    write_question(project, fence(code, output="one\ntwo\nthree\nfour \\xff"))
    result = torchdeck(project, "run")
    assert result.status == 0, result.out


def test_a_block_sees_nothing_of_the_callers_environment(
    project: Path, torchdeck: Torchdeck
) -> None:
    code = "import os\nprint('SECRET' in os.environ, os.path.expanduser('~') == os.environ['HOME'])"
    write_question(project, fence(code, output="False True"))
    assert torchdeck(project, "run", SECRET="x", HOME="/root").status == 0


def test_source_of_a_function_in_a_block_can_be_read(project: Path, torchdeck: Torchdeck) -> None:
    code = (
        "import inspect, torch\ndef double(x: torch.Tensor):\n    return 2 * x\n"
        "print(inspect.getsource(double).splitlines()[0])\n"
        "print(torch.jit.script(double)(torch.ones(1)))"
    )
    write_question(project, fence(code, output="def double(x: torch.Tensor):\ntensor([2.])"))
    result = torchdeck(project, "run")
    assert result.status == 0, result.out


def test_a_program_in_cpp_is_compiled_and_run(project: Path, torchdeck: Torchdeck) -> None:
    code = '#include <cstdio>\nint main() { std::puts("hello"); }'
    broken = "int main() { return 0; }\nint broken("
    text = f"```cpp\n{code}\n```\n\n```output\nhello\n```\n\n```cpp\n{broken}\n```"
    path = write_question(project, text)
    result = torchdeck(project, "run")
    name = "content/tensor/views.md"
    assert f"{name}: 1 ok, 1 failed" in result.lines
    assert f"{name}:{line_of(path, 'int broken')}:" in result.out


def test_a_program_in_cpp_can_use_libtorch(project: Path, torchdeck: Torchdeck) -> None:
    code = (
        "#include <ATen/ATen.h>\n#include <iostream>\n"
        "int main() { std::cout << at::ones({2, 3}).sum().item<float>() << std::endl; }"
    )
    write_question(project, f"```cpp timeout=300\n{code}\n```\n\n```output\n6\n```")
    result = torchdeck(project, "run")
    assert result.status == 0, result.out


def test_spawned_workers_find_the_functions_of_the_block(
    project: Path, torchdeck: Torchdeck
) -> None:
    code = (
        "import multiprocessing as mp\ndef square(x):\n    return x * x\n"
        "if __name__ == '__main__':\n    with mp.get_context('spawn').Pool(1) as pool:\n"
        "        print(pool.map(square, [2, 3]))"
    )
    write_question(project, fence(code, output="[4, 9]"))
    result = torchdeck(project, "run")
    assert result.status == 0, result.out


def test_warnings_are_no_output(project: Path, torchdeck: Torchdeck) -> None:
    code = "import warnings\nwarnings.warn('old', DeprecationWarning)\nprint(1)"
    write_question(project, fence(code, output="1"))
    assert torchdeck(project, "run").status == 0


def test_accept_writes_outputs_and_nothing_else(project: Path, torchdeck: Torchdeck) -> None:
    changed = fence("print(1)", output="0") + "\n" + fence("print('```')") + "\n"
    gone = fence("x = 1", output="old")
    path = write_question(project, changed + gone)
    before = path.read_text(encoding="utf-8").replace("\n", "\r\n")
    path.write_bytes(before.encode())
    result = torchdeck(project, "run", "--accept")
    assert result.status == 0, result.out
    assert result.lines[-1].endswith("3 outputs accepted")
    expected = (
        before.replace("```output\r\n0\r\n", "```output\r\n1\r\n")
        .replace(
            "print('```')\r\n```\r\n", "print('```')\r\n```\r\n\r\n````output\r\n```\r\n````\r\n"
        )
        .replace("x = 1\r\n```\r\n\r\n```output\r\nold\r\n```\r\n", "x = 1\r\n```\r\n")
    )
    assert path.read_bytes().decode() == expected
    assert torchdeck(project, "run", "--accept").lines[-1].endswith("0 outputs accepted")
    assert path.read_bytes().decode() == expected


def test_accept_writes_only_what_a_file_can_hold(project: Path, torchdeck: Torchdeck) -> None:
    path = write_question(project, fence("print('1\\r2' + chr(0) + chr(27) + '[1mx')"))
    assert torchdeck(project, "run", "--accept").status == 0
    assert "```output\n1\n2\\x00x\n```" in path.read_text(encoding="utf-8")
    result = torchdeck(project, "run")
    assert result.status == 0, result.out


def test_accept_refuses_a_file_that_was_edited_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("new", encoding="utf-8")
    with pytest.raises(FileChangedError, match="edited while it ran"):
        accept(path, "old", [])
    assert path.read_text(encoding="utf-8") == "new"


def test_accept_keeps_what_stands_between_block_and_output(
    project: Path, torchdeck: Torchdeck
) -> None:
    text = fence("x = 1") + "\n[doc]: https://pytorch.org\n\n```output\nold\n```\n"
    path = write_question(project, text)
    torchdeck(project, "run", "--accept")
    kept = path.read_text(encoding="utf-8")
    assert "[doc]: https://pytorch.org" in kept
    assert "```output" not in kept


def test_half_a_surrogate_is_a_result_like_any_other(project: Path, torchdeck: Torchdeck) -> None:
    code = "raise ValueError('bad ' + chr(0xdcff))"
    write_question(project, fence(code, "raises=ValueError", "ValueError: bad \\udcff"))
    result = torchdeck(project, "run")
    assert result.status == 0, result.out


def test_a_fork_that_returns_from_its_block_ends_there(project: Path, torchdeck: Torchdeck) -> None:
    code = "import os, sys\npid = os.fork()\nif pid == 0:\n    sys.exit(0)\nos.waitpid(pid, 0)"
    write_question(project, fence(code) + "\n" + fence("print(len('ab'))", output="2"))
    result = torchdeck(project, "run")
    assert "2 blocks (2 ok)" in result.lines[-1], result.out


def test_a_large_exit_status_is_no_signal(project: Path, torchdeck: Torchdeck) -> None:
    write_question(project, fence("import os\nos._exit(200)"))
    assert "ended the process with status 200" in torchdeck(project, "run").out


def test_a_block_cannot_touch_the_output_of_another(project: Path, torchdeck: Torchdeck) -> None:
    first = fence("print(len('abc'))", output="3")
    code = (
        "from pathlib import Path\ntry:\n"
        "    print(Path('../captures/0.out').write_text('forged'))\n"
        "except OSError:\n    print('refused', len('abc'))"
    )
    write_question(project, first + "\n" + fence(code, output="refused 3"))
    result = torchdeck(project, "run")
    assert result.status == 0 or "not enforced: none" not in result.out, result.out


def test_accept_does_not_write_what_failed(project: Path, torchdeck: Torchdeck) -> None:
    path = write_question(project, fence("print(1)\n1 / 0", output="0"))
    before = path.read_bytes()
    assert torchdeck(project, "run", "--accept").status == 1
    assert path.read_bytes() == before


@pytest.mark.parametrize("value", ["true", "1", "TRUE"])
def test_accept_is_refused_in_ci(project: Path, torchdeck: Torchdeck, value: str) -> None:
    path = write_question(project, fence("print(1)", output="0"))
    before = path.read_bytes()
    assert torchdeck(project, "run", "--accept", CI=value).status == 2
    assert path.read_bytes() == before


def test_accept_is_refused_under_another_torch(project: Path, torchdeck: Torchdeck) -> None:
    topics = project / "content" / "topics.toml"
    topics.write_text(
        topics.read_text(encoding="utf-8").replace(PYTORCH, "2.99.0"), encoding="utf-8"
    )
    result = torchdeck(project, "run", "--accept")
    assert result.status == 2
    assert "2.99.0" in result.err


def test_a_missing_package_is_wrong_usage(project: Path, torchdeck: Torchdeck) -> None:
    path = project / "content" / "tensor" / "views.md"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("level: 1", "level: 1\nrequires: [nosuchthing]"), encoding="utf-8")
    result = torchdeck(project, "run")
    assert result.status == 2
    assert "nosuchthing is not installed" in result.err


def test_the_specimen_runs_and_says_what_is_not_verified(
    specimen: Path, torchdeck: Torchdeck
) -> None:
    result = torchdeck(specimen, "run")
    assert result.status == 0, result.out
    assert summary(result.lines) == (
        "15 blocks (11 ok, 2 raised, 1 skipped, 1 not verified); "
        "12 executed, 1 record, 2 none; 0 outputs accepted"
    )


def test_an_output_that_nothing_proves_is_told(specimen: Path, torchdeck: Torchdeck) -> None:
    path = specimen / "content" / "specimen" / "every-construct.md"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("torch.zeros(2, device", "torch.zeros(3, device"), "utf-8")
    result = torchdeck(specimen, "run")
    line = line_of(path, "torch.zeros(3, device") - 3
    assert f"every-construct.md:{line}: error[run-unproven]" in result.out


@pytest.mark.parametrize(
    ("accepted", "printed", "unstable", "expected"),
    [
        ("1.00000", "1.00001", None, Comparison.NOISE),
        ("1.0", "1.1", None, Comparison.CHANGED),
        ("10", "11", None, Comparison.CHANGED),
        ("100000", "100001", None, Comparison.CHANGED),
        ("1e-05 a", "1.00001e-05 a", None, Comparison.NOISE),
        ("tensor([0.5000])", "tensor([0.5000], dtype=x)", None, Comparison.CHANGED),
        ("<x at 0x7f0011223344>", "<x at 0x7f99aabbccdd>", None, Comparison.SAME),
        ("bits 0x3f800000", "bits 0x3f800001", None, Comparison.CHANGED),
        ("16777216.0", "16777217.0", None, Comparison.CHANGED),
        (
            "at /a/b/site-packages/torch/x.py",
            "at /c/site-packages/torch/x.py",
            None,
            Comparison.SAME,
        ),
        (
            "cached=True,path=/v/site-packages/t",
            "cached=False,path=/v/site-packages/t",
            None,
            Comparison.CHANGED,
        ),
        (
            "file /tmp/torchdeck-abcdefgh/run/x",
            "file /var/torchdeck-12345678/run/x",
            None,
            Comparison.SAME,
        ),
        ("a\nb", "a\rb", None, Comparison.SAME),
        ("\\x001", "\x001", None, Comparison.SAME),
        ("a\r\nb\n", "a\nb", None, Comparison.SAME),
        ("\x1b[31mred\x1b[0m", "red", None, Comparison.SAME),
        ("3.1 ms", "47.25 ms", "timing", Comparison.SAME),
        ("3.1 ms", "47.25 s", "timing", Comparison.CHANGED),
        ("", "x", None, Comparison.CHANGED),
    ],
)
def test_comparison(
    accepted: str, printed: str, unstable: str | None, expected: Comparison
) -> None:
    place = Location("x.md", 1)
    block = CodeBlock(
        place, 3, "python", "", (), FenceWords(unstable=unstable), Output(place, accepted, 6)
    )
    assert compare(block, printed) is expected
