"""The SSE decoder, public."""

from ._runtime.sse import ServerSentEvent as ServerSentEvent
from ._runtime.sse import decode_sse as decode_sse
