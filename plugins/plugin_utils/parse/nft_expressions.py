# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nft's expressions and the constants that they are compared with (nft(8), "Expressions"), as text.

What comes out is libnftables-json(5), as `nft -j list ruleset` prints it for the same rule. What that means for a
flow is told by the readers of the JSON, and by nobody else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..model import shape
from . import nft_constants, nft_limits
from .nft_constants import NotUnderstood
from .nft_fields import PAYLOADS, READERS
from .nft_phrase import Phrase
from .nft_words import LINE

Json = Any
Reader = Callable[[Phrase], Json]
_LONGEST = 64

# sign or word -> (sign, rank); a higher rank binds closer (nft's grammar, "inclusive_or_expr" and below).
OPERATORS = {
    "|": ("|", 0),
    "or": ("|", 0),
    "^": ("^", 1),
    "xor": ("^", 1),
    "&": ("&", 2),
    "and": ("&", 2),
    "<<": ("<<", 3),
    "lshift": ("<<", 3),
    ">>": (">>", 3),
    "rshift": (">>", 3),
}
_FOLD: dict[str, Callable[[int, int], int]] = {
    "|": lambda one, other: one | other,
    "^": lambda one, other: one ^ other,
    "&": lambda one, other: one & other,
    ">>": lambda one, other: one >> min(other, 64),
    "<<": lambda one, other: one << min(other, 64),
}
_NO_FIELDS: dict[str, Json] = {}


def _in_brackets(p: Phrase) -> Json:
    p.deeper()
    found = operation(p, _either)
    p.expect(")")
    p.depth -= 1
    return found


def _jhash(p: Phrase) -> Json:
    asked = expression(p)
    p.expect("mod")
    found: dict[str, Json] = {"mod": p.number()}
    if p.accept("seed"):
        found["seed"] = p.number()
    if p.accept("offset"):
        found["offset"] = p.number()
    found["expr"] = asked
    return {"jhash": found}


_LEFT: dict[str, Reader] = {**READERS, "jhash": _jhash, "(": _in_brackets}


def _asked(p: Phrase) -> Json:
    """What can be asked of a packet: the primary expressions of a match's left side."""
    word = p.words[p.at]
    found = PAYLOADS.get(word, _NO_FIELDS).get(p.words[p.at + 1] if word else "")
    if found is not None:
        p.at += 2
        return found
    read = _LEFT.get(word)
    if read is None:
        raise NotUnderstood(word)
    p.at += 1
    return read(p)


def _constant(p: Phrase) -> Json:
    word = p.words[p.at]
    if word == "(":
        p.at += 1
        p.deeper()
        found = operation(p, _constant)
        p.expect(")")
        p.depth -= 1
        return found
    if not word:
        raise NotUnderstood("its end")
    p.at += 1
    return nft_constants.constant(word)


def _either(p: Phrase) -> Json:
    """What is set may be asked of the packet, or be a constant."""
    at = p.at
    if p.words[at] in _LEFT or p.words[at] in PAYLOADS:
        depth = p.depth
        try:
            return _asked(p)
        except NotUnderstood:
            if p.words[at] in ("(", "@"):
                raise
            p.at, p.depth = at, depth
    return _constant(p)


def operation(p: Phrase, primary: Reader, least: int = 0) -> Json:
    """Primary expressions joined by operators, those between constants worked out."""
    found = primary(p)
    for _joined in range(_LONGEST):
        operator = OPERATORS.get(p.words[p.at])
        if operator is None or operator[1] < least:
            return found
        p.at += 1
        sign, rank = operator
        right = operation(p, _either if primary is _asked else primary, rank + 1)
        of_numbers = shape.is_whole(found) and shape.is_whole(right)
        found = _FOLD[sign](found, right) if of_numbers else {sign: [found, right]}
    raise NotUnderstood(f"more than {_LONGEST} operators")


def expression(p: Phrase) -> Json:
    """The left side of a match, or a key: expressions, concatenated."""
    at = p.at
    found = operation(p, _asked)
    if not isinstance(found, dict):
        raise NotUnderstood(p.words[at])
    if p.words[p.at] != ".":
        return found
    parts = [found]
    while p.accept("."):
        parts.append(operation(p, _asked))
    return {"concat": parts}


def constants(p: Phrase) -> Json:
    """One element of a set, or the right side of a match: values, ranges and prefixes, concatenated."""
    return _concatenated(p, _constant)


def value(p: Phrase) -> Json:
    """What a statement takes: constants, expressions, and maps of these."""
    found = _concatenated(p, _either)
    if p.accept("map"):
        return {"map": {"key": found, "data": elements_of(p, found)}}
    return found


def _concatenated(p: Phrase, primary: Reader) -> Json:
    found = _several(p, primary)
    if p.words[p.at] != ".":
        return found
    parts = [found]
    while p.accept("."):
        parts.append(_several(p, primary))
    return {"concat": parts}


def _several(p: Phrase, primary: Reader) -> Json:
    """A value, a range or a prefix."""
    low = operation(p, primary)
    sign = p.words[p.at]
    if sign == "-":
        p.at += 1
        return {"range": [low, operation(p, primary)]}
    if sign == "/" and p.words[p.at + 1][:1].isdigit():
        p.at += 1
        return nft_constants.prefix(low, p.number(), p.listed)
    return low


def elements_of(p: Phrase, key: Json) -> Json:
    """The elements of a map, or the name of one."""
    return {"set": braces(p, nft_constants.kind_of(key), "map")} if p.peek() == "{" else set_name(p)


def verdicts_of(p: Phrase, key: Json) -> Json:
    """The elements of a verdict map, or the name of one."""
    return {"set": braces(p, nft_constants.kind_of(key), "vmap")} if p.peek() == "{" else set_name(p)


def set_name(p: Phrase) -> str:
    p.expect("@")
    return f"@{nft_constants.identifier(p.take())}"


def braces(p: Phrase, kind: Json, maps: str = "") -> list[Json]:
    """``{ element, ... }``. ``kind``: how their constants are written (``kind_of``); ``maps``: ``map`` or ``vmap``
    if they map to something. A variable may bring braces within braces."""
    p.expect("{")
    p.deeper()
    found: list[Json] = []
    words = p.words
    while True:
        while words[p.at] == LINE:
            p.at += 1
        if words[p.at] == "}":
            break
        if words[p.at] == "{":
            found += braces(p, kind, maps)
        else:
            found.append(_element(p, kind, maps))
        while words[p.at] == LINE:
            p.at += 1
        if not p.accept(","):
            break
    p.expect("}")
    p.depth -= 1
    return found


def _element(p: Phrase, kind: Json, maps: str) -> Json:
    words, at = p.words, p.at
    if words[at + 1] in _AFTER_ONE and words[at] != "*":
        p.at += 1
        found = nft_constants.constant(words[at])
    else:
        found = "*" if p.accept("*") else constants(p)
    if kind is not None:
        found = nft_constants.typed(kind, found)
    more: dict[str, Json] = {}
    while words[p.at] not in _AFTER_ELEMENT:
        option = p.take()
        read = _OPTIONS.get(option)
        if read is None:
            raise NotUnderstood(option)
        more.update(read(p))
    if more:
        found = {"elem": {"val": found, **more}}
    if not maps:
        return found
    p.expect(":")
    while words[p.at] == LINE:
        p.at += 1
    return [found, verdict(p) if maps == "vmap" else constants(p)]


VERDICTS: dict[str, Json] = {name: {name: None} for name in ("accept", "drop", "continue", "return")}
VERDICTS.update(jump=None, goto=None)
_AFTER_ONE = frozenset((",", "}", LINE))
_AFTER_ELEMENT = frozenset((",", "}", ":", LINE))
_OPTIONS: dict[str, Callable[[Phrase], dict[str, Json]]] = {
    "timeout": lambda p: {"timeout": nft_constants.seconds(p.take())},
    "expires": lambda p: {"expires": nft_constants.seconds(p.take())},
    "comment": lambda p: {"comment": p.string()},
    **nft_limits.STATEMENTS,
}


def verdict(p: Phrase) -> Json:
    """A verdict of a map, or of a rule."""
    word = p.take()
    if word in ("jump", "goto"):
        return {word: {"target": p.string()}}
    if word not in VERDICTS:
        raise NotUnderstood(word)
    return VERDICTS[word]
