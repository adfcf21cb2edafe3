"""Python code as trees, parsed once for all rules."""

import ast
import builtins
from collections.abc import Iterator
from functools import lru_cache

from torchdeck.read.question import CodeBlock

KNOWN_NAMES = frozenset(dir(builtins)) | {"__name__", "__file__"}


@lru_cache(maxsize=4096)
def _parse(code: str) -> ast.Module | SyntaxError:
    try:
        return ast.parse(code)
    except SyntaxError as error:
        return error
    except (ValueError, RecursionError, MemoryError) as error:
        return SyntaxError(str(error))


def syntax_error(block: CodeBlock) -> SyntaxError | None:
    """Return why the Python code of `block` does not compile, or None."""
    tree = _parse(block.code)
    if isinstance(tree, SyntaxError):
        return tree
    try:
        # Some faults, such as `return` outside a function, show only behind the parser.
        compile(block.code, block.location.file, "exec")
    except SyntaxError as error:
        return error
    return None


def tree_of(block: CodeBlock) -> ast.Module | None:
    """Return the tree of a Python block, or None if it is not Python or does not parse."""
    if block.language != "python":
        return None
    tree = _parse(block.code)
    return tree if isinstance(tree, ast.Module) else None


def imported_modules(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield the full name and the line, within the block, of each imported module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module, node.lineno
            for alias in node.names:
                yield f"{node.module}.{alias.name}", node.lineno


def calls_of_print(tree: ast.Module) -> Iterator[ast.Call]:
    """Yield every call of `print`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _root_name(node.func) == "print":
            yield node


def prints_when_run(tree: ast.Module) -> bool:
    """Tell whether a statement outside the bodies of functions calls `print`."""
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            continue
        if isinstance(node, ast.Call) and _root_name(node.func) == "print":
            return True
        pending.extend(ast.iter_child_nodes(node))
    return False


def called_roots(tree: ast.Module) -> set[str | None]:
    """Return the first name of every call, None for a call of something that is no name."""
    return {_root_name(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}


def foreign_names(tree: ast.Module) -> dict[str, int]:
    """Return names that the block reads but nowhere binds, with their first line in it."""
    bound = set(KNOWN_NAMES)
    read: dict[str, int] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                read[name] = min(read.get(name, node.lineno), node.lineno)
            case ast.Name(id=name):
                bound.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                bound.add(name)
            case ast.ClassDef(name=name) | ast.ExceptHandler(name=str(name)):
                bound.add(name)
            case ast.arg(arg=name):
                bound.add(name)
            case ast.alias(name=name, asname=alias):
                bound.add(alias or name.partition(".")[0])
            case _:
                pass
    return {name: line for name, line in read.items() if name not in bound}


def _root_name(node: ast.expr) -> str | None:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None
