# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual systems of PAN-OS, and how packets get from one to another.

Source: Palo Alto Networks, "PAN-OS Administrator's Guide", "Virtual Systems" ("Communication Between Virtual
Systems": a packet passes the rules of both, to and from the external zones that name the other one; "Shared
Gateway": it has interfaces and no security rules, and external zones lead to it).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ...model.match import Match, Named, Not, both
from ...model.rules import ACCEPT, DROP, Rule, Verdict
from . import asks
from .device import Device
from .panos_objects import Objects
from .panos_rules import Rulebase
from .panos_tree import Node
from .panos_zones import Zones

# Modes of interfaces whose packets are not routed, and of those that forward nothing.
_SWITCHED = ("layer2", "virtual-wire")
_PASSIVE = ("tap", "ha", "decrypt-mirror", "log-card")


@dataclass
class Place:
    """One policy: of a virtual system, or of a device group. ``bases``: where its rulebases are, in their order.
    ``prefix``: of the names of its rulesets; ``several``: whether other virtual systems have policies too.
    ``mine``: its interfaces; ``zones_apart``, ``interfaces_apart``: of others, to which no external zone leads;
    ``translated``: packets from or to others, which nat rules on the way may change."""

    name: str
    own: Node
    bases: list[tuple[str, Node]]
    objects: Objects
    zones: Zones
    prefix: str = ""
    several: bool = False
    mine: list[str] = field(default_factory=list)
    zones_apart: tuple[str, ...] = ()
    interfaces_apart: tuple[str, ...] = ()
    translated: list[Match] = field(default_factory=list)

    def rulebases(self, kind: str) -> list[Rulebase]:
        return [Rulebase(name, node.at(kind, "rules")) for name, node in self.bases]

    def mentioned(self) -> Iterator[str]:
        """The zones that rules name."""
        for kind in ("security", "nat"):
            for rulebase in self.rulebases(kind):
                for node in rulebase.rules.children.values():
                    yield from node.values("from")
                    yield from node.values("to")

    def border(self, device: Device) -> Iterator[Rule]:
        """What comes before its rules: packets that are none of its, or can't get there."""
        bare = tuple(self.zones.without(device, self.mine))
        if bare:
            text = "an interface passes nothing before it is in a zone"
            yield Rule(0, _either("interface", bare), DROP, text)
        yield from self._not_routed(device)
        if self.several:
            mine = tuple(self.zones.named.values())
            yield Rule(0, Not(_either("zone", mine)), ACCEPT, f"neither from nor to a zone of {self.name}")
        apart = [_either("zone", self.zones_apart), _either("interface", self.interfaces_apart)]
        if self.zones_apart or self.interfaces_apart:
            yield Rule(0, asks.either(apart), DROP, f"no external zone leads from {self.name} there and back")
        if self.translated:
            why = "what nat rules of another system do to these packets is not modelled"
            yield Rule(
                0, asks.either(self.translated), Verdict("unknown", detail=why), why, not_understood=(why,)
            )

    def _not_routed(self, device: Device) -> Iterator[Rule]:
        """Interfaces whose frames are switched, or go by a wire, or go nowhere."""
        of_mode: dict[str, tuple[str, ...]] = {}
        for name in self.mine:
            kind = device.state.interfaces[name].kind if name in device.state.interfaces else ""
            of_mode[kind] = (*of_mode.get(kind, ()), name)
        for mode in _SWITCHED:
            if mode in of_mode:
                why = f"by which interface frames leave that came in by one of {mode} is not modelled"
                same = [Named(f"{way}_interface", of_mode[mode]) for way in ("in", "out")]
                other = both(asks.either(same), Not(both(*same)))
                yield Rule(0, other, Verdict("unknown", detail=why), why, not_understood=(why,))
        for mode in _PASSIVE:
            if mode in of_mode:
                yield Rule(
                    0, _either("interface", of_mode[mode]), DROP, f"an interface of {mode} forwards nothing"
                )


def _either(kind: str, names: tuple[str, ...]) -> Match:
    """From or to one of these."""
    return asks.either([Named(f"{way}_{kind}", names) for way in ("in", "out")] if names else [])


@dataclass(frozen=True)
class Gateway:
    """A shared gateway. ``translates``: whether it has nat rules of its own."""

    interfaces: tuple[str, ...]
    translates: bool


def gateways(network: Node) -> dict[str, Gateway]:
    """The shared gateways, by name."""
    found = {}
    for name, node in network.at("shared-gateway").children.items():
        own = [*node.values("import", "network", "interface")]
        own += [one for members in Zones.of(node).members.values() for one in members]
        translates = bool(node.at("rulebase", "nat", "rules").children)
        found[name] = Gateway(tuple(dict.fromkeys(own)), translates)
    return found


def settle(device: Device, places: Sequence[Place], shared: Mapping[str, Gateway]) -> None:
    """Gives zones their names in the state, which those of several systems may share in the configuration, and finds
    what external zones lead to."""
    for place in places:
        place.zones.add(place.mentioned())
    counted = Counter(name for place in places for name in place.zones.named)
    for place in places:
        place.several = len(places) > 1
        place.prefix = f"{place.name}/" if place.several else ""
        for name in place.zones.named:
            if counted[name] > 1:
                place.zones.named[name] = f"{place.name}/{name}"
        for name, members in place.zones.members.items():
            for member in members:
                device.interface(member).zone = place.zones.named[name]
        own = place.own.values("import", "network", "interface")
        at_gateways = {one for gate in shared.values() for one in gate.interfaces}
        place.mine = (
            own if place.several else [one for one in device.state.interfaces if one not in at_gateways]
        )
    for place in places:
        _link(place, places, shared)


def _link(place: Place, places: Sequence[Place], shared: Mapping[str, Gateway]) -> None:
    others = {one.name: one for one in places if one is not place}
    zones: list[str] = []
    interfaces: list[str] = []
    for name, targets in place.zones.external.items():
        mutual = [others[target] for target in targets if target in others and _leads(others[target], place)]
        reached = [zone for other in mutual for zone in other.zones.named.values()]
        gates = [one for target in targets if target in shared for one in shared[target].interfaces]
        place.zones.beyond[name] = (tuple(reached), tuple(gates))
        zones += reached
        interfaces += gates
    everything = [zone for other in others.values() for zone in other.zones.named.values()]
    place.zones_apart = tuple(zone for zone in everything if zone not in zones)
    place.interfaces_apart = tuple(
        one for gate in shared.values() for one in gate.interfaces if one not in interfaces
    )
    if zones and any(base.rules.children for one in places for base in one.rulebases("nat")):
        place.translated.append(_either("zone", tuple(zones)))
    at = tuple(
        one for gate in shared.values() if gate.translates for one in gate.interfaces if one in interfaces
    )
    if at:
        place.translated.append(_either("interface", at))


def _leads(place: Place, other: Place) -> bool:
    return any(other.name in targets for targets in place.zones.external.values())


def in_none(device: Device, places: Sequence[Place], shared: Mapping[str, Gateway]) -> None:
    """Packets that no virtual system's rules are for: between shared gateways, or from where is not known."""
    known = tuple(zone for place in places for zone in place.zones.named.values())
    gates = tuple(one for gate in shared.values() for one in gate.interfaces)
    asked: list[Match] = []
    if gates:
        asked.append(both(Named("in_interface", gates), Named("out_interface", gates)))
    if len(places) > 1:
        asked.append(
            both(Not(Named("in_zone", known)), *([Not(Named("in_interface", gates))] if gates else []))
        )
    if asked:
        why = "which virtual system these packets come to is not known"
        rule = Rule(1, asks.either(asked), Verdict("unknown", detail=why), why, not_understood=(why,))
        device.hook("virtual systems", "forward", -1, [rule], "permit")
