"""Lazy names for a package ``__init__`` (PEP 562): a module is imported when its name is first used."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


def load(
    package: str,
    namespace: dict[str, object],
    exports: Mapping[str, str],
    modules: Collection[str],
    name: str,
) -> object:
    """Import what ``package.name`` stands for, and keep it in ``namespace``.

    ``exports`` maps a public name to the relative module that defines it, as ``".client"``, or as
    ``"._runtime.errors:SDKError"`` where the module knows it by another name. ``modules`` names
    the submodules that are public as they are. Raises AttributeError for any other name.
    """
    target = exports.get(name)
    if target is not None:
        address, _, original = target.partition(":")
        original = original or name
        module_name = address.lstrip(".")
        level = len(address) - len(module_name)
        module = __import__(module_name, namespace, None, (original,), level)
        value: object = getattr(module, original)
    elif name in modules:
        # Any attribute that exists will do: with a "from" list the submodule itself comes back.
        value = __import__(name, namespace, None, ("__name__",), 1)
    else:
        raise AttributeError(f"module {package!r} has no attribute {name!r}")
    namespace[name] = value
    return value
