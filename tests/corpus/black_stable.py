"""Would black change what the generator prints? For every file of any document, it should not.

    python tests/corpus/black_stable.py DOCUMENT…

generates a client of each document without black, lets black look at it, and shows what it would
change; the exit code is 1 where that is anything.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sdkpress.config import ClientConfig, config_from_options
from sdkpress.diagnostics import Diagnostics, SdkpressError
from sdkpress.formatting import FormattingError, format_texts
from sdkpress.pipeline import build

__all__ = ["Unstable", "printed_texts", "unstable_files"]


@dataclass(frozen=True, slots=True)
class Unstable:
    """A file that black would change, and the differences: `-` is printed, `+` is black's."""

    path: str
    difference: tuple[str, ...]


def unstable_files(texts: Mapping[str, str]) -> list[Unstable]:
    """The files among `texts` (path -> text) that black would change or cannot read.

    What black has confirmed before is not asked again: formatting.py remembers it by hash.
    """
    python = {path: text for path, text in texts.items() if path.endswith(".py")}
    try:
        formatted = format_texts(python, mode="on").texts
    except FormattingError as error:
        return [Unstable(error.path, (error.reason,))]
    return [
        Unstable(
            path,
            tuple(
                difflib.unified_diff(
                    text.split("\n"), formatted[path].split("\n"), "printed", "black", lineterm=""
                )
            ),
        )
        for path, text in python.items()
        if formatted[path] != text
    ]


def printed_texts(client: ClientConfig | Path) -> dict[str, str]:
    """The Python files of a client, tests included, as the templates print them.

    `client` is configured, or the path of a document. The runtime is left out, which is copied and
    not printed. Raises SdkpressError.
    """
    if isinstance(client, Path):
        client = config_from_options(
            spec=client,
            out=Path("client"),
            title="Client",
            name="client-under-test",
            package="client_under_test",
            client="Client",
            overlays=[],
        )
    return {
        file.path: file.content.decode()
        for file in build(client, Diagnostics(), black="off").files
        if file.path.endswith(".py") and file.kind == "template"
    }


def main(arguments: Sequence[str]) -> int:
    found = 0
    for argument in arguments:
        try:
            texts = printed_texts(Path(argument))
        except SdkpressError as error:
            print(f"{argument}: refused: {error.diagnostics[0].message}")
            continue
        unstable = unstable_files(texts)
        found += len(unstable)
        print(f"{argument}: {len(texts)} files, {len(unstable)} that black would change")
        for file in unstable:
            print(f"  {file.path}")
            print("".join(f"    {line}\n" for line in file.difference), end="")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
