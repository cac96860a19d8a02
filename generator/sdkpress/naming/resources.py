"""A place for every operation: resource path and method name, each taken once.

`placing.py` says where an operation wants to live. Two that want the same place are told apart
by words: of their ids, of the path parameters in which they differ, of what was cut from the path.
Numbers come last. Pinned places come first and stay.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping

from sdkpress.model import Api
from sdkpress.naming.operation_ids import Phrase
from sdkpress.naming.paths import Route
from sdkpress.naming.placing import PathTree, Place, Wish, distinguishing, operation_key
from sdkpress.naming.suggestions import as_suggested
from sdkpress.naming.verbs import QUALIFIERS, STOPWORDS
from sdkpress.naming.words import RESERVED, is_opaque, safe, singular, snake

__all__ = ["CLIENT_RESERVED", "Place", "operation_key", "place_operations"]

_ATTRIBUTE_RESERVED = RESERVED | {"deprecated", "overload", "property", "staticmethod"}
"""Names that an attribute of a resource would hide from the decorators below it."""

CLIENT_RESERVED = frozenset(
    {
        "aclose", "api", "base_url", "close", "default_headers", "default_query", "download", "execute",
        "hooks", "http_client", "is_closed", "max_retries", "options", "paginate", "send", "strict", "stream",
        "timeout", "transport", "with_options",
    }
)  # fmt: skip
"""Public attributes of a client, which no resource may take."""

_MAX_METHOD = 60
"""Longest method name that is made of words of an operationId."""
_ID_ENDING = re.compile(r"_?(?:id|ids|uuid|guid|sid|uid|number|slug|key|code)$")


def place_operations(api: Api, pinned: Mapping[str, Place]) -> dict[str, Place]:
    """A place for every operation, each taken once; pinned ones come first and stay."""
    wishes = [as_suggested(wish) for wish in PathTree(api).wishes()]
    register = _Register({operation_key(wish.operation): wish for wish in wishes})
    open_wishes: list[Wish] = []
    for wish in wishes:
        place = pinned.get(operation_key(wish.operation))
        if place is not None and place not in register.taken:
            register.take(wish, place)
        else:
            open_wishes.append(wish)
    for wish in open_wishes:
        register.expect(_safe(wish.place))
    # Fewer parameters first: `/repos` lists before `/orgs/{org}/repos` does.
    open_wishes.sort(key=_rank)
    for wish in open_wishes:
        register.take(
            wish, next(item for item in _candidates(wish, register) if register.is_free(item))
        )
    return {key: register.found[key] for key in map(operation_key, api.operations)}


def _rank(wish: Wish) -> tuple[bool, int, int, str, bool, str]:
    """Whom the document names itself comes first, then whom the path says most about."""
    is_derived = not wish.operation.named_by
    route = wish.route
    parameters = len(route.pieces) - len(route.static)
    is_second = bool(route.action) and wish.operation.method != "POST"
    return (
        is_derived,
        parameters,
        len(route.dropped),
        wish.operation.path,
        is_second,
        wish.operation.method,
    )


class _Register:
    """Which places and resources are in use."""

    def __init__(self, wishes: Mapping[str, Wish]) -> None:
        self._wishes = wishes
        self.taken: dict[Place, str] = {}
        self.found: dict[str, Place] = {}
        self._requests: set[Place] = set()
        self._resources: set[tuple[str, ...]] = set()

    def expect(self, place: Place) -> None:
        """Keep the resources of a place free of methods of their name."""
        self._resources.update(place.resource[:n] for n in range(1, len(place.resource) + 1))

    def is_free(self, place: Place) -> bool:
        """Whether neither a method, a request builder nor a resource has the name."""
        resource = place.resource
        return (
            place not in self.taken
            and place not in self._requests
            and Place(resource, f"{place.method}_request") not in self.taken
            and (*resource, place.method) not in self._resources
            and (*resource, f"{place.method}_request") not in self._resources
            and self.reachable(resource) == resource
        )

    def reachable(self, resource: tuple[str, ...]) -> tuple[str, ...]:
        """The resource, as far as no method has the name of a part of it."""
        for end in range(1, len(resource)):
            if Place(resource[:end], resource[end]) in self.taken:
                return resource[:end]
        return resource

    def take(self, wish: Wish, place: Place) -> None:
        """Give an operation a place."""
        key = operation_key(wish.operation)
        self.taken[place] = key
        self.found[key] = place
        self._requests.add(Place(place.resource, f"{place.method}_request"))
        self.expect(place)

    def owner(self, place: Place) -> Wish | None:
        """Who has a place."""
        key = self.taken.get(place)
        return self._wishes[key] if key is not None else None


def _safe(place: Place) -> Place:
    names = [safe(name, _ATTRIBUTE_RESERVED) for name in place.resource]
    method = safe(place.method, _ATTRIBUTE_RESERVED)
    return Place((safe(names[0], CLIENT_RESERVED), *names[1:]), method)


def _candidates(wish: Wish, register: _Register) -> Iterator[Place]:
    """The place itself, then ones that say more, in the end numbers; made as they are asked for."""
    first = _safe(wish.place)
    yield first
    owner = register.owner(first)
    if owner is None and wish.otherwise != wish.place:
        yield _safe(wish.otherwise)
    for name in _names(wish, owner):
        if len(name) <= _MAX_METHOD and name.isidentifier():
            yield _safe(Place(wish.place.resource, name))
    resource, method = first.resource, wish.place.method
    kept = register.reachable(resource)
    if kept != resource:
        # A pinned method has the name of a resource: what is below goes into the one above.
        method = "_".join((method, *(part.strip("_") for part in resource[len(kept) :])))
        resource = kept
        yield _safe(Place(resource, method))
    for number in itertools.count(2):
        yield Place(resource, f"{method}_{number}")


def _names(wish: Wish, owner: Wish | None) -> Iterator[str]:
    method, route = wish.place.method, wish.route
    scopes = _scopes(route, owner.route if owner else None)
    for piece in route.dropped:
        if owner is None or piece not in owner.route.dropped:
            yield f"{method}_{snake(piece, fallback='other', digit_prefix='v')}"
    tail = _tail(wish.phrase)
    if tail and len(tail) <= 4:
        yield "_".join((method, *tail))
    rest = distinguishing(route, wish.phrase)
    if owner is not None:
        rest = tuple(word for word in rest if word not in owner.phrase.words)
    if len(rest) == 1 and route.is_item:
        yield f"{method}_{rest[0]}"
    if scopes:
        yield f"{method}_{scopes[-1]}"
    if rest and len(rest) <= 3:
        yield "_".join((method, *rest))
    if scopes:
        for scope in reversed(scopes[:-1]):
            yield f"{method}_{scope}"
        yield "_and_".join((f"{method}_{scopes[0]}", *(s.partition("_")[2] for s in scopes[1:])))
    other = owner.route.pieces if owner else ()
    for piece in route.static:
        if piece not in other:
            yield f"{method}_{snake(piece, fallback='other', digit_prefix='v')}"
    verb = wish.operation.method.lower()
    if not owner or owner.operation.method != wish.operation.method:
        yield f"{method}_{verb}" if not method.startswith(verb) else method
    if wish.operation.tags:
        yield f"{method}_{snake(wish.operation.tags[0])}"
    if wish.phrase.words and not is_opaque(wish.operation.operation_id):
        yield snake(" ".join(wish.phrase.words))
        yield snake(wish.operation.operation_id)
    everything = [snake(piece, fallback="other", digit_prefix="v") for piece in route.pieces]
    yield f"{method}_{'_'.join(everything)}"[:_MAX_METHOD].rstrip("_")


def _scopes(route: Route, other: Route | None) -> list[str]:
    """What the parameters say that the other path does not have: `for_issue`, `by_snapshot`."""
    known = [_parameter(piece) for piece in (other.pieces if other else ()) if piece[0] == "{"]
    parameters = [n for n, piece in enumerate(route.pieces) if piece[0] == "{"]
    found: list[str] = []
    for n in parameters:
        name = _parameter(route.pieces[n])
        if name in known:
            known.remove(name)
            continue
        short = _ID_ENDING.sub("", name)
        before = route.pieces[n - 1] if n else "{"
        is_last = n == len(route.pieces) - 1
        if len(short) < 3 and before[0] != "{" and not is_last:
            short = singular(snake(before, fallback="item"))
        found.append(f"by_{name}" if is_last else f"for_{short or name}")
    if len(found) > 1 and other is not None and len(found) == len(parameters):
        # The outermost scope is the one a reader knows: `for_org`.
        found = [*found[1:], found[0]] if not route.is_item else found
    return found


def _parameter(piece: str) -> str:
    return snake(piece[1:-1], fallback="id", digit_prefix="p")


def _tail(phrase: Phrase) -> tuple[str, ...]:
    """From the first qualifier on: `with form`, where it names nothing that the path has."""
    for number, word in enumerate(phrase.rest):
        if word in QUALIFIERS:
            tail = phrase.rest[number:]
            if all(item in STOPWORDS for item in tail):
                return ()
            return tail
    return ()
