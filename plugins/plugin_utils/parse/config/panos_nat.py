# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NAT rules of PAN-OS.

Source: Palo Alto Networks, "PAN-OS Administrator's Guide", "NAT Policy Overview": NAT rules and security rules both
see the addresses of the packet as it came; security rules see the zone to which it leaves after translation. So
sources are translated after the security rules. Destinations are translated before them where each rule that does so
is plain (``plan``); else the packets that they may translate are unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from ...model.match import ALWAYS, In, Match, Named, Not, Unknown, both, unknown_reasons
from ...model.rules import ACCEPT, RETURN, Effect, Rule, Verdict
from ...model.state import Interface
from . import asks
from .numbers import number
from .panos_dnat import TRANSLATED, Translated, Translation, zone_of
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


# Destination translations that are followed; with more of them, each security rule would ask for too much.
_MOST = 500
_FIELD = {"source": "src", "destination": "dst"}


class Nat:
    def __init__(self, objects: Objects, zones: Zones) -> None:
        self._objects = objects
        self._zones = zones

    def plan(
        self, rulebases: Sequence[Rulebase], interfaces: Sequence[Interface]
    ) -> tuple[list[Rule], Translated] | None:
        """The rules that translate destinations as packets come in, and what security rules ask for then. None where
        that is not known: of a destination in no interface's network, of addresses that are not in the
        configuration, of a static translation in both directions."""
        rules = list(_each(rulebases))
        if sum(_is_dnat(node) for _name, node, _where in rules) > _MOST:
            return None
        try:
            found = {
                id(node): self._translation(node, interfaces)
                for _name, node, _where in rules
                if _is_dnat(node)
            }
            if any(_both_ways(node) for _name, node, _where in rules):
                return None
        except NotUnderstoodError:
            return None
        zones = {one: zone_of(interfaces, one.family, one.before) for one in found.values()}
        steps: list[Rule] = []
        for name, node, where in rules if found else ():
            text = f"{where} nat rules {quoted(name)} {node.shown()}"
            if id(node) in found:
                steps += [
                    Rule(0, asked, ACCEPT, text, effects, line=node.line)
                    for asked, effects in found[id(node)].steps()
                ]
                continue
            to = node.values("to")
            meant = [one for one in zones if not to or "any" in to or zones[one] in self._zones.names(to)]
            asked, doubts = self._match(node, beforehand=True, leaving=False)
            asked.append(asks.either(In("dst", (one.before,), one.family) for one in meant))
            match = both(*asked, *(Unknown(f"{where} nat {name}: {why}", why) for why in doubts))
            steps.append(
                Rule(0, match, ACCEPT, text, line=node.line, not_understood=tuple(unknown_reasons(match)))
            )
        return steps, Translated(list(found.values()))

    def _translation(self, node: Node, interfaces: Sequence[Interface]) -> Translation:
        """NotUnderstoodError for what is not plain."""
        asked, doubts = self._match(node, beforehand=True, leaving=False, ends=("source",))
        given = node.at("destination-translation")
        to, out = node.values("to"), node.values("to-interface")
        strange = set(given.children) - {"translated-address", "translated-port"}
        if doubts or strange or not given.children or out not in ([], ["any"]):
            raise NotUnderstoodError("a translation that is not plain")
        before = self._range("dst", node.values("destination"))
        after = (
            self._range("dst", given.values("translated-address"))
            if given.has("translated-address")
            else before
        )
        there = zone_of(interfaces, before.family, before.ranges[0])
        if before.family != after.family or (to and "any" not in to and there not in self._zones.names(to)):
            raise NotUnderstoodError("in which zone the destination lies is not known")
        port = number(given.value("translated-port"), 0xFFFF) if given.has("translated-port") else None
        service = self._service(node)
        if unknown_reasons(both(*asked, service)):
            raise NotUnderstoodError("what the rule asks for is not known")
        return Translation(before.family, before.ranges[0], after.ranges[0], both(*asked), service, port)

    def _range(self, field: str, names: list[str]) -> In:
        found = asks.either(self._objects.address(field, name) for name in names)
        if not isinstance(found, In) or len(found.ranges) != 1:
            raise NotUnderstoodError(f"{' '.join(names)!r} is not one range of addresses")
        return found

    def _service(self, node: Node) -> Match:
        return asks.either(self._objects.service(name) for name in node.values("service") or ["any"])

    def destinations(self, rulebases: Iterable[Rulebase]) -> list[Rule]:
        """For packets before the security rules: unknown if their destination is translated, back if a rule before
        says that they are not, or only their source. None if no rule translates a destination."""
        rules = []
        for name, node, where in _each(rulebases):
            verdict = Verdict("unknown", detail=_WHY) if _is_dnat(node) else RETURN
            rules.append(self._rule(name, node, where, verdict, beforehand=True))
            rules.extend(self._back(name, node, where))
        if not any(rule.verdict.kind == "unknown" for rule in rules if isinstance(rule.verdict, Verdict)):
            return []
        return [replace(rule, position=position) for position, rule in enumerate(rules, start=1)]

    def sources(self, rulebases: Iterable[Rulebase], planned: bool = False) -> list[Rule]:
        """For packets after the security rules. ``planned``: destinations were translated by ``plan``."""
        rules = []
        for name, node, where in _each(rulebases):
            if planned and _is_dnat(node):
                if node.has("source-translation"):
                    rules.append(self._of_translated(name, node, where))
                continue
            rule = self._rule(name, node, where, ACCEPT, beforehand=False)
            match = both(rule.match, Not(TRANSLATED)) if planned else rule.match
            rules.append(replace(rule, match=match, effects=self._effects(node)))
        if not any(rule.effects for rule in rules):
            return []
        return [replace(rule, position=position) for position, rule in enumerate(rules, start=1)]

    @staticmethod
    def _of_translated(name: str, node: Node, where: str) -> Rule:
        """Packets of which the same rule translated the destination, or another did."""
        why = "which rule translated the destination, and what it does to the source, is not modelled"
        effect = Effect("unknown", field="src,src_port", detail=why)
        text = f"{where} nat rules {quoted(name)} {node.shown()}"
        match = both(TRANSLATED, Unknown(f"{where} nat {name} source", why))
        return Rule(0, match, ACCEPT, text, (effect,), line=node.line, not_understood=(why,))

    def _rule(self, name: str, node: Node, where: str, verdict: Verdict, *, beforehand: bool) -> Rule:
        asked, doubts = self._match(node, beforehand=beforehand)
        match = both(*asked, *(Unknown(f"{where} nat {name}: {why}", why) for why in doubts))
        text = f"{where} nat rules {quoted(name)} {node.shown()}"
        return Rule(0, match, verdict, text, line=node.line, not_understood=tuple(unknown_reasons(match)))

    def _match(
        self,
        node: Node,
        *,
        beforehand: bool,
        leaving: bool = True,
        ends: tuple[str, ...] = ("source", "destination"),
    ) -> tuple[list[Match], list[str]]:
        """What a rule asks for, and what in it is not understood. Without ``leaving``, nothing of where to; of
        ``ends`` only, and with both of them of the service too."""
        asked: list[Match] = []
        doubts = [f"{name!r} is not understood" for name in node.children if name not in _KNOWN]
        if node.values("target", "devices"):
            doubts.append("target: which devices the rule is for is not known to be this one or another")
        if node.values("nat-type") not in ([], ["ipv4"]):
            doubts.append(f"nat-type {node.at('nat-type').shown()} is not modelled")
        zones, to = node.values("from"), node.values("to")
        if zones and "any" not in zones:
            asked.append(self._zones.match("in_zone", zones))
        if leaving and to and "any" not in to:
            self._leaving(node, to, asked, doubts, beforehand=beforehand)
        out = node.values("to-interface")
        if leaving and out not in ([], ["any"]):
            asked.append(Named("out_interface", tuple(out)))
        for key in ends:
            names = node.values(key)
            asked.append(
                asks.either(self._objects.address(_FIELD[key], one) for one in names) if names else ALWAYS
            )
        if "destination" in ends:
            asked.append(self._service(node))
        return asked, doubts

    def _leaving(
        self, node: Node, to: list[str], asked: list[Match], doubts: list[str], *, beforehand: bool
    ) -> None:
        """The zone of a rule is the one that the untranslated destination lies in."""
        if not _is_dnat(node):
            asked.append(self._zones.match("out_zone", to))
        elif not beforehand:
            doubts.append("in which zone the destination lay before it was translated is not known")

    def _back(self, name: str, node: Node, where: str) -> Iterator[Rule]:
        """A static translation in both directions has an implied rule for packets to the translated address."""
        if _both_ways(node):
            names = node.values("source-translation", "static-ip", "translated-address")
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


def _is_dnat(node: Node) -> bool:
    return any(node.has(key) for key in _DESTINATION)


def _both_ways(node: Node) -> bool:
    return node.values("source-translation", "static-ip", "bi-directional") == ["yes"]


def _each(rulebases: Iterable[Rulebase]) -> Iterator[tuple[str, Node, str]]:
    for rulebase in rulebases:
        for name, node in rulebase.rules.children.items():
            if node.values("disabled") != ["yes"]:
                yield name, node, rulebase.name
