"""Templates to text; the only importer of Jinja2."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import jinja2
from jinja2.bccache import Bucket

from sdkpress import __version__
from sdkpress.caching import read_cached, write_cached
from sdkpress.layout import FileJob
from sdkpress.provenance import templates_folder
from sdkpress.text import literal, one_line
from sdkpress.wrapping import wrap

__all__ = ["render", "render_page"]

_FORMAT = 1  # of compiled templates: another one where the options of the environment change


def render(job: FileJob) -> str:
    """The text of one file; raises jinja2 errors for a template that asks for what no view has."""
    text = _environment().get_template(job.template).render(**job.context).rstrip("\n") + "\n"
    return wrap(text) if job.path.endswith(".py") else text


def render_page(template: str, context: Mapping[str, Any]) -> str:
    """A page of HTML, from a template whose name ends in `.html.jinja`: there Jinja escapes
    whatever the template does not call safe."""
    return _environment().get_template(template).render(**context)


def _toml(value: str) -> str:
    """A TOML basic string; JSON's escapes are TOML's, with DEL added."""
    return json.dumps(one_line(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def _doctext(value: str) -> str:
    """Text inside a docstring that the template itself quotes."""
    escaped = one_line(value).replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return f"\\{escaped}" if escaped.startswith('"') else escaped


class _Compiled(jinja2.BytecodeCache):
    """Compiled templates in the cache folder; Jinja compares the hash of the source."""

    def load_bytecode(self, bucket: Bucket) -> None:
        compiled = read_cached(self._name(bucket))
        if compiled is not None:
            bucket.bytecode_from_string(compiled)

    def dump_bytecode(self, bucket: Bucket) -> None:
        write_cached(self._name(bucket), bucket.bytecode_to_string())

    def _name(self, bucket: Bucket) -> str:
        return f"templates/{_FORMAT}-{__version__}-{jinja2.__version__}/{bucket.key}"


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates_folder()),
        undefined=jinja2.StrictUndefined,
        autoescape=jinja2.select_autoescape(("html.jinja",)),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        bytecode_cache=_Compiled(),
    )
    filters: dict[str, Any] = {"literal": literal, "toml": _toml, "doctext": _doctext}
    environment.filters.update(filters)
    return environment
