"""From a described request to a draft: URL, query, headers, cookies, credentials, body.

Nothing here does I/O. What cannot be sent safely (a line break in a header, a path value that would
leave its segment) is an InvalidRequestError. What does not depend on the request, but on the client
and the operation alone, is prepared once, as a ``Stencil``.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, cast

from .address import split_url
from .bodies import Body, build_body
from .draft import Draft
from .encoding import encode_json
from .errors import InvalidRequestError, MissingCredentialsError
from .parameters import cookie_pairs, header_text, path_text, query_pairs, querystring_pairs
from .percent import quote_template, to_text
from .request import NO_BODY, StreamRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .api import Scheme
    from .operation import Operation
    from .options import Options
    from .request import AnyRequest
    from .settings import Settings

MAX_STENCILS = 10_000
"""Operations that one client keeps a stencil for: more than documents have."""

_IN_TEMPLATE = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?@!$&'()*+,;=%{}"
)
_UNSTENCILLED = frozenset(("headers", "idempotency_key", "query"))
_JSON = "application/json"


class Stencil:
    """What the requests of one client for one operation have in common."""

    __slots__ = (
        "base",
        "base_query",
        "draft",
        "is_json",
        "is_mixed",
        "key_line",
        "signs_query",
        "target",
        "type_line",
        "varies",
    )

    def __init__(self, settings: Settings, request: AnyRequest) -> None:
        operation = request.operation
        draft = Draft(operation.method, "")
        kept = draft.kept
        path = operation.path.partition("#")[0]
        self.varies: bool = "{" in path
        """The path has parameters: ``base`` and ``target`` are to be followed by it."""
        url = _base(settings, operation) if self.varies else address_of(settings, request)
        base, _, query = url.partition("?")
        self.base: str = base.rstrip("/") if self.varies else base
        self.target: str = ""
        try:
            if self.varies:
                kept.origin, target = split_url(self.base + "/")
                self.target = target[:-1]
            else:
                kept.origin, self.target = split_url(base)
        except ValueError:
            pass  # the first to connect says so
        self.base_query: list[str] = [piece for piece in query.split("&") if piece]
        draft.add_query_pairs(self.base_query)
        kept.own_query = _add_query(draft, settings, operation, {}, None) | _names(query)
        _add_headers(draft, settings, operation, is_stream=isinstance(request, StreamRequest))
        _choose_credentials(draft, settings, operation)
        kept.written()
        self.draft: Draft = draft
        # The two fields that differ from call to call, as far as they are written.
        self.type_line: str = ""
        if draft.takes("Content-Type"):
            self.type_line = f"Content-Type: {_JSON}\r\n"
        self.key_line: str = ""
        if operation.idempotency_header and draft.takes(operation.idempotency_header):
            self.key_line = f"{operation.idempotency_header}: "
        known = settings.api.security
        self.signs_query: bool = any(
            getattr(known.get(name), "location", "") == "query"
            for names in operation.security
            for name in names
        )
        self.is_mixed: bool = "?" in path
        content = operation.preferred
        self.is_json: bool = (
            content.media_type == _JSON
            and content.kind == "json"
            and bool(self.type_line)
            and not self.signs_query
            and not (self.varies and self.is_mixed)
        )
        """A body is JSON, and there is nothing else to be looked at."""

    def draw(self, settings: Settings, request: AnyRequest, added: str) -> Draft:
        """A draft for a request, its body not yet set; ``added`` are lines of fields, with CRLF."""
        url, target = self.base, self.target
        if self.varies:
            path = _path(request.operation, request.path or {})
            url += path
            target += path
        common = self.draft
        draft = object.__new__(Draft)
        draft.url = url
        draft.target = target
        draft.query = common.query
        draft.kept = common.kept
        draft.is_shared = True
        draft.added = added
        if request.query:
            draft.query = self.base_query
            _add_query(draft, settings, request.operation, request.query, None)
        return draft


def draft_request(settings: Settings, request: AnyRequest) -> Draft:
    """The request, but for credentials that are to be asked for. Raises ConfigurationError."""
    operation = request.operation
    options = request.options
    stencil = None
    if not (
        request.url
        or request.accept
        or request.headers
        or request.cookies
        or (options and not _UNSTENCILLED.isdisjoint(options))
    ):
        stencils = settings.stencils[isinstance(request, StreamRequest)]
        stencil = stencils.get(operation)
        if (
            stencil is not None
            and stencil.is_json
            and not options
            and request.content_type is None
            and request.body is not NO_BODY
        ):
            # Most calls of most APIs that write.
            added = stencil.type_line
            if stencil.key_line:
                added += f"{stencil.key_line}{os.urandom(16).hex()}\r\n"
            draft = stencil.draw(settings, request, added)
            draft.body = Body(encode_json(request.body), _JSON)
            return draft
        if stencil is None:
            stencil = Stencil(settings, request)
            if len(stencils) < MAX_STENCILS:
                stencils[operation] = stencil
        if (stencil.signs_query and request.query) or (stencil.varies and stencil.is_mixed):
            stencil = None  # what the request has could change what was decided
    body: Body | None = None
    media_type: str | None = None
    if request.body is not NO_BODY:
        extra = options.get("body") if options else None
        content = operation.preferred
        if request.content_type is not None:
            content = operation.content(request.content_type)
        if content.media_type == _JSON and content.kind == "json" and not extra:
            media_type = _JSON
            body = Body(encode_json(request.body), media_type)
        else:
            body = build_body(content, request.body, extra)
            media_type = body.content_type
    if stencil is None:
        draft = _draft_from_scratch(settings, request, options or {})
        _add_key(draft, operation, options)
    else:
        added = ""
        if media_type == _JSON:
            added, media_type = stencil.type_line, None
        if stencil.key_line:
            added += f"{stencil.key_line}{os.urandom(16).hex()}\r\n"
        draft = stencil.draw(settings, request, added)
    draft.body = body
    if media_type:
        draft.add_header("Content-Type", media_type)
    return draft


def _add_key(draft: Draft, operation: Operation, options: Options | None) -> None:
    key = options.get("idempotency_key") if options else None
    header = operation.idempotency_header or ("Idempotency-Key" if key else None)
    if key and header:
        draft.set_header(header, key)
    elif header:
        draft.add_header(header, os.urandom(16).hex())


def _draft_from_scratch(settings: Settings, request: AnyRequest, options: Options) -> Draft:
    operation = request.operation
    url, _, base_query = address_of(settings, request).partition("?")
    draft = Draft(operation.method, url)
    if base_query:
        draft.add_query_pairs([piece for piece in base_query.split("&") if piece])
    if request.url is None:
        own_query = _add_query(
            draft, settings, operation, request.query or {}, options.get("query")
        )
        draft.kept.own_query = own_query | _names(base_query)
    else:
        own = settings.base_url.partition("?")[2]
        _complete_query(draft, base_query, own, {**settings.query, **options.get("query", {})})
    _add_headers(
        draft,
        settings,
        operation,
        is_stream=isinstance(request, StreamRequest),
        accept=request.accept,
        own=options.get("headers"),
        parameters=request.headers,
    )
    draft.kept.own_cookies = frozenset(request.cookies or ())
    for name, value in (request.cookies or {}).items():
        draft.add_cookie_pairs(cookie_pairs(name, value, operation.parameter(name, "cookie")))
    _choose_credentials(draft, settings, operation)
    return draft


def address_of(settings: Settings, request: AnyRequest) -> str:
    """The URL of a request, without the query that comes from its parameters."""
    if request.url is not None:
        return request.url
    base, question, query = _base(settings, request.operation).partition("?")
    return base.rstrip("/") + _path(request.operation, request.path or {}) + question + query


def _base(settings: Settings, operation: Operation) -> str:
    if operation.servers:
        return settings.operation_url(operation.servers[0])
    return settings.base_url


def _complete_query(draft: Draft, query: str, own: str, extra: Mapping[str, Any]) -> None:
    """Add what every request has (``own`` is that of the base URL) to one the server has written."""
    names = _names(query)
    for piece in own.split("&"):
        if piece and not names & _names(piece):
            draft.add_query_pairs([piece])
    names |= _names(own)
    for name, value in extra.items():
        if name not in names:
            draft.add_query_pairs(query_pairs(name, value, None))
    draft.kept.own_query = names.union(extra)


def _names(query: str) -> frozenset[str]:
    if not query:
        return frozenset()
    from urllib.parse import unquote_plus

    return frozenset(unquote_plus(piece.partition("=")[0]) for piece in query.split("&") if piece)


def _path(operation: Operation, values: Mapping[str, Any]) -> str:
    # What is behind a `#` tells operations apart in a document; no request carries it.
    template = operation.path.partition("#")[0]
    if not _IN_TEMPLATE.issuperset(template):
        template = quote_template(template)
    if "{" in template:
        segments: list[str] = []
        for segment in template.split("/"):
            if "{" in segment:
                filled = _fill(segment, operation, values)
                # Dots are unreserved: encoding them would not keep servers from resolving them.
                if filled in ("", ".", ".."):
                    raise InvalidRequestError(
                        f"a path parameter of {operation.path} must not be empty, '.' or '..'"
                    )
                segment = filled
            segments.append(segment)
        template = "/".join(segments)
    return template if template.startswith("/") else "/" + template


def _fill(segment: str, operation: Operation, values: Mapping[str, Any]) -> str:
    text, _, rest = segment.partition("{")
    while rest:
        name, _, rest = rest.partition("}")
        if name not in values:
            raise InvalidRequestError(f"path parameter {name!r} is missing")
        value = path_text(name, values[name], operation.parameter(name, "path"))
        if not value:
            raise InvalidRequestError(f"path parameter {name!r} must not be empty")
        before, _, rest = rest.partition("{")
        text += value + before
    return text


def _add_query(
    draft: Draft,
    settings: Settings,
    operation: Operation,
    query: Mapping[str, Any],
    extra: Mapping[str, Any] | None,
) -> frozenset[str]:
    """Append parameters and what the caller has beyond them; their names."""
    if not query and not extra and not settings.query:
        return frozenset()
    merged: dict[str, Any] = {**settings.query, **query, **(extra or {})}
    for name, value in merged.items():
        whole = operation.parameter(name, "querystring")
        if whole is None:
            draft.add_query_pairs(query_pairs(name, value, operation.parameter(name, "query")))
        elif value is not None:
            draft.add_query_pairs(querystring_pairs(value, whole))
    return frozenset(merged)


def _add_headers(
    draft: Draft,
    settings: Settings,
    operation: Operation,
    *,
    is_stream: bool,
    accept: str | None = None,
    own: Mapping[str, str | None] | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> None:
    """Everything but what the body and the credentials need."""
    set_header = draft.set_header
    set_header("User-Agent", settings.api.user_agent)
    if is_stream and operation.stream is not None:
        set_header("Accept", operation.stream.media_type)
        # A compressing server would hold events back until a block is full.
        set_header("Accept-Encoding", "identity")
    else:
        set_header("Accept", accept or operation.accept)
        set_header("Accept-Encoding", "gzip, deflate")
    names: dict[str, str] = {}
    for given in (settings.headers, own):
        for name, value in (given or {}).items():
            if value is None:
                draft.remove_header(name)
            else:
                set_header(name, to_text(value))
            names[name.lower()] = name
    for name, value in (parameters or {}).items():
        if value is not None:
            set_header(name, header_text(value, operation.parameter(name, "header")))
            names[name.lower()] = name
    draft.kept.own_headers = names


def _choose_credentials(draft: Draft, settings: Settings, operation: Operation) -> None:
    """Sign with credentials that are known, and note those that are to be asked for."""
    for scheme, credential in choose_schemes(settings, operation, draft):
        given: object = credential
        password: object = given
        if isinstance(given, tuple):
            _, password = cast("tuple[object, object]", given)
        if callable(password) or hasattr(password, "token_steps"):
            draft.kept.unsigned.append((scheme, credential))
        else:
            scheme.sign(credential, draft)


def choose_schemes(
    settings: Settings, operation: Operation, draft: Draft
) -> list[tuple[Scheme, Any]]:
    """The schemes to authenticate with, and their credentials, callables not yet called.

    The first alternative of the document for which there is everything. Raises
    MissingCredentialsError where there is none and the operation needs one.
    """
    if not operation.security:
        return []
    known = settings.api.security
    optional = False
    missing: list[str] = []
    for names in operation.security:
        if not names:
            optional = True
            continue
        schemes = [known[name] for name in names if name in known]
        if len(schemes) < len(names):
            continue
        chosen: list[tuple[Scheme, Any]] = []
        lacking: list[Scheme] = []
        for name, scheme in zip(names, schemes, strict=True):
            credential = settings.credentials.get(name)
            if scheme.provided(draft):
                continue
            if credential is None or credential == "":
                lacking.append(scheme)
            else:
                chosen.append((scheme, credential))
        if not lacking:
            return chosen
        missing.append(" and ".join(scheme.needs for scheme in lacking))
    if optional or not missing:
        return []
    needs = "; or ".join(dict.fromkeys(missing))
    raise MissingCredentialsError(f"Missing credentials: {needs}")
