"""Who may import whom. An edge that is not in the table fails; so does a row that nothing uses."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import sdkpress

ROOT = Path(sdkpress.__file__).parent

THIRD_PARTY = {
    "yaml": {"yaml_text"},
    "openapi_python_client": {"validation"},
    "pydantic": {"validation"},
    "jinja2": {"rendering"},
    "msgspec": {"json_text", "records", "wrapping"},
    "black": {"formatting"},
    "griffe": {"diffing"},
    "mypy": {"diffing"},  # in callers/typed/ alone
    "packaging": {"diffing", "package_metadata", "publishing", "vendoring", "bill_of_materials"},
    "hatchling": {"building"},  # in a process of its own
    "jsonpath": {"overlays"},
    "twine": {"publishing"},  # in repositories alone; else it is run as a program
    "httpx2": {"fetching"},
    "typer": {"cli"},
    "rich": {"cli"},
    "click": {"cli"},
}
"""Which module alone imports a library; the runtime has rules of its own."""

RUNTIME_THIRD_PARTY = {
    "httptools": {"direct/framing.py"},
    "httpx2": {"httpx2_transport.py"},
    "httpcore2": {"httpx2_transport.py"},
    "aiohttp": {"aiohttp_async.py"},
    "yarl": {"aiohttp_async.py"},  # comes with aiohttp
    "opentelemetry": {"telemetry.py"},
    "pydantic": {"pydantic_models.py"},
    "pydantic_core": {"pydantic_models.py"},
    "pytest": {"testing/pytest_support.py"},
    "hypothesis": {"testing/drawn_texts.py", "testing/strategies.py"},
    "yaml": {"testing/cassette_text.py"},
    "uvicorn": {"testing/loopback.py"},
    "typing_extensions": {"deprecation.py"},  # for type checkers, which bring it themselves
}
"""Which modules of the runtime import a library other than msgspec."""

RUNTIME_LAYERS = (
    # Words that everything uses.
    {
        "api",
        "deprecation",
        "errors",
        "file_names",
        "files",
        "first_use",
        "fold",
        "gates",
        "headers",
        "lazy",
        "options",
        "overloads",
        "parsing",
        "paths",
        "request",
        "resource",
        "response",
        "sensitive",
        "servers",
        "steps",
        "timeouts",
        "undisturbed",
        "unset",
    },
    # Values: JSON, and what it is in Python.
    {
        "accepting",
        "building",
        "choosing",
        "compiling",
        "decoding",
        "encoding",
        "learning",
        "model",
        "pydantic_models",
        "unions",
    },
    # The protocol of transports.
    {"address", "percent", "transport"},
    # Requests.
    {
        "bodies",
        "choosing_content",
        "draft",
        "json_lines",
        "multipart",
        "operation",
        "parameters",
        "preparing",
        "settings",
    },
    # Answers, then streams of them.
    {"answers", "content_coding", "reports"},
    {
        "assembling",
        "events",
        "finishing",
        "folding",
        "jsonl",
        "keeping",
        "single_answer",
        "sse",
    },
    # What is said about a call.
    {"chat_shapes", "hooks", "telemetry", "watching"},
    # Calls.
    {"attempts", "call", "oauth2", "receiving", "redirects", "retries", "signing"},
    # The edges: what does I/O for calls, sync and async.
    {
        "async_calls",
        "download",
        "pages",
        "pagination",
        "stream",
        "stream_reading",
        "sync_calls",
        "webhooks",
    },
    # What speaks HTTP.
    {
        "aiohttp_async",
        "direct",
        "httpx2_async",
        "httpx2_sync",
        "httpx2_transport",
        "in_process",
        "in_process_async",
        "transports",
    },
    # The base of generated clients, and what tests put between a client and its transport.
    {"async_client", "recording_transports", "replay_transports", "sync_client", "upstream"},
)
"""The same for the runtime, where what only type checkers see does not count."""

ADAPTERS = RUNTIME_LAYERS[-2]
"""What nobody but a client knows, and what knows nothing but the protocol and errors."""

LAYERS = (
    {"diagnostic_catalog", "interrupting", "locking", "suggesting"},
    {
        "diagnostics",
        "content",
        "output",
        "provenance",
        "caching",
        "text",
        "iregexp",
        "graphs",
        "positions",
        "records",
        "trees",
        "wrapping",
    },
    {
        "source_text",
        "json_text",
        "json_places",
        "tomlsource",
        "config_editing",
        "changelog",
        "workflow_commands",
        "writing",
        "client_config",
        "client_names",
        "client_requirements",
        "config_keys",
        "model",
        "package_metadata",
        "repository_facts",
    },
    {"yaml_text", "document", "origins", "config", "config_reading", "formatting", "manifest"},
    {
        "pages",
        "fetching",
        "tree_editing",
        "sources_lock",
        "titles",
        "site_index",
        "page_merging",
        "structure",
        "mending",
        "identifiers",
    },
    {"bundling", "inlining", "sarif", "site_reading", "source_reading", "taken_documents"},
    {"overlays", "validation", "pulling", "project_files", "initialising", "lowering"},
    {"loading", "naming"},
    {"paginating"},
    {"annotations"},
    {"views"},
    {
        "bill_of_materials",
        "layout",
        "examples",
        "example_calls",
        "fake_pages",
        "inspecting",
        "comparing",
        "fingerprint",
        "operation_names",
        "request_log",
    },
    {"rendering", "emitting", "checking", "check_reports", "doctor", "mocking", "building"},
    {"pipeline"},
    {"diffing"},
    {"publishing"},
    {"vendoring"},
    {"cli", "__main__"},
)
"""A module imports from its own layer and from those above it in this list."""


def modules() -> list[Path]:
    return [
        path
        for path in sorted(ROOT.rglob("*.py"))
        if (path.relative_to(ROOT).parts[0] != "runtime" and path.name != "__init__.py")
        or path.relative_to(ROOT).parts[0] in ("cli", "lowering", "naming", "views")
    ]


def unit_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def rank(unit: str) -> int:
    for number, layer in enumerate(LAYERS):
        if unit in layer:
            return number
    raise AssertionError(f"{unit} is in no layer: add it to LAYERS")


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_follow_the_table(path: Path) -> None:
    own = unit_of(path)
    known = {unit for layer in LAYERS for unit in layer}
    for name in imported(path):
        top = name.partition(".")[0]
        if top in THIRD_PARTY:
            assert own in THIRD_PARTY[top], f"{own} imports {top}"
        if top == "sdkpress" and "." in name:
            unit = name.split(".")[1]
            if unit == "runtime":
                users = (
                    "doctor",
                    "example_calls",
                    "examples",
                    "fake_pages",
                    "mocking",
                    "request_log",
                )
                assert own in users, f"{own} imports the runtime"
            elif unit in known:
                assert rank(unit) <= rank(own), f"{own} imports {unit}"


def test_runtime_imports_nothing_of_the_generator() -> None:
    allowed = {*sys.stdlib_module_names, "msgspec", "__future__"}
    for path in sorted((ROOT / "runtime").rglob("*.py")):
        place = path.relative_to(ROOT / "runtime").as_posix()
        for name in imported(path):
            top = name.partition(".")[0]
            assert top in allowed or place in RUNTIME_THIRD_PARTY.get(
                top, ()
            ), f"{place} imports {top}"


def runtime_imports(path: Path) -> set[str]:
    """The modules of the runtime that one imports at run time, wherever in it."""
    package = path.relative_to(ROOT / "runtime").parts[:-1]
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            for other in node.orelse:
                visit(other)
            return
        if isinstance(node, ast.ImportFrom) and node.level:
            place = [*package[: len(package) + 1 - node.level], *(node.module or "").split(".")]
            top = next(filter(None, place), "")
            found.update([top] if top else [alias.name for alias in node.names])
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(path.read_text(encoding="utf-8")))
    return found


def runtime_rank(unit: str) -> int:
    for number, layer in enumerate(RUNTIME_LAYERS):
        if unit in layer:
            return number
    raise AssertionError(f"runtime/{unit} is in no layer: add it to RUNTIME_LAYERS")


def test_the_runtime_is_layered() -> None:
    runtime = ROOT / "runtime"
    units: set[str] = set()
    for path in sorted(runtime.rglob("*.py")):
        own = path.relative_to(runtime).parts[0].removesuffix(".py")
        if own in ("__init__", "testing"):
            continue
        units.add(own)
        for unit in runtime_imports(path) - {own}:
            place = f"runtime/{path.relative_to(runtime).as_posix()} imports {unit}"
            assert runtime_rank(unit) <= runtime_rank(own), place
            if own in ADAPTERS - {"transports"}:
                assert runtime_rank(unit) <= runtime_rank("transport") or unit in ADAPTERS, place
    assert units == set().union(*RUNTIME_LAYERS)


def test_no_module_is_too_long() -> None:
    long = {
        path.relative_to(ROOT).as_posix(): lines
        for path in sorted(ROOT.rglob("*.py"))
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 600
    }
    assert not long
