"""Factories: valid objects of the models, made from the document, for tests.

    completion = chat_completion(id="chatcmpl-1")

A factory is declared by the signature of a function; `Factories` turns it into a `Factory`, which
takes the same keywords. Nothing is read or made before a factory is called.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, cast

from .extras import not_installed
from .json_schema import Violation
from .making import Extent
from .references import References
from .samples import Sampler
from .shown import in_place_of, shown_values, variants_of

if TYPE_CHECKING:
    from .strategies import SearchStrategy, Values

__all__ = ["MADE", "Factories", "Factory"]

P = ParamSpec("P")
M = TypeVar("M")


class _Made:
    def __repr__(self) -> str:
        return "MADE"


MADE: Any = _Made()
"""The default of every argument of a factory: the value is made from the document."""


class Factory(Generic[P, M]):
    """Makes objects of one model class.

    Arguments are those of the class, all of them optional, and what is given stands in the object
    as it is. Where the document allows it, the rest is made to agree with what was given; what
    the document forbids is made all the same, for a test may want just that.

    The same call gives an equal object each time, and never the same one twice.
    """

    def __init__(
        self,
        made: Callable[P, M],
        name: str,
        reference: str,
        is_input: bool,
        tag: tuple[str, str] | None,
        source: Factories,
    ) -> None:
        functools.update_wrapper(self, made)
        self.__doc__ = f"A valid {name}; any argument sets the attribute of that name."
        self._name = name
        # Null may be a value of the schema, but none of the class.
        self._schema: dict[str, Any] = {"$ref": reference, "type": "object"}
        if tag is not None:
            self._schema |= {"properties": {tag[0]: {"const": tag[1]}}, "required": [tag[0]]}
        self._is_input = is_input
        self._source = source
        self._kept: dict[tuple[int, Extent], bytes] = {}

    def __repr__(self) -> str:
        return f"<factory of {self._name}>"

    def __call__(self, /, *args: P.args, **fields: P.kwargs) -> M:
        """An object as the document shows it: its example, or what it usually has."""
        return self._object(0, "usual", args, fields)

    def minimal(self, /, *args: P.args, **fields: P.kwargs) -> M:
        """An object with what is required, and no more."""
        return self._object(0, "minimal", args, fields)

    def full(self, /, *args: P.args, **fields: P.kwargs) -> M:
        """An object with every attribute that it can have; what contains itself ends somewhere."""
        return self._object(0, "full", args, fields)

    def many(self, count: int, /, *args: P.args, **fields: P.kwargs) -> list[M]:
        """Several objects, each another one as far as the schema allows; the first as by a call."""
        return [self._object(variant, "usual", args, fields) for variant in range(count)]

    def strategy(self, /, *args: P.args, **fields: P.kwargs) -> SearchStrategy[M]:
        """A Hypothesis strategy of valid objects, with unknown fields where the schema has room.

        What is given is the same in all of them. Needs the extra `testing`.
        """
        given = self._given(args, fields)
        return self._values().strategy(self._schema).map(lambda value: self._drawn(value, given))

    @property
    def model(self) -> type[M]:
        """The class of the objects."""
        return cast("type[M]", self._model)

    @property
    def reference(self) -> str:
        """The reference to the schema, in the document of the fake server."""
        return str(self._schema["$ref"])

    def violations(self, instance: M) -> list[Violation]:
        """What the document finds wrong in an object, nothing where it is valid."""
        value: Any = cast("Any", instance).to_dict()
        return self._sampler("usual").rules.violations(value, self._schema)

    @property
    def _model(self) -> Any:
        return getattr(self._source.models, self._name)

    def _values(self) -> Values:
        return self._source.values(shows_hidden=self._is_input)

    def _sampler(self, extent: Extent) -> Sampler:
        return self._source.sampler(shows_hidden=self._is_input or extent == "full")

    def _object(
        self, variant: int, extent: Extent, args: tuple[Any, ...], fields: Mapping[str, Any]
    ) -> M:
        given = self._given(args, fields)
        key = (variant, extent)
        if key not in self._kept:
            self._kept[key] = json.dumps(self._json(variant, extent)).encode()
        made: M = self._with(self._decoded(self._kept[key]), given)
        if given and self.violations(made) and (other := self._fitting(given, variant, extent)):
            return other
        return made

    def _fitting(self, given: dict[str, Any], variant: int, extent: Extent) -> M | None:
        """An object around what is given, where the schema has one."""
        wire_names = {slot.name: slot.wire_name for slot in self._model.__model_slots__}
        shown = self._with(self._decoded(self._kept[variant, extent]), given).to_dict()
        pinned = {
            wire: {"const": shown[wire]} for name in given if (wire := wire_names[name]) in shown
        }
        schema = {"allOf": [self._schema, {"properties": pinned, "required": [*pinned]}]}
        value = self._sample(schema, variant, extent)
        if not self._sampler(extent).rules.accepts(value, schema):
            return None
        made: M = self._with(self._decoded(json.dumps(value).encode()), given)
        return None if self.violations(made) else made

    def _json(self, variant: int, extent: Extent) -> Any:
        """The value in JSON: what an example shows, as far as it is valid, or what is made."""
        shown = self._source.shown.get(self._schema["$ref"])
        if not isinstance(shown, dict):
            return self._sample(self._schema, variant, extent)
        accepts = self._sampler(extent).rules.accepts
        if extent != "usual":
            made = self._sample(self._schema, variant, extent)
            dressed = in_place_of(made, shown)
            return dressed if accepts(dressed, self._schema) else made
        known = self._model.from_dict(self._sampler(extent).mend(shown, self._schema))
        _forget_unknown(known)
        value: Any = known.to_dict()
        others = variants_of(value, variant) if variant else [value]
        found = next((other for other in others if self._fits(other, accepts)), None)
        return found or self._sample(self._schema, variant, extent)

    def _fits(self, value: Any, accepts: Callable[[Any, Any], bool]) -> bool:
        """Whether a value is valid, and what the classes take it for is so, too."""
        if not accepts(value, self._schema):
            return False
        try:
            self._model.from_dict(value, strict=True)
        except ValueError:
            return False
        return True

    def _drawn(self, value: Any, given: Mapping[str, Any]) -> Any:
        try:
            made = self._model.from_dict(value, strict=True)
        except ValueError:
            # Valid, and yet not what a union of the models takes it for.
            return self._object(0, "minimal", (), given)
        return self._with(made, given)

    def _sample(self, schema: Any, variant: int, extent: Extent) -> Any:
        sampler = self._sampler(extent)
        value = sampler.sample(
            schema, variant=variant, extent=extent, suggests_objects=extent == "usual"
        )
        if not sampler.rules.accepts(value, schema):
            value = sampler.sample(schema)
        # Nothing at all is what a schema has that only an endless value satisfies.
        return cast("Any", value) if isinstance(value, dict) else {}

    def _decoded(self, content: bytes) -> Any:
        # A schema that nothing satisfies, or that says more than the class: what is there counts.
        return self._model.from_json(content)

    def _given(self, args: tuple[Any, ...], fields: Mapping[str, Any]) -> dict[str, Any]:
        name = getattr(self, "__name__", self._name)
        if args:
            raise TypeError(f"{name}() takes keyword arguments only")
        known = [slot.name for slot in self._model.__model_slots__]
        for field in fields:
            if field not in known:
                import difflib

                near = difflib.get_close_matches(field, known, 1)
                hint = f"; did you mean {near[0]!r}?" if near else f"; {self._name} has none"
                raise TypeError(f"{name}() got an unexpected keyword argument {field!r}{hint}")
        return {field: value for field, value in fields.items() if value is not MADE}

    @staticmethod
    def _with(instance: Any, given: Mapping[str, Any]) -> Any:
        for name, value in given.items():
            setattr(instance, name, value)
        return instance


class Factories:
    """The factories of one package: its models, and its document, read when first needed."""

    def __init__(self, models: ModuleType, document: Callable[[], Mapping[str, Any]]) -> None:
        self.models = models
        self._document = document
        self._samplers: dict[bool, Sampler] = {}
        self._made_values: dict[bool, Values] = {}

    def __call__(
        self,
        name: str,
        reference: str,
        *,
        is_input: bool = False,
        tag: tuple[str, str] | None = None,
    ) -> Callable[[Callable[P, M]], Factory[P, M]]:
        """Make a function the factory of the model `name`, whose schema the reference leads to.

        The function is never called. `is_input`: requests consist of such objects, too. `tag`: the
        property that tells the class in a union, and its value.
        """

        def decorate(function: Callable[P, M]) -> Factory[P, M]:
            return Factory(function, name, reference, is_input, tag, self)

        return decorate

    def sampler(self, *, shows_hidden: bool) -> Sampler:
        """What makes the values, with or without properties of requests alone."""
        if shows_hidden not in self._samplers:
            self._samplers[shows_hidden] = Sampler(
                self._references, "response", shows_hidden=shows_hidden
            )
        return self._samplers[shows_hidden]

    def values(self, *, shows_hidden: bool) -> Values:
        """What makes the strategies."""
        if shows_hidden not in self._made_values:
            try:
                from .strategies import Values
            except ImportError as error:
                if error.name != "hypothesis":
                    raise
                raise not_installed("strategies need", "Hypothesis") from None
            sampler = self.sampler(shows_hidden=shows_hidden)
            self._made_values[shows_hidden] = Values(self._references, sampler)
        return self._made_values[shows_hidden]

    @functools.cached_property
    def shown(self) -> dict[str, Any]:
        """What examples show, by the reference to the schema."""
        return shown_values(self._references)

    @functools.cached_property
    def _references(self) -> References:
        return References(self._document())


def _forget_unknown(value: Any) -> None:
    """Drop fields that the models do not know, at every depth."""
    if isinstance(value, (list, tuple)):
        for item in cast("list[Any]", value):
            _forget_unknown(item)
    elif isinstance(value, dict):
        for item in cast("dict[str, Any]", value).values():
            _forget_unknown(item)
    elif hasattr(value, "__model_slots__"):
        model: Any = value
        if model.extra:
            model.extra.clear()
        for slot in model.__model_slots__:
            _forget_unknown(slot.read(model))
