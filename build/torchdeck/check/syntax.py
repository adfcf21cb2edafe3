"""Python code as trees, parsed once for all rules."""

import ast
import builtins
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

KNOWN_NAMES = frozenset(dir(builtins)) | {"__name__", "__file__"}


@dataclass(frozen=True, slots=True)
class Syntax:
    """A block's code as read by Python: its tree, every node of that, or why there is none."""

    tree: ast.Module
    nodes: tuple[ast.AST, ...]
    error: SyntaxError | None


# The rules look at one question after the other; trees of earlier ones would only fill memory.
@lru_cache(maxsize=128)
def syntax_of(code: str) -> Syntax:
    """Parse `code`, once for all rules; code that does not compile has an empty tree."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the run of the block shows them
            tree = ast.parse(code)
            # Some faults, such as `return` outside a function, show only behind the parser.
            compile(tree, "<block>", "exec")
    except SyntaxError as error:
        return Syntax(ast.Module([], []), (), error)
    except (ValueError, RecursionError, MemoryError) as error:
        return Syntax(ast.Module([], []), (), SyntaxError(str(error)))
    return Syntax(tree, tuple(ast.walk(tree)), None)


def imported_modules(syntax: Syntax) -> Iterator[tuple[str, int]]:
    """Yield the full name and the line, within the block, of each imported module."""
    for node in syntax.nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module, node.lineno
            for alias in node.names:
                yield f"{node.module}.{alias.name}", node.lineno


def calls_of_print(syntax: Syntax) -> Iterator[ast.Call]:
    """Yield every call of `print`."""
    for node in syntax.nodes:
        if isinstance(node, ast.Call) and _is_print(node):
            yield node


def prints_when_run(syntax: Syntax) -> bool:
    """Tell whether a statement outside the bodies of functions calls `print`."""
    pending: list[ast.AST] = [syntax.tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            continue
        if isinstance(node, ast.Call) and _is_print(node):
            return True
        pending.extend(ast.iter_child_nodes(node))
    return False


def called_roots(syntax: Syntax) -> set[str | None]:
    """Return the first name of every call, None for a call of something that is no name."""
    return {_root_name(node.func) for node in syntax.nodes if isinstance(node, ast.Call)}


def foreign_names(syntax: Syntax) -> dict[str, int]:
    """Return names that the block reads but nowhere binds, with their first line in it."""
    bound = set(KNOWN_NAMES)
    read: dict[str, int] = {}
    for node in syntax.nodes:
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


def _is_print(call: ast.Call) -> bool:
    """Tell whether the call prints to standard output; `file=` may lead anywhere."""
    to_file = any(keyword.arg == "file" for keyword in call.keywords)
    return isinstance(call.func, ast.Name) and call.func.id == "print" and not to_file


def _root_name(node: ast.expr) -> str | None:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None
