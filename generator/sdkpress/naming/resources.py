"""Where an operation lives: resource path and method name, decided from path, verb and shape.

`POST /v1/chat/completions` -> `chat.completions.create`. The operationId decides only between
operations that would have the same name; an opaque one decides nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sdkpress.content import ContentKind
from sdkpress.model import Api, ArraySchema, ObjectSchema, Operation
from sdkpress.naming.words import RESERVED, is_opaque, safe, snake, split_words

CLIENT_RESERVED = frozenset(
    {
        "aclose", "api", "base_url", "close", "default_headers", "default_query", "execute",
        "hooks", "http_client", "is_closed", "max_retries", "options", "send", "strict", "stream",
        "timeout", "transport", "with_options",
    }
)  # fmt: skip
"""Public attributes of a client, which no resource may take."""

_VERSION = re.compile(
    r"v?\d+([._-]\d+)*([-_.]?(alpha|beta|preview|rc)\d*)?|v\d+(alpha|beta)\d*|\d{4}-\d{2}-\d{2}"
)
_TEMPLATE = re.compile(r"\{[^{}]*\}")
_ACTIONS = frozenset("""
    abort accept acknowledge activate add analyze apply approve archive assign attach authenticate
    authorize ban batch block bulk bump calculate cancel capture change check checkout clear clone
    close compare complete compute confirm connect convert copy count deactivate decline decode
    decrypt deploy deregister detach detect disable disconnect dismiss dispatch download drain
    duplicate edit eject embed enable encode encrypt enqueue estimate evaluate exchange execute
    expire export extend extract failover fetch filter find finalize flush force fork forget
    generate get grant hide import increment index ingest initialize inspect install invalidate
    invite invoke issue join kick kill leave link list lock login logout lookup mark merge migrate
    monitor move mute notify open optimize parse pause pay ping poll preview probe process
    promote provision publish pull purge push query read reactivate rebase reboot rebuild receive
    recover redeem refresh refund register reindex reject release reload remove rename render renew
    reopen reorder replace replay reply report request rerank rerun reschedule resend reserve reset
    resize resolve restart restore resume retrieve retry return revert revoke rotate run sample save
    scale scan schedule score search seek send set share shutdown sign signin signout signup simulate
    skip snooze sort split star start stop submit subscribe suspend swap switch sync terminate test
    tokenize track train transfer transform translate trigger truncate unarchive unassign unban
    unblock uninstall unlink unlock unmute unpause unpublish unregister unshare unstar unsubscribe
    untag update upgrade upload upsert use validate verify void vote wait wake watch withdraw
    """.split())


@dataclass(frozen=True, slots=True)
class Place:
    """A resource path such as `("chat", "completions")` and a method name."""

    resource: tuple[str, ...]
    method: str

    def dotted(self) -> str:
        """`chat.completions.create`."""
        return ".".join((*self.resource, self.method))


def operation_key(operation: Operation) -> str:
    """What identifies an operation for good: `POST /v1/chat/completions`."""
    return f"{operation.method} {operation.path}"


def place_operations(api: Api, pinned: Mapping[str, Place]) -> dict[str, Place]:
    """A place for every operation, each taken once; pinned ones come first and stay."""
    tree = _PathTree(api)
    taken: dict[Place, str] = {}
    found: dict[str, Place] = {}
    for operation in api.operations:
        key = operation_key(operation)
        place = pinned.get(key)
        if place is not None and place not in taken:
            _take(place, key, taken)
            found[key] = place
    resources = {place.resource[:n] for place in taken for n in range(1, len(place.resource) + 1)}
    wanted = [
        (operation, tree.place(operation))
        for operation in api.operations
        if operation_key(operation) not in found
    ]
    resources.update(
        place.resource[:n] for _, place in wanted for n in range(1, len(place.resource) + 1)
    )
    # Fewer parameters first: `/repos` lists before `/orgs/{org}/repos` does.
    wanted.sort(key=lambda item: (_parameter_count(item[0]), item[0].path, item[0].method))
    for operation, place in wanted:
        candidate = next(
            item
            for item in _candidates(operation, place)
            if item not in taken and (*item.resource, item.method) not in resources
        )
        key = operation_key(operation)
        _take(candidate, key, taken)
        found[key] = candidate
    return {operation_key(item): found[operation_key(item)] for item in api.operations}


def _take(place: Place, key: str, taken: dict[Place, str]) -> None:
    taken[place] = key
    taken[Place(place.resource, f"{place.method}_request")] = key


def _candidates(operation: Operation, place: Place) -> list[Place]:
    """The place itself, then ones that say more, in the end numbers."""
    names = [place.method]
    parameters = [snake(name[1:-1]) for name in _TEMPLATE.findall(operation.path)]
    if parameters:
        names.append(f"{place.method}_for_{parameters[0]}")
        names.append(f"{place.method}_by_{parameters[-1]}")
        names.append(f"{place.method}_for_{'_and_'.join(parameters)}")
    identifier = operation.operation_id
    if identifier and not is_opaque(identifier):
        name = snake(identifier)
        if len(name) <= 60:
            names.append(name)
    names.extend(f"{place.method}_{number}" for number in range(2, 10_000))
    return [Place(place.resource, safe(name, RESERVED)) for name in names]


def _parameter_count(operation: Operation) -> int:
    return len(_TEMPLATE.findall(operation.path))


class _PathTree:
    """What the set of all paths says about one: which have children, which stand for an item."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._parents: set[tuple[str, ...]] = set()
        self._items: set[tuple[str, ...]] = set()
        self._methods: dict[tuple[str, ...], set[str]] = {}
        for operation in api.operations:
            segments = _segments(operation.path)
            for end in range(1, len(segments)):
                self._parents.add(tuple(segments[:end]))
            if segments and _is_parameter(segments[-1]):
                self._items.add(tuple(segments[:-1]))
            self._methods.setdefault(tuple(segments), set()).add(operation.method)

    def place(self, operation: Operation) -> Place:
        segments = tuple(_segments(operation.path))
        static = [segment for segment in segments if not _is_parameter(segment)]
        is_item = bool(segments) and _is_parameter(segments[-1])
        methods = self._methods.get(segments, set())
        is_leaf = segments not in self._parents and len(methods) == 1
        if static and not is_item and is_leaf and len(static) > 1 and _is_action(static[-1]):
            return Place(self._resource(static[:-1], operation), _method_name(static[-1]))
        resource = self._resource(static, operation)
        return Place(resource, self._verb(operation, segments, is_item, methods))

    def _resource(self, static: list[str], operation: Operation) -> tuple[str, ...]:
        names = [_resource_name(segment) for segment in static]
        if not names:
            tag = operation.tags[0] if operation.tags else "root"
            names = [snake(tag, fallback="root", digit_prefix="r")]
        # `/orgs/{org}/orgs` and the like: a resource is not its own child.
        names = [name for n, name in enumerate(names) if n == 0 or names[n - 1] != name]
        names = [safe(name, RESERVED) for name in names]
        return (safe(names[0], CLIENT_RESERVED), *names[1:])

    def _verb(
        self, operation: Operation, segments: tuple[str, ...], is_item: bool, methods: set[str]
    ) -> str:
        is_collection = segments in self._items
        match operation.method:
            case "GET":
                if is_item:
                    return "get"
                return "list" if is_collection or self._returns_list(operation) else "get"
            case "POST":
                if is_item:
                    return "create" if methods & {"PUT", "PATCH"} else "update"
                return "create"
            case "PUT":
                return "replace" if "PATCH" in methods else "update"
            case "PATCH":
                return "update"
            case "DELETE":
                return "delete_all" if is_collection and not is_item else "delete"
            case method:
                return snake(method, digit_prefix="method")

    def _returns_list(self, operation: Operation) -> bool:
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
                        member
                        for member in schema.properties
                        if isinstance(self._api.schema(member.type), ArraySchema)
                    ]
                    if len(lists) == 1 and lists[0].name in ("data", "items", "results", "entries"):
                        return True
        return False


def _segments(path: str) -> list[str]:
    """Path segments without versions, `api` prefix and file endings."""
    segments = [segment for segment in path.split("/") if segment]
    segments = [re.sub(r"\.(json|xml)$", "", segment) for segment in segments]
    start = 0
    while (
        start < len(segments) - 1
        and not _is_parameter(segments[start])
        and (_VERSION.fullmatch(segments[start].lower()) or segments[start].lower() == "api")
        and any(not _is_parameter(segment) for segment in segments[start + 1 :])
    ):
        start += 1
    return segments[start:]


def _is_parameter(segment: str) -> bool:
    return not re.search(r"[^\W_]", _TEMPLATE.sub("", segment))


def _is_action(segment: str) -> bool:
    words = split_words(_TEMPLATE.sub(" ", segment))
    return bool(words) and words[0].lower() in _ACTIONS


def _method_name(segment: str) -> str:
    return safe(snake(_TEMPLATE.sub(" ", segment), digit_prefix="method"), RESERVED)


def _resource_name(segment: str) -> str:
    return snake(_TEMPLATE.sub(" ", segment), fallback="resource", digit_prefix="r")
