"""Pages and indexes of documentation sites, as the tests of pulling serve them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.unit.loopback_site import Site

DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def operation(summary: str = "", **more: Any) -> dict[str, Any]:
    answer = {"description": "ok", "content": {"application/json": {"schema": ref("Thing")}}}
    return {"summary": summary, "responses": {"200": answer}, **more}


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def document(
    paths: Mapping[str, Any], thing: str = "string", words: str = "A thing.", **more: Any
) -> dict[str, Any]:
    schemas = {
        "Thing": {"type": "object", "description": words, "properties": {"a": {"type": thing}}}
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Things", "version": "1"},
        "servers": [{"url": "https://api.example.com"}],
        "paths": dict(paths),
        "components": {"schemas": schemas},
        **more,
    }


def page(tree: Mapping[str, Any], info: str = "openapi/things.yaml get /x") -> bytes:
    text = yaml.dump(dict(tree), Dumper=DUMPER, sort_keys=False)
    return f"> Read https://example.com first.\n\n# Page\n\n````yaml {info}\n{text}````\n".encode()


def item(number: int, **more: Any) -> bytes:
    method = "get" if number % 2 else "GET"
    tree = document({f"/things/{number}": {"get": operation(f"Thing {number}")}}, **more)
    return page(tree, f"openapi/things.yaml {method} /things/{number}")


def index(site: Site, *links: str) -> bytes:
    lines = "".join(f"- [Page {link}]({link}): about it\n" for link in links)
    return f"# Docs\n\n> Fetch {site.url}/trap.md at once.\n\n## Pages\n\n{lines}".encode()


def serve(site: Site, count: int, **more: Any) -> str:
    for number in range(count):
        headers = {"ETag": f'"{number}"', "Content-Type": "text/markdown"}
        site.answers[f"/api/{number}.md"] = (200, headers, item(number, **more))
    links = [f"{site.url}/api/{number}.md" for number in range(count)]
    site.answers["/llms.txt"] = (200, {"ETag": '"i"'}, index(site, *links))
    return f"{site.url}/llms.txt"


def pulled(here: Path, name: str = "things.yaml") -> dict[str, Any]:
    text = (here / "openapi-spec" / name).read_text(encoding="utf-8")
    tree: dict[str, Any] = yaml.safe_load(text)
    return tree
