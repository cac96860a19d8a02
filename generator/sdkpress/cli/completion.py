"""`sdkpress completion`: what a shell needs to complete commands, options, clients and files."""

from __future__ import annotations

import enum
import os
from pathlib import PurePath
from typing import Annotated

import typer

from sdkpress.cli.console import console
from sdkpress.cli.help import Examples
from sdkpress.cli.options import Quiet, Verbose
from sdkpress.diagnostics import COMMAND_LINE, fatal

__all__ = ["EXAMPLES", "completion"]

EXAMPLES: Examples = (
    ('eval "$(sdkpress completion bash)"', "in ~/.bashrc: bash"),
    ('eval "$(sdkpress completion zsh)"', "in ~/.zshrc, behind compinit: zsh"),
    ("sdkpress completion fish > ~/.config/fish/completions/sdkpress.fish", "once: fish"),
)

_BASH = """\
_sdkpress() {
    local paths line
    COMPREPLY=()
    {
        IFS= read -r paths
        while IFS= read -r line; do COMPREPLY+=("$line"); done
    } < <("${1/#\\~/$HOME}" __complete bash "${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null)
    if [[ $paths == directories ]]; then
        compopt -o dirnames
    elif [[ $paths == files && ${#COMPREPLY[@]} -eq 0 ]]; then
        compopt -o default
    elif [[ $paths == files ]]; then
        compopt -o filenames
        while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$2")
    fi
}
complete -F _sdkpress sdkpress
"""

_ZSH = """\
#compdef sdkpress
_sdkpress() {
    local -a answer values
    answer=("${(@f)$(${(Q)words[1]} __complete zsh "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
    values=("${(@)answer[2,-1]}")
    if [[ $PREFIX == --*=* ]]; then
        compset -P '*='
        values=("${(@)values#*=}")
    fi
    (( $#values )) && _describe -V 'sdkpress' values
    case $answer[1] in
        files) _files ;;
        directories) _files -/ ;;
    esac
}
if [[ $funcstack[1] == _sdkpress ]]; then
    _sdkpress "$@"
else
    compdef _sdkpress sdkpress
fi
"""

_FISH = """\
function __sdkpress_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l answer ($words[1] __complete fish $words[2..-1] "$current" 2>/dev/null)
    test (count $answer) -gt 0; or return
    test (count $answer) -gt 1; and printf '%s\\n' $answer[2..-1]
    set -l before (string match -r -- '^--[^=]+=' "$current")
    set -l value (string replace -r -- '^--[^=]+=' '' "$current")
    switch $answer[1]
        case files
            for path in (__fish_complete_path "$value")
                echo "$before$path"
            end
        case directories
            for path in (__fish_complete_directories "$value")
                echo "$before$path"
            end
    end
end
complete -c sdkpress -f -a '(__sdkpress_complete)'
"""

_SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


class _Shell(enum.Enum):
    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(
    shell: Annotated[
        _Shell | None, typer.Argument(help="The shell; without it, that of $SHELL.")
    ] = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Print what a shell needs to complete commands with Tab.

    Commands, options and their values, names of configured clients, and files.
    """
    console.configure(quiet=quiet, verbose=verbose)
    name = shell.value if shell is not None else PurePath(os.environ.get("SHELL", "")).name
    script = _SCRIPTS.get(name)
    if script is None:
        known = ", ".join(_SCRIPTS)
        message = f"which shell? $SHELL names none of {known}"
        raise fatal("usage", message, COMMAND_LINE)
    for line in script.rstrip("\n").split("\n"):
        console.print(line)
