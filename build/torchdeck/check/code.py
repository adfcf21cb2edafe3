"""Rules about the code of a question file."""

import ast
from collections.abc import Iterator

from torchdeck.findings import Finding, Location
from torchdeck.read.edition import Edition
from torchdeck.read.question import CodeBlock, Question


def compiles(question: Question, _edition: Edition) -> Iterator[Finding]:
    """Python code is Python, also where it is only shown."""
    for block in question.blocks:
        if block.language == "python" and (error := syntax_error(block)) is not None:
            line = block.location.line + (error.lineno or 1)
            yield Finding(
                Location(block.location.file, line), "code-syntax", f"does not compile: {error.msg}"
            )


def has_output_where_it_prints(question: Question, _edition: Edition) -> Iterator[Finding]:
    """A block that calls print at its top level shows what that printed."""
    for block in question.blocks:
        if (
            block.language == "python"
            and block.runs
            and not block.words.hidden
            and block.words.device is None
            and block.output is None
            and syntax_error(block) is None
            and _prints(block.code)
        ):
            yield Finding(
                block.location,
                "output-missing",
                "the block prints; `torchdeck run --accept` writes its output fence",
            )


def syntax_error(block: CodeBlock) -> SyntaxError | None:
    """Return why `block` does not compile, or None."""
    try:
        compile(block.code, block.location.file, "exec")
    except SyntaxError as error:
        return error
    except ValueError as error:  # a NUL in the code, on older Pythons
        return SyntaxError(str(error))
    return None


def _prints(code: str) -> bool:
    """Tell whether a statement outside function bodies calls `print`."""
    pending: list[ast.AST] = [ast.parse(code)]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            continue
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "print"
        ):
            return True
        pending.extend(ast.iter_child_nodes(node))
    return False
