# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual IPs of FortiOS: destinations that are translated before the policies are asked.

Sources: Fortinet, "FortiOS Administration Guide", "Virtual IPs" and "Virtual IP with services" (a virtual IP does
nothing unless a policy has it as its destination; a range is mapped one to one), "Central DNAT" (with central NAT
it does without, and policies name the mapped addresses); "FortiOS CLI Reference", "config firewall vip".
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product

from ...model.match import ALWAYS, In, Match, Named, Range, Unknown, both, protocol, unknown_reasons
from ...model.rules import ACCEPT, Effect, Rule
from . import asks
from .fortios_addresses import between
from .fortios_system import Zones
from .fortios_tree import Block
from .numbers import ports
from .words import NotUnderstoodError

TRANSLATED = Named("ct_status", ("dnat", "both"))
_PROTOCOLS = {"tcp": 6, "udp": 17, "sctp": 132, "icmp": 1}
# A range is taken apart into its addresses and ports up to this many.
_MOST = 1024
_READ = frozenset(
    (
        "extintf", "extip", "extport", "mappedip", "mappedport", "portforward", "portmapping-type", "protocol",
        "service", "src-filter", "srcintf-filter", "status", "type",
    )
)  # fmt: skip
_NO_MATTER = frozenset(
    (
        "add-nat46-route", "add-nat64-route", "arp-reply", "color", "comment", "fabric-object",
        "gratuitous-arp-interval", "id", "nat-source-vip", "ndp-reply", "uuid",
    )
)  # fmt: skip
# Settings that make it another thing, unless they have this value.
_HARMLESS = {
    "nat44": "enable",
    "nat46": "disable",
    "nat64": "disable",
    "nat66": "enable",
    "one-click-gslb-server": "disable",
    "src-vip-filter": "disable",
}


@dataclass
class Vip:
    """``outside``, ``inside``: ranges of as many addresses. ``ports``: the same of ports, None without port
    forwarding. ``by``: the interfaces that it is for, None for all. ``twins``: others that lead to the same place, so
    that policies can't tell them apart. ``why``: what is not understood; then no more than ``outside`` is sure, and
    not even that where it is None."""

    name: str
    block: Block
    family: int
    outside: Range | None = None
    inside: Range | None = None
    protocol: int | None = None
    ports: tuple[Range, Range] | None = None
    came: Match = ALWAYS
    why: str = ""
    enabled: bool = True
    plain: bool = False
    by: frozenset[str] | None = None
    twins: list[str] = field(default_factory=list)

    def asked(self) -> Match:
        """What it translates, by the packet as it came."""
        family = asks.FAMILY[self.family]
        where = In("dst", (self.outside,), self.family) if self.outside else ALWAYS
        return both(family, self.came, where, *self._ports(0))

    def translated(self, named: Collection[str]) -> Match:
        """What its policies see: the flows that it translated. ``named``: all virtual IPs that the policy has."""
        if self.inside is None:
            return both(asks.FAMILY[self.family], TRANSLATED, Unknown(f"vip {self.name}", self.why))
        found = both(TRANSLATED, self.came, In("dst", (self.inside,), self.family), *self._ports(1))
        other = next((name for name in self.twins if name not in named), "")
        why = self.why or (f"virtual IPs {self.name} and {other} lead to the same place" if other else "")
        return both(found, Unknown(f"vip {self.name}", why)) if why else found

    def _ports(self, side: int) -> tuple[Match, ...]:
        of_protocol = () if self.protocol is None else (protocol(self.protocol),)
        return of_protocol if self.ports is None else (*of_protocol, asks.ports("dst_port", self.ports[side]))

    def rules(self) -> Iterator[tuple[Match, tuple[Effect, ...]]]:
        """Each flow that it translates, and to what."""
        if self.why or self.inside is None or self.outside is None:
            why = Unknown(f"vip {self.name}", self.why)
            yield both(self.asked(), why), (Effect("unknown", field="dst,dst_port", family=self.family),)
            return
        (first, last), (to, _end) = self.outside, self.inside
        low, high = self.ports[0] if self.ports else (0, 0)
        shift = self.ports[1][0] - low if self.ports else 0
        moved = self.ports is not None and shift != 0
        if (last - first + 1) * (high - low + 1 if moved else 1) > _MOST:
            effect = Effect(
                "dnat", family=self.family, address=self.inside, port=self.ports[1] if self.ports else None
            )
            yield self.asked(), (effect,)
            return
        for address, port in product(range(first, last + 1), range(low, high + 1) if moved else (None,)):
            asked = In("dst", ((address, address),), self.family)
            mapped = to + address - first
            effect = Effect("dnat", family=self.family, address=(mapped, mapped))
            if port is not None:
                effect = Effect(
                    "dnat", family=self.family, address=(mapped, mapped), port=(port + shift, port + shift)
                )
                yield (
                    both(
                        asked, self.came, protocol(self.protocol or 0), asks.ports("dst_port", (port, port))
                    ),
                    (effect,),
                )
            else:
                yield both(asked, self.came, *self._ports(0)), (effect,)


class Vips:
    """``service``: the match of a service by its name."""

    def __init__(self, config: Block, family: int, zones: Zones, service: Callable[[str], Match]) -> None:
        ending = "" if family == 4 else "6"
        self._family = family
        self._zones = zones
        self._service = service
        self._groups = config.table(f"firewall vipgrp{ending}")
        self.by_name = {
            name: self._vip(name, block) for name, block in config.table(f"firewall vip{ending}").items()
        }

    def of(self, name: str) -> list[Vip]:
        """The virtual IPs that a destination names, by itself or as a group; none for what is another thing."""
        if name in self.by_name:
            return [self.by_name[name]]
        members = self._groups[name].settings.get("member", []) if name in self._groups else []
        return [self.by_name[member] for member in members if member in self.by_name]

    def knows(self, name: str) -> bool:
        return name in self.by_name or name in self._groups

    def _vip(self, name: str, block: Block) -> Vip:
        vip = Vip(name, block, self._family)
        try:
            vip.enabled = block.enabled("status", True)
            self._read(vip, block)
        except NotUnderstoodError as error:
            vip.why = f"virtual IP {name}: {error}"
        return vip

    def _read(self, vip: Vip, block: Block) -> None:
        outer = block.settings.get("extintf", ["any"])
        vip.by = self._zones.interfaces(outer)
        came = self._zones.match("in_interface", outer)
        filters = block.settings.get("srcintf-filter")
        vip.came = both(came, self._zones.match("in_interface", filters)) if filters else came
        vip.outside = self._range(block, "extip")
        if vip.outside == (0, 0):
            vip.outside = None
            raise NotUnderstoodError("its address is the one of its interface")
        known = _READ | _NO_MATTER | _HARMLESS.keys()
        unknown = [key for key, words in block.settings.items() if key not in known and words != [""]]
        unknown += [key for key, plain in _HARMLESS.items() if block.value(key, plain) != plain]
        told = block.unread or [f"set {key}" for key in unknown] or [f"config {key}" for key in block.blocks]
        if told:
            raise NotUnderstoodError(f"{told[0]!r} is not understood")
        if block.value("type", "static-nat") != "static-nat":
            raise NotUnderstoodError(f"type {block.value('type')} is not modelled")
        sources = block.settings.get("src-filter")
        if sources:
            vip.came = both(vip.came, asks.either(self._source(said) for said in sources))
        forwards = block.enabled("portforward", False)
        services = [name for name in block.settings.get("service", []) if name]
        if services and forwards:
            raise NotUnderstoodError("'set service' with port forwarding is not modelled")
        if services:
            vip.came = both(vip.came, asks.either(self._service(name) for name in services))
        if forwards:
            self._forwarding(vip, block)
        inside = self._range(block, "mappedip")
        if inside[1] - inside[0] != vip.outside[1] - vip.outside[0]:
            raise NotUnderstoodError("it maps a range to one of another size")
        vip.inside, vip.plain = inside, not forwards

    def _forwarding(self, vip: Vip, block: Block) -> None:
        kind = block.value("protocol", "tcp")
        if kind not in _PROTOCOLS:
            raise NotUnderstoodError(f"protocol {kind!r}")
        vip.protocol = _PROTOCOLS[kind]
        if kind == "icmp":
            return
        if block.value("portmapping-type", "1-to-1") != "1-to-1":
            raise NotUnderstoodError(f"portmapping-type {block.value('portmapping-type')}")
        outside = ports(block.value("extport", "0"))
        inside = ports(block.value("mappedport", block.value("extport", "0")))
        if outside[0] == 0:
            raise NotUnderstoodError("port forwarding without a port")
        if outside[1] - outside[0] != inside[1] - inside[0]:
            raise NotUnderstoodError("it maps ports to another number of ports")
        vip.ports = (outside, inside)

    def _range(self, block: Block, key: str) -> Range:
        return between("dst", block.value(key), self._family).ranges[0]

    def _source(self, said: str) -> Match:
        try:
            return asks.address("src", said) if "-" in said else asks.network("src", said)
        except ValueError:
            raise NotUnderstoodError(f"src-filter {said!r}") from None


def doubtful(vips: Iterable[Vip]) -> None:
    """Where two of them share addresses and ports outside, it is not known which one it is; inside, policies can't
    tell them apart."""
    known = [vip for vip in vips if vip.outside is not None]
    for side in (0, 1):
        by_start = sorted(known, key=lambda vip: (vip.family, _side(vip, side)))
        for at, vip in enumerate(by_start):
            for other in by_start[at + 1 :]:
                if other.family != vip.family or _side(other, side)[0] > _side(vip, side)[1]:
                    break
                if not _ports_meet(vip, other, side) or _apart(vip, other):
                    continue
                for one, two in ((vip, other), (other, vip)):
                    if side:
                        one.twins.append(two.name)
                    else:
                        one.why = one.why or f"virtual IPs {one.name} and {two.name} overlap"


def _apart(one: Vip, two: Vip) -> bool:
    """Whether no packet comes by the interfaces of both."""
    return one.by is not None and two.by is not None and not one.by & two.by


def _side(vip: Vip, side: int) -> Range:
    found = vip.inside if side else vip.outside
    return found or (-1, -1)


def _ports_meet(one: Vip, two: Vip, side: int) -> bool:
    if _side(one, side)[0] < 0 or _side(two, side)[0] < 0:
        return False
    if None not in (one.protocol, two.protocol) and one.protocol != two.protocol:
        return False
    if one.ports is None or two.ports is None:
        return True
    return one.ports[side][0] <= two.ports[side][1] and two.ports[side][0] <= one.ports[side][1]


def nat_rules(vips: Iterable[Vip]) -> list[Rule]:
    """The rules of the hook prerouting."""
    found: list[Rule] = []
    for at, vip in enumerate(vips, start=1):
        for asked, effects in vip.rules():
            reasons = tuple(unknown_reasons(asked))
            found.append(
                Rule(at, asked, ACCEPT, f"vip {vip.block.shown()}", effects, None, None, "", reasons)
            )
    return found
