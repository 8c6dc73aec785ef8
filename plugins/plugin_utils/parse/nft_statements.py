# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One nft rule, as text -> its statements, as libnftables-json(5) has them (nft(8), "Statements")."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import nft_constants, nft_limits
from .nft_constants import RELATIONS, NotUnderstood
from .nft_expressions import (
    VERDICTS,
    braces,
    constants,
    elements_of,
    expression,
    set_name,
    value,
    verdict,
    verdicts_of,
)
from .nft_phrase import Phrase
from .nft_words import LINE

Json = Any
_FAMILIES = ("ip", "ip6")
# What `reject` alone stands for (nft's stmt_evaluate_reject_default).
_REJECTS = {"ip": "icmp", "ip6": "icmpv6"}
_NAT_FLAGS = ("random", "fully-random", "persistent")
_LOG_NUMBERS = ("group", "snaplen", "queue-threshold")
_LOG_FLAGS = {"tcp": ("sequence", "options"), "ip": ("options",)}
# Statements behind which nft allows no other one.
_LAST = frozenset((*VERDICTS, "reject", "snat", "dnat", "masquerade", "redirect", "queue")) - {"continue"}
_OBJECTS = ("counter", "quota", "limit", "synproxy")
_OF_CONNECTIONS = ("helper", "timeout", "expectation")


def rule(p: Phrase) -> tuple[list[Json], str | None]:
    """The statements of a rule, and its comment. NotUnderstood for a word that has no place in it."""
    found: list[Json] = []
    words, ended = p.words, False
    while word := words[p.at]:
        if word == "comment":
            p.at += 1
            comment = p.string()
            if words[p.at]:
                raise NotUnderstood(words[p.at])
            return found, comment
        if ended:
            raise NotUnderstood(word)
        read = _STATEMENTS.get(word)
        found.append(_match(p) if read is None else read(p))
        ended = word in _LAST
    return found, None


def _match(p: Phrase) -> Json:
    left = expression(p)
    word = p.words[p.at]
    if word == "set":
        p.at += 1
        return {"mangle": {"key": left, "value": _listed(p, value(p))}}
    if word == "vmap":
        p.at += 1
        return {"vmap": {"key": left, "data": verdicts_of(p, left)}}
    if word == "map":
        p.at += 1
        left = {"map": {"key": left, "data": elements_of(p, left)}}
        word = p.words[p.at]
    op = RELATIONS.get(word, "")
    if op:
        p.at += 1
        word = p.words[p.at]
    if word == "{":
        return {
            "match": {
                "op": op or "==",
                "left": left,
                "right": {"set": braces(p, nft_constants.kind_of(left))},
            }
        }
    if word == "@":
        return {"match": {"op": op or "==", "left": left, "right": set_name(p)}}
    right = constants(p)
    kind = nft_constants.kind_of(left)
    if kind == "bits":
        return {"match": _bits(p, left, op, right)}
    return {
        "match": {
            "op": op or "==",
            "left": left,
            "right": right if kind is None else nft_constants.typed(kind, right),
        }
    }


def _listed(p: Phrase, first: Json) -> Json:
    """Bits may be listed with commas between them."""
    if p.words[p.at] != ",":
        return first
    found = [first]
    while p.accept(","):
        found.append(nft_constants.constant(p.take()))
    return found


def _bits(p: Phrase, left: Json, op: str, right: Json) -> Json:
    """Bits on the right side: one of these is set, or, with a mask, these are and the others of the mask are not."""
    right = _listed(p, right)
    if p.accept("/"):
        mask = _listed(p, nft_constants.constant(p.take()))
        return {"op": op or "==", "left": {"&": [left, mask]}, "right": right}
    if "&" in left:
        asked, mask = left["&"]
        return {"op": op or "==", "left": {"&": [asked, _flat(mask)]}, "right": _flat(right)}
    return {"op": op or "in", "left": left, "right": right}


def _flat(bits: Json) -> Json:
    """``a | b`` as nft lists it beside a mask."""
    if not isinstance(bits, dict) or bits.keys() != {"|"}:
        return bits
    found: list[Json] = []
    while isinstance(bits, dict) and bits.keys() == {"|"}:
        bits, last = bits["|"]
        found.append(last)
    found.append(bits)
    return found[::-1]


def _final(p: Phrase) -> Json:
    return verdict(p)


def _jump(p: Phrase) -> Json:
    if p.words[p.at + 1] != "{":
        return verdict(p)
    word = p.take()
    if p.nested is None:
        raise NotUnderstood("{")
    p.at += 1
    p.deeper()
    rules: list[list[str]] = [[]]
    depth = 0
    while depth or p.peek() != "}":
        taken = p.take()
        if not depth and taken in (LINE, ";"):
            rules.append([])
            continue
        depth += (taken == "{") - (taken == "}")
        rules[-1].append(taken)
    p.at += 1
    p.depth -= 1
    return {word: {"target": p.nested([one for one in rules if one])}}


def _with_memory(p: Phrase) -> Json:
    """A counter, limit or quota: of the rule's own, or an object by its name."""
    word = p.take()
    if word in _OBJECTS and p.accept("name"):
        return {word: value(p)}
    return nft_limits.STATEMENTS[word](p)


def _ct(p: Phrase) -> Json:
    word, then = p.words[p.at + 1], p.words[p.at + 2 : p.at + 3]
    if word == "count":
        p.at += 1
        return nft_limits.STATEMENTS["ct"](p)
    if word in _OF_CONNECTIONS and then == ["set"]:
        p.at += 3
        return {f"ct {word}": value(p)}
    return _match(p)


def _log(p: Phrase) -> Json:
    p.take()
    found: dict[str, Json] = {}
    flags: list[str] = []
    while True:
        word = p.peek()
        if word == "prefix":
            p.at += 1
            found[word] = p.string()
        elif word in _LOG_NUMBERS:
            p.at += 1
            found[word] = p.number()
        elif word == "level":
            p.at += 1
            found[word] = nft_constants.name(p.take())
        elif word == "flags":
            p.at += 1
            flags += _log_flags(p)
        else:
            break
    if flags:
        found["flags"] = flags[0] if len(flags) == 1 else flags
    return {"log": found or None}


def _log_flags(p: Phrase) -> list[str]:
    word = p.one_of(("all", "skuid", "ether", *_LOG_FLAGS))
    if word not in _LOG_FLAGS:
        return [word]
    found = [f"{word} {p.one_of(_LOG_FLAGS[word])}"]
    while p.accept(","):
        found.append(f"{word} {p.one_of(_LOG_FLAGS[word])}")
    return found


def _reject(p: Phrase) -> Json:
    p.take()
    if not p.accept("with"):
        return {"reject": {"type": _REJECTS.get(p.family, "icmpx"), "expr": "port-unreachable"}}
    kind = p.one_of(("tcp", "icmp", "icmpv6", "icmpx"))
    if kind == "tcp":
        p.expect("reset")
        return {"reject": {"type": "tcp reset"}}
    p.accept("type")
    return {"reject": {"type": kind, "expr": nft_constants.constant(p.take())}}


def _nat(p: Phrase) -> Json:
    name = p.take()
    found: dict[str, Json] = {}
    flags: list[str] = []
    if p.peek() in _FAMILIES and p.words[p.at + 1] in ("to", "prefix", "interval", "addr"):
        found["family"] = p.take()
    if p.peek() in ("prefix", "interval"):
        kind = p.take()
        found["type_flags"] = kind
        flags += ["netmap"] if kind == "prefix" else []
    elif p.accept("addr"):
        for word in (".", "port"):
            p.expect(word)
    given = p.accept("to")
    if given or (p.peek() and name in ("snat", "dnat")):
        if p.peek() != ":":
            found["addr"] = value(p)
        if p.accept(":"):
            found["port"] = value(p)
    while p.peek() in _NAT_FLAGS:
        flags.append(p.take())
        p.accept(",")
    if flags:
        found["flags"] = flags[0] if len(flags) == 1 else flags
    return {name: found or None}


def _dup(p: Phrase) -> Json:
    p.take()
    p.expect("to")
    found = {"addr": value(p)}
    if p.accept("device"):
        found["dev"] = value(p)
    return {"dup": found}


def _fwd(p: Phrase) -> Json:
    p.take()
    family = p.take() if p.peek() in _FAMILIES else ""
    p.expect("to")
    target = value(p)
    if not family:
        return {"fwd": {"dev": target}}
    p.expect("device")
    return {"fwd": {"dev": value(p), "family": family, "addr": target}}


def _queue(p: Phrase) -> Json:
    p.take()
    found: dict[str, Json] = {}
    flags: list[str] = []
    if p.accept("flags"):
        flags = _queue_flags(p)
    if p.accept("num") or p.accept("to"):
        found["num"] = value(p)
    if not flags and p.peek() in ("bypass", "fanout"):
        flags = _queue_flags(p)
    if flags:
        found["flags"] = flags[0] if len(flags) == 1 else flags
    return {"queue": found or None}


def _queue_flags(p: Phrase) -> list[str]:
    found = [p.one_of(("bypass", "fanout"))]
    while p.accept(","):
        found.append(p.one_of(("bypass", "fanout")))
    return found


def _tproxy(p: Phrase) -> Json:
    p.take()
    found: dict[str, Json] = {"family": p.take()} if p.peek() in _FAMILIES else {}
    p.expect("to")
    if p.peek() != ":":
        found["addr"] = value(p)
    if p.accept(":"):
        found["port"] = value(p)
    return {"tproxy": found}


def _synproxy(p: Phrase) -> Json:
    p.take()
    if p.accept("name"):
        return {"synproxy": value(p)}
    found: dict[str, Json] = {}
    flags: list[str] = []
    while (word := p.peek()) in ("mss", "wscale", "timestamp", "sack-perm"):
        p.at += 1
        if word in ("mss", "wscale"):
            found[word] = p.number()
        else:
            flags.append(word)
    if flags:
        found["flags"] = flags[0] if len(flags) == 1 else flags
    return {"synproxy": found or None}


def _flow(p: Phrase) -> Json:
    p.take()
    p.one_of(("add", "offload"))
    return {"flow": {"op": "add", "flowtable": set_name(p)}}


def _write(p: Phrase) -> Json:
    """``add @set { key timeout 5m limit rate 5/second : data }``"""
    found: dict[str, Json] = {"op": p.take()}
    named = set_name(p)
    p.expect("{")
    found["elem"] = _with_times(p)
    statements = _memories(p)
    kind = "set"
    if p.accept(":"):
        kind, found["data"] = "map", value(p)
    p.expect("}")
    found[kind] = named
    if statements:
        found["stmt"] = statements
    return {kind: found}


def _with_times(p: Phrase) -> Json:
    key = expression(p)
    if not p.accept("timeout"):
        return key
    return {"elem": {"val": key, "timeout": nft_constants.seconds(p.take())}}


def _memories(p: Phrase) -> list[Json]:
    found = []
    while p.peek() in nft_limits.STATEMENTS:
        found.append(_with_memory(p))
    return found


def _set(p: Phrase) -> Json:
    """The form of old: ``set update ip saddr timeout 5s @s``"""
    p.take()
    op = p.one_of(("add", "update", "delete"))
    element = _with_times(p)
    return {"set": {"op": op, "elem": element, "set": set_name(p)}}


def _meter(p: Phrase) -> Json:
    p.take()
    named = nft_constants.name(p.take())
    found: dict[str, Json] = {"size": p.number()} if p.accept("size") else {}
    p.expect("{")
    key = _with_times(p)
    statements = _memories(p)
    if len(statements) != 1:
        raise NotUnderstood(p.peek())
    p.expect("}")
    return {"meter": {"key": key, "stmt": statements[0], **found, "name": named}}


def _xt(p: Phrase) -> Json:
    p.take()
    kind = p.one_of(("match", "target", "watcher"))
    return {"xt": {"type": kind, "name": p.string()}}


def _reset(p: Phrase) -> Json:
    p.take()
    return {"reset": expression(p)}


def _notrack(p: Phrase) -> Json:
    return {p.take(): None}


_STATEMENTS: dict[str, Callable[[Phrase], Json]] = {
    **dict.fromkeys(VERDICTS, _final),
    "jump": _jump,
    "goto": _jump,
    **dict.fromkeys(nft_limits.STATEMENTS, _with_memory),
    "ct": _ct,
    "log": _log,
    "reject": _reject,
    **dict.fromkeys(("snat", "dnat", "masquerade", "redirect"), _nat),
    "notrack": _notrack,
    "dup": _dup,
    "fwd": _fwd,
    "queue": _queue,
    "tproxy": _tproxy,
    "synproxy": _synproxy,
    "flow": _flow,
    **dict.fromkeys(("add", "update", "delete"), _write),
    "set": _set,
    "meter": _meter,
    "xt": _xt,
    "reset": _reset,
}
