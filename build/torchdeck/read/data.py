"""JSON files of a project, into the dataclasses that they were written from."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

LARGEST = 2**53  # no time, number or line is larger, and no database refuses it

T = TypeVar("T")
_Hook = Callable[[list[tuple[str, Any]]], Any]


def read_json(path: Path, pairs: _Hook | None = None) -> Any:
    """Return what the JSON file at `path` holds; `pairs` makes objects of their members.

    Raises:
        OSError: It cannot be read.
        ValueError: It is no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=pairs)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def to_dataclass(kind: type[T], data: object) -> T:
    """Return the dataclass `kind` with the members of the JSON object `data`; lists become tuples.

    Raises:
        TypeError: It is no object.
        ValueError: A member is missing, unknown or of another type than the dataclass says.
    """
    if not isinstance(data, Mapping):
        raise TypeError(f"{_shown(data)} is no object")
    hints = get_type_hints(kind)
    needed = {
        of.name
        for of in fields(kind)  # type: ignore[arg-type]  # a type variable bound to dataclasses cannot be said
        if of.default is MISSING and of.default_factory is MISSING
    }
    if unknown := sorted(data.keys() - hints.keys()):
        raise ValueError(f"unknown member {unknown[0]!r}")
    if missing := sorted(needed - data.keys()):
        raise ValueError(f"member {missing[0]!r} is missing")
    return kind(**{name: typed(hints[name], value, name) for name, value in data.items()})


def typed(hint: Any, value: Any, name: str) -> Any:
    """Return `value`, which errors call `name`, if it is of the type `hint`; lists become tuples.

    Raises:
        ValueError: It is of another type, or a number that is negative or too large.
    """
    origin, arguments = get_origin(hint) or hint, get_args(hint)
    if origin is UnionType:
        return None if value is None and NoneType in arguments else typed(arguments[0], value, name)
    if origin is tuple and isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(typed(arguments[0], item, name) for item in value)
    if origin is Mapping and isinstance(value, Mapping):
        return {key: typed(arguments[1], item, name) for key, item in value.items()}
    fits = origin is Any or (origin in {str, int} and type(value) is origin)
    if not fits or (origin is int and not 0 <= value <= LARGEST):
        raise ValueError(f"{name} cannot be {_shown(value)}")
    return value


def _shown(value: object) -> str:
    return repr(value)[:40]
