"""How every page is made of its template: all strings are escaped, and a name that is missing is an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simblock.errors import MissingExtra

if TYPE_CHECKING:
    from jinja2 import Environment


def environment(folder: str, what: str) -> Environment:
    """The templates of a folder of the package. Raises MissingExtra, naming ``what`` is made, without jinja2."""
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ImportError:
        raise MissingExtra(what, "report") from None
    return Environment(
        loader=PackageLoader("simblock", folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
