# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Zones of VyOS.

Sources: VyOS documentation, "Zone Based Firewall": what goes to a zone from another passes the rule set between
them, and meets the zone's default action, ``drop`` unless it is ``reject``, if there is none; within a zone all may
pass, unless ``intra-zone-filtering`` says otherwise; the local zone is the router itself. Between a zone and an
interface in none "traffic cannot flow", which the rules that VyOS makes do not ensure from zone to interface: that is
unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ...model.match import ALWAYS, Match, Named, Not, both
from ...model.rules import ACCEPT, DROP, REJECT, Rule, Verdict
from . import asks
from .vyos_tree import Node
from .words import NotUnderstoodError

_DEFAULTS = {"drop": DROP, "reject": REJECT, "accept": ACCEPT}
_OUTSIDE = "what goes from a zone to an interface in none is not documented alike"
_WORDS = (
    "default-action",
    "default-log",
    "enable-default-log",
    "description",
    "from",
    "interface",
    "member",
    "local-zone",
    "intra-zone-filtering",
    "default-firewall",
)
_LISTS = {4: "name", 6: "ipv6-name"}


@dataclass(frozen=True)
class Zone:
    name: str
    node: Node
    members: tuple[str, ...]

    @property
    def local(self) -> bool:
        return self.node.has("local-zone")

    def match(self, end: str) -> Match:
        """``end``: in or out. A zone whose interfaces are not told is asked for by its name."""
        wildcards = [name for name in self.members if name.endswith(("*", "+"))]
        asked: list[Match] = [Named(f"{end}_zone", (self.name,))]
        asked += [Named(f"{end}_interface", (f"{name[:-1]}*",)) for name in wildcards]
        return asks.either(asked)


def zones(listed: Mapping[str, Node]) -> tuple[list[Zone], list[str]]:
    """The zones, and what of them was not understood."""
    found, reasons = [], []
    for name, node in listed.items():
        reasons += [f"zone {name}: {word} is not understood" for word in node.children if word not in _WORDS]
        try:
            members = (*node.values("interface"), *node.at("member").values("interface"))
            if node.has("member", "vrf"):
                reasons.append(f"zone {name}: interfaces of a VRF as members are not modelled")
        except NotUnderstoodError as error:
            reasons.append(f"zone {name}: {error}")
            members = ()
        found.append(Zone(name, node, tuple(members)))
    return found, reasons


@dataclass(frozen=True)
class Between:
    """The rules between zones of one family. ``keys``: chains of named sets."""

    zones: list[Zone]
    family: int
    keys: Mapping[str, str]

    def forward(self) -> Iterator[Rule]:
        outer = [zone for zone in self.zones if not zone.local]
        for zone in outer:
            to = zone.match("out")
            yield from self._within(zone, to)
            for source in outer:
                if source is not zone and zone.node.has("from", source.name):
                    yield from self._from(zone, source.name, both(source.match("in"), to))
            yield from self._default(zone, to)
        unzoned = [Not(zone.match("out")) for zone in outer]
        for zone in outer:
            asked = both(zone.match("in"), *unzoned)
            verdict = Verdict("unknown", detail=_OUTSIDE)
            yield Rule(0, asked, verdict, f"zone {zone.name} to an interface in no zone")

    def to_itself(self) -> Iterator[Rule]:
        for zone in self.zones:
            if zone.local:
                yield Rule(
                    0, Named("in_interface", ("lo",)), ACCEPT, f"zone {zone.name}: the router's own packets"
                )
                for source in self.zones:
                    if source is not zone and zone.node.has("from", source.name):
                        yield from self._from(zone, source.name, source.match("in"))
                yield from self._default(zone, ALWAYS)

    def from_itself(self) -> Iterator[Rule]:
        local = [zone for zone in self.zones if zone.local]
        if not local:
            return
        yield Rule(
            0, Named("out_interface", ("lo",)), ACCEPT, f"zone {local[0].name}: the router's own packets"
        )
        for zone in self.zones:
            if not zone.local and zone.node.has("from", local[0].name):
                yield from self._from(zone, local[0].name, zone.match("out"))
        zoned = asks.either(zone.match("out") for zone in self.zones if not zone.local)
        verdict = Verdict("unknown", detail=_OUTSIDE)
        yield Rule(0, Not(zoned), verdict, f"zone {local[0].name} to an interface in no zone")
        yield from self._default(local[0], ALWAYS)

    def _within(self, zone: Zone, to: Match) -> Iterator[Rule]:
        asked = both(zone.match("in"), to)
        filtering = zone.node.at("intra-zone-filtering")
        if filtering.has("firewall"):
            yield from self._by(filtering.at("firewall"), asked, f"zone {zone.name} intra-zone-filtering")
        try:
            said = filtering.value("action") if filtering.has("action") else "accept"
            if filtering.has("firewall"):
                said = "drop" if not filtering.has("action") else said
            verdict = _DEFAULTS[said]
        except (KeyError, NotUnderstoodError):
            verdict = Verdict("unknown", detail="intra-zone-filtering is not understood")
        yield Rule(0, asked, verdict, f"zone {zone.name}, within it")

    def _from(self, zone: Zone, source: str, asked: Match) -> Iterator[Rule]:
        yield from self._by(
            zone.node.at("from", source, "firewall"), asked, f"zone {zone.name} from {source}"
        )

    def _by(self, firewall: Node, asked: Match, text: str) -> Iterator[Rule]:
        """By a rule set; what comes back from it passes."""
        word = _LISTS[self.family]
        if not firewall.has(word):
            return
        try:
            name = firewall.value(word)
            verdict = Verdict("jump", self.keys[name])
        except (KeyError, NotUnderstoodError):
            why = f"{text}: the rule set of {word} is not defined"
            yield Rule(0, asked, Verdict("unknown", detail=why), text, not_understood=(why,))
            return
        yield Rule(0, asked, verdict, f"{text} firewall {word} {name}")
        yield Rule(0, asked, ACCEPT, f"{text}, what comes back from {name}")

    def _default(self, zone: Zone, asked: Match) -> Iterator[Rule]:
        yield from self._by(zone.node.at("default-firewall"), asked, f"zone {zone.name} default-firewall")
        try:
            said = zone.node.value("default-action") if zone.node.has("default-action") else "drop"
            verdict = _DEFAULTS[said]
        except (KeyError, NotUnderstoodError):
            verdict = Verdict("unknown", detail="a default-action that is not understood")
        yield Rule(0, asked, verdict, f"zone {zone.name} default-action {verdict.kind}")
