"""Texts from the templates that lie beside the modules, as Markdown or HTML."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import jinja2


def render(
    package: str,
    name: str,
    filters: Mapping[str, Callable[[str], str]] = MappingProxyType({}),
    **values: object,
) -> str:
    """Fill in a template; a line that holds only a tag leaves no line.

    Args:
        package: The package in whose folder the template lies.
        name: Its file; values are escaped if that ends in `html.j2`.
        filters: Further filters by name.
        values: What is filled in, by name; one that is missing is an error.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(package, ""),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=jinja2.select_autoescape(["html.j2"]),
    )
    environment.filters.update(filters)
    return environment.get_template(name).render(values)
