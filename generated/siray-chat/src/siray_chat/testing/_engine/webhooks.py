"""Bodies of webhooks, for tests of the code that receives them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from .examples import examples_of
from .references import References
from .samples import Sampler

__all__ = ["body_maker"]


def body_maker(document: dict[str, Any]) -> Callable[[str, int], Any]:
    """Return a function of the pointer of a Media Type Object and a seed: a body of that type.

    Seed 0 gives the first example of the document where there is one; what is not valid in it is
    mended.
    """
    references = References(document)

    def make(pointer: str, seed: int) -> Any:
        media = references.resolve({"$ref": f"#{quote(pointer)}"})
        schema: Any = media.get("schema", {})
        sampler = Sampler(references, "response", seed=seed)
        if seed == 0:
            for _, value in examples_of(media, references):
                return sampler.mend(value, schema)
        return sampler.sample(schema)

    return make
