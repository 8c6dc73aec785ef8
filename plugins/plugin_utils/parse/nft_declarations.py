# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nft's text says about a chain or a set beside its rules and elements -> as libnftables-json(5) has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import nft_constants, nft_elements, nft_limits
from .nft_constants import NotUnderstood
from .nft_expressions import braces, expression
from .nft_phrase import Phrase
from .nft_words import LINE

Json = Any
# nft(8), "Standard priority names, family and hook compatibility matrix".
_PRIORITIES = {"raw": -300, "mangle": -150, "dstnat": -100, "filter": 0, "security": 50, "srcnat": 100}
_OF_BRIDGES = {"dstnat": -300, "filter": -200, "out": 100, "srcnat": 300}
_POLICIES = ("accept", "drop")
# Types whose elements may look like numbers and are names.
_INDEXES = ("iface_index", "realm")


def chain_head(found: dict[str, Json], p: Phrase) -> bool:
    """Read a statement about a base chain itself into its JSON; False if it is a rule."""
    read = CHAIN_WORDS.get(p.peek())
    if read is None:
        return False
    p.at += 1
    read(found, p)
    if p.peek():
        raise NotUnderstood(p.peek())
    return True


def _hook(found: dict[str, Json], p: Phrase) -> None:
    """``type filter hook ingress device "eth0" priority filter + 10``"""
    found["type"] = nft_constants.name(p.take())
    p.expect("hook")
    found["hook"] = nft_constants.name(p.take())
    while p.peek() in ("device", "devices"):
        _devices(found, p, p.take())
    p.expect("priority")
    found["prio"] = _priority(p)


def _priority(p: Phrase) -> int:
    sign = -1 if p.accept("-") else 1
    if p.peek()[:1].isdigit():
        return sign * p.number()
    names = _OF_BRIDGES if p.family == "bridge" else _PRIORITIES
    base = p.string()
    if base not in names or sign < 0:
        raise NotUnderstood(base)
    if p.accept("+"):
        return names[base] + p.number()
    return names[base] - p.number() if p.accept("-") else names[base]


def _devices(found: dict[str, Json], p: Phrase, word: str) -> None:
    if word == "device":
        found["dev"] = p.string()
        return
    p.expect("=")
    found["dev"] = [str(name) for name in braces(p, None)]


def _policy(found: dict[str, Json], p: Phrase) -> None:
    word = p.take().strip('"')
    if word not in _POLICIES:
        raise NotUnderstood(word)
    found["policy"] = word


def _comment(found: dict[str, Json], p: Phrase) -> None:
    found["comment"] = p.string()


def _flags(found: dict[str, Json], p: Phrase) -> None:
    found["flags"] = words_of_flags(p)


CHAIN_WORDS: dict[str, Callable[[dict[str, Json], Phrase], None]] = {
    "type": _hook,
    "policy": _policy,
    "comment": _comment,
    "flags": _flags,
    "devices": lambda found, p: _devices(found, p, "devices"),
    "device": lambda found, p: _devices(found, p, "device"),
}


def words_of_flags(p: Phrase) -> list[str]:
    found = [p.take()]
    while p.accept(","):
        found.append(p.take())
    return found


def set_property(found: dict[str, Json], p: Phrase) -> None:
    """Read one statement about a set or map into its JSON. NotUnderstood for one that is not known."""
    word = p.peek()
    read = _SET.get(word)
    if read is not None:
        p.at += 1
        read(found, p)
    while (word := p.peek()) in nft_limits.STATEMENTS:
        p.at += 1
        found.setdefault("stmt", []).append(nft_limits.STATEMENTS[word](p))
    if p.peek():
        raise NotUnderstood(p.peek())


def _type(found: dict[str, Json], p: Phrase) -> None:
    parts = _joined(p)
    found["type"] = parts[0] if len(parts) == 1 else parts
    if p.accept(":"):
        p.accept("interval")
        found["map"] = " . ".join(_joined(p))


def _joined(p: Phrase) -> list[str]:
    found = [nft_constants.identifier(p.take())]
    while p.accept("."):
        found.append(nft_constants.identifier(p.take()))
    return found


def _typeof(found: dict[str, Json], p: Phrase) -> None:
    found["type"] = {"typeof": expression(p)}
    if not p.accept(":"):
        return
    p.accept("interval")
    if p.peek() in ("verdict", "counter", "limit", "quota"):
        found["map"] = p.take()
    else:
        expression(p)
        found["map"] = "typeof"


def _elements(found: dict[str, Json], p: Phrase) -> None:
    p.expect("=")
    add_elements(found, p)


def add_elements(found: dict[str, Json], p: Phrase, must_be_new: bool = False) -> None:
    """``{ element, ... }``, added to those that there are. Refused where the kernel would not."""
    while p.accept(LINE):
        pass
    nft_elements.add(found, elements(found, p), must_be_new)


def elements(of: dict[str, Json], p: Phrase) -> list[Json]:
    """``{ element, ... }`` of this set or map."""
    kind = of.get("type")
    written: Json = None
    if isinstance(kind, dict):
        written = nft_constants.kind_of(kind["typeof"])
    elif isinstance(kind, str):
        written = "index" if kind in _INDEXES else None
    maps = ("vmap" if of["map"] == "verdict" else "map") if "map" in of else ""
    return braces(p, written, maps)


def _seconds(key: str) -> Callable[[dict[str, Json], Phrase], None]:
    def read(found: dict[str, Json], p: Phrase) -> None:
        found[key] = nft_constants.seconds(p.take())

    return read


def _size(found: dict[str, Json], p: Phrase) -> None:
    found["size"] = p.number()


def _set_policy(found: dict[str, Json], p: Phrase) -> None:
    found["policy"] = p.one_of(("performance", "memory"))


def _merged(found: dict[str, Json], p: Phrase) -> None:
    found["auto-merge"] = True


_SET: dict[str, Callable[[dict[str, Json], Phrase], None]] = {
    "type": _type,
    "typeof": _typeof,
    "flags": _flags,
    "elements": _elements,
    "timeout": _seconds("timeout"),
    "gc-interval": _seconds("gc-interval"),
    "size": _size,
    "policy": _set_policy,
    "auto-merge": _merged,
    "comment": _comment,
}
