"""A document full of code, quotes and escapes: none of it becomes code, a path or a terminal command."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sdkpress.config import config_from_options
from sdkpress.diagnostics import Diagnostics, render
from sdkpress.pipeline import Build, build

MARK = "pwned_marker"
HOSTILE = [
    f'"; import os; os.system("{MARK}") #',
    f'"""\n{MARK}()\n"""',
    f"'''\n{MARK}()\n'''",
    "\\",
    '\\"',
    'ends with "',
    'ends with """',
    '"starts with a quote',
    f"{{{{ {MARK}() }}}} {{% import os %}} {{# {MARK} #}}",
    f"{{{MARK}()}}",
    f"line one\n{MARK}()\r\n{MARK}()\rlast",
    "\x1b[31mred\x1b[0m \x07 \x00",
    "\u202eright to left\u202c \u2066isolate\u2069 \u200b \ufeff",
    "\u2028line\u2029paragraph\x85next",
    "../../../../var/escape",
    "/etc/passwd",
    "C:\\Windows\\system32",
    "x" * 500,
    "__import__('os')",
    "None",
    "class",
    "self",
    "",
    " ",
    "${SHELL} `id` $(id)",
    "<script>alert(1)</script>",
    "\U0001f4a9 \ud7ff \U0010ffff",
]


def document(texts: list[str]) -> dict[str, object]:
    """A document with hostile texts in every place that takes a string."""

    def text(number: int) -> str:
        return texts[number % len(texts)]

    schemas: dict[str, object] = {}
    for number, name in enumerate(texts):
        schemas[name] = {
            "type": "object",
            "title": text(number + 1),
            "description": text(number + 2),
            "required": [text(number), text(number + 3)],
            "properties": {
                text(number): {"type": "string", "description": text(number + 4)},
                text(number + 3): {"type": "string", "enum": [text(number), text(number + 1)]},
                text(number + 5): {"const": text(number + 6), "title": text(number)},
                text(number + 7): {"type": "string", "format": text(number), "default": text(1)},
            },
        }
    schemas["Union"] = {
        "oneOf": [
            {
                "type": "object",
                "required": [text(0)],
                "properties": {text(0): {"const": value}},
            }
            for value in texts[:6]
        ],
        "discriminator": {
            "propertyName": text(0),
            "mapping": {value: text(n) for n, value in enumerate(texts)},
        },
    }
    paths: dict[str, object] = {}
    for number, value in enumerate(texts):
        segment = value.replace("/", "|").replace("{", "(").replace("}", ")")
        paths[f"/{segment}/{{id}}"] = {
            "post": {
                "operationId": value,
                "summary": text(number + 1),
                "description": text(number + 2),
                "tags": [value],
                "deprecated": number % 2 == 0,
                "parameters": [
                    {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
                    {
                        "name": value or "q",
                        "in": "query",
                        "description": text(number),
                        "schema": {},
                    },
                    {"name": text(number + 1) or "h", "in": "header", "schema": {"type": "string"}},
                ],
                "requestBody": {
                    "description": value,
                    "content": {
                        "application/json": {
                            "schema": {"type": "object", "properties": {value: {"type": "string"}}},
                            "example": {value: value},
                        }
                    },
                },
                "responses": {
                    "200": {
                        "description": value,
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Union"}},
                            value or "text/plain": {"schema": {"type": "string"}},
                        },
                        "links": {
                            value: {
                                "operationId": text(number + 1),
                                "description": value,
                                "parameters": {"id": f"$response.body#/{value}", value: value},
                                "requestBody": f"$request.body#/{value}",
                            }
                        },
                    }
                },
                "callbacks": {value: {value: {"post": incoming(text, number)}}},
                "externalDocs": {"url": value, "description": value},
                "security": [{text(number + 1) or "k": []}],
                "servers": [{"url": f"https://example.com/{value}"}],
            }
        }
    return {
        "openapi": "3.1.0",
        "$self": texts[0],
        "webhooks": {
            value: {"post": incoming(text, number), "put": incoming(text, number + 1)}
            for number, value in enumerate(texts)
        },
        "tags": [
            {
                "name": value,
                "summary": value,
                "description": value,
                "parent": text(n),
                "kind": value,
            }
            for n, value in enumerate(texts)
        ],
        "externalDocs": {"url": texts[0], "description": texts[1]},
        "info": {
            "title": texts[0],
            "summary": texts[1],
            "description": texts[2],
            "version": texts[3],
            "termsOfService": texts[0],
            "contact": {"url": texts[4], "name": texts[5], "email": texts[3]},
            "license": {"name": texts[6], "identifier": texts[2], "url": texts[1]},
        },
        "servers": [{"url": f"https://{texts[0]}", "description": texts[1]}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                value or "k": {"type": "apiKey", "in": "header", "name": value or "k"}
                for value in texts
            },
        },
    }


def incoming(text: Callable[[int], str], number: int) -> dict[str, object]:
    """A webhook or a callback, told apart by a hostile constant."""
    return {
        "summary": text(number),
        "description": text(number + 1),
        "parameters": [
            {"name": text(number) or "h", "in": "header", "schema": {"type": "string"}},
            {"name": text(number + 1) or "q", "in": "query", "schema": {"type": "array"}},
        ],
        "requestBody": {
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "title": text(number),
                        "properties": {text(2): {"const": f"{number} {text(number)}"}},
                    },
                    "example": {text(number): text(number)},
                },
                text(number) or "text/plain": {},
            }
        },
        "responses": {"200": {"description": text(number)}},
    }


def build_document(tree: dict[str, object], folder: Path) -> tuple[Build, Diagnostics]:
    spec = folder / "hostile.json"
    spec.write_text(json.dumps(tree), encoding="utf-8")
    diagnostics = Diagnostics()
    config = config_from_options(
        spec=spec,
        out=folder / "out",
        title="Hostile",
        name="hostile",
        package="hostile",
        client="Hostile",
        overlays=[],
    )
    return build(config, diagnostics, black="off"), diagnostics


def assert_harmless(built: Build) -> None:
    for file in built.files:
        assert not file.path.startswith("/") and ".." not in file.path.split("/"), file.path
        assert file.path.isascii() or file.path.isprintable()
        assert len(max(file.path.split("/"), key=len)) < 120
        if file.kind != "template":
            continue
        text = file.content.decode()
        assert not any(c in text for c in "\x00\x07\x1b\u202e\u2066\u2028\u2029\ufeff"), file.path
        if not file.path.endswith(".py"):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and isinstance(node.func, (ast.Name, ast.Attribute)):
                called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                # A method may well be called like a text of the document: `client.x.marker()`.
                refused = (MARK, "system", "__import__")[isinstance(node.func, ast.Attribute) :]
                assert called not in refused, f"{file.path}: {called}"
            if isinstance(node, ast.Import):
                assert "os" not in [alias.name for alias in node.names], file.path


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> tuple[Build, Diagnostics]:
    return build_document(document(HOSTILE), tmp_path_factory.mktemp("hostile"))


def test_hostile_document_is_harmless(hostile: tuple[Build, Diagnostics]) -> None:
    built, diagnostics = hostile
    assert len(built.api.operations) == len(HOSTILE)
    assert_harmless(built)
    for item in diagnostics.items:
        assert not any(c in render(item) for c in "\x00\x07\x1b\u202e"), item.id


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_each_text_alone_is_harmless(number: int, tmp_path: Path) -> None:
    built, _ = build_document(document([HOSTILE[number]] * 7), tmp_path)
    assert_harmless(built)


def test_hostile_package_imports_and_its_models_decode(
    hostile: tuple[Build, Diagnostics], tmp_path: Path
) -> None:
    for file in hostile[0].files:
        target = tmp_path / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.content)
    script = (
        "import importlib, pkgutil, hostile, hostile.models as models\n"
        "from hostile._runtime.decoding import decode_json\n"
        "for module in pkgutil.walk_packages(hostile.__path__, 'hostile.'):\n"
        "    if '.testing' not in module.name: importlib.import_module(module.name)\n"
        "for name in models.__all__:\n"
        "    if not name.endswith('Param'): decode_json(b'{}', getattr(models, name))\n"
        "print('fine')\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": str(tmp_path / "src"), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout == "fine\n", ran.stderr[-2000:]
