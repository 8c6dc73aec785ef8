# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Constants of nft's text language (numbers, names, addresses, prefixes, times) -> as nft's JSON writes them."""

from __future__ import annotations

import re
import socket
from typing import Any

from ..model import shape

Json = Any
_LONGEST = 80  # digits: nft compares no more than 256 bits
_LARGEST = (1 << 64) - 1  # what is larger is no number in nft's JSON


def listed(words: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(words.split())


# Words of the grammar that are never a value: what follows a value is told by them.
RESERVED = listed(
    "accept drop continue return jump goto queue log counter limit quota reject masquerade set vmap map comment notrack"
    " dup fwd tproxy synproxy flow add update delete meter xt elements type typeof flags policy with to"
    " meta ct fib socket osf numgen jhash symhash exthdr hbh frag srh mh rt rt0 rt2 ipsec th iifname iif oifname oif"
    " iiftype oiftype mark skuid skgid nftrace rtclassid pkttype iifgroup oifgroup cgroup timeout expires over"
)
BOOLEANS = {"exists": True, "missing": False}
# What stands between both sides of a match.
RELATIONS = {
    "==": "==",
    "eq": "==",
    "!=": "!=",
    "ne": "!=",
    "<": "<",
    "lt": "<",
    ">": ">",
    "gt": ">",
    "<=": "<=",
    "le": "<=",
    ">=": ">=",
    "ge": ">=",
    "!": "!",
}
_NAME = re.compile(r"[A-Za-z_.\\][A-Za-z0-9/\-_.\\*]*", re.ASCII)
_TIME = re.compile(r"([0-9]+)(ms|[wdhms])", re.ASCII)
_MILLISECONDS = {"w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}
_DIGITS = frozenset("0123456789")
# Sides of a match whose constants are not as they look: bits that may be listed, a name that looks like a number
# (interfaces by their index, realms), a time. By the expression's name and its key or field.
_KINDS = {
    **{("ct", key): "bits" for key in ("state", "status", "label", "event")},
    ("payload", "flags"): "bits",
    **{("meta", key): "index" for key in ("iif", "oif", "sdif", "rtclassid")},
    ("rt", "classid"): "index",
    ("fib", "oif"): "index",
    ("ct", "expiration"): "time",
}


class NotUnderstood(Exception):
    """A word that this reader does not know, or not in its place; the text is the word."""


def constant(word: str) -> Json:
    """One word as a value."""
    first = word[0]
    if first in _DIGITS:
        return _number(word) if word.isdigit() else _numeral(word)
    if first == '"':
        if len(word) < 2:
            raise NotUnderstood(word)
        return word[1:-1]
    if ":" in word:
        return _numeral(word)
    if word in BOOLEANS:
        return BOOLEANS[word]
    return name(word)


def name(word: str) -> str:
    if word in RESERVED:
        raise NotUnderstood(word)
    return identifier(word)


def identifier(word: str) -> str:
    """A name in a place where it can't be taken for anything else."""
    if not _NAME.fullmatch(word) or word == ".":
        raise NotUnderstood(word)
    return word


def _number(word: str) -> int:
    if len(word) > _LONGEST:
        raise NotUnderstood(f"{word[:20]}...")
    if word[0] != "0" or len(word) == 1:
        return int(word)
    try:
        return int(word, 8)  # strtoull(3)
    except ValueError:
        raise NotUnderstood(word) from None


def _numeral(word: str) -> Json:
    """What begins with a digit, or has colons: hexadecimal, addresses, times, traffic classes."""
    if word[:2] in ("0x", "0X"):
        if len(word) > _LONGEST:
            raise NotUnderstood(f"{word[:20]}...")
        found = int(word, 16)
        return found if found <= _LARGEST else f"0x{found:x}"
    if ":" not in word:
        return word
    text = word[1:-1] if word[0] == "[" else word
    colons = text.count(":")
    if colons == 1 or (colons == 5 and "::" not in text):
        return text.lower() if colons == 5 else text
    try:
        return socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, text))
    except OSError:
        raise NotUnderstood(word) from None


def prefix(address: Json, length: int, listed: bool | None) -> Json:
    """``address/length``. ``listed``: whether nft printed it. Of a script it loads it without the bits behind the
    prefix; what it prints with such bits is a mask and a value that nothing equals. None: that is not known."""
    if shape.is_whole(address):
        if not listed:
            raise NotUnderstood(f"{address}/{length}")
        return {"prefix": {"addr": address, "len": length}}
    try:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        packed = socket.inet_pton(family, address)
    except (OSError, TypeError, ValueError):
        raise NotUnderstood(f"{address}/{length}") from None
    width = len(packed) * 8
    if length > width:
        raise NotUnderstood(f"{address}/{length}")
    if length == width:
        return address
    number = int.from_bytes(packed, "big")
    kept = number >> (width - length) << (width - length)
    if kept != number and listed is None:
        raise NotUnderstood(f"{address}/{length}")
    if not listed:
        address = socket.inet_ntop(family, kept.to_bytes(width // 8, "big"))
    return {"prefix": {"addr": address, "len": length}}


def seconds(word: str) -> int:
    """A time, in whole seconds: a number of them, or ``1h30m``."""
    if word.isdigit():
        return _number(word)
    found = _TIME.findall(word)
    if not found or "".join(map("".join, found)) != word or len(word) > _LONGEST:
        raise NotUnderstood(word)
    return sum(int(count) * _MILLISECONDS[unit] for count, unit in found) // 1000


def kind_of(expression: Json) -> Json:
    """How constants that are compared with it are written: a word, a list for a concatenation, None if plainly."""
    if not isinstance(expression, dict):
        return None
    ((kind, inner),) = expression.items()
    if kind == "concat":
        parts = [kind_of(part) for part in inner]
        return parts if any(parts) else None
    if isinstance(inner, list):
        return kind_of(inner[0])
    if not isinstance(inner, dict):
        return None
    if kind == "payload":
        return "bits" if inner.get("field") == "flags" and inner.get("protocol") == "tcp" else None
    return _KINDS.get((kind, str(inner.get("result" if kind == "fib" else "key"))))


def typed(kind: Json, found: Json) -> Json:
    """A constant of this kind."""
    if isinstance(kind, list):
        if not isinstance(found, dict) or "concat" not in found or len(found["concat"]) != len(kind):
            return found
        return {"concat": [typed(part, one) for part, one in zip(kind, found["concat"])]}
    if kind == "bits" or kind is None:
        return found
    if isinstance(found, dict) and "range" in found:
        return {"range": [typed(kind, end) for end in found["range"]]}
    if kind == "index" and shape.is_whole(found):
        return str(found)
    if kind == "time" and isinstance(found, str):
        return seconds(found)
    return found
