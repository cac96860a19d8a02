"""docs/corpus.md: what a run of the corpus showed."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from .calling import Called
from .generating import LIMIT_SECONDS, Generated
from .prism import Validated
from .rules import RULES
from .wire import Compared

__all__ = ["Results", "write_report"]

_RIGHT = {"ours": "sdkpress", "theirs": "openapi-python-client", "both": "both are allowed"}
_MOST_SHOWN = 200


@dataclass(slots=True)
class Results:
    """All that a run found out, by the name of the document."""

    generated: list[Generated] = field(default_factory=list[Generated])
    called: dict[str, Called] = field(default_factory=dict[str, Called])
    pyright: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    mypy: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    compared: list[Compared] = field(default_factory=list[Compared])
    validated: list[Validated] = field(default_factory=list[Validated])
    prism_note: str = ""
    unstable: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    @property
    def real(self) -> list[Generated]:
        return [item for item in self.generated if item.document.is_real]

    @property
    def fixtures(self) -> list[Generated]:
        return [item for item in self.generated if not item.document.is_real]

    @property
    def findings(self) -> dict[str, int]:
        """What should not be, by kind; empty when all is well."""
        outcomes = Counter(
            item.outcome
            for item in self.generated
            if item.outcome not in ("generated", "refused")
            or (item.outcome == "refused" and (item.document.is_real or not item.place))
        )
        short = sum(
            self.called[item.document.name].typed < item.document.operations
            or self.called[item.document.name].built < item.document.operations
            for item in self.real
            if item.document.name in self.called
        )
        found = {
            **{f"documents that {name}": count for name, count in outcomes.items()},
            "packages that do not import": sum(
                not called.importable for called in self.called.values()
            ),
            "real documents with an operation that is missing, untyped or not callable": short,
            "operations that fail when they are called": sum(
                len({place for place, _, _ in called.problems}) for called in self.called.values()
            ),
            "errors of pyright": sum(map(len, self.pyright.values())),
            "errors of mypy": sum(map(len, self.mypy.values())),
            "unexplained differences of requests": sum(
                len(item.unexplained) for item in self.compared
            ),
            "requests that Prism refuses": sum(len(item.refused) for item in self.validated),
            "files that black would change": sum(map(len, self.unstable.values())),
        }
        return {name: count for name, count in found.items() if count}

    @property
    def is_clean(self) -> bool:
        return not self.findings

    def as_dicts(self) -> list[dict[str, Any]]:
        """Each document with what came of it, as plain data."""
        found: list[dict[str, Any]] = []
        for item in self.generated:
            called = self.called.get(item.document.name)
            entry: dict[str, Any] = {
                "document": item.document.name,
                "operations": item.document.operations,
                "outcome": item.outcome,
                "id": item.id,
                "place": item.place,
                "message": item.message,
            }
            if called is not None:
                entry |= dataclasses.asdict(called)
                entry |= {"operations": item.document.operations, "generated": called.operations}
            found.append(entry)
        return found

    def summary(self) -> str:
        """A few lines for a terminal."""
        outcomes = Counter(item.outcome for item in self.generated)
        counted = ", ".join(f"{count} {name}" for name, count in sorted(outcomes.items()))
        lines = [f"corpus: {len(self.generated)} documents: {counted}"]
        lines += [f"corpus: {count} {name}" for name, count in self.findings.items()]
        return "\n".join(lines if self.findings else [*lines, "corpus: nothing to complain about"])


def write_report(results: Results) -> str:
    """The page."""
    sections = [
        _head(results),
        _real(results),
        _fixtures(results),
        _wire(results),
        _prism(results),
        _problems(results),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _head(results: Results) -> str:
    findings = results.findings
    verdict = (
        "Nothing was found that should not be."
        if not findings
        else "What should not be: " + "; ".join(f"{n} {name}" for name, n in findings.items()) + "."
    )
    return f"""# The corpus

Written by `make corpus`: {len(results.real)} documents of real services and {len(results.fixtures)} fixtures of other tools' test suites, from the folder `../shared/specs` beside the checkout (its `INDEX.tsv` counts the operations; another program made it).
{verdict}

What the columns count:

- *generated*: operations of the client, found by walking its attributes; *document*: operations of the document by the index.
- *callable*: operations whose request builder takes arguments sampled from the document's examples and schemas, once the required ones and once all of them.
- *answered*: operations that were called with these, sync (and async), with `strict=True`, against the document's own fake server in the same process, and whose answer was accepted and decoded. The fake server checks each request against the document.
- *typed*: operations of which every 2xx body has a type; `bytes` or `str` only where the document says no more, `Any` only where it says nothing.
- *pyright*, *mypy*: errors of `pyright` (basic) and `mypy --strict` in the generated files. The runtime that is copied into each client is checked in place by `make types`.
- *black*: generated files that black would change."""


def _real(results: Results) -> str:
    if not results.real:
        return ""
    rows = [
        "| document | document | generated | callable | answered (async) | typed | models | pyright | mypy | black | CPU s |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    total = [0] * 6
    for item in results.real:
        name = item.document.name
        called = results.called.get(name, Called())
        counts = [
            item.document.operations, called.operations, called.built, called.answered,
            called.answered_async, called.typed,
        ]  # fmt: skip
        total = [one + other for one, other in zip(total, counts, strict=True)]
        rows.append(
            f"| {_short(name)} | {counts[0]} | {counts[1]} | {counts[2]} | {counts[3]} ({counts[4]}) "
            f"| {counts[5]} | {called.models} | {_count(results.pyright, name, item.package)} "
            f"| {_count(results.mypy, name)} | {_count(results.unstable, name)} | {item.cpu:.1f} |"
        )
    rows.append(
        f"| **all** | {total[0]} | {total[1]} | {total[2]} | {total[3]} ({total[4]}) | {total[5]} | | | | | |"
    )
    return "## Real documents\n\n" + "\n".join(rows)


def _fixtures(results: Results) -> str:
    fixtures = results.fixtures
    if not fixtures:
        return ""
    outcomes = Counter(item.outcome for item in fixtures)
    usable = [item for item in fixtures if item.outcome == "generated"]
    called = [results.called[item.document.name] for item in usable]
    checked = [item for item in usable if item.package in results.pyright]
    clean = sum(not results.pyright[item.package] for item in checked)
    stable = [
        results.unstable[i.document.name] for i in usable if i.document.name in results.unstable
    ]
    unsatisfiable = sum(len(item.unsatisfiable) for item in called)
    lines = [
        "## Fixtures",
        "",
        f"{len(fixtures)} documents, each with at most {LIMIT_SECONDS} CPU seconds "
        f"(the longest took {max(item.cpu for item in fixtures):.1f}):",
        "",
        "| outcome | documents |",
        "|---|--:|",
        *(f"| {name} | {count} |" for name, count in sorted(outcomes.items())),
        f"| … and every module imports | {sum(item.importable for item in called)} |",
        f"| … and pyright finds nothing (of {len(checked)} checked) | {clean} |",
    ]
    if stable:
        lines.append(
            f"| … and black changes nothing (of {len(stable)}) | {sum(not s for s in stable)} |"
        )
    operations = sum(item.operations for item in called)
    lines += [
        "",
        f"Their clients have {operations} operations; {sum(i.answered for i in called)} of them were "
        f"answered by the fake server. For {unsatisfiable} no arguments were found that satisfy the "
        "document (contradictory or endless schemas, patterns of another dialect, paths that differ in a fragment alone); what else was not "
        "answered is listed below.",
    ]
    refused = [item for item in fixtures if item.outcome == "refused"]
    if refused:
        lines += ["", "### Refused", ""]
        for id in sorted({item.id for item in refused}):
            same = [item for item in refused if item.id == id]
            lines += [f"`{id}` ({len(same)}):", ""]
            lines += [
                f"- `{item.document.name.removeprefix('peers/')}`, {item.place or 'no place'}: {_line(item.message)}"
                for item in same
            ]
            lines.append("")
    return "\n".join(lines).rstrip()


def _wire(results: Results) -> str:
    if not results.compared:
        return ""
    rows = [
        "## The same requests by openapi-python-client 0.29.1",
        "",
        "Each operation that it supports is called twice with the same sampled arguments through both "
        "clients: once with what is required, once with everything. Method, path, query, headers, "
        "cookies and body are compared as they are on the wire; headers that a client sends of its own "
        "accord (`User-Agent`, `Accept`, retry and idempotency headers, credentials) are not.",
        "",
        "| document | operations | it has | requests | equal | with explained differences | unexplained | not possible |",
        "|---|--:|--:|--:|--:|--:|--:|---|",
    ]
    for item in results.compared:
        failed = "; ".join(f"{why} ({n})" for why, n in sorted(item.not_possible.items()))
        rest = item.compared - item.equal - len({u.partition(":")[0] for u in item.unexplained})
        rows.append(
            f"| {_short(item.document)} | {item.operations} | {item.known_to_peer} | {item.compared} "
            f"| {item.equal} | {max(rest, 0)} | {len(item.unexplained)} | {_line('; '.join(filter(None, (item.note, failed))))} |"
        )
    found: Counter[str] = Counter()
    examples: dict[str, str] = {}
    for item in results.compared:
        found.update(item.explained)
        for name, text in item.examples.items():
            examples.setdefault(name, text)
    rows += [
        "",
        "*Not possible* counts requests that its code could not build: it lost the body or the type "
        "of an argument, or a module of its client does not import.",
        "",
        "| difference | times | right | why | example (sdkpress / openapi-python-client) |",
        "|---|--:|---|---|---|",
    ]
    for name, count in found.most_common():
        rule = RULES[name]
        rows.append(
            f"| {name} | {count} | {_RIGHT[rule.right]} | {rule.reason} | `{_cell(examples[name])}` |"
        )
    return "\n".join(rows)


def _prism(results: Results) -> str:
    if not results.validated:
        return f"## Prism\n\n{results.prism_note}" if results.prism_note else ""
    rows = [
        "## Prism",
        "",
        "Stoplight's Prism stands as a validating proxy (`prism proxy --errors`) between the client and "
        "its fake server; every operation is called twice. A request is accepted when Prism forwards it.",
        "",
        "| document | requests | accepted | answers with a status the document leaves out | note |",
        "|---|--:|--:|--:|---|",
    ]
    rows += [
        f"| {_short(item.document)} | {item.requests} | {item.accepted} "
        f"| {item.undescribed} | {item.note} |"
        for item in results.validated
    ]
    return "\n".join(rows)


def _problems(results: Results) -> str:
    lines: list[str] = []
    for item in results.generated:
        if item.outcome not in ("generated", "refused"):
            lines.append(f"- `{item.document.name}` {item.outcome}: {_line(item.message)}")
    for name, called in results.called.items():
        seen: set[str] = set()
        for place, what, message in called.problems:
            if place not in seen:
                seen.add(place)
                lines.append(f"- `{name}` {_cell(place)}, {what}: {_line(message)[:240]}")
    for kind, found in (("pyright", results.pyright), ("mypy", results.mypy)):
        for name, messages in found.items():
            lines += [f"- {kind}, `{name}`: {_line(message)[:240]}" for message in messages[:3]]
    for item in results.compared:
        lines += [f"- wire, `{item.document}`: `{_cell(text)}`" for text in item.unexplained]
    for validated in results.validated:
        lines += [f"- Prism, `{validated.document}`: {_line(text)}" for text in validated.refused]
    for name, files in results.unstable.items():
        lines += [f"- black, `{name}`: {file}" for file in files[:3]]
    if not lines:
        return ""
    more = [f"- … and {len(lines) - _MOST_SHOWN} more"] if len(lines) > _MOST_SHOWN else []
    return "## What should not be\n\n" + "\n".join([*lines[:_MOST_SHOWN], *more])


def _count(found: dict[str, list[str]], name: str, package: str = "") -> str:
    messages = found.get(package or name)
    return "" if messages is None else str(len(messages))


def _short(name: str) -> str:
    return f"`{name.removeprefix('real/').removeprefix('peers/')}`"


def _line(text: str) -> str:
    lines = text.strip().splitlines()
    return _escaped(lines[-1] if lines and lines[0].startswith("Traceback") else " ".join(lines))


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("`", "'").replace("|", "\\|")
