"""Whether two files of Python are one program with the same comments: only a formatter was here."""

from __future__ import annotations

import ast
import io
import tokenize

__all__ = ["is_same_code"]


def is_same_code(path: str, left: bytes, right: bytes) -> bool:
    """Whether both files of the name `path` differ in their layout alone."""
    if not path.endswith((".py", ".pyi")):
        return False
    try:
        if ast.dump(ast.parse(left)) != ast.dump(ast.parse(right)):
            return False
        return _comments(left) == _comments(right)
    except (SyntaxError, ValueError, RecursionError, MemoryError, tokenize.TokenError):
        return False


def _comments(content: bytes) -> list[str]:
    tokens = tokenize.tokenize(io.BytesIO(content).readline)
    return [token.string.rstrip() for token in tokens if token.type == tokenize.COMMENT]
