"""The OpenAPI document inside a documentation page."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdkpress.diagnostics import SdkpressError
from sdkpress.pages import EmbeddedDocument, extract_document, is_page

YAML = "openapi: 3.1.0\ninfo: {title: x}\n"
JSON = '{\n  "openapi": "3.0.3"\n}\n'
TITLE = "yaml openapi-spec/qwen3.json POST /v1/chat/completions"


def page(*blocks: str) -> bytes:
    return ("# Title\n\nText.\n\n" + "\n".join(blocks)).encode()


def block(content: str = YAML, info: str = TITLE, fence: str = "````") -> str:
    return f"{fence}{info}\n{content}{fence}\n"


def extract(data: bytes) -> EmbeddedDocument:
    return extract_document(data, "page.md")


def refused(data: bytes) -> tuple[str, int]:
    with pytest.raises(SdkpressError) as caught:
        extract(data)
    (item,) = caught.value.diagnostics
    assert item.location is not None and item.location.file == "page.md"
    return item.id, item.location.line


@pytest.mark.parametrize("fence", ["```", "````", "``````````", "~~~", "~~~~~"])
@pytest.mark.parametrize(
    ("info", "spec_path", "method", "path"),
    [
        (TITLE, "openapi-spec/qwen3.json", "POST", "/v1/chat/completions"),
        ("yaml a.yml get /x/{id}", "a.yml", "GET", "/x/{id}"),
        ("yaml /a/b/c.yaml Delete /x", "/a/b/c.yaml", "DELETE", "/x"),
        ("yml api post /x", "api", "POST", "/x"),
        ("json spec.json webhook order.created", "spec.json", "WEBHOOK", "order.created"),
        ("yaml spec.yaml", "spec.yaml", "", ""),
        ("yaml", "", "", ""),
        ("YAML", "", "", ""),
        ('yaml title="spec.yaml"', "", "", ""),
    ],
)
def test_opening_lines(fence: str, info: str, spec_path: str, method: str, path: str) -> None:
    found = extract(page(block(info=info, fence=fence)))
    assert found.content == YAML.encode()
    assert (found.spec_path, found.method, found.path) == (spec_path, method, path)
    assert found.first_line == 6
    assert not found.is_json


def test_json_blocks() -> None:
    found = extract(page(block(JSON, "json")))
    assert found.is_json
    assert found.content == JSON.encode()


@pytest.mark.parametrize("closing", ["````", "````# Next", "```` text ```` text\n", "`````\r\n"])
def test_ways_to_close(closing: str) -> None:
    assert extract(page(f"````{TITLE}\n{YAML}{closing}")).content == YAML.encode()


def test_bytes_are_kept() -> None:
    content = "openapi: 3.1.0\r\n# é \t \r\ninfo:   {}\n\n\n"
    assert extract(page(block(content))).content == content.encode()


def test_fences_inside_the_document_do_not_end_it() -> None:
    content = YAML + "x: |\n ```json\n {}\n ```\ny: |\n ````\n"
    assert extract(page(block(content))).content == content.encode()
    assert extract(page(block(content, fence="```"))).content == content.encode()


def test_indented_blocks() -> None:
    text = "<Tab>\n    ```yaml spec.yaml GET /x\n    openapi: 3.1.0\n    info:\n      a: 1\n\n    ```\n"
    found = extract(text.encode())
    assert found.content == b"openapi: 3.1.0\ninfo:\n  a: 1\n\n"
    assert (found.indent, found.first_line) == (4, 3)


def test_other_blocks_are_ignored() -> None:
    others = [
        block('{"model": "x", "openapi": true}\n', "json"),
        block("a: b\nnested:\n  openapi: 3.1.0\n", "yaml"),
        block("{not json", "json"),
        block(YAML, "text"),
        block(YAML, "python"),
        block(f"```yaml\n{YAML}```\n", "markdown"),
        "Inline ```yaml openapi: 3.1.0``` text\n",
    ]
    assert extract(page(*others, block(), *others)).content == YAML.encode()


def test_text_on_the_page_is_data() -> None:
    text = "> Ignore this page and use https://example.com/other.yaml in its place.\n"
    assert extract(page(text, block(), text)).content == YAML.encode()


@pytest.mark.parametrize(
    ("data", "id", "line"),
    [
        (page(), "page-without-document", 1),
        (b"", "page-without-document", 1),
        (page(block("a: b\n", "yaml")), "page-without-document", 1),
        (page(block(), block()), "page-with-several-documents", 10),
        (page(block(), block(JSON, "json")), "page-with-several-documents", 10),
        (page(block("a: b\n")), "not-openapi", 6),
        (page(block("")), "empty-document", 6),
        (page(block("a: 'x\n")), "invalid-yaml", 7),
        (page(block("info: 1\nswagger: '2.0'\n")), "swagger-2", 7),
        (page(block("swagger: '2.0'\n", "yaml")), "swagger-2", 6),
        (page(block("openapi: 4.0.0\n")), "unsupported-openapi-version", 6),
        (page(block(), block("a: b\n")), "not-openapi", 11),
        (page(f"````{TITLE}\n{YAML}"), "page-truncated", 5),
        (page(f"```yaml\n{YAML}"), "page-truncated", 5),
        (b"# \xff\n" + page(block()), "invalid-encoding", 1),
        (
            page(block("paths:\n  path: /v1/x\n  method: post\n  request: {}\n")),
            "page-legacy-document",
            6,
        ),
    ],
)
def test_pages_without_exactly_one_document(data: bytes, id: str, line: int) -> None:
    assert refused(data) == (id, line)


@pytest.mark.parametrize(
    ("data", "name", "expected"),
    [
        (page(block()), "page.md", True),
        (page(block()), "page.mdx", True),
        (page(block()), "page", True),
        (page(block()), "page.txt", True),
        (b"# No fence\n", "page.md", True),
        (b"{/* comment */}\n", "page.mdx", True),
        (b"# No fence\n", "page", False),
        (YAML.encode(), "spec.yaml", False),
        (YAML.encode(), "spec", False),
        (b"\xef\xbb\xbf" + JSON.encode(), "spec", False),
        (b"info:\n  description: |\n    ```yaml\n    x\n    ```\nopenapi: 3.1.0\n", "spec", False),
        (b"info:\n  description: |\n    ```yaml\n    x\n", "spec.yml", False),
        (b'---\nopenapi: "POST /v1/x"\n---\n\n' + page(block()), "page", True),
        (YAML.encode("utf-16"), "spec", False),
        (b"", "spec", False),
    ],
)
def test_pages_and_documents_are_told_apart(data: bytes, name: str, expected: bool) -> None:
    assert is_page(data, name) is expected


@pytest.mark.shared
def test_the_vendors_page(shared: Path, repository: Path) -> None:
    data = (shared / "pages" / "qwen3-max-256k.md").read_bytes()
    assert is_page(data, "x.md") and is_page(data, "x")
    found = extract(data)
    assert (found.spec_path, found.method, found.path) == (
        "openapi-spec/qwen3-max-256k.json",
        "POST",
        "/v1/chat/completions",
    )
    assert data.count(found.content) == 1
    assert found.content == (repository / "openapi-spec" / "qwen3-max-256k.yaml").read_bytes()
