"""Build the same requests with both generators' clients, and list where they differ."""

from __future__ import annotations

import copy
import importlib
import json
import sys
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from .arguments import Arguments, Description, python_arguments
from .documents import Document
from .generating import Generated
from .packages import Endpoint, endpoints, plain_client
from .peer import BASE_URL, PeerClient, Unconvertible, generate_peer, shape
from .rules import Case, Difference, explain
from .wire_requests import WireRequest, read_request

__all__ = ["Compared", "compare"]


@dataclass(slots=True)
class Compared:
    """What comparing one document showed. Counts are of requests, two for each operation."""

    document: str
    note: str = ""
    operations: int = 0
    known_to_peer: int = 0
    compared: int = 0
    equal: int = 0
    not_possible: dict[str, int] = field(default_factory=dict[str, int])
    explained: dict[str, int] = field(default_factory=dict[str, int])
    examples: dict[str, str] = field(default_factory=dict[str, str])
    unexplained: list[str] = field(default_factory=list[str])

    def skip(self, why: str) -> None:
        self.not_possible[why] = self.not_possible.get(why, 0) + 1


def compare(generated: Generated, work: Path) -> Compared:
    """All operations of one generated client that the peer has too."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _compare(generated.document, generated.package, work)


def _compare(document: Document, package: str, work: Path) -> Compared:
    found = Compared(document.name)
    tree: dict[str, Any] = importlib.import_module(f"{package}.testing").document()
    peer = generate_peer(copy.deepcopy(tree), work, f"peer_{document.slug}")
    description = Description(tree)
    captured: list[httpx2.Request] = []

    def capture(request: httpx2.Request) -> httpx2.Response:
        if b"grant_type=client_credentials" in request.read():
            return httpx2.Response(200, json={"access_token": "test", "token_type": "Bearer"})
        captured.append(request)
        return httpx2.Response(204)

    client = plain_client(
        importlib.import_module(package),
        "Api",
        http_client=httpx2.Client(transport=httpx2.MockTransport(capture)),
        base_url=BASE_URL,
        max_retries=0,
    )
    every = list(endpoints(client))
    found.operations = len(every)
    if isinstance(peer, str):
        found.note = peer
        return found
    found.note = peer.note
    found.known_to_peer = sum(shape(endpoint.key) in peer.operations for endpoint in every)
    ignored = _credentials(tree)
    for endpoint in every:
        if shape(endpoint.key) not in peer.operations or shape(endpoint.key) in peer.lost:
            continue
        operation = description.operation(endpoint.key)
        if operation is None:
            continue
        for is_minimal in (True, False):
            values = description.arguments(
                operation, endpoint.operation.media_type or "", is_minimal=is_minimal
            )
            try:
                theirs = _theirs(peer, endpoint, values, ignored)
            except Unconvertible:
                found.skip("the arguments have no form in its types")
                continue
            except Exception as error:
                found.skip(f"its code fails: {type(error).__name__}")
                continue
            captured.clear()
            positional, named = python_arguments(endpoint, values)
            try:
                client.send(endpoint.build(*positional, **named))
            except Exception as error:
                if not captured:
                    found.unexplained.append(f"{endpoint.key}: ours fails: {error}")
                    continue
            ours = _ours(captured[0], ignored)
            found.compared += 1
            _record(found, endpoint, description, operation, values, ours, theirs)
    return found


def _record(
    found: Compared,
    endpoint: Endpoint,
    description: Description,
    operation: Any,
    values: Arguments,
    ours: WireRequest,
    theirs: WireRequest,
) -> None:
    differences = list(differing(ours, theirs))
    found.equal += not differences
    same = ours.media_type == theirs.media_type
    for difference in differences:
        rule = explain(Case(difference, endpoint, description, operation, values, same))
        shown = (
            f"{endpoint.key}: {difference.place} {difference.name}: {_short(difference.ours)} / "
            f"{_short(difference.theirs)}"
        )
        if rule is None:
            found.unexplained.append(shown)
        else:
            found.explained[rule] = found.explained.get(rule, 0) + 1
            found.examples.setdefault(rule, shown)


def differing(ours: WireRequest, theirs: WireRequest) -> list[Difference]:
    """One entry for each parameter, and one for each member of the body, that is not the same."""
    found: list[Difference] = []
    for place in ("method", "path", "media_type"):
        one, other = getattr(ours, place), getattr(theirs, place)
        if one != other:
            found.append(Difference(place, "", one, other))
    for place in ("query", "headers", "cookies"):
        one, other = _grouped(getattr(ours, place)), _grouped(getattr(theirs, place))
        for name in sorted(one.keys() | other.keys()):
            if one.get(name) != other.get(name):
                found.append(Difference(place, name, one.get(name), other.get(name)))
    found.extend(_bodies(ours.body, theirs.body, ""))
    return found


def _bodies(ours: Any, theirs: Any, at: str) -> list[Difference]:
    if ours == theirs and type(ours) is type(theirs):
        return []
    if isinstance(ours, dict) and isinstance(theirs, dict):
        found: list[Difference] = []
        for name in sorted(ours.keys() | theirs.keys()):
            if name not in ours or name not in theirs:
                found.append(Difference("body", f"{at}/{name}", ours.get(name), theirs.get(name)))
            else:
                found.extend(_bodies(ours[name], theirs[name], f"{at}/{name}"))
        return found
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        return [
            difference
            for number, (one, other) in enumerate(zip(ours, theirs, strict=True))
            for difference in _bodies(one, other, f"{at}/{number}")
        ]
    if isinstance(ours, tuple) and isinstance(theirs, tuple):
        one, other = _grouped(ours), _grouped(theirs)
        return [
            Difference("body", f"/{name}", one.get(name), other.get(name))
            for name in sorted(one.keys() | other.keys())
            if one.get(name) != other.get(name)
        ]
    return [Difference("body", at, ours, theirs)]


def _grouped(pairs: Any) -> dict[str, Any]:
    found: dict[str, list[Any]] = {}
    for name, *rest in pairs:
        found.setdefault(name, []).append(rest[0] if len(rest) == 1 else tuple(rest))
    return found


def _theirs(
    peer: PeerClient, endpoint: Endpoint, values: Arguments, ignored: frozenset[str]
) -> WireRequest:
    key = shape(endpoint.key)
    request = peer.request(key, peer.arguments(key, values))
    return read_request(
        request.method,
        request.url.raw_path.decode("latin-1"),
        request.headers.multi_items(),
        request.read(),
        ignored,
    )


def _ours(request: httpx2.Request, ignored: frozenset[str]) -> WireRequest:
    return read_request(
        request.method,
        request.url.raw_path.decode("latin-1"),
        request.headers.multi_items(),
        request.read(),
        ignored,
    )


def _credentials(tree: dict[str, Any]) -> frozenset[str]:
    schemes = (tree.get("components") or {}).get("securitySchemes") or {}
    names = {"authorization"}
    for scheme in schemes.values():
        if isinstance(scheme, dict) and isinstance(scheme.get("name"), str):
            names.add(scheme["name"].lower())
    return frozenset(names)


def _short(value: Any) -> str:
    try:
        text = json.dumps(value, default=repr, ensure_ascii=True)
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= 90 else f"{text[:87]}..."


def add_to_path(source: Path) -> None:
    """Make the packages in a folder importable."""
    if str(source) not in sys.path:
        sys.path.insert(0, str(source))
