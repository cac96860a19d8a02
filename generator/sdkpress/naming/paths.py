"""What a path says without its wrapping: no versions, prefixes, file endings or syntax.

`/api/v2/users('{id}').json` -> `users`, `{id}`; `/v1/{name}:cancel` -> `{name}` and the action
`cancel`; `/#Action=CreateQueue` -> the action `CreateQueue`. What is wrapping is decided for all
paths of a document at once: a version that tells two paths apart stays.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

_VERSION = re.compile(
    r"v?\d+([._-]\d+)*([-_.]?(alpha|beta|preview|rc)\d*)?|v\d+(p\d+)?(alpha|beta)\d*|\d{4}-\d{2}-\d{2}"
)
_TEMPLATE = re.compile(r"\{[^{}]*\}")
_ENDING = re.compile(r"\.(json|xml|php|aspx|ashx|asmx|asp|jsp|do|action|html?|cgi|rest)$", re.I)
_NAMED_ACTION = re.compile(
    r"(?:Action|Operation|method|X-Amz-Target)=(?:[\w.-]*\.)?([A-Za-z]\w*)", re.I
)
_COLON = re.compile(r"(.*[}\w)]):([A-Za-z][\w-]*)")
_CALL = re.compile(r"([^({]+)\(([^()]*)\)")
_PROVIDER = re.compile(r"[A-Za-z]\w*(\.[A-Za-z]\w*)+")
_WRAPPING = frozenset(
    "api apis rest restapi rest-api webapi web-api openapi open-api public-api rpc".split()
)
_MIN_BRANCHES = 3
"""A prefix that all paths share is cut where the tree has so many branches behind it."""


@dataclass(frozen=True, slots=True)
class Route:
    """A path as pieces: static ones as written, parameters as `{name}`.

    `action` is the method that the path names by its syntax; `dropped` are the pieces that were
    taken for wrapping and may still tell two operations apart.
    """

    pieces: tuple[str, ...]
    action: str = ""
    dropped: tuple[str, ...] = ()

    @property
    def static(self) -> tuple[str, ...]:
        """The pieces that are not parameters."""
        return tuple(piece for piece in self.pieces if piece[0] != "{")

    @property
    def is_item(self) -> bool:
        """Whether the path ends in a parameter."""
        return bool(self.pieces) and self.pieces[-1][0] == "{"

    @property
    def shape(self) -> tuple[str, ...]:
        """The pieces with all parameters alike: what says whether two paths are siblings."""
        return tuple("{}" if piece[0] == "{" else piece for piece in self.pieces)


def read_routes(operations: Iterable[tuple[str, str]]) -> dict[str, Route]:
    """The route of every path, from (method, path) pairs of all operations of a document."""
    methods: dict[str, list[str]] = {}
    for method, path in operations:
        methods.setdefault(path, []).append(method)
    split = {path: _split(path) for path in methods}
    split = _split_dots(split)
    routes = _without_versions(split, methods)
    routes = {path: _without_wrapping(route) for path, route in routes.items()}
    return _without_prefix(routes)


def _split(path: str) -> Route:
    """Pieces of one path, with the syntax of OData, custom methods and query actions undone."""
    path, _, extra = path.partition("#") if "#" in path else path.partition("?")
    named = _NAMED_ACTION.search(extra)
    action = named[1] if named else ""
    segments = [segment for segment in path.split("/") if segment]
    if segments:
        colon = _COLON.fullmatch(segments[-1])
        if colon and not action:
            segments[-1], action = colon[1], colon[2]
    word = re.sub(r"[=&].*", "", extra)
    dropped = (word,) if not action and re.search(r"[^\W\d_]", word) else ()
    for number in range(len(segments) - 2, 0, -1):
        if segments[number - 1].lower() == "providers" and _PROVIDER.fullmatch(segments[number]):
            del segments[: number + 1]
            break
    pieces: list[str] = []
    ending = _ENDING.search(segments[-1]) if segments else None
    if ending:
        dropped = (*dropped, ending[1].lower())
    for segment in segments:
        segment = _ENDING.sub("", segment) or segment
        call = _CALL.fullmatch(segment)
        if call:
            pieces.append(call[1])
            pieces.extend(_TEMPLATE.findall(call[2]))
        else:
            pieces.extend(_pieces(segment))
    return Route(tuple(pieces), action, dropped)


def _pieces(segment: str) -> list[str]:
    """`user-{id}` -> `user`, `{id}`; `v{version}` and `{a}...{b}` are parameters alone."""
    if "{" not in segment:
        return [segment] if re.search(r"[^\W_]", segment) else []
    found: list[str] = []
    for piece in re.split(r"(\{[^{}]*\})", segment):
        if _TEMPLATE.fullmatch(piece):
            found.append(piece if len(piece) > 2 else "{id}")
        elif len(re.findall(r"[^\W_]", piece)) > 1:
            found.append(piece.strip("-_.,;:~=@()'\""))
    return found


def _split_dots(routes: Mapping[str, Route]) -> dict[str, Route]:
    """`/chat.postMessage` -> `chat` and the action `postMessage`, where all paths are like that."""

    def is_dotted(route: Route) -> bool:
        last = route.pieces[-1] if route.pieces else ""
        return bool(re.fullmatch(r"[A-Za-z]\w*(\.[A-Za-z]\w*)+", last))

    dotted = sum(is_dotted(route) for route in routes.values())
    found = dict(routes)
    if dotted >= 3 and dotted * 2 > len(routes):
        for path, route in routes.items():
            if is_dotted(route) and not route.action:
                *parts, last = route.pieces[-1].split(".")
                found[path] = Route((*route.pieces[:-1], *parts), last)
    else:
        dotted_pieces = {p for r in routes.values() for p in r.pieces if _PROVIDER.fullmatch(p)}
        # A namespace that many pieces share: `/me/acme.mail.send` -> `/me/send`;
        spaces = Counter(piece.rpartition(".")[0] for piece in dotted_pieces)
        # or a domain: `/apis/apps.example.io` -> `/apis/apps`.
        domains = Counter(".".join(piece.split(".")[-2:]) for piece in dotted_pieces)

        def short(piece: str) -> str:
            if piece not in dotted_pieces:
                return piece
            space, _, last = piece.rpartition(".")
            if spaces[space] > 2:
                return last
            domain = ".".join(piece.split(".")[-2:])
            return piece.removesuffix(f".{domain}") if domains[domain] > 2 else piece

        if dotted_pieces:
            for path, route in routes.items():
                found[path] = replace(route, pieces=tuple(map(short, route.pieces)))
    return found


def is_version(piece: str) -> bool:
    """Whether a piece is a version: `v2`, `2024-01-31`, `1.1`."""
    return piece[0] != "{" and bool(_VERSION.fullmatch(piece.lower()))


def _without_versions(
    routes: Mapping[str, Route], methods: Mapping[str, list[str]]
) -> dict[str, Route]:
    """Routes without versions, but those of a version that would collide with another one."""
    versions: dict[str, tuple[str, ...]] = {}
    bare: dict[str, Route] = {}
    uses: Counter[tuple[str, ...]] = Counter()
    for path, route in routes.items():
        found = tuple(piece for piece in route.pieces if is_version(piece))
        rest = tuple(piece for piece in route.pieces if not is_version(piece))
        if not rest and not route.action:
            found, rest = (), route.pieces
        versions[path] = found
        uses[found] += len(methods[path])
        bare[path] = (
            replace(route, pieces=rest, dropped=(*route.dropped, *found)) if found else route
        )
    owners: dict[tuple[object, ...], tuple[str, ...]] = {}
    colliding: set[tuple[str, ...]] = set()
    bare_collisions: Counter[tuple[str, ...]] = Counter()
    main = max((item for item in uses if item), key=lambda item: (uses[item], item), default=())
    for path in sorted(bare, key=lambda item: (versions[item] != main, versions[item], item)):
        for method in methods[path]:
            key = (method, bare[path].shape, bare[path].action)
            owner = owners.setdefault(key, versions[path])
            if owner != versions[path] and not (owner and versions[path]):
                bare_collisions[owner or versions[path]] += 1
            elif owner != versions[path]:
                colliding.add(versions[path])
    # `/users` and `/v1/users`: a version that mostly repeats what goes without one stays.
    colliding.update(item for item, count in bare_collisions.items() if count * 4 > uses[item])
    return {
        path: routes[path] if versions[path] in colliding else route for path, route in bare.items()
    }


def _without_wrapping(route: Route) -> Route:
    pieces = list(route.pieces)
    dropped: list[str] = list(route.dropped)
    number = 0
    while number < len(pieces):
        piece = pieces[number]
        if piece[0] == "{" or is_version(piece):
            number += 1
        elif piece.lower() in _WRAPPING and (
            route.action or any(item[0] != "{" for item in pieces[number + 1 :])
        ):
            dropped.append(pieces.pop(number))
        else:
            break
    return replace(route, pieces=tuple(pieces), dropped=tuple(dropped))


def _without_prefix(routes: Mapping[str, Route]) -> dict[str, Route]:
    """Routes without what all of them begin with, as far as the tree then still branches."""
    found = dict(routes)
    while len(found) > _MIN_BRANCHES:
        statics = [route.static for route in found.values()]
        first = statics[0][:1]
        least = 1 if all(route.action for route in found.values()) else 2
        if not first or any(len(item) < least or item[:1] != first for item in statics):
            break
        if not _branches(statics):
            break
        for path, route in found.items():
            position = route.pieces.index(first[0])
            pieces = (*route.pieces[:position], *route.pieces[position + 1 :])
            found[path] = replace(route, pieces=pieces)
    return found


def _branches(statics: list[tuple[str, ...]]) -> bool:
    """Whether behind what all paths share there are several resources, and not one's methods."""
    depth = 1
    while all(
        len(item) > depth + 1 and item[: depth + 1] == statics[0][: depth + 1] for item in statics
    ):
        depth += 1
    sizes = Counter(item[depth : depth + 1] for item in statics)
    many = sum(size > 1 for size in sizes.values())
    return len(sizes) >= _MIN_BRANCHES and many * 2 >= len(sizes)
