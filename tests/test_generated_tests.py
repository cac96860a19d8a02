"""The tests that come with every client: they pass, in any way of running them, and they can fail."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, SMALL_DOCUMENT, make_environment, run

pytestmark = pytest.mark.slow

CASES = ("content_types", "pagination", "security", "streams", "webhooks")
REAL = {
    "museum": "museum.yaml",
    "petstore": "petstore.yaml",
    "svix": "svix.json",
    "meilisearch": "meilisearch.json",
    "ingest": "opensearch/namespaces/ingest.yaml",
}
"""Of these the last is of several files."""

SEVERAL_FILES = {
    "orders.yaml": """\
openapi: 3.1.0
info: {title: Orders, version: 1.0.0}
servers: [{url: https://orders.example.com}]
security: [{key: []}]
paths:
  /orders/{id}: {$ref: "paths/order.yaml"}
components:
  securitySchemes: {key: {type: http, scheme: bearer}}
""",
    "paths/order.yaml": """\
get:
  operationId: getOrder
  tags: [orders]
  parameters: [{name: id, in: path, required: true, schema: {type: string, format: uuid}}]
  responses:
    "200":
      description: The order.
      content:
        application/json:
          schema: {$ref: "../schemas.yaml#/Order"}
          examples:
            paid: {value: {id: 5e7b9d3c-3c79-4f4e-9f5a-0c6f6a0f0c11, state: paid, lines: [{sku: a1, count: 2}]}}
            wrong: {value: {id: 7}}
            list: {value: []}
    "404":
      description: No such order.
      content: {application/problem+json: {schema: {$ref: "../schemas.yaml#/Problem"}}}
    "4XX":
      description: Refused.
      content: {application/problem+json: {schema: {$ref: "../schemas.yaml#/Problem"}}}
""",
    "schemas.yaml": """\
Order:
  type: object
  required: [id, state, lines]
  properties:
    id: {type: string, format: uuid}
    state: {enum: [open, paid]}
    lines: {type: array, items: {$ref: "#/Line"}}
Line:
  type: object
  required: [sku, count]
  properties: {sku: {type: string}, count: {type: integer, minimum: 1, example: 3}}
Problem:
  type: object
  required: [title]
  properties: {title: {type: string}, detail: {type: [string, "null"]}}
""",
}

Command = Callable[..., subprocess.CompletedProcess[str]]


def generate(sdkpress: Command, document: Path, name: str, folder: Path) -> Path:
    arguments = ["--name", name.replace("_", "-"), "--package", name, "--client", "Client"]
    arguments += ["--no-black"]  # which changes nothing, and takes most of the time
    sdkpress("generate", "--spec", document, "--out", folder / name, *arguments, cwd=folder)
    return folder / name


@pytest.fixture(scope="module")
def made_orders(sdkpress: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("orders")
    for name, text in SEVERAL_FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return generate(sdkpress, folder / "orders.yaml", "orders", folder)


@pytest.fixture
def orders(made_orders: Path, tmp_path: Path) -> Path:
    """The client of a document of several files, for one test."""
    return Path(shutil.copytree(made_orders, tmp_path / "orders"))


def outcome(
    folder: Path, *arguments: str, python: Path | str = sys.executable, check: bool = True
) -> subprocess.CompletedProcess[str]:
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", *arguments]
    return run(command, cwd=folder, check=check)


def counts(done: subprocess.CompletedProcess[str]) -> dict[str, int]:
    """`{"passed": 96, "skipped": 1}`."""
    last = done.stdout.strip().splitlines()[-1]
    return {word: int(number) for number, word in re.findall(r"(\d+) ([a-z]+)", last)}


@pytest.mark.parametrize("case", CASES)
def test_pass_from_the_source_folder(case: str, sdkpress: Command, tmp_path: Path) -> None:
    made = generate(sdkpress, REPOSITORY / "tests" / "cases" / case / "spec.yaml", case, tmp_path)
    found = counts(outcome(made))
    assert found["passed"] > 10
    assert not {"failed", "error", "errors"} & found.keys()


def test_pass_for_a_document_of_several_files_and_name_what_is_skipped(orders: Path) -> None:
    done = outcome(orders, "-rs", "-n2")
    assert "not valid at /state: is required" in done.stdout
    assert "not valid at /: is an array, not of type object" in done.stdout
    assert counts(done)["skipped"] == 2
    listed = outcome(orders, "--collect-only").stdout
    for wanted in (
        "test_operations.py::test_answer[orders.get]",
        "test_operations.py::test_over_http[orders.get]",
        "test_errors.py::test_error[orders.get-404]",
        "test_errors.py::test_error[orders.get-4XX]",
        "test_errors.py::test_key_is_needed[orders.get]",
        "test_examples.py::test_answer[orders.get-200-application/json-paid]",
        "test_examples.py::test_properties[line]",
        "test_round_trip.py::test_any_value[order]",
        "test_round_trip.py::test_made_values[problem]",
    ):
        assert wanted in listed


FAULTS = {
    "a field that is lost": (
        "src/orders/models/_*.py", r"\bstate: (?=.*)", "staat: ", "test_examples|test_round_trip"
    ),
    "another class of error": (
        "src/orders/_runtime/errors.py", r"404: NotFoundError", "404: ConflictError", "test_errors"
    ),
    "another path": (
        "src/orders/resources/orders.py", r'path="/orders/', 'path="/order/', "test_operations"
    ),
    "a key that is not sent": (
        "src/orders/resources/orders.py", r"security=.*", "security=(),", "test_operations"
    ),
    "another type": (
        "src/orders/resources/orders.py",
        r"lambda: models.Order\b", "lambda: models.Problem", "test_examples",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_fail_where_the_client_has_a_fault(fault: str, orders: Path) -> None:
    pattern, old, new, where = FAULTS[fault]
    changed = 0
    for file in orders.glob(pattern):
        text, count = re.subn(old, new, file.read_text(encoding="utf-8"))
        file.write_text(text, encoding="utf-8")
        changed += count
    assert changed
    done = outcome(orders, "-rf", "--deselect=tests/test_docs.py", check=False)
    assert done.returncode == 1
    assert re.search(rf"^FAILED tests/({where})\.py::", done.stdout, re.MULTILINE)


def test_checkers_accept_them(orders: Path) -> None:
    files = sorted((orders / "tests").glob("*.py"))
    command = [sys.executable, "-m", "mypy", "--strict", "--disable-error-code=redundant-cast"]
    run([*command, "--config-file=", *files], cwd=orders, MYPYPATH=str(orders / "src"))


@pytest.fixture(scope="module")
def clean(package_index: None, constraints: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with what the extra `testing` brings, and plugins of pytest."""
    wanted = ["hatchling", "build", "hypothesis", "msgspec", "httptools", "pytest", "pyyaml"]
    wanted += ["uvicorn", "pytest-xdist", "pytest-asyncio"]
    folder = tmp_path_factory.mktemp("clean") / "environment"
    return make_environment(sys.executable, folder, ["--constraint", constraints, *wanted])


def pass_from_the_wheel(made: Path, python: Path, folder: Path) -> None:
    """Build a client, install its wheel with the extra, run a copy of its tests far from both."""
    run(
        [python, "-m", "build", "--no-isolation", "--wheel", "--outdir", folder / "dist", made],
        cwd=folder,
    )
    (wheel,) = (folder / "dist").iterdir()
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-compile"]
    install += ["--quiet", "--disable-pip-version-check"]
    run([*install, f"{wheel}[testing]"], cwd=folder)
    shutil.move(made / "tests", folder / "elsewhere" / "tests")
    shutil.rmtree(made)
    # Some versions of pytest-asyncio warn until this is said.
    quiet = "--override-ini=asyncio_default_fixture_loop_scope=function"
    done = outcome(folder / "elsewhere", quiet, python=python)
    found = counts(done)
    assert found["passed"] > 10
    assert not {"failed", "error", "errors"} & found.keys()


@pytest.mark.index
def test_pass_from_the_wheel(orders: Path, clean: Path, tmp_path: Path) -> None:
    pass_from_the_wheel(orders, clean, tmp_path)


@pytest.mark.index
def test_pass_from_the_wheel_of_a_small_document(
    sdkpress: Command, clean: Path, tmp_path: Path
) -> None:
    (tmp_path / "pets.yaml").write_text(SMALL_DOCUMENT, encoding="utf-8", newline="\n")
    made = generate(sdkpress, tmp_path / "pets.yaml", "pets_client", tmp_path)
    pass_from_the_wheel(made, clean, tmp_path)


@pytest.mark.index
def test_pass_from_the_wheel_of_siray_chat(generated: Path, clean: Path, tmp_path: Path) -> None:
    made = Path(shutil.copytree(generated, tmp_path / "siray-chat"))
    pass_from_the_wheel(made, clean, tmp_path)


@pytest.mark.index
@pytest.mark.shared
@pytest.mark.parametrize("name", REAL)
def test_pass_from_the_wheel_of_a_real_document(
    name: str, sdkpress: Command, shared: Path, clean: Path, tmp_path: Path
) -> None:
    document = shared / "specs" / "real" / REAL[name]
    if not document.is_file():
        pytest.skip("no ../shared/specs with documents beside the checkout")
    pass_from_the_wheel(generate(sdkpress, document, name, tmp_path), clean, tmp_path)
