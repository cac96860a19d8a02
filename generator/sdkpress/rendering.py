"""Templates to text; the only importer of Jinja2."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import jinja2

from sdkpress.layout import FileJob
from sdkpress.provenance import templates_folder
from sdkpress.text import literal, one_line

__all__ = ["render"]


def render(job: FileJob) -> str:
    """The text of one file; raises jinja2 errors for a template that asks for what no view has."""
    text = _environment().get_template(job.template).render(**job.context)
    return text.rstrip("\n") + "\n"


def _toml(value: str) -> str:
    """A TOML basic string; JSON's escapes are TOML's, with DEL added."""
    return json.dumps(one_line(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def _doctext(value: str) -> str:
    """Text inside a docstring that the template itself quotes."""
    return one_line(value).replace("\\", "\\\\").replace('"""', '\\"\\"\\"')


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates_folder()),
        undefined=jinja2.StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    filters: dict[str, Any] = {"literal": literal, "toml": _toml, "doctext": _doctext}
    environment.filters.update(filters)
    return environment
