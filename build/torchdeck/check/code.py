"""Rules about what the code of a question file does."""

import ast
import builtins
from collections.abc import Iterator
from typing import TypeGuard

from torchdeck.check.syntax import (
    Syntax,
    called_roots,
    calls_of_print,
    foreign_names,
    prints_when_run,
    syntax_of,
)
from torchdeck.findings import Finding, Location
from torchdeck.read.edition import Edition
from torchdeck.read.question import CodeBlock, Question
from torchdeck.rules import Rule

# Calls that start workers which import the block's file again.
_SPAWNERS = frozenset({"spawn", "start_processes"})
_METHOD_CALLS = frozenset({"get_context", "set_start_method"})
_METHOD_WORDS = frozenset({"method", "multiprocessing_context", "start_method"})
_SPAWN_METHODS = frozenset({"spawn", "forkserver"})
_SILENT_ROOTS = frozenset(dir(builtins)) - {"print", "exec", "eval", "help", "__import__"} | {
    "torch"
}


def compiles(question: Question, _edition: Edition) -> Iterator[Finding]:
    """Python code is Python, also where it is only shown."""
    for block in question.blocks:
        if block.language == "python" and (error := syntax_of(block.code).error) is not None:
            place = _line_in(block, error.lineno or 1)
            yield Finding(place, Rule.CODE_SYNTAX, f"does not compile: {error.msg}")


def has_output_where_it_prints(question: Question, _edition: Edition) -> Iterator[Finding]:
    """A block that prints when it runs shows what that printed."""
    for block, syntax in _running(question):
        if (
            block.output is None
            and block.words.device is None
            and not block.words.hidden
            and prints_when_run(syntax)
        ):
            yield Finding(
                block.location,
                Rule.OUTPUT_MISSING,
                "the block prints; `torchdeck run --accept` writes its output fence",
            )


def prints_where_it_has_output(question: Question, _edition: Edition) -> Iterator[Finding]:
    """An output fence stands behind code that can print.

    Only code that calls nothing but torch and builtins is certain not to print.
    """
    for block, syntax in _running(question):
        if (
            block.output is not None
            and block.words.raises is None
            and called_roots(syntax) <= _SILENT_ROOTS
        ):
            yield Finding(
                block.output.location,
                Rule.OUTPUT_UNPRINTED,
                "nothing in the block prints; remove the output fence, or print",
            )


def prints_more_than_literals(question: Question, _edition: Edition) -> Iterator[Finding]:
    """Printed constants prove nothing; a print on a branch at least proves the branch."""
    for block, syntax in _running(question):
        prints = list(calls_of_print(syntax))
        straight = {id(node.value) for node in syntax.tree.body if isinstance(node, ast.Expr)}
        if block.words.raises is not None:
            continue
        if prints and all(id(call) in straight and _is_literal(call) for call in prints):
            yield Finding(
                _line_in(block, prints[0].lineno),
                Rule.OUTPUT_LITERAL,
                "the block prints only literals, which proves nothing; print a computed value",
            )


def cuda_blocks_stand_alone(question: Question, _edition: Edition) -> Iterator[Finding]:
    """A `device=cuda` block has a process of its own and sees no other block's names."""
    for block, syntax in _running(question):
        if block.words.device is None:
            continue
        for name, line in foreign_names(syntax).items():
            yield Finding(
                _line_in(block, line),
                Rule.CUDA_ALONE,
                f"{name} is not defined in this block; device= blocks share no names",
            )


def spawned_workers_are_guarded(question: Question, _edition: Edition) -> Iterator[Finding]:
    """A spawned worker imports the file again: without a guard it would spawn for ever."""
    for block, syntax in _running(question):
        if not any(word in block.code for word in _SPAWN_METHODS | _SPAWNERS):
            continue
        statements = syntax.tree.body
        guarded = any(
            isinstance(node, ast.If) and _names_the_module(node.test) for node in statements
        )
        spawning = [node for node in syntax.nodes if _spawns(node)]
        if spawning and not guarded:
            yield Finding(
                _line_in(block, spawning[0].lineno),
                Rule.SPAWN_GUARD,
                'put what starts workers below `if __name__ == "__main__":`',
            )


def _running(question: Question) -> Iterator[tuple[CodeBlock, Syntax]]:
    for block in question.blocks:
        if block.runs and block.language == "python" and not syntax_of(block.code).error:
            yield block, syntax_of(block.code)


def _line_in(block: CodeBlock, line: int) -> Location:
    return Location(block.location.file, block.location.line + line)


def _is_literal(call: ast.Call) -> bool:
    return all(
        isinstance(argument, ast.Constant)
        or (
            isinstance(argument, ast.JoinedStr)
            and all(isinstance(part, ast.Constant) for part in argument.values)
        )
        for argument in call.args
    )


def _names_the_module(test: ast.expr) -> bool:
    return any(isinstance(node, ast.Name) and node.id == "__name__" for node in ast.walk(test))


def _spawns(node: ast.AST) -> TypeGuard[ast.Call]:
    """Tell whether the call starts workers that import the file again, or chooses to."""
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in _SPAWNERS:
        return True
    values = [keyword.value for keyword in node.keywords if keyword.arg in _METHOD_WORDS]
    if name in _METHOD_CALLS:
        values += node.args
    return any(
        isinstance(value, ast.Constant) and value.value in _SPAWN_METHODS for value in values
    )
