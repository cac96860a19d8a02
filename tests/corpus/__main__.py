"""`make corpus`: generate every document of the corpus, use what came out, and write docs/corpus.md.

    python -m tests.corpus [--only TEXT]... [--sample N] [--skip STEP]... [--jobs N] [--out FILE]

Every document is generated, imported and called; the other steps are types, wire, prism, black. A run that is not whole prints its
report to build/corpus/corpus.md and leaves docs/corpus.md alone.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from .black_stable import unstable_files
from .calling import Called, call_package
from .checkers import batches, mypy_errors, pyright_errors
from .documents import REPOSITORY, Document, all_documents, sample, shared_specs
from .generating import Generated, TimedOut, generate, time_limit
from .packages import cached_imports
from .prism import Validated, find_prism, validate
from .relocating import bound_places
from .report import Results, write_report
from .wire import Compared, compare

T = TypeVar("T")
R = TypeVar("R")

STEPS = ("types", "wire", "prism", "black")
CALL_SECONDS = 300
STRICT = ("real/openai.", "real/github.", "real/stripe.", "real/museum.", "real/svix.")
VALIDATED = ("real/petstore.", "real/museum.", "real/svix.")
SLOW_FOR_THE_PEER = ("real/stripe.",)
"""openapi-python-client takes about a minute of CPU and 0.8 GB for it, and drops what differs."""

OF_THE_PEER = "peers/openapi-python-client/"
MOST_FIXTURES_COMPARED = 300

SIRAY = Document(
    "openapi-spec/qwen3-max-256k.yaml",
    REPOSITORY / "openapi-spec" / "qwen3-max-256k.yaml",
    1,
    0,
)
SIRAY_OVERLAY = REPOSITORY / "openapi-spec" / "qwen3-max-256k.overlay.yaml"


def main() -> int:
    arguments = _arguments()
    folder = shared_specs()
    if folder is None:
        print(
            "corpus: needs ../shared/specs with INDEX.tsv beside the checkout "
            "(SDKPRESS_SHARED names another place)",
            file=sys.stderr,
        )
        return 2
    work: Path = arguments.work
    work.mkdir(parents=True, exist_ok=True)
    documents = all_documents(folder)
    is_whole = not (arguments.only or arguments.sample or arguments.skip)
    if arguments.only:
        documents = [d for d in documents if any(text in d.name for text in arguments.only)]
    if arguments.sample:
        documents = sample(documents, arguments.sample)
    results = Results()
    cached_imports(work, REPOSITORY / "generator" / "sdkpress" / "runtime")
    started = time.monotonic()

    def wanted(step: str) -> bool:
        return step not in arguments.skip

    _prepare(work)
    # The largest first, so that no process is left with it at the end.
    ordered = sorted(documents, key=lambda document: -document.bytes)
    every = _in_processes(partial(_generate_and_call, work), ordered, arguments.jobs, "generate")
    for generated, called in every:
        results.generated.append(generated)
        if called is not None:
            results.called[generated.document.name] = called
    results.generated.sort(key=lambda item: (not item.document.is_real, item.document.name))
    usable = [item for item in results.generated if item.outcome == "generated"]
    if wanted("types"):
        _check_types(results, usable, work, arguments.jobs)
    if wanted("wire"):
        _compare_wire(results, usable, work, arguments.jobs)
    if wanted("prism"):
        _run_prism(results, usable, work)
    if wanted("black"):
        _check_black(results, usable, arguments.jobs)
    out: Path = arguments.out or (
        REPOSITORY / "docs" / "corpus.md" if is_whole else work / "corpus.md"
    )
    out.write_text(write_report(results), encoding="utf-8", newline="\n")
    if arguments.results:
        arguments.results.write_text(json.dumps(results.as_dicts(), indent=1), encoding="utf-8")
    print(results.summary())
    print(f"corpus: wrote {out} after {time.monotonic() - started:.0f} s")
    return 0 if results.is_clean else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make corpus",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only", action="append", default=[], help="documents with TEXT in the path"
    )
    parser.add_argument("--sample", type=int, default=0, help="so many documents, spread evenly")
    parser.add_argument("--skip", action="append", default=[], choices=STEPS)
    parser.add_argument("--jobs", type=int, default=2, help="processes (2)")
    parser.add_argument("--results", type=Path, help="what came of each document, as JSON")
    parser.add_argument(
        "--out", type=Path, help="the report (docs/corpus.md when the run is whole)"
    )
    parser.add_argument("--work", type=Path, default=REPOSITORY / "build" / "corpus")
    return parser.parse_args()


def _prepare(work: Path) -> None:
    """Import and compile here what every process would do for itself: they are forks of this one."""
    generated = generate(SIRAY, work, (SIRAY_OVERLAY,))
    sys.path.insert(0, str(generated.source))
    call_package(generated.package)
    sys.path.remove(str(generated.source))


def _generate_and_call(work: Path, document: Document) -> tuple[Generated, Called | None]:
    generated = generate(document, work)
    if generated.outcome != "generated":
        return generated, None
    sys.path.insert(0, str(generated.source))
    try:
        with time_limit(CALL_SECONDS):
            called = call_package(generated.package)
            for place in _bound_places(generated):
                called.problem(place, "bound to its name", "it would not work under another one")
            return generated, called
    except TimedOut:
        called = Called()
        called.problem(generated.package, "call", f"more than {CALL_SECONDS} CPU seconds")
        return generated, called


def _bound_places(generated: Generated) -> list[str]:
    """Imports that keep the package from working under another name, or without what it requires."""
    paths = (generated.source / generated.package).rglob("*.py")
    files = {path.relative_to(generated.source).as_posix(): path.read_bytes() for path in paths}
    # Documents say the names of their services, which are those of their packages here.
    return bound_places(files, generated.package, has_a_name_of_its_own=False)


def _compare_one(work: Path, generated: Generated) -> Compared:
    sys.path.insert(0, str(generated.source))
    try:
        return compare(generated, work / "peer")
    except Exception as error:
        # One document must not cost the whole run.
        return Compared(generated.document.name, unexplained=[f"{type(error).__name__}: {error}"])


def _in_processes(work: Callable[[T], R], items: Iterable[T], jobs: int, title: str) -> Iterator[R]:
    """Each item in a fresh process, because a package that was imported stays imported."""
    every = list(items)
    with get_context("fork").Pool(jobs, maxtasksperchild=1) as pool:
        for number, result in enumerate(pool.imap_unordered(work, every), 1):
            _progress(title, number, len(every))
            yield result


def _progress(title: str, number: int, count: int) -> None:
    end = "\r" if sys.stdout.isatty() else "\n"
    if sys.stdout.isatty() or number % max(1, count // 25) == 0 or number == count:
        print(f"==> corpus: {title} {number} of {count}", end="\n" if number == count else end)
        sys.stdout.flush()


def _check_types(results: Results, usable: list[Generated], work: Path, jobs: int) -> None:
    groups = batches(usable)
    with ThreadPoolExecutor(jobs) as pool:
        for number, found in enumerate(pool.map(partial(_pyright, work), groups), 1):
            results.pyright.update(found)
            _progress("pyright, batch", number, len(groups))
        strict = [item for item in usable if item.document.name.startswith(STRICT)]
        for number, item in enumerate(strict, 1):
            try:
                results.mypy[item.document.name] = mypy_errors(item, work)
            except (RuntimeError, subprocess.TimeoutExpired) as error:
                results.mypy[item.document.name] = [f"mypy did not finish: {error}"]
            _progress("mypy --strict", number, len(strict))


def _pyright(work: Path, group: list[Generated]) -> dict[str, list[str]]:
    try:
        return pyright_errors(group, work)
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        return {item.package: [f"pyright did not finish: {error}"] for item in group}


def _compare_wire(results: Results, usable: list[Generated], work: Path, jobs: int) -> None:
    (work / "peer").mkdir(exist_ok=True)
    real = [
        item
        for item in usable
        if item.document.is_real and not item.document.name.startswith(SLOW_FOR_THE_PEER)
    ]
    fixtures = [item for item in usable if not item.document.is_real and item.operations]
    own = [item for item in fixtures if item.document.name.startswith(OF_THE_PEER)]
    others = sample([item for item in fixtures if item not in own], MOST_FIXTURES_COMPARED)
    compared = [*real, *own, *others]
    every = _in_processes(partial(_compare_one, work), compared, jobs, "wire")
    results.compared.extend(
        sorted(every, key=lambda item: (not item.document.startswith("real/"), item.document))
    )


def _run_prism(results: Results, usable: list[Generated], work: Path) -> None:
    program = find_prism(work)
    if isinstance(program, str):
        results.prism_note = f"Prism was not run: {program}."
        print(f"==> corpus: prism skipped: {program}")
        return
    chosen = [item for item in usable if item.document.name.startswith(VALIDATED)]
    siray = generate(SIRAY, work, (SIRAY_OVERLAY,))
    for number, item in enumerate([*chosen, siray], 1):
        sys.path.insert(0, str(item.source))
        found: Validated = validate(item.package, item.document.name, program, work)
        results.validated.append(found)
        _progress("prism", number, len(chosen) + 1)


def _check_black(results: Results, usable: list[Generated], jobs: int) -> None:
    for name, unstable in _in_processes(_black_one, usable, jobs, "black"):
        results.unstable[name] = unstable


def _black_one(item: Generated) -> tuple[str, list[str]]:
    texts = {
        path.relative_to(item.folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(item.folder.rglob("*.py"))
        if not {"_runtime", "_engine"} & set(path.parts)
    }
    return item.document.name, [file.path for file in unstable_files(texts)]


if __name__ == "__main__":
    sys.exit(main())
