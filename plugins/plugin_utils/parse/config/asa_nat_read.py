# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of translations in a configuration of Cisco ASA, in the order in which the device asks it.

Source: Cisco ASA Series Command Reference, "nat (object)", "nat (global)"; Cisco ASA Series Firewall CLI Configuration
Guide, "NAT Rule Order".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ...model.match import Ranges
from . import asa_names
from .asa_objects import Addresses, Objects
from .blocks import Line, starting
from .words import NotUnderstoodError, Words

# Words that say nothing about which packets become what.
_NO_MATTER = ("dns", "no-proxy-arp", "route-lookup", "net-to-net")
_LAST_LINE = 2147483647
_POOL_OPTIONS = ("round-robin", "extended", "flat", "include-reserve", "block-allocation")


@dataclass(frozen=True)
class Ports:
    """Of one end: ranges as they are at the host itself, and as others see them; None for any, and the same."""

    real: Ranges | None = None
    mapped: Ranges | None = None


@dataclass
class Translation:
    """``sides``: the interfaces of real and of mapped addresses, empty for any. ``real``, ``mapped``: of the source;
    None for any. ``to_interface``: the mapped address is that of the mapped side's interface. ``destination``: real
    and mapped addresses of the other end, None for any, where the translation names it. ``problem``: why it can't be
    modelled."""

    sides: tuple[str, str]
    text: str
    line: int
    dynamic: bool = False
    real: Addresses | None = None
    mapped: Addresses | None = None
    to_interface: bool = False
    destination: tuple[Addresses | None, Addresses | None] | None = None
    protocols: tuple[int, ...] = ()
    source_ports: Ports = field(default_factory=Ports)
    destination_ports: Ports = field(default_factory=Ports)
    unidirectional: bool = False
    problem: str = ""

    def identity(self) -> bool:
        """Whether the source stays what it is."""
        same = self.real is None if self.mapped is None else self.mapped == self.real
        return (
            not self.dynamic
            and not self.to_interface
            and same
            and self.source_ports.real == self.source_ports.mapped
        )


def table(config: list[Line], objects: Objects) -> list[Translation]:
    """All that are in force, first those that are asked first."""
    first: list[Translation] = []
    last: list[Translation] = []
    for line in _kept(config):
        words, sides = _sides(line.words)
        section = first
        if words.take("after-auto"):
            section = last
        at = asa_names.whole(words.peek(), _LAST_LINE) or 0
        if at:
            words.next()
        found = _twice(words, sides, line, objects)
        if found is not None:
            section.insert(at - 1 if 0 < at <= len(section) else len(section), found)
    return [*first, *_of_objects(config, objects), *last]


def _kept(config: list[Line]) -> list[Line]:
    """Twice NAT that no later command takes away."""
    found: list[Line] = []
    for line in config:
        if line.words[0] == "nat":
            found.append(line)
        elif line.words[:3] == ["clear", "configure", "nat"]:
            found.clear()
        elif line.words[:2] == ["no", "nat"]:
            found = [one for one in found if one.words != line.words[1:]]
    return found


def _sides(words: list[str]) -> tuple[Words, tuple[str, str]]:
    """The words behind ``nat (real,mapped)``; without interfaces they are any."""
    rest = words[1:]
    joined = ""
    while rest and (rest[0].startswith("(") or (joined and not joined.endswith(")"))):
        joined += rest.pop(0)
    real, _comma, mapped = joined.strip("()").partition(",")
    return Words(rest), ("" if real == "any" else real, "" if mapped == "any" else mapped)


def _of_objects(config: list[Line], objects: Objects) -> list[Translation]:
    found: dict[str, Translation | None] = {}
    for block in starting(config, "object", "network"):
        for line in block.children:
            if line.words[0] == "nat" and len(block.words) > 2:
                found[block.words[2]] = _of_object(block.words[2], line, objects)
            elif line.words[:2] == ["no", "nat"] and len(block.words) > 2:
                found[block.words[2]] = None

    def place(item: tuple[str, Translation]) -> tuple[object, ...]:
        name, one = item
        spans = [span for ranges in (one.real.ranges.values() if one.real else ()) for span in ranges]
        size = sum(high - low + 1 for low, high in spans)
        return one.dynamic, size, min((low for low, _high in spans), default=0), name

    listed = [(name, one) for name, one in found.items() if one is not None]
    return [one for _name, one in sorted(listed, key=place)]


def _of_object(name: str, line: Line, objects: Objects) -> Translation:
    words, sides = _sides(line.words)
    found = Translation(sides, f"object network {name}: {line.text}", line.number)
    found.real = objects.members("object", name)
    try:
        found.dynamic = words.expect("static", "dynamic") == "dynamic"
        _mapped(words, found, objects, inline=True)
        if words.take("service"):
            _service_of_object(words, found)
        _options(words, found)
    except NotUnderstoodError as error:
        found.problem = str(error)
    return _checked(found)


def _service_of_object(words: Words, found: Translation) -> None:
    number = words.value("protocol", lambda word: {"tcp": 6, "udp": 17, "sctp": 132}[word])
    found.protocols = (number,)
    real, mapped = (
        words.value("port", lambda word: asa_names.port(found.protocols, word)) for _end in range(2)
    )
    found.source_ports = Ports(((real, real),), ((mapped, mapped),))


def _twice(words: Words, sides: tuple[str, str], line: Line, objects: Objects) -> Translation | None:
    """``source static|dynamic REAL MAPPED [destination static MAPPED REAL] [service …] …``; None if not in force."""
    found = Translation(sides, line.text, line.number)
    if "inactive" in words.rest().partition(" description ")[0].split():
        return None
    try:
        words.expect("source")
        found.dynamic = words.expect("static", "dynamic") == "dynamic"
        found.real = _addresses(words.next("real addresses"), objects)
        _mapped(words, found, objects, inline=False)
        if words.take("destination"):
            words.expect("static")
            if words.take("interface"):
                words.take("ipv6")
                raise NotUnderstoodError("a destination that is the address of an interface is not modelled")
            mapped = _addresses(words.next("mapped addresses"), objects)
            found.destination = (_addresses(words.next("real addresses"), objects), mapped)
        if words.take("service"):
            _service(words, found, objects)
        _options(words, found)
    except NotUnderstoodError as error:
        found.problem = str(error)
    return _checked(found)


def _addresses(name: str, objects: Objects) -> Addresses | None:
    """Those of an object or a group; None for ``any``."""
    if name == "any":
        return None
    word = "object" if objects.has("object", name) else "object-group"
    return objects.members(word, name)


def _mapped(words: Words, found: Translation, objects: Objects, *, inline: bool) -> None:
    """``MAPPED``, ``interface [ipv6]``, ``pat-pool MAPPED [options] [interface]``, ``MAPPED interface``."""
    if words.take("interface"):
        if words.take("ipv6"):
            raise NotUnderstoodError("translation to the IPv6 address of an interface is not modelled")
        found.to_interface = True
        return
    pool = bool(words.take("pat-pool"))
    name = words.next("mapped addresses")
    if name != "any" and inline and not (objects.has("object", name) or objects.has("object-group", name)):
        found.mapped = _inline(name, found, objects)
    else:
        found.mapped = _addresses(name, objects)
    if found.dynamic:
        if not pool and words.take("pat-pool"):
            words.next("a pool")
            raise NotUnderstoodError("a pool behind other mapped addresses is not modelled")
        while words.take(*_POOL_OPTIONS):
            pass
        if words.take("interface"):
            words.take("ipv6")
            if found.mapped is not None:  # whichever of them: its address is not known then
                found.mapped = Addresses({4: [*found.mapped.ranges[4], (0, 0xFFFFFFFF)], 6: []})


def _inline(word: str, found: Translation, objects: Objects) -> Addresses:
    """An address that is written; a static translation of a network has as many from there on."""
    one = objects.plain(Words([word] if "/" in word else ["host", word]))
    if found.dynamic or found.real is None:
        return one
    for family, ranges in one.ranges.items():
        real = found.real.ranges[family]
        if len(ranges) == 1 and len(real) == 1 and "/" not in word:
            low, size = ranges[0][0], real[0][1] - real[0][0]
            ranges[0] = (low, low + size)
    return one


def _service(words: Words, found: Translation, objects: Objects) -> None:
    """``service A B``: A has the source's real and the destination's mapped ports, B the source's mapped and the
    destination's real ones."""
    named = [words.next("a service") for _end in range(2)]
    if named[0] == "any" and named[1] == "any":
        return
    first, second = (objects.single_service(name) for name in named)
    if first.protocols != second.protocols or first.icmp or second.icmp or first.protocols is None:
        raise NotUnderstoodError(f"what translating the service {named[0]} to {named[1]} does is not known")
    found.protocols = first.protocols
    found.source_ports = Ports(first.source, second.source)
    found.destination_ports = Ports(second.destination, first.destination)


def _options(words: Words, found: Translation) -> None:
    while words.more():
        if words.take("unidirectional"):
            found.unidirectional = True
        elif words.take("description"):
            return
        elif not words.take(*_NO_MATTER):
            words.end()


def _checked(found: Translation) -> Translation:
    """What members that are not known, or other families on the other side, leave unknown."""
    if found.problem:
        return found
    ends = [found.real, found.mapped, *(found.destination or ())]
    if any(one is not None and not one.exact() for one in ends):
        found.problem = "which addresses it translates is not known"
    elif not found.dynamic and found.real is None and (found.mapped is not None or found.to_interface):
        found.problem = "what it makes of an address is not known"
    for before, after in ((found.real, found.mapped), found.destination or (None, None)):
        if not found.problem and before and after and families(before) != families(after):
            found.problem = "translation between IPv4 and IPv6 is not modelled"
    return found


def families(addresses: Addresses) -> set[int]:
    return {family for family, ranges in addresses.ranges.items() if ranges}


def spans(addresses: Addresses) -> Iterator[tuple[int, tuple[int, int]]]:
    """(family, range) of each."""
    for family, ranges in addresses.ranges.items():
        for span in ranges:
            yield family, span
