# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NAT rules of PAN-OS.

Source: Palo Alto Networks, "PAN-OS Administrator's Guide", "NAT Policy Overview": NAT rules and security rules both
see the addresses of the packet as it came; security rules see the zone to which it leaves after translation. So
sources are translated after the security rules. Where a packet whose destination is translated leaves is not known
from its address, and such packets are unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ...model.match import ALWAYS, In, Match, Named, Unknown, both, unknown_reasons
from ...model.rules import ACCEPT, RETURN, Effect, Rule, Verdict
from . import asks
from .panos_objects import Objects
from .panos_rules import Rulebase
from .panos_tree import Node, quoted
from .panos_zones import Zones
from .words import NotUnderstoodError

_KNOWN = frozenset(
    (
        "active-active-device-binding", "description", "destination", "destination-translation", "disabled",
        "dynamic-destination-translation", "from", "group-tag", "nat-type", "service", "source", "source-translation",
        "tag", "target", "to", "to-interface", "uuid",
    )
)  # fmt: skip
_DESTINATION = ("destination-translation", "dynamic-destination-translation")
_WHY = "its destination is translated, and by which interface it leaves then is not modelled"


class Nat:
    def __init__(self, objects: Objects, zones: Zones) -> None:
        self._objects = objects
        self._zones = zones

    def destinations(self, rulebases: Iterable[Rulebase]) -> list[Rule]:
        """For packets before the security rules: unknown if their destination is translated, back if a rule before
        says that they are not, or only their source. None if no rule translates a destination."""
        rules = []
        for name, node, where in _each(rulebases):
            translated = any(node.has(key) for key in _DESTINATION)
            verdict = Verdict("unknown", detail=_WHY) if translated else RETURN
            rules.append(self._rule(name, node, where, verdict, beforehand=True))
            rules.extend(self._back(name, node, where))
        if not any(rule.verdict.kind == "unknown" for rule in rules if isinstance(rule.verdict, Verdict)):
            return []
        return [replace(rule, position=position) for position, rule in enumerate(rules, start=1)]

    def sources(self, rulebases: Iterable[Rulebase]) -> list[Rule]:
        """For packets after the security rules."""
        rules = []
        for name, node, where in _each(rulebases):
            rule = self._rule(name, node, where, ACCEPT, beforehand=False)
            rules.append(replace(rule, effects=self._effects(node)))
        if not any(rule.effects for rule in rules):
            return []
        return [replace(rule, position=position) for position, rule in enumerate(rules, start=1)]

    def _rule(self, name: str, node: Node, where: str, verdict: Verdict, *, beforehand: bool) -> Rule:
        asked, doubts = self._match(node, beforehand=beforehand)
        match = both(*asked, *(Unknown(f"{where} nat {name}: {why}", why) for why in doubts))
        text = f"{where} nat rules {quoted(name)} {node.shown()}"
        return Rule(0, match, verdict, text, line=node.line, not_understood=tuple(unknown_reasons(match)))

    def _match(self, node: Node, *, beforehand: bool) -> tuple[list[Match], list[str]]:
        asked: list[Match] = []
        doubts = [f"{name!r} is not understood" for name in node.children if name not in _KNOWN]
        if node.values("target", "devices"):
            doubts.append("target: which devices the rule is for is not known to be this one or another")
        if node.values("nat-type") not in ([], ["ipv4"]):
            doubts.append(f"nat-type {node.at('nat-type').shown()} is not modelled")
        zones, to = node.values("from"), node.values("to")
        if zones and "any" not in zones:
            asked.append(self._zones.match("in_zone", zones))
        if to and "any" not in to:
            self._leaving(node, to, asked, doubts, beforehand=beforehand)
        out = node.values("to-interface")
        if out not in ([], ["any"]):
            asked.append(Named("out_interface", tuple(out)))
        for key, field in (("source", "src"), ("destination", "dst")):
            names = node.values(key)
            asked.append(asks.either(self._objects.address(field, one) for one in names) if names else ALWAYS)
        services = node.values("service") or ["any"]
        asked.append(asks.either(self._objects.service(name) for name in services))
        return asked, doubts

    def _leaving(
        self, node: Node, to: list[str], asked: list[Match], doubts: list[str], *, beforehand: bool
    ) -> None:
        """The zone of a rule is the one that the untranslated destination lies in."""
        if not any(node.has(key) for key in _DESTINATION):
            asked.append(self._zones.match("out_zone", to))
        elif not beforehand:
            doubts.append("in which zone the destination lay before it was translated is not known")

    def _back(self, name: str, node: Node, where: str) -> Iterator[Rule]:
        """A static translation in both directions has an implied rule for packets to the translated address."""
        static = node.at("source-translation", "static-ip")
        if static.values("bi-directional") == ["yes"]:
            names = static.values("translated-address")
            asked = asks.either(self._objects.address("dst", one) for one in names)
            text = f"{where} nat rules {quoted(name)}, the other direction"
            yield Rule(
                0, asked, Verdict("unknown", detail=_WHY), text, line=node.line, not_understood=(_WHY,)
            )

    def _effects(self, node: Node) -> tuple[Effect, ...]:
        given = node.at("source-translation")
        if not given.children:
            return ()
        try:
            return self._source(given)
        except NotUnderstoodError as error:
            return (Effect("unknown", field="src,src_port", detail=str(error)),)

    def _source(self, given: Node) -> tuple[Effect, ...]:
        if len(given.children) != 1:
            raise NotUnderstoodError("a source translation of several kinds")
        ((kind, how),) = given.children.items()
        if how.has("interface-address"):
            own = how.at("interface-address")
            addresses = [*own.values("ip"), *own.values("floating-ip")]
            names = own.values("interface")
            if not addresses:
                if len(names) != 1:
                    raise NotUnderstoodError("the address of an interface that is not named")
                return (Effect("masquerade"),)
        else:
            addresses = how.values("translated-address")
        found = asks.either(self._objects.address("src", name) for name in addresses)
        if not isinstance(found, In) or len(found.ranges) != 1:
            raise NotUnderstoodError(f"{kind} {how.shown()!r} is not modelled")
        return (Effect("snat", family=found.family, address=found.ranges[0]),)


def _each(rulebases: Iterable[Rulebase]) -> Iterator[tuple[str, Node, str]]:
    for rulebase in rulebases:
        for name, node in rulebase.rules.children.items():
            if node.values("disabled") != ["yes"]:
                yield name, node, rulebase.name
