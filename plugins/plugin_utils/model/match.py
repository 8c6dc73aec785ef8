# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The closed algebra of matches: what a rule asks of a flow, free of any vendor's syntax.

A match is one of the classes here and nothing else; evaluators dispatch on the class. Ranges are
inclusive pairs of integers. Addresses carry their family, because ``0.0.0.1`` and ``::1`` are the
same number.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import StateError
from . import text
from .fields import FAMILIES, FIELDS, STATES

Range = tuple[int, int]
Ranges = tuple[Range, ...]


@dataclass(frozen=True, slots=True)
class Always:
    """True for every flow."""


@dataclass(frozen=True, slots=True)
class In:
    """``field`` lies in one of ``ranges``. ``family`` (4 or 6) for ``src`` and ``dst`` only.

    Fields: src, dst, protocol, src_port, dst_port, icmp_type, icmp_code, tcp_flags, mark, ct_mark.
    A match on a port, an ICMP type or TCP flags says nothing about the protocol: a parser adds that.
    """

    field: str
    ranges: Ranges
    family: int = 0


@dataclass(frozen=True, slots=True)
class Masked:
    """``field & mask == value``; the mask need not be contiguous."""

    field: str
    value: int
    mask: int
    family: int = 0


@dataclass(frozen=True, slots=True)
class Named:
    """``field`` has one of these names.

    Fields: in_interface, out_interface, in_zone, out_zone (a final ``*`` stands for any rest),
    family (``ipv4``, ``ipv6``), connection (new, established, related, invalid, untracked),
    ct_status (none, dnat, snat, both), direction (original, reply), origin (network, socket).
    """

    field: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """The values of ``fields``, together, are an element of the state's set ``name``."""

    name: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fib:
    """What the host's routes say about an address of the packet, ``src`` or ``dst`` (``end``), as a destination.

    ``result``: ``interface``, by which the route leads, or ``type`` of the route. ``answers``: any of these;
    of interfaces a final ``*`` stands for any rest. Without a route, no interface is the answer.
    ``by``: ``in_interface`` or ``out_interface`` of the packet, if only a route by that one counts.
    ``mark``: whether routing rules see the packet's mark, else they see none.
    ``check``: who asks: ``fib`` (nft), ``rpfilter``, ``rpfilter_local`` (iptables, with --accept-local), which
    differ in what they make of special addresses. ``hook``: at which one; empty: not known.
    """

    end: str
    answers: tuple[str, ...]
    result: str = "interface"
    by: str = ""
    mark: bool = False
    check: str = "fib"
    hook: str = ""


@dataclass(frozen=True, slots=True)
class Not:
    match: Match


@dataclass(frozen=True, slots=True)
class All:
    matches: tuple[Match, ...]


@dataclass(frozen=True, slots=True)
class Either:
    matches: tuple[Match, ...]


@dataclass(frozen=True, slots=True)
class Unknown:
    """A condition that can't be decided from the state.

    Two unknowns with the same ``key`` are true or false together for one packet; a parser puts into
    the key all that decides it (the text; for a rate limit also the rule, since each has its own
    bucket). ``reason`` is for people. ``assumption``: a name of ``assumptions.SETTLING`` under which the
    condition is ``then``; it follows from the key, so that it tells no two conditions apart.
    """

    key: str
    reason: str
    assumption: str = field(default="", compare=False)
    then: bool = field(default=True, compare=False)


Match = Always | In | Masked | Named | Member | Fib | Not | All | Either | Unknown

ALWAYS = Always()
NEVER = Either(())
# What holds for no flow, but for packets that flows don't tell of: frames that are no IP, routing headers of IPv6.
BEYOND = Either((NEVER,))


def both(*matches: Match) -> Match:
    """The conjunction, flattened."""
    flat: list[Match] = []
    for match in matches:
        if isinstance(match, All):
            flat.extend(match.matches)
        elif not isinstance(match, Always):
            flat.append(match)
    if not flat:
        return ALWAYS
    return flat[0] if len(flat) == 1 else All(tuple(flat))


def protocol(*numbers: int) -> In:
    return In("protocol", tuple((number, number) for number in sorted(set(numbers))))


def assumptions_of(match: Match) -> frozenset[str]:
    """The assumptions that would settle an unknown within."""
    if isinstance(match, Unknown):
        return frozenset({match.assumption} - {""})
    if isinstance(match, Not):
        return assumptions_of(match.match)
    parts = match.matches if isinstance(match, (All, Either)) else ()
    return frozenset(name for part in parts for name in assumptions_of(part))


def asks_beyond(match: Match) -> bool:
    """Whether a match speaks of packets that are no flows (``BEYOND``)."""
    if isinstance(match, Not):
        return asks_beyond(match.match)
    return match == BEYOND or (isinstance(match, (All, Either)) and any(map(asks_beyond, match.matches)))


def unknown_reasons(match: Match) -> list[str]:
    """The reasons of all unknowns within, in order, without repeats."""
    if isinstance(match, Unknown):
        return [match.reason]
    if isinstance(match, Not):
        return unknown_reasons(match.match)
    if isinstance(match, (All, Either)):
        return list(dict.fromkeys(reason for part in match.matches for reason in unknown_reasons(part)))
    return []


def _range_text(field: str, one: Range, family: int) -> str:
    """One value for each range, so that the same ranges are read back: ``10.0.0.3-10.0.0.9`` is no prefix."""
    written = text.ranges_to_text(field, (one,), family)
    if len(written) == 1:
        return written[0]
    ends = text.ranges_to_text(field, [(end, end) for end in one], family)
    return "-".join(ends)


def match_to_dict(match: Match) -> dict[str, Any]:
    """The JSON form; ``match_from_dict`` is its inverse."""
    if isinstance(match, In):
        values = [_range_text(match.field, one, match.family) for one in match.ranges]
        found: dict[str, Any] = {match.field: values}
        if match.family:
            found["family"] = match.family
        return found
    if isinstance(match, Named):
        return {match.field: list(match.names)}
    if isinstance(match, All):
        return {"all": [match_to_dict(part) for part in match.matches]}
    if isinstance(match, Either):
        return {"any": [match_to_dict(part) for part in match.matches]}
    if isinstance(match, Not):
        return {"not": match_to_dict(match.match)}
    if isinstance(match, Member):
        return {"set": match.name, "fields": list(match.fields)}
    if isinstance(match, Masked):
        return {"masked": match.field, "value": match.value, "mask": match.mask, "family": match.family}
    if isinstance(match, Unknown):
        settled = {"assumption": match.assumption, "then": match.then} if match.assumption else {}
        return {"unknown": match.reason, "key": match.key, **settled}
    if isinstance(match, Fib):
        asked = {name: getattr(match, name) for name in _FIB}
        return {"fib": {**asked, "answers": list(match.answers)}}
    return {}


# What each part of a question to the routes may be.
_FIB: dict[str, tuple[str | bool, ...]] = {
    "end": ("src", "dst"),
    "result": ("interface", "type"),
    "by": ("", "in_interface", "out_interface"),
    "mark": (False, True),
    "check": ("fib", "rpfilter", "rpfilter_local"),
    "hook": ("", "ingress", "prerouting", "input", "forward", "output", "postrouting", "egress"),
}


def _fib(value: Mapping[str, Any], _depth: int) -> Match:
    asked = value["fib"]
    for name, known in _FIB.items():
        if type(asked[name]) is not type(known[0]) or asked[name] not in known:
            raise ValueError(f"{name} of a question to the routes is {asked[name]!r}")
    return Fib(answers=_texts(asked["answers"]), **{name: asked[name] for name in _FIB})


def _of_family(value: Mapping[str, Any], field: str) -> int:
    """The family of a match on ``field``: 4 or 6 for an address, 0 for all else."""
    family = value.get("family", 0)
    if isinstance(family, bool) or family not in ((4, 6) if FIELDS[field].kind == "address" else (0,)):
        raise ValueError(f"{field} of the family {family!r}")
    return int(family)


def _masked(value: Mapping[str, Any], _depth: int) -> Match:
    field = value["masked"]
    found = Masked(field, value["value"], value["mask"], _of_family(value, field))
    whole = isinstance(found.value, int) and isinstance(found.mask, int)
    if not whole or FIELDS[field].kind not in ("address", "number") or found.value & ~found.mask:
        raise ValueError("no mask of this field")
    if not 0 <= found.mask <= _maximum(field, found.family):
        raise ValueError(f"a mask wider than {field}")
    return found


def _maximum(field: str, family: int) -> int:
    return 0xFFFFFFFF if family == 4 else FIELDS[field].maximum


def _in(value: Mapping[str, Any], field: str) -> Match:
    family = _of_family(value, field)
    ranges = text.ranges_from_text(field, _texts(value[field]), family)
    if FIELDS[field].kind not in ("address", "number") or any(
        high > _maximum(field, family) for _low, high in ranges
    ):
        raise ValueError(f"a value that {field} can't have")
    return In(field, ranges, family)


def _named(value: Mapping[str, Any], field: str) -> Match:
    names = _texts(value[field])
    known = STATES.get(field, FAMILIES if field == "family" else names)
    if not set(names).issubset(known):
        raise ValueError(f"{field} has no such values")
    return Named(field, names)


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
        raise ValueError("no list of texts")
    return tuple(value)


def _member(value: Mapping[str, Any], _depth: int) -> Match:
    fields = _texts(value["fields"])
    if not FIELDS.keys() >= set(fields):
        raise ValueError("no such fields")
    (name,) = _texts([value["set"]])
    return Member(name, fields)


def _unknown(value: Mapping[str, Any], _depth: int) -> Match:
    key, reason, assumption = _texts([value["key"], value["unknown"], value.get("assumption", "")])
    then = value.get("then", True)
    if not isinstance(then, bool):
        raise ValueError("a condition is true or false")
    return Unknown(key, reason, assumption, then)


# Deeper than any rule that a host can hold.
_DEEPEST = 50
_COMPOUND: dict[str, Callable[[Mapping[str, Any], int], Match]] = {
    "all": lambda value, depth: All(tuple(match_from_dict(part, depth) for part in value["all"])),
    "any": lambda value, depth: Either(tuple(match_from_dict(part, depth) for part in value["any"])),
    "not": lambda value, depth: Not(match_from_dict(value["not"], depth)),
    "set": _member,
    "masked": _masked,
    "unknown": _unknown,
    "fib": _fib,
}
NAMED_FIELDS = frozenset(("in_interface", "out_interface", "in_zone", "out_zone", "family", *STATES))


def match_from_dict(value: Mapping[str, Any], depth: int = 0) -> Match:
    """Read the JSON form; StateError for anything else. ``depth``: of matches around this one."""
    try:
        if not isinstance(value, Mapping) or depth > _DEEPEST:
            raise ValueError("nested too deeply" if depth > _DEEPEST else "no mapping")
        if not value:
            return ALWAYS
        for key in value:
            build = _COMPOUND.get(key)
            if build is not None:
                return build(value, depth + 1)
        field = next(key for key in value if key != "family" or isinstance(value[key], list))
        return _named(value, field) if field in NAMED_FIELDS else _in(value, field)
    except (KeyError, StopIteration, TypeError, ValueError, AttributeError) as error:
        raise StateError(
            f"a match can't be read: {reprlib.repr(value)}: {error}", "state", "gather the host again"
        ) from error


def merge_ranges(ranges: Iterable[Range]) -> Ranges:
    """Sorted, disjoint, not adjacent."""
    merged: list[Range] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            if high > merged[-1][1]:
                merged[-1] = (merged[-1][0], high)
        else:
            merged.append((low, high))
    return tuple(merged)
