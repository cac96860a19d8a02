"""What can follow on a command line: for the scripts that `sdkpress completion` prints.

A script calls `sdkpress __complete SHELL ...` at every press of Tab. So nothing heavy is imported
here, and nothing that goes wrong may print: no answer is an answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

__all__ = ["COMPLETE", "Offer", "answer", "complete", "split_line"]

COMPLETE = "__complete"
"""The word on the command line by which the scripts ask."""

_PLAIN = re.compile(r"[\w.+-]+", re.ASCII)
_CONFIGURATIONS = ("sdkpress.toml", "pyproject.toml")


@dataclass(frozen=True, slots=True)
class Offer:
    """Words that can stand in the place of the current one, each with a remark, and whether
    the names of files or folders can, too."""

    values: tuple[tuple[str, str], ...] = ()
    paths: Literal["", "files", "directories"] = ""


def answer(root: Any, arguments: Sequence[str]) -> list[str]:
    """The lines that a script gets: what kind of paths is welcome, then the words, as its shell
    wants them. `arguments` are `bash LINE WORDBREAKS`, or `zsh|fish` and the words up to the cursor.
    """
    shell, *rest = arguments
    if shell == "bash":
        words, current = split_line(rest[0])
        while words and re.match(r"\w+=", words[0]):  # variables set for the command
            words.pop(0)
        words = words[1:]
    else:
        *words, current = rest
    offer = complete(root, words, current)
    if shell == "bash":
        cut = max((current.rfind(mark) for mark in "=:" if mark in rest[1]), default=-1) + 1
        lines = [value[cut:] for value, _ in offer.values]
    elif shell == "zsh":
        lines = [f"{value.replace(':', chr(92) + ':')}:{help}" for value, help in offer.values]
    else:
        lines = [f"{value}\t{help}" for value, help in offer.values]
    return [offer.paths or "none", *lines]


def split_line(line: str) -> tuple[list[str], str]:
    """The words of a line that ends at the cursor, unquoted, and the one that the cursor is in."""
    words: list[str] = []
    word, is_begun, quote = "", False, ""
    characters = iter(line)
    for character in characters:
        if quote:
            if character == quote:
                quote = ""
            elif character == "\\" and quote == '"':
                word += next(characters, "")
            else:
                word += character
        elif character in "'\"":
            quote, is_begun = character, True
        elif character == "\\":
            word, is_begun = word + next(characters, ""), True
        elif character.isspace():
            if is_begun:
                words.append(word)
            word, is_begun = "", False
        else:
            word, is_begun = word + character, True
    return words, word


def complete(root: Any, words: Sequence[str], current: str) -> Offer:
    """What can stand for `current` behind `words`; `root` is the command of commands."""
    command = root
    waiting: Any = None
    given: list[str] = []
    used: set[str] = set()
    is_plain = False  # behind `--`, where nothing is an option
    for word in words:
        if waiting is not None:
            waiting = None
        elif word == "--" and not is_plain:
            is_plain = True
        elif word.startswith("-") and word != "-" and not is_plain:
            name, equals, _ = word.partition("=")
            option = _options(command).get(name)
            used.add(name)
            if option is not None and not option.is_flag and not equals:
                waiting = option
        elif _commands(command) is None:
            given.append(word)
        else:
            command = (_commands(command) or {}).get(word)
            used = set()
            if command is None:
                return Offer()
    if waiting is not None:
        return _matching(_values(waiting, ()), current)
    if current.startswith("-") and not is_plain:
        name, equals, value = current.partition("=")
        if equals:
            option = _options(command).get(name)
            if option is None or option.is_flag:
                return Offer()
            offer = _matching(_values(option, ()), value)
            return Offer(tuple((f"{name}={one}", help) for one, help in offer.values), offer.paths)
        return _matching(Offer(tuple(_option_names(command, used))), current)
    below = _commands(command)
    if below is not None:
        names = tuple((name, summary) for name, summary, _ in command.rows())
        return _matching(Offer(names), current)
    argument = _argument(command, len(given))
    return Offer() if argument is None else _matching(_values(argument, given), current)


def _commands(command: Any) -> Mapping[str, Any] | None:
    return cast("Mapping[str, Any] | None", getattr(command, "commands", None))


def _options(command: Any) -> dict[str, Any]:
    return {
        name: option
        for option in command.params
        if option.param_type_name == "option"
        for name in (*option.opts, *option.secondary_opts)
    }


def _option_names(command: Any, used: set[str]) -> Iterable[tuple[str, str]]:
    for option in command.params:
        if option.param_type_name == "option" and not option.hidden:
            names = [*option.opts, *option.secondary_opts]
            if option.multiple or not used.intersection(names):
                help = " ".join((option.help or "").split())
                yield from ((name, help) for name in names if name.startswith("--"))
    yield ("--help", "Show this message and exit.")


def _argument(command: Any, position: int) -> Any:
    arguments = [item for item in command.params if item.param_type_name == "argument"]
    if position < len(arguments):
        return arguments[position]
    return arguments[-1] if arguments and arguments[-1].nargs == -1 else None


def _values(parameter: Any, given: Sequence[str]) -> Offer:
    """What a parameter can be: by its choices, or by what its metavar says."""
    choices = getattr(parameter.type, "choices", None)
    if choices is not None:
        return Offer(tuple((str(getattr(one, "value", one)), "") for one in choices))
    words = set(re.findall(r"[A-Z]+", parameter.metavar or ""))
    values: list[tuple[str, str]] = []
    for word, find in _SOURCES.items():
        if word in words:
            values += [(name, help) for name, help in find() if name not in given]
    if words & {"DIR"}:
        return Offer(tuple(values), "directories")
    values = list(dict.fromkeys(values))
    is_file = bool(words & _FILES) or (not words and parameter.type.name == "path")
    return Offer(tuple(values), "files" if is_file else "")


def _matching(offer: Offer, current: str) -> Offer:
    values = tuple(item for item in offer.values if item[0].startswith(current))
    return Offer(values, offer.paths)


def _client_names() -> Iterable[tuple[str, str]]:
    """The names of the configured clients; a configuration with errors gives what it can."""
    import tomllib

    here = Path.cwd()
    for folder in (here, *here.parents):
        for name in _CONFIGURATIONS:
            try:
                tree: Any = tomllib.loads((folder / name).read_text(encoding="utf-8-sig"))
            except (OSError, ValueError):
                continue
            tables = [tree, tree.get("tool", {}).get("sdkpress", {})]
            if name == "pyproject.toml":
                tables = tables[1:]
            found = [one for table in tables for one in table.get("client", ())]
            names = [one.get("name") for one in found]
            plain = [one for one in names if isinstance(one, str) and _PLAIN.fullmatch(one)]
            if plain:
                return [(one, "configured client") for one in plain]
    return ()


def _rule_names() -> Iterable[tuple[str, str]]:
    from sdkpress.doctor.catalog import RULES

    return [(name, "") for name in sorted(RULES)]


def _revisions() -> Iterable[tuple[str, str]]:
    return [("git:HEAD", "the last commit")]


_SOURCES: Mapping[str, Callable[[], Iterable[tuple[str, str]]]] = {
    "CLIENT": _client_names,
    "SPEC": _client_names,
    "RULE": _rule_names,
    "OLD": _revisions,
    "NEW": _revisions,
}
_FILES = frozenset(("FILE", "SPEC", "DOCUMENT", "OVERLAY", "SOURCE", "OLD", "NEW", "WHEEL", "PATH"))
