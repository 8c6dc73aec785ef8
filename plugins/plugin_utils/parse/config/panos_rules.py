# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security rules of PAN-OS.

Sources: Palo Alto Networks, "PAN-OS Administrator's Guide", "Security Policy" ("Components of a Security Policy
Rule": rule types universal, intrazone and interzone; "Security Policy Actions"), "PAN-OS Web Interface Help",
"Policies > Security" (negate, target; an intrazone rule has no destination zone of its own), "Policies > Application
Override" (what it is for is of its application from the first packet; the first override that fits counts).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from ...model.match import ALWAYS, NEVER, Match, Not, Unknown, both, protocol, unknown_reasons
from ...model.rules import ACCEPT, DROP, REJECT, Rule, Verdict
from . import asks
from .panos_apps import Applications
from .panos_dnat import NOTHING_TRANSLATED, Translated
from .panos_objects import Objects, port_ranges
from .panos_overrides import Override, by_application, meeting
from .panos_tree import Node, quoted
from .panos_zones import Zones
from .words import NotUnderstoodError

# What a rule does with connections besides letting them through or not.
_NO_MATTER = frozenset(
    (
        "action", "application", "description", "destination", "disable-inspect", "disable-server-response-inspection",
        "disabled", "from", "group-tag", "icmp-unreachable", "log-end", "log-setting", "log-start",
        "negate-destination", "negate-source", "option", "profile-setting", "qos", "rule-type", "service", "source",
        "tag", "to", "uuid",
    )
)  # fmt: skip
# What narrows a rule by things that a flow does not tell, unless it is one of these values.
_ANY = frozenset(("any",))
_NARROW = {
    "category": _ANY,
    "destination-device": _ANY,
    "destination-hip": _ANY,
    "hip-profiles": _ANY,
    "saas-tenant-list": _ANY,
    "saas-user-list": _ANY,
    "source-device": _ANY,
    "source-hip": _ANY,
    "source-imei": _ANY,
    "source-imsi": _ANY,
    "source-nw-slice": _ANY,
    "source-user": _ANY,
}
_ACTIONS = {
    "allow": ACCEPT,
    "deny": DROP,
    "drop": DROP,
    "reset-client": REJECT,
    "reset-server": DROP,
    "reset-both": REJECT,
}
_DEFAULT = "application-default"
_OF_OVERRIDE = frozenset(
    (
        "application", "description", "destination", "disabled", "from", "group-tag", "negate-destination",
        "negate-source", "port", "protocol", "source", "tag", "to", "uuid",
    )
)  # fmt: skip
_TYPES = ("universal", "interzone", "intrazone")


@dataclass
class Rulebase:
    """``name``: before the rules in what people read, such as ``pre-rulebase``."""

    name: str
    rules: Node


class Security:
    def __init__(
        self,
        objects: Objects,
        zones: Zones,
        translated: Translated = NOTHING_TRANSLATED,
        overrides: Sequence[Rulebase] = (),
    ) -> None:
        """``overrides``: the rulebases that say what application some connections are of."""
        self._translated = translated
        self._objects = objects
        self._applications = Applications(objects)
        self._zones = zones
        self._overrides = list(self._overriding(overrides))

    def rules(self, rulebase: Rulebase) -> Iterator[Rule]:
        """Those that are not disabled, without a position."""
        for name, node in rulebase.rules.children.items():
            if node.values("disabled") != ["yes"]:
                yield self.rule(name, node, rulebase.name)

    def rule(self, name: str, node: Node, where: str = "rulebase") -> Rule:
        asked, doubts = self._match(node)
        unknown = [Unknown(f"{where} {name}: {why}", why) for why in dict.fromkeys(doubts)]
        match = both(asked, *unknown)
        text = f"{where} security rules {quoted(name)} {node.shown()}"
        reasons = tuple(unknown_reasons(match))
        return Rule(0, match, _verdict(node), text, line=node.line, not_understood=reasons)

    def _match(self, node: Node) -> tuple[Match, list[str]]:
        doubts = list(_narrowing(node))
        if node.has("disabled") and node.values("disabled") not in (["yes"], ["no"]):
            doubts.append("disabled is neither yes nor no")
        ends, destination = self._ends(node, doubts)
        carried = self._tried(node, self._carried, doubts)
        found = self._translated.match(ends, destination, carried)
        if not self._overrides or (node.values("application") == ["any"] and not _by_default(node)):
            return found, doubts
        service = ALWAYS if _by_default(node) else self._tried(node, self._service, doubts)
        overrides = meeting(self._overrides, both(ends, destination, service))
        parts = [both(*(Not(one.match) for one in overrides), found)]
        for application, those in by_application(overrides).items():
            known = self._tried(node, partial(self._carried, application=application), doubts)
            if known != NEVER:
                parts.append(both(those, self._translated.match(ends, destination, known)))
        return asks.either(parts), doubts

    def _ends(self, node: Node, doubts: list[str]) -> tuple[Match, Match]:
        """Zones and source, and the destination."""
        between, source, destination = (
            self._tried(node, read, doubts) for read in (self._between, self._source, self._destination)
        )
        return both(between, source), destination

    @staticmethod
    def _tried(node: Node, read: Callable[[Node], Match], doubts: list[str]) -> Match:
        try:
            return read(node)
        except NotUnderstoodError as error:
            doubts.append(str(error))
            return ALWAYS

    def _overriding(self, rulebases: Sequence[Rulebase]) -> Iterator[Override]:
        for rulebase in rulebases:
            for name, node in rulebase.rules.children.items():
                if node.values("disabled") == ["yes"]:
                    continue
                doubts = [f"{key} is not modelled" for key in node.children if key not in _OF_OVERRIDE]
                ends, destination = self._ends(node, doubts)
                carried = self._tried(node, _overridden, doubts)
                applications = node.values("application")
                if len(applications) != 1:
                    doubts.append("an override names one application")
                asked = self._translated.match(ends, destination, carried)
                why = f"{rulebase.name} application-override rules {name}"
                match = both(asked, *(Unknown(f"{why}: {doubt}", f"{why}: {doubt}") for doubt in doubts))
                yield Override(both(ends, destination, carried), match, " ".join(applications))

    def _between(self, node: Node) -> Match:
        kind = node.value("rule-type", "universal")
        if kind not in _TYPES:
            raise NotUnderstoodError(f"rule-type {kind!r} is not understood")
        given = _given(node, "from")
        came = self._zone("in_zone", given)
        if kind == "intrazone":
            return both(came, self._zones.inside([] if "any" in given else given))
        to = _given(node, "to")
        both_ends = both(came, self._zone("out_zone", to))
        if kind == "universal":
            return both_ends
        same = [name for name in given if name in to or "any" in to] if "any" not in given else to
        if "any" in same:
            return both(both_ends, Not(self._zones.inside()))
        return both(both_ends, Not(self._zones.inside(same))) if same else both_ends

    def _zone(self, end: str, names: list[str]) -> Match:
        if "any" in names:
            return ALWAYS
        if "multicast" in names:
            raise NotUnderstoodError("the zone multicast is not modelled")
        return self._zones.match(end, names)

    def _source(self, node: Node) -> Match:
        return self._end(node, "source", "src")

    def _destination(self, node: Node) -> Match:
        return self._end(node, "destination", "dst")

    def _end(self, node: Node, key: str, field: str) -> Match:
        found = asks.either(self._objects.address(field, name) for name in _given(node, key))
        negate = node.value(f"negate-{key}", "no")
        if negate not in ("yes", "no"):
            raise NotUnderstoodError(f"negate-{key} {negate!r}")
        return Not(found) if negate == "yes" else found

    def _service(self, node: Node) -> Match:
        return asks.either(self._objects.service(name) for name in _given(node, "service"))

    def _carried(self, node: Node, application: str = "") -> Match:
        """Service and application; of connections whose ``application`` is known at once, or of others."""
        services = _given(node, "service")
        if _by_default(node) and len(services) > 1:
            raise NotUnderstoodError("application-default beside other services")
        service = None if _by_default(node) else self._service(node)
        names = _given(node, "application")
        if application:
            return self._applications.of_one(application, names, service)
        return self._applications.match(names, service)


def _by_default(node: Node) -> bool:
    return node.at("service").has(_DEFAULT)


def _overridden(node: Node) -> Match:
    """Protocol and ports of an override."""
    kind = node.value("protocol")
    if kind not in ("tcp", "udp"):
        raise NotUnderstoodError(f"protocol {kind!r}")
    ranges = port_ranges(",".join(_given(node, "port")))
    return both(protocol(6 if kind == "tcp" else 17), asks.ports("dst_port", *ranges))


def _given(node: Node, key: str) -> list[str]:
    found = node.values(key)
    if not found or "" in found:
        raise NotUnderstoodError(f"{key} is missing")
    return found


def _narrowing(node: Node) -> Iterator[str]:
    for name, inner in node.children.items():
        if name in _NO_MATTER:
            continue
        if name == "target":
            if inner.values("devices") or inner.value("negate", "no") != "no" or inner.values("tags"):
                yield "target: which devices the rule is for is not known to be this one or another"
        elif name == "schedule":
            yield f"schedule {inner.shown()}: a flow does not tell its time"
        elif name not in _NARROW or not set(inner.children) <= _NARROW[name]:
            yield f"{name} {inner.shown()}: a flow does not tell it"


def _verdict(node: Node) -> Verdict:
    action = " ".join(node.values("action"))
    found = _ACTIONS.get(action)
    if found is None:
        return Verdict("unknown", detail=f"action {action!r}" if action else "no action")
    if action == "drop" and node.values("icmp-unreachable") == ["yes"]:
        return REJECT
    return found
