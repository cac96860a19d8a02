"""Where the answers come from when not from the document: a cassette, or a server to be recorded."""

from __future__ import annotations

import os
import time
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict

from .exchanges import Exchange, ReceivedRequest, Reply
from .forwarding import relay
from .nodes import as_list, as_object, as_text
from .references import References
from .routing import Router
from .writing import Receive, Send, Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .answering import Answers
    from .forwarding import Forward
    from .recording import Recorder, Recording
    from .replaying import Player, Replay

__all__ = ["Path", "Tape", "Tapes", "choose"]

Path: TypeAlias = "str | os.PathLike[str]"


class Tapes(TypedDict, total=False):
    """Arguments of `FakeApp`."""

    replay: Replay
    record: Recording
    forward: Callable[[Recorder], Forward]


def choose(
    replay: Path | Replay | None = None,
    record: Path | Recording | None = None,
    upstream: str | None = None,
    connect: Callable[[str, Recorder], Forward] | None = None,
    document: Callable[[], Mapping[str, Any]] | None = None,
) -> Tapes:
    """What `FakeApp` is to be given to replay or to record.

    With `replay` and `record` of the same file it is replayed where it exists, and recorded where
    not. `upstream` is the base URL of the server to be recorded, by default the first one that the
    document names; `connect` makes what speaks to it. Raises ValueError for what does not go
    together.
    """
    from .recording import Recording
    from .replaying import Replay

    if replay is not None and not isinstance(replay, Replay):
        replay = Replay(replay)
    if record is not None and not isinstance(record, Recording):
        record = Recording(record)
    if record is None:
        if upstream is not None:
            raise ValueError("upstream is the server to be recorded: it needs record as well")
        return {} if replay is None else {"replay": replay}
    if replay is not None:
        if os.fspath(replay.path) != os.fspath(record.path):
            raise ValueError("replay and record together are one file: replayed where it exists")
        if os.path.exists(replay.path):
            return {"replay": replay}
    if upstream is None and document is not None:
        upstream = _first_server(document())
    if not upstream or connect is None:
        raise ValueError("record needs upstream, the base URL of the server to be recorded")
    if not upstream.startswith(("http://", "https://")):
        raise ValueError(f"upstream is no URL of a server: {upstream!r}")
    return {"record": record, "forward": partial(connect, upstream)}


def _first_server(document: Mapping[str, Any]) -> str:
    """The URL of the first server, with the defaults of its variables; "" where it has no host."""
    for server in map(as_object, as_list(document.get("servers"))[:1]):
        url = as_text(server.get("url"))
        for name, variable in as_object(server.get("variables")).items():
            url = url.replace("{" + name + "}", str(as_object(variable).get("default", "")))
        if url.startswith(("http://", "https://")):
            return url
    return ""


class Tape:
    """The cassette of a fake server, if it has one.

    Neither of the modules that read and write cassettes is loaded without one.
    """

    def __init__(
        self,
        references: References,
        router: Router,
        replay: Replay | None,
        record: Recording | None,
        forward: Callable[[Recorder], Forward] | None,
    ) -> None:
        self._player: Player | None = None
        self._recorder: Recorder | None = None
        self._forward: Forward | None = None
        self._references = references
        self._router = router
        if (record is None) != (forward is None):
            raise ValueError(
                "record needs an upstream, the server to be recorded, and no other does"
            )
        if replay is not None:
            from .replaying import Player

            self._player = Player(references, router, replay)
        elif record is not None and forward is not None:
            from .recording import Recorder

            self._recorder = Recorder(references, router, record)
            self._forward = forward(self._recorder)

    @property
    def replays(self) -> bool:
        """Whether answers come from a cassette."""
        return self._player is not None

    @property
    def forwards(self) -> bool:
        """Whether answers come from another server."""
        return self._forward is not None

    @property
    def unused(self) -> tuple[str, ...]:
        """The recordings that nobody has asked for, in words."""
        return () if self._player is None else self._player.unused

    def close(self) -> None:
        """Bring the file of a recording up to date."""
        if self._recorder is not None:
            self._recorder.close()

    def reset(self) -> None:
        """Replay from the beginning."""
        if self._player is not None:
            self._player.reset()

    def reply(self, request: ReceivedRequest) -> Reply:
        """The recorded answer. Raises UnmatchedRequestError."""
        assert self._player is not None
        return self._player.reply(request)

    async def forward(
        self, request: ReceivedRequest, answers: Answers, receive: Receive, send: Send
    ) -> Exchange:
        """Have the other server answer, and hand its answer on; 502 where there is none."""
        assert self._forward is not None and self._recorder is not None
        started = time.perf_counter()
        path = self._recorder.relative_path(request)
        target = f"{path}?{request.query_string}" if request.query_string else path
        try:
            answer = await self._forward(
                request.method, target, list(request.headers), request.body
            )
        except Exception as error:
            reply = answers.error(None, 502, f"The recorded server gives no answer: {error}")
            writer = Writer(receive, send)
            await writer.write(reply, {"type": "http", "method": request.method})
            seconds = time.perf_counter() - started
            return Exchange(request, reply, seconds, writer.blocks, writer.is_complete)
        blocks, is_complete = await relay(answer, receive, send)
        reply = Reply(answer.status, note="recorded")
        return Exchange(request, reply, time.perf_counter() - started, blocks, is_complete)
