"""What an operationId says in words: its group, its verb, and the rest of the phrase.

`issues/list-comments-for-repo` -> group `issues`, `list comments for repo`. What frameworks put
around a name is taken off: `UsingGET_1`, `_api_v1_users_get`, `UserController_`, `create.0`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sdkpress.model import Operation
from sdkpress.naming.verbs import is_verb
from sdkpress.naming.words import is_opaque, split_words

_FRAMEWORK_ENDING = re.compile(r"Using(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)(_\d+)?$")
_NUMBER_ENDING = re.compile(r"[._-]\d+$")
_METHOD_START = re.compile(r"^(GET|POST|PUT|PATCH|DELETE|HEAD)[_-](?=[A-Z])")
_GROUPED = re.compile(r"(.+)(?:/|::|#|\.)([^/:#.]+)$")
_CAMEL_GROUPED = re.compile(r"([A-Z][A-Za-z0-9]*)_([A-Za-z][A-Za-z0-9]*)$")
_LOWER_GROUPED = re.compile(r"([a-z][a-z0-9]*)_([a-z]+[A-Z][A-Za-z0-9]*)$")
_GROUP_ENDING = re.compile(r"(?<=[a-z])(Controller|Resource|Service|Api|Endpoint|Handler)$")
_LAST_VERBS = frozenset("add create delete get list remove update".split())
_MULTIPLES = frozenset(("bulk", "batch", "multi", "mass"))


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words of an operationId, lower case; `verb` is empty where it has none."""

    group: str = ""
    words: tuple[str, ...] = ()
    verb: str = ""

    @property
    def rest(self) -> tuple[str, ...]:
        """The words without the verb."""
        if not self.verb:
            return self.words
        return self.words[1:] if self.words[0] == self.verb else self.words[:-1]


NO_PHRASE = Phrase()


def read_phrase(operation: Operation) -> Phrase:
    """The phrase of an operation's id; an opaque one says nothing."""
    text = operation.operation_id.strip()
    if not text or is_opaque(text):
        return NO_PHRASE
    ending = re.sub(r"\W", "_", operation.path) + "_" + operation.method.lower()
    if text.lower().endswith(ending.lower()) and len(text) > len(ending):
        text = text[: -len(ending)]
    text = _NUMBER_ENDING.sub("", _FRAMEWORK_ENDING.sub("", text))
    text = _METHOD_START.sub("", text)
    group = ""
    found = _GROUPED.fullmatch(text) or _CAMEL_GROUPED.fullmatch(text)
    found = found or _LOWER_GROUPED.fullmatch(text)
    if found:
        group, text = _GROUP_ENDING.sub("", found[1]), found[2]
    return phrase_of(text, group)


def phrase_of(text: str, group: str = "", *, is_action: bool = False) -> Phrase:
    """The phrase of a name: the verb is its first word, else its last.

    Of an action the first word is the verb, whatever it is.
    """
    words = tuple(word.lower() for word in split_words(text))
    count = len(words)
    if count == 0:
        return Phrase(group)
    if words[0] in _MULTIPLES and count > 1 and is_verb(words[1]):
        words = (f"{words[0]}_{words[1]}", *words[2:])
        return Phrase(group, words, words[0])
    if is_verb(words[0]) or (is_action and count > 1):
        return Phrase(group, words, words[0])
    if count > 1 and words[-1] in _LAST_VERBS:
        return Phrase(group, words, words[-1])
    return Phrase(group, words)
