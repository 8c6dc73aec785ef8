# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An nft match (left side, operator, right side) -> a match on a flow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..model.fields import PROTOCOLS_WITH_PORTS
from ..model.match import (
    BEYOND,
    NEVER,
    All,
    Either,
    Fib,
    In,
    Masked,
    Match,
    Member,
    Named,
    Not,
    Unknown,
    both,
    merge_ranges,
)
from . import connections, nft_operands, nft_values
from .host_facts import HostFacts, negated
from .nft_effects import mark_bits
from .nft_operands import PORTS, Operand, words_of
from .nft_sets import LIMITED, SetInfo, is_limited
from .nft_values import NotModelled

Json = Any
_FAMILIES = {"ip": "ipv4", "ipv4": "ipv4", "ip6": "ipv6", "ipv6": "ipv6"}
# Frames that hold no IP packet: no flow is one of them.
_NO_FLOWS = {"arp"}
_TRANSLATED = {"snat", "dnat"}
_JOINED = {"&", "|", "^"}
_MOST_VALUES = 256
_PLAIN = {"address4", "address6", "port"}
_MEMBERS = {"address4", "address6", "port", "protocol", "mark", "name"}
# Expressions that give each rule a value of its own, however alike they are written.
_OF_CONNECTION = {"original": connections.original, "reply": connections.reply}
_OWN = ("numgen", "hash", "random")


class Relations:
    """Builds matches for the rules of one ruleset document; ``sets`` by ``family/table/name``.

    ``asks_routes``: whether one of them may have asked for a route."""

    def __init__(self, facts: HostFacts, sets: Mapping[str, SetInfo]) -> None:
        self.facts = facts
        self.sets = sets
        self.asks_routes = False

    def relation(self, place: str, left: Json, op: str, right: Json, rule: str) -> tuple[Match, str]:
        """The match, and what was not understood of it (or nothing). ``place``: family/table of the rule.
        ``rule``: what tells this rule from all others, for what has another value in each."""
        if op == "==":
            plain = _plain(left, right)
            if plain is not None:
                return plain, ""
        if _of_routing_header(left, op, right):
            return BEYOND, ""
        if self.limits(place, right):
            return self._limited(place, left, op, right, rule)
        operands = _operands(left)
        needs = both(*(one.needs for one in operands))
        try:
            if len(left) != 1 or (isinstance(right, dict) and len(right) != 1):
                raise NotModelled("an expression of several")
            if op == "!=":
                return both(needs, negated(self._holds(place, left, operands, "==", right))), ""
            if op == "!":
                return both(needs, negated(self._holds(place, left, operands, "in", right))), ""
            held = self._holds(place, left, operands, op, right)
            # An address range holds for its own family only, so the family need not be said again.
            rest = both(*(one.needs for one in operands if not one.family))
            return both(rest, held), ""
        except NotModelled as error:
            words = (
                f"{_words(left)} {words_of(right)}"
                if op in ("==", "in", "!=")
                else f"{_words(left)} {op} {words_of(right)}"
            )
            reason = f"{words}: {error}" if str(error) else words
            unknown = Unknown(rule or words, f"{reason} is not modelled")
            return both(needs, negated(unknown) if op == "!=" else unknown), reason

    def limits(self, place: str, right: Json) -> bool:
        """Whether an element of this set matches some of its packets only."""
        if isinstance(right, str) and right.startswith("@"):
            info = self.sets.get(f"{place}/{right[1:]}")
            return info is not None and info.limited
        listed = right.get("set") if isinstance(right, dict) else None
        return isinstance(listed, list) and any(map(is_limited, listed))

    def _limited(self, place: str, left: Json, op: str, right: Json, rule: str) -> tuple[Match, str]:
        """Each rule asks the limit anew, so what it says here is no hint of what it says elsewhere."""
        words = f"{_words(left)} {words_of(right)}"
        needs = self.needs(left)
        found: Match = Unknown(rule or words, f"{words}: {LIMITED}")
        info = self.sets.get(f"{place}/{right[1:]}") if isinstance(right, str) else None
        operands = _operands(left)
        kinds = [one.kind for one in operands]
        if info is not None and kinds == list(info.kinds) and _MEMBERS.issuperset(kinds):
            found = both(self._member(place, operands, right), found)
        return both(needs, negated(found) if op in ("!=", "!") else found), f"{words} with a limit"

    def needs(self, expression: Json) -> Match:
        """What holds for every packet from which the expression can be read."""
        return both(*(one.needs for one in _operands(expression)))

    def _holds(self, place: str, left: Json, operands: list[Operand], op: str, right: Json) -> Match:
        if isinstance(left, dict) and "concat" in left:
            return self._concatenation(place, operands, op, right)
        if operands[0].kind == "mark" and isinstance(left, dict) and _JOINED.intersection(left):
            return _mark_bits(operands[0], left, op, right)
        if isinstance(left, dict) and "&" in left:
            return self._masked(operands[0], left["&"], op, right)
        return self._single(place, operands[0], op, right)

    def _single(self, place: str, operand: Operand, op: str, right: Json) -> Match:
        if not operand.kind:
            raise NotModelled()
        if isinstance(right, str) and right.startswith("@"):
            if op not in ("==", "in"):
                raise NotModelled(f"operator {op}")
            return self._member(place, [operand], right)
        special = getattr(self, f"_{operand.kind}", None)
        if special is not None:
            found: Match = special(operand, op, right)
            return found
        of_connection = _OF_CONNECTION.get(operand.way)
        if of_connection is not None:
            words = f"{operand.text} {words_of(right)}"
            return of_connection(
                operand.field, words, lambda name: _numeric(replace(operand, field=name), op, right)
            )
        return _anywhere([operand], right, _numeric(operand, op, right))

    def _member(self, place: str, operands: list[Operand], right: str) -> Match:
        key = f"{place}/{right[1:]}"
        info = self.sets.get(key)
        alike = info is None or [one.kind for one in operands] == list(info.kinds)
        if alike and all(one.kind in _MEMBERS for one in operands):
            member = Member(key, tuple(one.field for one in operands))
            listed = len(operands) > 1 and info is not None and _have_ports(operands, info)
            return member if listed else _anywhere(operands, right, member)
        if info is None or not info.certain:
            raise NotModelled("the members of this set are not certain")
        if len(operands) == 1:
            return _either([self._single(place, operands[0], "==", element) for element in info.elements])
        return self._concatenation(place, operands, "==", {"set": info.elements})

    def _concatenation(self, place: str, operands: list[Operand], op: str, right: Json) -> Match:
        if op not in ("==", "in"):
            raise NotModelled(f"operator {op}")
        if isinstance(right, str) and right.startswith("@"):
            return self._member(place, operands, right)
        elements = right["set"] if isinstance(right, dict) and "set" in right else [right]
        found = []
        for element in elements:
            if isinstance(element, dict) and "elem" in element:
                element = element["elem"]["val"]
            parts = element.get("concat") if isinstance(element, dict) else None
            if not isinstance(parts, list) or len(parts) != len(operands):
                raise NotModelled(f"element {words_of(element)}")
            found.append(both(*(self._single(place, one, "==", part) for one, part in zip(operands, parts))))
        return _either(found)

    def _masked(self, operand: Operand, pair: list[Json], op: str, right: Json) -> Match:
        if not operand.kind:
            raise NotModelled()
        if operand.kind not in nft_values.SCALARS or op not in ("==", "in") or len(pair) != 2:
            raise NotModelled("mask")
        mask = nft_values.scalar(operand.kind, pair[1])
        values = right["set"] if isinstance(right, dict) and "set" in right else [right]
        found: list[Match] = []
        for item in values:
            value = nft_values.scalar(operand.kind, item)
            if operand.kind == "state":
                found.append(
                    _states(
                        operand, [name for name, bit in nft_values.STATE_BITS.items() if bit & mask == value]
                    )
                )
            else:
                found.append(NEVER if value & ~mask else Masked(operand.field, value, mask, operand.family))
        return _either(found)

    def _name(self, operand: Operand, op: str, right: Json) -> Match:
        if op not in ("==", "in"):
            raise NotModelled(f"operator {op}")
        names = nft_values.words(right)
        if any(name.endswith("\\*") for name in names):
            raise NotModelled("a name that ends in an asterisk")
        return Named(operand.field, tuple(names)) if names else NEVER

    def _index(self, operand: Operand, op: str, right: Json) -> Match:
        if op not in ("==", "in"):
            raise NotModelled(f"operator {op}")
        names = nft_values.words(right)
        known = tuple(name for name in names if not name.isdigit())
        found: list[Match] = [Named(operand.field, known)] if known else []
        found += [self.facts.interface_of(operand.field, int(name)) for name in names if name.isdigit()]
        return _either(found)

    def _group(self, operand: Operand, op: str, right: Json) -> Match:
        if op not in ("==", "in"):
            raise NotModelled(f"operator {op}")
        values = right["set"] if isinstance(right, dict) and "set" in right else [right]
        if not all(isinstance(value, (str, int)) for value in values):
            raise NotModelled("interface groups")
        return _either(
            [self.facts.group(operand.field, "default" if value == 0 else str(value)) for value in values]
        )

    def _family(self, operand: Operand, op: str, right: Json) -> Match:
        if op not in ("==", "in"):
            raise NotModelled(f"operator {op}")
        found = []
        for word in nft_values.words(right):
            if word not in _FAMILIES and word not in _NO_FLOWS:
                raise NotModelled()
            if word in _FAMILIES:
                found.append(_FAMILIES[word])
        return Named("family", tuple(found)) if found else BEYOND

    def _fib_type(self, operand: Operand, op: str, right: Json) -> Match:
        if op not in ("==", "in"):
            raise NotModelled(f"operator {op}")
        self.asks_routes = True
        words = nft_values.words(right)
        return _either([self.facts.address_type(operand.field, word, by=operand.way) for word in words])

    def _fib_interface(self, operand: Operand, op: str, right: Json) -> Match:
        if op not in ("==", "in"):
            raise NotModelled(f"operator {op}")
        self.asks_routes = True
        asked = Fib(operand.field, ("*",), by=operand.way, mark=operand.marked)
        if isinstance(right, bool):
            return asked if right else Not(asked)
        names = tuple(nft_values.words(right) if not isinstance(right, int) else [str(right)])
        found: list[Match] = [Not(asked)] if "0" in names else []
        known = [self.facts.link(name) if name.isdigit() else name for name in names if name != "0"]
        if any(name is None for name in known):
            raise NotModelled("an interface without a name")
        listed = tuple(name for name in known if name)
        return _either([*found, replace(asked, answers=listed)] if listed else found)

    def _packet_type(self, operand: Operand, op: str, right: Json) -> Match:
        if op not in ("==", "in"):
            raise NotModelled(f"operator {op}")
        return _either([self.facts.packet_type(word) for word in nft_values.words(right)])

    def _ct_status(self, operand: Operand, op: str, right: Json) -> Match:
        if op == "==" and _TRANSLATED.intersection(nft_values.words(right)):
            return NEVER  # the kernel sets bits beside these that nft has no names for (nf_nat_setup_info)
        if op != "in":
            raise NotModelled(f"operator {op}")
        return _either([connections.status(word) for word in nft_values.words(right)])

    def _direction(self, operand: Operand, op: str, right: Json) -> Match:
        if op not in ("==", "in") or right not in ("original", "reply"):
            raise NotModelled()
        return connections.direction(right)

    def _state(self, operand: Operand, op: str, right: Json) -> Match:
        bits = nft_values.STATE_BITS
        if op == "in":
            mask = nft_values.scalar("state", right)
            return _states(operand, [name for name, bit in bits.items() if bit & mask])
        if op != "==":
            raise NotModelled(f"operator {op}")
        wanted = {low for low, high in nft_values.ranges("state", right) if low == high}
        return _states(operand, [name for name, bit in bits.items() if bit in wanted])

    def _tcp_flags(self, operand: Operand, op: str, right: Json) -> Match:
        if op == "in":
            return negated(Masked(operand.field, 0, nft_values.scalar("tcp_flags", right)))
        return _numeric(operand, op, right)


def _of_routing_header(left: Json, op: str, right: Json) -> bool:
    """Whether only packets with an IPv6 routing header can match: asked for a field, whatever it is to be, the
    kernel goes to the next rule where there is no header (nft_exthdr_ipv6_eval). No flow has one."""
    header = left.get("exthdr") if isinstance(left, dict) and len(left) == 1 else None
    if not isinstance(header, dict) or header.get("name") not in ("rt", "rt0", "rt2", "srh"):
        return False
    return "field" in header or (op == "==" and right is True)


def _operands(left: Json) -> list[Operand]:
    if isinstance(left, dict) and "concat" in left:
        return [nft_operands.operand(part) for part in left["concat"]]
    while isinstance(left, dict) and (joined := _JOINED.intersection(left)):
        left = left[joined.pop()][0]
    return [nft_operands.operand(left)]


def _plain(left: Json, right: Json) -> Match | None:
    """The quick way for most matches there are: a header field that equals one value or prefix."""
    payload = left.get("payload")
    operand = nft_operands.operand(left) if payload else None
    if operand is None or operand.kind not in _PLAIN or operand.anywhere:
        return None
    try:
        if isinstance(right, dict) and right.keys() == {"prefix"}:
            found = nft_values.prefix(operand.kind, right["prefix"])
            if found is None:
                return NEVER
        elif (isinstance(right, int) and not isinstance(right, bool)) or (
            isinstance(right, str) and not right.startswith("@")
        ):
            number = nft_values.SCALARS[operand.kind](right)
            found = (number, number)
        else:
            return None
    except (NotModelled, OSError, ValueError, TypeError):
        return None
    match = In(operand.field, (found,), operand.family)
    return match if operand.family else All((operand.needs, match))


def _mark_bits(operand: Operand, left: Json, op: str, right: Json) -> Match:
    """A mark with some bits kept, others flipped: it equals a value where the mark itself equals another."""
    made = mark_bits(left)
    if made is None or op not in ("==", "in") or list(made[1]) != [operand.field]:
        raise NotModelled("an expression of marks")
    constant, mask = made[0], made[1][operand.field]
    values = right["set"] if isinstance(right, dict) and "set" in right else [right]
    found: list[Match] = []
    for item in values:
        for low, high in nft_values.ranges("mark", item):
            if high - low >= _MOST_VALUES:
                raise NotModelled("a wide range of masked marks")
            for value in range(low, high + 1):
                wanted = value ^ constant
                found.append(NEVER if wanted & ~mask else Masked(operand.field, wanted, mask))
    return _either(found)


def _anywhere(operands: list[Operand], right: Json, match: Match) -> Match:
    """``th`` reads from whatever header comes after that of IP, also where ports are not in it."""
    if not any(one.anywhere for one in operands):
        return match
    words = f"{' . '.join(one.text for one in operands)} {words_of(right)}"
    elsewhere = Unknown(words, f"{words}: what protocols without ports have there is not modelled")
    return Either((both(PORTS, match), both(Not(PORTS), elsewhere)))


def _have_ports(operands: list[Operand], info: SetInfo) -> bool:
    """Whether all elements, now and later, are of protocols with ports."""
    at = next((index for index, one in enumerate(operands) if one.field == "protocol"), None)
    listed = [element.get("concat", ()) for element in info.elements if isinstance(element, dict)]
    if at is None or info.dynamic or any(len(parts) != len(operands) for parts in listed):
        return False
    spans = [span for parts in listed for span in nft_values.ranges("protocol", parts[at])]
    return all(number in PROTOCOLS_WITH_PORTS for low, high in spans for number in range(low, high + 1))


def has_own_value(left: Json) -> bool:
    return any(word in str(left) for word in _OWN)


def _words(left: Json) -> str:
    for sign in sorted(_JOINED):
        if isinstance(left, dict) and sign in left:
            return f" {sign} ".join(_words(part) for part in left[sign])
    return words_of(left)


def _numeric(operand: Operand, op: str, right: Json) -> Match:
    kind = operand.kind
    if op in ("==", "in") and (op == "==" or isinstance(right, dict)):
        found = nft_values.ranges(kind, right)
        if not found:
            return NEVER
        return In(operand.field, merge_ranges(found) if len(found) > 1 else tuple(found), operand.family)
    value, maximum = nft_values.scalar(kind, right), (1 << nft_values.WIDTHS[kind]) - 1
    bounds = {"<": (0, value - 1), "<=": (0, value), ">": (value + 1, maximum), ">=": (value, maximum)}
    if op not in bounds:
        raise NotModelled(f"operator {op}")
    low, high = bounds[op]
    return In(operand.field, ((low, high),), operand.family) if low <= high else NEVER


def _states(operand: Operand, names: list[str]) -> Match:
    return Named(operand.field, tuple(names)) if names else NEVER


def _either(matches: list[Match]) -> Match:
    parts = [match for match in matches if match is not NEVER]
    if not parts:
        return NEVER
    if len(parts) == 1:
        return parts[0]
    if all(isinstance(part, In) for part in parts):
        first = parts[0]
        ranges = [found for part in parts if isinstance(part, In) for found in part.ranges]
        if isinstance(first, In) and all(
            isinstance(part, In) and (part.field, part.family) == (first.field, first.family)
            for part in parts
        ):
            return In(first.field, merge_ranges(ranges), first.family)
    return Either(tuple(parts))
