# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One packet of a rule, and what other rules say of it, without a diagram: most rules of a host are reached by the
first packet that comes to mind.

What is open here (a condition that can't be decided, a field that the packet has no value of) stays open: only a clear
yes or no counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

from ..model.diagrams import Point
from ..model.fields import FAMILIES, FIELDS, STATES
from ..model.match import All, Always, Either, In, Masked, Match, Named, Not, Ranges
from .index import on_line

# Field -> its value; names of states, "" for an interface that no rule names.
Packet = dict[str, "int | str"]
_FAMILY = {"ipv4": 4, "ipv6": 6}
_BYTES = {4: 4, 6: 16}
_INTERFACES = ("in_interface", "out_interface")
# What rules ask for is mostly something else, or just this: a protocol for experimentation (RFC 3692), a SYN.
_USUAL: Packet = {"connection": "new", "protocol": 253, "tcp_flags": 2, **dict.fromkeys(_INTERFACES, "")}


def drawn(match: Match, draw: Random) -> Packet | None:
    """A packet that a match surely holds for; None where none comes to mind."""
    parts = list(_parts(match, draw))
    found: Packet = {"family": _family(parts), **_USUAL}
    for part in parts:
        if isinstance(part, In) and part.ranges:
            found[part.field] = draw.randint(*draw.choice(part.ranges))
        elif isinstance(part, Masked):
            found[part.field] = part.value
        elif isinstance(part, Named) and part.names and part.field in (*STATES, *_INTERFACES):
            found[part.field] = part.names[0]
    bits = 8 * _BYTES[int(found["family"])]
    for field, width in (("src", bits), ("dst", bits), ("src_port", 16), ("dst_port", 16)):
        found.setdefault(field, draw.getrandbits(width))
    return found if holds(match, found) else None


def _parts(match: Match, draw: Random) -> Iterator[Match]:
    """What a packet has to fulfil; of alternatives, one."""
    if isinstance(match, All):
        for part in match.matches:
            yield from _parts(part, draw)
    elif isinstance(match, Either) and match.matches:
        yield from _parts(draw.choice(match.matches), draw)
    else:
        yield match


def _family(parts: Sequence[Match]) -> int:
    for part in parts:
        if isinstance(part, In) and part.family:
            return part.family
        if isinstance(part, Named) and part.field == "family" and part.names:
            return _FAMILY[part.names[0]]
    return 4


def holds(match: Match, packet: Packet) -> bool | None:
    """Whether a match holds for a packet, whatever is open about it; None where that depends."""
    if isinstance(match, (In, Masked)):
        return _of_value(match, packet)
    if isinstance(match, (All, Either)):
        found: bool | None = isinstance(match, All)
        for part in match.matches:
            one = holds(part, packet)
            if one is isinstance(match, Either):
                return one
            found = None if one is None else found
        return found
    if isinstance(match, Named):
        return _of_name(match, packet)
    if isinstance(match, Not):
        one = holds(match.match, packet)
        return None if one is None else not one
    return True if isinstance(match, Always) else None


def _of_value(match: In | Masked, packet: Packet) -> bool | None:
    value = packet.get(match.field)
    if match.family and match.family != packet["family"]:
        return False
    if not isinstance(value, int):
        return None
    if isinstance(match, Masked):
        return value & match.mask == match.value
    return any(low <= value <= high for low, high in match.ranges)


def _of_name(match: Named, packet: Packet) -> bool | None:
    if match.field == "family":
        return any(_FAMILY[name] == packet["family"] for name in match.names)
    value = packet.get(match.field)
    if not isinstance(value, str):
        return None
    if match.field not in _INTERFACES:
        return value in match.names
    # A wildcard in the packet stands for some name that starts so: others may or may not.
    if value.endswith("*"):
        return True if value in match.names else None
    return any(value.startswith(name[:-1]) if name.endswith("*") else value == name for name in match.names)


def point_of(packet: Packet) -> Point:
    """The values that a diagram asks for; interfaces by name stay open."""
    found: Point = {}
    for field, value in packet.items():
        spec = FIELDS[field]
        if field == "family":
            found[spec.first] = 1 << (FAMILIES.index("ipv4") if value == 4 else FAMILIES.index("ipv6"))
        elif isinstance(value, str):
            if field in STATES:
                found[spec.first] = 1 << STATES[field].index(value)
        else:
            width = _BYTES[int(packet["family"])] if spec.kind == "address" else spec.levels
            for at in range(width):
                found[spec.first + at] = 1 << (value >> 8 * (width - 1 - at) & 255)
    return found


def settles_names(point: Point) -> bool:
    """Whether a diagram has asked a point for an interface, and got another one than the packet's."""
    return any(FIELDS[field].first in point for field in _INTERFACES)


def wanted_by(packet: Packet) -> dict[str, Ranges]:
    """What a packet asks of each line of an index."""
    found: dict[str, Ranges] = {}
    for field in ("src", "dst", "dst_port"):
        value = int(packet[field])
        found[field] = (on_line(field, value, value, int(packet["family"])),)
    return found
