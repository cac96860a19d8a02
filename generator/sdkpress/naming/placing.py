"""Where one operation wants to live, before it is known whether another one lives there already.

The path gives the resource; HTTP method, shape of the path and siblings give the method, and the
verb of the operationId corrects it (`PUT /issues/{id}/lock`, `lockIssue` -> `issues.lock`).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from sdkpress.content import ContentKind
from sdkpress.model import Api, ArraySchema, ObjectSchema, Operation
from sdkpress.naming.operation_ids import NO_PHRASE, Phrase, phrase_of, read_phrase
from sdkpress.naming.paths import Route, is_version, read_routes
from sdkpress.naming.verbs import (
    BEFORE_NOUN,
    CREATORS,
    DELETERS,
    GETTERS,
    LISTERS,
    PARTICLES,
    READING_ACTIONS,
    REMOVING_ACTIONS,
    STOPWORDS,
    UPDATERS,
    WEAK,
    is_plural,
    is_strong,
    is_verb,
)
from sdkpress.naming.words import singular, snake, split_words

_ENVELOPES = frozenset("data items results entries records value values content".split())
_QUERIES = frozenset("count explain export filter lookup preview query search validate".split())
_CRUD = frozenset("add create delete get list remove update".split())


@dataclass(frozen=True, slots=True)
class Place:
    """A resource path such as `("chat", "completions")` and a method name."""

    resource: tuple[str, ...]
    method: str

    def dotted(self) -> str:
        """`chat.completions.create`."""
        return ".".join((*self.resource, self.method))


@dataclass(frozen=True, slots=True)
class Wish:
    """The place that an operation wants, the next best one, and what tells it from others."""

    operation: Operation
    route: Route
    phrase: Phrase
    place: Place
    otherwise: Place


def operation_key(operation: Operation) -> str:
    """What identifies an operation for good: `POST /v1/chat/completions`."""
    return f"{operation.method} {operation.path}"


def word_list(text: str) -> tuple[str, ...]:
    """Lower-case words of a path piece."""
    return tuple(word.lower() for word in split_words(text))


class PathTree:
    """What the set of all paths says about one: which have children, which stand for an item."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._routes = read_routes((item.method, item.path) for item in api.operations)
        self._phrases = {operation_key(item): read_phrase(item) for item in api.operations}
        self._parents: set[tuple[str, ...]] = set()
        self._collections: set[tuple[str, ...]] = set()
        self._methods: dict[tuple[str, ...], set[str]] = {}
        self._siblings: dict[tuple[str, ...], list[Operation]] = {}
        self._static: set[tuple[str, ...]] = set()
        self._children: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
        for operation in api.operations:
            route = self._routes[operation.path]
            shape = route.shape
            for end in range(1, len(shape)):
                self._parents.add(shape[:end])
                if shape[end] != "{}":
                    self._static.add(shape[:end])
                    self._children.setdefault(shape[:end], set()).add(shape[: end + 1])
            if not route.action:
                if route.is_item:
                    self._collections.add(shape[:-1])
                self._methods.setdefault(shape, set()).add(operation.method)
                self._siblings.setdefault(shape, []).append(operation)

    def wishes(self) -> list[Wish]:
        """What every operation wants, in the order of the document."""
        named = self._identifier_places
        return [self._wish(item, named.get(operation_key(item))) for item in self._api.operations]

    def _wish(self, operation: Operation, named: Place | None) -> Wish:
        route = self._routes[operation.path]
        phrase = self._phrases[operation_key(operation)]
        if named is not None:
            return Wish(operation, route, phrase, named, named)
        place, otherwise = self._place(operation, route, phrase)
        return Wish(operation, route, phrase, place, otherwise)

    # --- trees that operationIds spell out -------------------------------------------------------

    @cached_property
    def _identifier_places(self) -> Mapping[str, Place]:
        """`compute.instances.list`: where all ids are dotted names, they are the tree."""
        split = {operation_key(item): item.operation_id.split(".") for item in self._api.operations}
        good = {
            key: parts
            for key, parts in split.items()
            if len(parts) > 1 and all(part[:1].isalpha() for part in parts)
        }
        if not good or len(good) * 10 < len(split) * 9:
            return {}
        verbs = sum(
            len(phrase_of(parts[-1]).words) == 1 and bool(phrase_of(parts[-1]).verb)
            for parts in good.values()
        )
        # `users.user.events.event.get` says no more than the path does.
        stuttering = sum(
            any(singular(a) == b for a, b in itertools.pairwise(parts)) for parts in good.values()
        )
        if verbs * 2 < len(good) or stuttering * 10 > len(good):
            return {}
        first = next(iter(good.values()))[0]
        if len(good) > 1 and all(len(parts) > 2 and parts[0] == first for parts in good.values()):
            good = {key: parts[1:] for key, parts in good.items()}
        return {
            key: Place(tuple(snake(part) for part in parts[:-1]), snake(parts[-1]))
            for key, parts in good.items()
        }

    # --- one operation ---------------------------------------------------------------------------

    def _place(self, operation: Operation, route: Route, phrase: Phrase) -> tuple[Place, Place]:
        static = route.static
        if route.action:
            words = phrase_of(route.action, is_action=True)
            if not static or (len(static) == 1 and static[0][0] == "$"):
                place = self._without_path(operation, words)
                return place, place
            place = Place(self._resource(static), snake(route.action))
            return place, place
        if not static:
            place = self._without_path(operation, phrase)
            return place, place
        verb = self._verb(operation, route, phrase)
        nested = Place(self._resource(static), verb)
        joined = self._below_verb(operation, route, phrase)
        if joined is not None:
            return joined, nested
        action = self._action(operation, route, phrase)
        depth = len(static)
        if action and depth > 1:
            return Place(self._resource(static[:-1]), action), nested
        if action:
            return self._top_level(operation, static[0], action, phrase), nested
        if verb == nested.resource[-1] and verb not in _CRUD:
            nested = Place(nested.resource, "run")
        folded = self._folded(operation, route, phrase, verb)
        if not folded:
            return nested, nested
        resource = self._resource(static[:-1])
        if folded == resource[-1]:
            folded = snake(static[-1], digit_prefix="field")
        return Place(resource, folded), nested

    @cached_property
    def _is_rpc(self) -> bool:
        """Whether most paths are one piece that begins with a verb: `/sendMessage`."""
        starts = [
            word_list(route.static[0])[:1]
            for route in self._routes.values()
            if len(route.pieces) == 1 and route.static
        ]
        verbs = [words for words in starts if words and is_verb(words[0])]
        return len(verbs) > 3 and len(verbs) * 2 > len(self._routes)

    def _resource(self, static: tuple[str, ...]) -> tuple[str, ...]:
        names = [snake(piece, fallback="resource", digit_prefix="r") for piece in static]
        # `/orgs/{org}/orgs` and the like: a resource is not its own child.
        return tuple(name for n, name in enumerate(names) if n == 0 or names[n - 1] != name)

    # --- actions ---------------------------------------------------------------------------------

    def _action(self, operation: Operation, route: Route, phrase: Phrase) -> str:
        """The method that the last static piece names, or nothing where it names a thing."""
        static = route.static
        words = phrase_of(static[-1]).words
        if not words:
            return ""
        name = snake(static[-1], digit_prefix="method")
        shape = route.shape
        if route.is_item:
            return name if self._is_item_action(operation, route, words, phrase) else ""
        if self._is_verb_level(shape) and phrase.verb == words[0] and len(static) > 1:
            return name
        if shape in self._static or (shape in self._parents and not self._is_crud(words)):
            return ""
        methods = self._methods[shape]
        if methods == {"POST"} and len(static) == 1 and self._is_rpc and is_verb(words[0]):
            return name
        if methods == {operation.method}:
            return name if _names_action(words, operation.method, phrase, route) else ""
        if methods == {"GET", "POST"} and words[0] in _QUERIES and not is_plural(words[-1]):
            return name
        return self._toggle(operation, route, words, phrase, name)

    def _below_verb(self, operation: Operation, route: Route, phrase: Phrase) -> Place | None:
        """`/search/users` -> `search.users`, `/create/user` -> `user.create`,
        `/message/validate/push` called `validatePush` -> `message.validate_push`."""
        shape, static = route.shape, route.static
        if len(static) == 2 and shape[0] == static[0] and static[0].lower() in _CRUD:
            if shape not in self._static and self._methods[shape] == {operation.method}:
                return Place(self._resource(static[1:]), static[0].lower())
        if len(static) < 2 or not self._is_verb_level(shape[:-1]) or shape[-1] == "{}":
            return None
        name = snake(static[-1], digit_prefix="field")
        if len(static) == 2:
            return Place(self._resource(static[:1]), name)
        return Place(self._resource(static[:-2]), f"{snake(static[-2])}_{name}")

    def _is_verb_level(self, shape: tuple[str, ...]) -> bool:
        """Whether a piece is a verb, and everything below it one action each of that verb."""
        if not shape or shape[-1] == "{}" or shape in self._collections:
            return False
        word = shape[-1].lower()
        if word not in _QUERIES and not (len(shape) > 1 and is_verb(word) and not is_plural(word)):
            return False
        found = self._children.get(shape, ())
        return bool(found) and all(
            end in self._methods
            and len(self._methods[end]) == 1
            and end not in self._parents
            and (
                (len(shape) == 1 and word in _QUERIES and not self._methods[end] - {"GET", "POST"})
                or self._phrases[operation_key(self._siblings[end][0])].words[:1] == (word,)
            )
            for end in found
        )

    def _is_crud(self, words: tuple[str, ...]) -> bool:
        return is_strong(words[0]) and not is_plural(words[0])

    def _is_item_action(
        self, operation: Operation, route: Route, words: tuple[str, ...], phrase: Phrase
    ) -> bool:
        """`/user/delete/{id}`, `/users/getByName/{name}`."""
        shape = route.shape
        bare = shape[: len(shape) - next(n for n, p in enumerate(reversed(shape)) if p != "{}")]
        if bare in self._static or len(route.static) < 2:
            return False
        if any(
            shape[:end] in self._methods and shape[:end] != shape
            for end in range(len(bare), len(shape))
        ) and not is_strong(words[0]):
            return False
        if self._methods[shape] != {operation.method}:
            return False
        if is_strong(words[0]):
            strange = words[0] in DELETERS | UPDATERS | CREATORS and operation.method == "GET"
            return not is_plural(words[0]) and (len(words) == 1 or not strange)
        return words[0] in WEAK and len(words) == 1 and phrase.verb == words[0]

    def _toggle(
        self,
        operation: Operation,
        route: Route,
        words: tuple[str, ...],
        phrase: Phrase,
        name: str,
    ) -> str:
        """PUT and DELETE of `/gists/{id}/star` with the ids `star` and `unstar`."""
        shape = route.shape
        if (
            len(shape) < 2
            or shape[-2] != "{}"
            or shape in self._collections
            or is_plural(words[-1])
        ):
            return ""
        if not is_verb(words[0]):
            return ""
        is_said = any(
            self._phrases[operation_key(item)].verb == words[0]
            for item in self._siblings[shape]
            if item.method in ("PUT", "POST", "PATCH")
        )
        methods = self._methods[shape]
        undo = f"un{name}" if is_verb(f"un{name}") else f"delete_{name}"
        has_pair = "DELETE" in methods and bool(methods & {"POST", "PUT"})
        if not is_said and not (has_pair and (undo[:2] == "un" or is_strong(words[0]))):
            return ""
        if operation.method == "GET":
            return f"{phrase.verb if _tells(phrase.verb, GETTERS | LISTERS) else 'get'}_{name}"
        if operation.method == "DELETE":
            return phrase.verb if _tells(phrase.verb, DELETERS) else undo
        return phrase.verb if _tells(phrase.verb, CREATORS | UPDATERS) else name

    def _top_level(self, operation: Operation, piece: str, action: str, phrase: Phrase) -> Place:
        """`/login`, `/getUser`: a client has resources and no methods, so the tag or the noun is one."""
        own = phrase_of(piece)
        tag = snake(operation.tags[0], digit_prefix="r") if operation.tags else ""
        if tag and tag != action:
            kept = _without(own.words, word_list(tag))
            return Place((tag,), "_".join(kept) or action)
        noun = own.rest if own.verb else ()
        if noun and (noun[0] not in PARTICLES or (noun[0] == "all" and len(noun) > 1)):
            return self._by_noun(own)
        if not noun and phrase.verb and phrase.rest and phrase.verb == own.verb:
            return Place((snake(" ".join(phrase.rest)),), action)
        return Place((action,), "run")

    def _without_path(self, operation: Operation, phrase: Phrase) -> Place:
        """A path of parameters alone, or none: the words of the id or of the action are all there is."""
        tag = snake(operation.tags[0], digit_prefix="r") if operation.tags else ""
        if tag:
            kept = _without(phrase.words, word_list(tag))
            method = "_".join(kept[:6])
            is_same = not method or snake(method) == tag
            return Place((tag,), self._default_verb(operation) if is_same else method)
        if phrase.verb and phrase.rest:
            return self._by_noun(phrase)
        route = self._routes[operation.path]
        if route.pieces:
            words = [
                word for word in word_list(route.pieces[-1]) if word not in ("id", "name", "key")
            ]
            method = "_".join(phrase.words[:6]) or self._default_verb(operation)
            return Place(("_".join(words) or "root",), method)
        method = "_".join(phrase.words[:6])
        is_plain = method in ("", "root")
        return Place(("root",), self._default_verb(operation) if is_plain else method)

    def _default_verb(self, operation: Operation) -> str:
        return {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "update"}.get(
            operation.method, snake(operation.method, digit_prefix="method")
        )

    def _by_noun(self, phrase: Phrase) -> Place:
        """`get user by name` -> `user.get_by_name`; singular and plural are one resource."""
        rest = list(phrase.rest)
        tail: list[str] = []
        if rest[0] == "all" and len(rest) > 1:
            rest, tail = rest[1:], ["all"]
        for number, word in enumerate(rest):
            if number and word in PARTICLES:
                rest, tail = rest[:number], [*tail, *rest[number:]]
                break
        noun = "_".join(rest)
        has_both = singular(noun) != noun and singular(noun) in self._nouns
        verb = "list" if phrase.verb == "get" and has_both and not tail else phrase.verb
        return Place((self._nouns.get(noun, noun),), "_".join((verb, *tail)))

    @cached_property
    def _nouns(self) -> dict[str, str]:
        """Nouns of ids and actions whose plural is one as well, with that plural."""
        found: set[str] = set()
        for operation in self._api.operations:
            route = self._routes[operation.path]
            phrases = [phrase_of(route.action or "".join(route.static[-1:]))]
            for phrase in (*phrases, self._phrases[operation_key(operation)]):
                if phrase.verb and phrase.rest:
                    found.add("_".join(phrase.rest))
        return {
            singular(noun): noun
            for noun in sorted(found)
            if singular(noun) != noun and singular(noun) in found
        }

    # --- verbs -----------------------------------------------------------------------------------

    def _folded(self, operation: Operation, route: Route, phrase: Phrase, verb: str) -> str:
        """`files.get_content` for `files.content.get`: a leaf that is one property of its parent."""
        shape, static = route.shape, route.static
        if (
            len(static) < 2
            or route.is_item
            or shape in self._parents
            or len(self._methods[shape]) > 1
        ):
            return ""
        if is_version(static[-2]):
            return ""
        words = word_list(static[-1])
        if len(words) == 1 and len(verb) > 3 and verb == phrase.verb and _is_form(words[0], verb):
            return verb
        below_item = len(shape) > 1 and shape[-2] == "{}"
        if not words or verb == "list" or (is_plural(words[-1]) and operation.method != "GET"):
            return ""
        if operation.method == "POST" and not below_item:
            return ""
        name = snake(static[-1], digit_prefix="field")
        if verb == "get" and name == "all":
            return "list_all"
        if verb == self._default_verb(operation) or verb == "delete":
            return f"{verb}_{name}"
        if phrase.verb and phrase.verb not in ("is", "has") and not _covers(phrase.rest, words):
            return verb
        return f"{verb}_{name}"

    def _verb(self, operation: Operation, route: Route, phrase: Phrase) -> str:
        shape = route.shape
        methods = self._methods[shape]
        is_collection = shape in self._collections
        said = self._said_verb(route, phrase)
        match operation.method:
            case "GET":
                if route.is_item:
                    if _tells(said, GETTERS | LISTERS | {"all"}):
                        return said
                    return (
                        "list" if said in LISTERS and self._returns_list(operation, True) else "get"
                    )
                if _tells(said, GETTERS | LISTERS):
                    return said
                plural = is_plural(route.static[-1].lower())
                if said in LISTERS or (is_collection and (plural or said not in GETTERS)):
                    return "list"
                is_property = not plural and len(route.static) > 1 and methods == {"GET"}
                return (
                    "list" if not is_property and self._returns_list(operation, plural) else "get"
                )
            case "POST":
                if route.is_item:
                    default = "create" if methods & {"PUT", "PATCH"} else "update"
                    if said in CREATORS and said not in UPDATERS:
                        return "create" if said != "add" else said
                    if _tells(said, UPDATERS | CREATORS):
                        return self._with_object(route, phrase, said)
                    return default
                if _tells(said, CREATORS):
                    return said
                words = word_list(route.static[-1])
                is_action = shape in self._static and _names_action(words, "POST", phrase, route)
                return "run" if is_action else "create"
            case "PUT":
                default = "replace" if "PATCH" in methods else "update"
                if _tells(said, UPDATERS | {"replace"}):
                    return said
                if said == "replace":
                    return said
                return self._of_all(default, shape, "PUT")
            case "PATCH":
                return said if _tells(said, UPDATERS) else self._of_all("update", shape, "PATCH")
            case "DELETE":
                if _tells(said, DELETERS):
                    return said
                return self._of_all("delete", shape, "DELETE")
            case method:
                return snake(method, digit_prefix="method")

    def _of_all(self, verb: str, shape: tuple[str, ...], method: str) -> str:
        """`delete_all` of a collection where `delete` takes an item of it."""
        return f"{verb}_all" if method in self._methods.get((*shape, "{}"), ()) else verb

    def _said_verb(self, route: Route, phrase: Phrase) -> str:
        """The verb of the operationId where it can be trusted to be one."""
        if not phrase.verb:
            return ""
        siblings = self._siblings[route.shape]
        if len(siblings) > 1 and phrase.verb not in _CRUD:
            alike = [self._phrases[operation_key(item)].verb for item in siblings]
            if alike.count(phrase.verb) > 1:
                return ""  # `connectGetProxy`, `connectPutProxy`: it says nothing of the method
        words = phrase.words
        count = len(words)
        if count > 2 and words[1] in ("or", "and") and is_verb(words[2]):
            return "_".join(words[:3])
        if "as" in words[1:-1] and len(words) - words.index("as") <= 3:
            return "_".join((words[0], *words[words.index("as") :]))
        if phrase.verb in WEAK and not is_strong(phrase.verb):
            places = {word for piece in route.static for word in word_list(piece)}
            if phrase.verb in places or not phrase.rest:
                return ""
        if phrase.words[:2] == ("get", "all") or phrase.words[:2] == ("find", "all"):
            return "list"
        return phrase.verb

    def _with_object(self, route: Route, phrase: Phrase, verb: str) -> str:
        """`send_invitation` for a POST on `/users/{id}` that is called `sendInvitation`."""
        rest = distinguishing(route, phrase)
        return "_".join((verb, *rest)) if 0 < len(rest) <= 2 else verb

    def _returns_list(self, operation: Operation, is_plural_name: bool) -> bool:
        if operation.pagination is not None:
            return True
        if is_plural_name and not any(item.contents for item in operation.responses):
            return True
        for response in operation.responses:
            if not response.status.startswith("2"):
                continue
            for content in response.contents:
                if content.kind is not ContentKind.JSON or content.type is None:
                    continue
                schema = self._api.schema(content.type)
                if isinstance(schema, ArraySchema):
                    return True
                if isinstance(schema, ObjectSchema):
                    lists = [
                        member.name
                        for member in schema.properties
                        if isinstance(self._api.schema(member.type), ArraySchema)
                    ]
                    if len(lists) == 1 and (is_plural_name or lists[0] in _ENVELOPES):
                        return True
        return False


def _names_action(words: tuple[str, ...], method: str, phrase: Phrase, route: Route) -> bool:
    """Whether the only operation of a leaf is what the leaf is called."""
    first, depth = words[0], len(route.static)
    below_item = len(route.pieces) > 1 and route.pieces[-2][0] == "{"
    if not is_verb(first):
        # `POST /message/broadcast` called `broadcast`: whatever the word, the id says it is one.
        said = words == phrase.words[: len(words)]
        return method == "POST" and depth > 1 and said and not is_plural(words[-1])
    count = len(words)
    is_said = count > 1 and words == phrase.words[:count]
    if count == 1:
        if is_plural(first) and not is_strong(first):
            return False
        if method == "GET":
            return first in READING_ACTIONS
        if method == "DELETE":
            return first in REMOVING_ACTIONS
        return True
    if words[-1] in ("on", "ons") and first == "add":
        return False
    if is_strong(first):
        if method == "GET":
            return is_said or first in READING_ACTIONS
        return is_said or method != "DELETE" or first in REMOVING_ACTIONS
    if is_said or words[1] in PARTICLES or (phrase.verb == first and method == "POST"):
        return True
    return below_item and method == "POST" and first in BEFORE_NOUN and not is_plural(words[-1])


def _is_form(noun: str, verb: str) -> bool:
    """`pings` of `ping`, `dismissals` of `dismiss`."""
    return noun.startswith(verb) and verb not in CREATORS | UPDATERS | GETTERS | LISTERS


def _tells(verb: str, plain: frozenset[str]) -> bool:
    """Whether a verb says more than the plain ones of an HTTP method."""
    return bool(verb) and verb not in plain


def _covers(rest: tuple[str, ...], words: tuple[str, ...]) -> bool:
    """Whether the object of an id is what a path piece is called."""
    text = "".join(rest)
    return all(singular(word) in text for word in words)


def _without(words: tuple[str, ...], names: tuple[str, ...]) -> tuple[str, ...]:
    """The words without those that a resource of that name says already."""
    known = {singular(name) for name in names}
    kept = tuple(word for word in words if singular(word) not in known)
    count = len(kept)
    return kept if count > 1 or (count == 1 and is_verb(kept[0])) else words


def distinguishing(route: Route, phrase: Phrase) -> tuple[str, ...]:
    """Words of an operationId that are neither verb nor in the path."""
    if phrase is NO_PHRASE:
        return ()
    text = "".join("".join(word_list(piece)) for piece in route.pieces)
    return tuple(
        word for word in phrase.rest if word not in STOPWORDS and singular(word) not in text
    )
