"""The same calls through openapi-python-client: its client for a document, and the requests it builds."""

from __future__ import annotations

import contextlib
import datetime
import importlib
import io
import re
import shutil
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from openapi_python_client import Project
from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.parser import GeneratorData
from openapi_python_client.parser.errors import GeneratorError
from openapi_python_client.parser.openapi import Endpoint

from .arguments import Arguments

__all__ = ["BASE_URL", "PeerClient", "Unconvertible", "generate_peer", "shape"]

BASE_URL = "http://fake.example"


class Unconvertible(Exception):
    """A value has no form in the peer's types (its schema was lost, or it is narrower)."""


@dataclass(frozen=True, slots=True)
class PeerOperation:
    """One operation as the peer sees it."""

    endpoint: Endpoint
    module: str


class PeerClient:
    """A client that openapi-python-client made of one document."""

    def __init__(self, data: GeneratorData, package: str, note: str) -> None:
        self.note = note
        self._package = package
        self._http = httpx.Client(base_url=BASE_URL)
        self.operations: dict[str, PeerOperation] = {}
        for tag, collection in data.endpoint_collections_by_tag.items():
            for endpoint in collection.endpoints:
                key = shape(f"{endpoint.method.upper()} {_text(endpoint.path)}")
                module = f"{package}.api.{tag}.{endpoint.name}"
                # A second one of the same name overwrote the first on disk.
                self.operations[key] = PeerOperation(endpoint, module)
        modules: dict[str, str] = {}
        for key, operation in self.operations.items():
            modules[operation.module] = key
        self.lost = {
            key for key, operation in self.operations.items() if modules[operation.module] != key
        }

    def module(self, key: str) -> Any:
        """The module of an operation. Raises what importing it raises."""
        return importlib.import_module(self.operations[key].module)

    def arguments(self, key: str, values: Arguments) -> dict[str, Any]:
        """Arguments of its `_get_kwargs`. Raises Unconvertible."""
        endpoint = self.operations[key].endpoint
        found: dict[str, Any] = {}
        for location, properties in (
            ("path", endpoint.path_parameters),
            ("query", endpoint.query_parameters),
            ("header", endpoint.header_parameters),
            ("cookie", endpoint.cookie_parameters),
        ):
            for prop in properties:
                given = (location, _text(prop.name))
                if given in values.parameters:
                    found[str(prop.python_name)] = self._convert(prop, values.parameters[given])
                elif location == "path":
                    found[str(prop.python_name)] = "example"
        if values.has_body and endpoint.bodies:
            bodies = [b for b in endpoint.bodies if _text(b.content_type) == values.media_type]
            if not bodies:
                raise Unconvertible(f"it knows no body of type {values.media_type}")
            value = values.body
            if isinstance(value, Mapping) and values.binary:
                value = {k: _as_bytes(v) if k in values.binary else v for k, v in value.items()}
            found["body"] = self._convert(bodies[0].prop, value)
        elif values.has_body:
            raise Unconvertible("it lost the body")
        return found

    def request(self, key: str, arguments: dict[str, Any]) -> httpx.Request:
        """The request that it sends. Raises what its code raises."""
        kwargs = self.module(key)._get_kwargs(**arguments)
        return self._http.build_request(**kwargs)

    def _convert(self, prop: Any, value: Any) -> Any:
        kind = type(prop).__name__
        try:
            return self._converted(kind, prop, value)
        except Unconvertible:
            raise
        except Exception as error:
            raise Unconvertible(f"{kind}: {type(error).__name__}: {error}") from None

    def _converted(self, kind: str, prop: Any, value: Any) -> Any:
        match kind:
            case "ModelProperty":
                if not isinstance(value, Mapping):
                    raise Unconvertible("not an object")
                return self._model(prop).from_dict(value)
            case "EnumProperty":
                return self._model(prop)(value)
            case "DateProperty":
                return datetime.date.fromisoformat(value[:10])
            case "DateTimeProperty":
                return datetime.datetime.fromisoformat(value)
            case "UuidProperty":
                return uuid.UUID(value)
            case "FileProperty":
                types = importlib.import_module(f"{self._package}.types")
                data = value if isinstance(value, bytes) else str(value).encode()
                return types.File(payload=io.BytesIO(data))
            case "ListProperty":
                if not isinstance(value, list):
                    raise Unconvertible("not an array")
                return [self._convert(prop.inner_property, item) for item in value]
            case "UnionProperty":
                for inner in prop.inner_properties:
                    with contextlib.suppress(Unconvertible):
                        return self._convert(inner, value)
                raise Unconvertible("no member of the union takes the value")
            case _:
                wanted = _PLAIN.get(kind)
                if wanted is not None and (
                    not isinstance(value, wanted)
                    or (isinstance(value, bool) and kind != "BooleanProperty")
                ):
                    raise Unconvertible(f"{kind} does not take {type(value).__name__}")
                return value

    def _model(self, prop: Any) -> Any:
        models = importlib.import_module(f"{self._package}.models")
        return getattr(models, str(prop.class_info.name))


_PLAIN: dict[str, Any] = {
    "StringProperty": str,
    "IntProperty": int,
    "FloatProperty": (int, float),
    "BooleanProperty": bool,
    "NoneProperty": type(None),
}


def generate_peer(tree: dict[str, Any], work: Path, package: str) -> PeerClient | str:
    """Its client below `work`, or why there is none."""
    why = ""
    for literal_enums in (False, True):
        folder = work / package
        shutil.rmtree(folder, ignore_errors=True)
        file = ConfigFile(post_hooks=[], package_name_override=package, literal_enums=literal_enums)
        config = Config.from_sources(file, MetaType.NONE, Path("-"), "utf-8", True, folder)
        try:
            data = GeneratorData.from_dict(tree, config=config)
            if isinstance(data, GeneratorError):
                return f"it refuses the document: {data.header}"
            with contextlib.redirect_stdout(io.StringIO()):
                Project(openapi=data, config=config).build()
        except Exception as error:
            why = f"it crashes: {type(error).__name__}: {str(error)[:200]}"
            continue
        if str(work) not in sys.path:
            sys.path.insert(0, str(work))
        return PeerClient(data, package, "with literal_enums" if literal_enums else "")
    return why


def shape(key: str) -> str:
    """`GET /pets/{petId}` as `GET /pets/{}`: the peer renames the parameters in its paths."""
    return re.sub(r"\{[^{}]*\}", "{}", key)


def _as_bytes(value: Any) -> Any:
    if isinstance(value, list):
        return [_as_bytes(item) for item in value]
    return value.encode() if isinstance(value, str) else b"example"


def _text(value: Any) -> str:
    plain = getattr(value, "get_untrusted_value", None)
    return str(plain() if plain else value)
