"""Where the nodes of a tree stand in a text: compact, and looked up by walking the tree."""

from __future__ import annotations

import sys
from array import array
from typing import Any

from sdkpress.trees import is_mapping, is_sequence, pointer_tokens

__all__ = ["Positions"]


class Positions:
    """One character offset per node, in the order of a walk over the tree (a node, then its
    children in their order), with the number of nodes below and including it.

    Two integers a node, and no pointers: a lookup walks the tree and skips what it does not enter.
    A member of a mapping stands where its *key* stands, an item of a sequence where it begins.
    """

    def __init__(self) -> None:
        self.offsets = array("I")
        self.sizes = array("I")

    def __len__(self) -> int:
        return len(self.offsets)

    def open(self, offset: int) -> int:
        """Begin a node; its children follow until `close` of the index that is returned."""
        self.offsets.append(offset)
        self.sizes.append(1)
        return len(self.offsets) - 1

    def leaf(self, offset: int) -> None:
        """A node without children."""
        self.offsets.append(offset)
        self.sizes.append(1)

    def close(self, index: int) -> None:
        """End the node: everything begun since is inside."""
        self.sizes[index] = len(self.offsets) - index

    def remove(self, index: int) -> int:
        """Forget a closed node and all inside; returns how many nodes that were."""
        size = self.sizes[index]
        del self.offsets[index : index + size]
        del self.sizes[index : index + size]
        return size

    def find(self, tree: Any, pointer: str) -> int:
        """The offset of the node at `pointer`, or of its nearest existing ancestor."""
        if not self.offsets:
            return 0
        index = 0
        node: Any = tree
        for token in pointer_tokens(pointer):
            if is_mapping(node) and token in node:
                index = self._after(index, list(node).index(token))
                node = node[token]
            elif is_sequence(node) and token.isdecimal() and int(token) < len(node):
                index = self._after(index, int(token))
                node = node[int(token)]
            else:
                break
        return self.offsets[index]

    def _after(self, parent: int, skipped: int) -> int:
        index = parent + 1
        sizes = self.sizes
        for _ in range(skipped):
            index += sizes[index]
        return index

    def to_bytes(self) -> bytes:
        """A portable form (little-endian 32-bit integers)."""
        both = array("I", self.offsets)
        both.extend(self.sizes)
        if sys.byteorder == "big":
            both.byteswap()
        return both.tobytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> Positions:
        """The inverse of `to_bytes`; ValueError for data of no possible length."""
        both = array("I")
        both.frombytes(data)
        if sys.byteorder == "big":
            both.byteswap()
        if len(both) % 2:
            raise ValueError("an odd number of integers")
        positions = cls()
        positions.offsets = both[: len(both) // 2]
        positions.sizes = both[len(both) // 2 :]
        return positions
