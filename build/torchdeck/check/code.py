"""Rules about what the code of a question file does."""

import ast
import builtins
from collections.abc import Iterator
from typing import TypeGuard

from torchdeck.check import syntax
from torchdeck.findings import Finding, Location
from torchdeck.read.edition import Edition
from torchdeck.read.question import CodeBlock, Question
from torchdeck.rules import Rule

# Calls that start workers which import the block's file again.
_SPAWNERS = frozenset({"spawn", "start_processes"})
_SPAWN_METHODS = frozenset({"spawn", "forkserver"})
_SILENT_ROOTS = frozenset(dir(builtins)) - {"print", "exec", "eval", "help", "__import__"} | {
    "torch"
}


def compiles(question: Question, _edition: Edition) -> Iterator[Finding]:
    """Python code is Python, also where it is only shown."""
    for block in question.blocks:
        if block.language == "python" and (error := syntax.syntax_error(block)) is not None:
            place = _line_in(block, error.lineno or 1)
            yield Finding(place, Rule.CODE_SYNTAX, f"does not compile: {error.msg}")


def has_output_where_it_prints(question: Question, _edition: Edition) -> Iterator[Finding]:
    """A block that prints when it runs shows what that printed."""
    for block, tree in _running(question):
        if (
            block.output is None
            and block.words.device is None
            and not block.words.hidden
            and syntax.prints_when_run(tree)
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
    for block, tree in _running(question):
        if (
            block.output is not None
            and block.words.raises is None
            and syntax.called_roots(tree) <= _SILENT_ROOTS
        ):
            yield Finding(
                block.output.location,
                Rule.OUTPUT_UNPRINTED,
                "nothing in the block prints; remove the output fence, or print",
            )


def prints_more_than_literals(question: Question, _edition: Edition) -> Iterator[Finding]:
    """Printed constants prove nothing; a print on a branch at least proves the branch."""
    for block, tree in _running(question):
        prints = list(syntax.calls_of_print(tree))
        straight = {id(node.value) for node in tree.body if isinstance(node, ast.Expr)}
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
    for block, tree in _running(question):
        if block.words.device is None:
            continue
        for name, line in syntax.foreign_names(tree).items():
            yield Finding(
                _line_in(block, line),
                Rule.CUDA_ALONE,
                f"{name} is not defined in this block; device= blocks share no names",
            )


def spawned_workers_are_guarded(question: Question, _edition: Edition) -> Iterator[Finding]:
    """A spawned worker imports the file again: without a guard it would spawn for ever."""
    for block, tree in _running(question):
        guarded = any(
            isinstance(node, ast.If) and "__name__" in ast.dump(node.test) for node in tree.body
        )
        spawning = [node for node in ast.walk(tree) if _spawns(node)]
        if spawning and not guarded:
            yield Finding(
                _line_in(block, spawning[0].lineno),
                Rule.SPAWN_GUARD,
                'put what starts workers below `if __name__ == "__main__":`',
            )


def _running(question: Question) -> Iterator[tuple[CodeBlock, ast.Module]]:
    for block in question.blocks:
        if block.runs and (tree := syntax.tree_of(block)) is not None:
            yield block, tree


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


def _spawns(node: ast.AST) -> TypeGuard[ast.Call]:
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Attribute) and node.func.attr in _SPAWNERS:
        return True
    values = [*node.args, *(keyword.value for keyword in node.keywords)]
    return any(
        isinstance(value, ast.Constant) and value.value in _SPAWN_METHODS for value in values
    )
