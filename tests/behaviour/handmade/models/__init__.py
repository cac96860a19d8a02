_EXPORTS = {
    name: "._chat"
    for name in ("ChatCompletion", "ChatCompletionChunk", "ErrorResponse", "ChatUsage", "Thing")
}
__all__ = sorted(_EXPORTS)


def __getattr__(name: str) -> object:
    from .._runtime.lazy import load

    return load(__name__, globals(), _EXPORTS, (), name)
