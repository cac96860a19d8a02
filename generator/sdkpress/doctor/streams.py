"""Rules about answers that are sequences of items."""

from __future__ import annotations

from collections.abc import Iterator

from sdkpress.content import STREAM_KINDS, ContentKind, classify
from sdkpress.doctor.chat import chunk_of, json_answers, stream_switch
from sdkpress.doctor.facts import Facts, quoted
from sdkpress.doctor.findings import Finding
from sdkpress.doctor.parts import Operation, child, mapping, text
from sdkpress.doctor.splitting import split_stream

__all__ = ["CHECKS"]


def _chunks(facts: Facts) -> Iterator[Finding]:
    split: set[str] = set()
    for operation in facts.survey.operations:
        for content in json_answers(operation):
            place = child(content.pointer, "schema")
            chunk = chunk_of(facts.survey, content.node.get("schema"), place)
            if chunk is None or place in split:
                continue
            split.add(place)
            yield Finding(
                "chunk-as-answer",
                place,
                f"The answer of {operation.label} is described as a piece of a stream: "
                + ", ".join(chunk.reasons)
                + ".",
                split_stream(facts, operation, content, chunk),
            )


def _is_stream(operation: Operation) -> bool:
    return any(
        classify(content.media_type) in STREAM_KINDS or "itemSchema" in content.node
        for response in operation.responses
        if response.is_success
        for content in response.contents
    )


def _undeclared(facts: Facts) -> Iterator[Finding]:
    for operation in facts.survey.operations:
        switch = stream_switch(facts.survey, operation)
        if switch and not _is_stream(operation):
            yield Finding(
                "undeclared-stream",
                switch,
                f"{operation.label} takes {quoted(switch.rpartition('/')[2])}, and no answer is "
                "an event stream.",
            )


def _items(facts: Facts) -> Iterator[Finding]:
    lowered = facts.lowered()
    for operation in facts.survey.operations:
        known = lowered.get(operation.pointer)
        for response in operation.responses:
            if not response.is_success:
                continue
            for content in response.contents:
                kind = classify(content.media_type)
                if kind not in STREAM_KINDS:
                    continue
                if not mapping(content.node.get("itemSchema")):
                    schema, _ = facts.survey.schema(
                        content.node.get("schema"), child(content.pointer, "schema")
                    )
                    if not schema or text(schema.get("type")) == "string":
                        yield Finding(
                            "untyped-stream",
                            content.pointer,
                            f"The stream of {operation.label} does not say what its items are.",
                        )
                        continue
                    if "schema" in content.node:
                        yield Finding(
                            "stream-without-item-schema",
                            child(content.pointer, "schema"),
                            f"The stream of {operation.label} has a `schema` and no `itemSchema`.",
                        )
                stream = known.stream if known is not None else None
                if kind is ContentKind.SSE and stream and not stream.terminator:
                    if not stream.finished_by and not stream.whole:
                        yield Finding(
                            "stream-without-end",
                            content.pointer,
                            f"Nothing says how the stream of {operation.label} ends.",
                        )


CHECKS = (_chunks, _undeclared, _items)
