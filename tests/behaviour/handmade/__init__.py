"""A client written by hand in the shape that generated ones have; ``_runtime`` is copied in by the tests."""

__version__ = "0.1.0"
__all__ = ["AsyncSiray", "Siray", "Timeout", "errors", "models"]

_EXPORTS = {
    "AsyncSiray": ".client",
    "Hooks": "._runtime.hooks",
    "Siray": ".client",
    "Timeout": "._runtime.timeouts",
}
_MODULES = ("errors", "models", "streaming", "telemetry")


def __getattr__(name: str) -> object:
    from ._runtime.lazy import load

    return load(__name__, globals(), _EXPORTS, _MODULES, name)
