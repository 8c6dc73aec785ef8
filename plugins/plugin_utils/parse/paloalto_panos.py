# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Palo Alto Networks PAN-OS: security rules between zones, of firewalls and of Panorama.

Sources: Palo Alto Networks, "PAN-OS Administrator's Guide", "Security Policy" (rules are asked in their order; what
none matches is for intrazone-default, which allows, and interzone-default, which denies, unless these are
overridden; a packet of an open session is not asked about again), "Virtual Systems"; "Panorama Administrator's
Guide", "Device Group Hierarchy" and "Device Group Policies" (pre-rules shared first and nearest last, then the
device's own rules, then post-rules nearest first and shared last).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from ..model.match import ALWAYS, Match, Named, Not, Unknown, both
from ..model.raw import RawOutput
from ..model.rules import ACCEPT, DROP, REJECT, Chain, Rule, Ruleset, Verdict
from ..model.state import State
from . import outputs as raw
from .config import asks, panos_vsys, panos_zones, platform_marks
from .config.device import Device
from .config.panos_dnat import NOTHING_TRANSLATED, Translated
from .config.panos_nat import Nat
from .config.panos_objects import Objects
from .config.panos_rules import Security
from .config.panos_tree import Node, tree
from .config.panos_vsys import Place
from .config.panos_zones import Zones
from .config.words import NotUnderstoodError

_OPEN = Named("connection", ("established", "related"))
_SESSIONS = "packets of open sessions pass (session table)"
_DEFAULTS = {"intrazone-default": "allow", "interzone-default": "deny"}
_ACTIONS = {"allow": ACCEPT, "deny": DROP, "drop": DROP, "reset-client": REJECT, "reset-server": DROP}
_ACTIONS["reset-both"] = REJECT
# A line that was not understood and has one of these words may have been a rule, or what a rule needs.
_MATTERS = frozenset(
    ("rulebase", "pre-rulebase", "post-rulebase", "rules", "address", "address-group", "service")
)
_MATTERS |= {
    "service-group",
    "zone",
    "application",
    "application-group",
    "device-group",
    "region",
    "shared",
    "vsys",
}
# Other rulebases that may stop packets: what says so, and whether a value of it does. Authentication policy stops users
# who have not logged in ("Authentication Policy"; before 8.0, "Captive Portal").
_STOPPING: dict[str, tuple[str, Callable[[str], bool]]] = {
    "pbf": ("action", lambda said: said == "discard"),
    "dos": ("action", lambda said: said == "deny"),
    "authentication": ("authentication-enforcement", lambda said: said != "default-no-captive-portal"),
    "captive-portal": ("action", lambda said: said != "no-captive-portal"),
}


def parse(host: str, outputs: Mapping[str, RawOutput]) -> State:
    """Never fails for what a device printed: what can't be read is named in the state."""
    device = Device(host, "paloalto_panos")
    why = platform_marks.problem(outputs, "paloalto_panos")
    root = Node(0)
    strange: list[tuple[int, str]] = []
    if not why:
        try:
            root, strange = tree(raw.text(outputs, "running_config"))
            if not any(root.has(name) for name in ("devices", "shared", "panorama")):
                why = "no part of a configuration is in it"
        except NotUnderstoodError as error:
            why = str(error)
    for number, line in strange:
        begins = " ".join(line.split()[:3])  # what follows may be a secret
        device.not_understood("configuration", begins, f"line {number} is not understood")
        if not why and _MATTERS & set(line.split()):
            why = f"line {number} is not understood: {begins!r}"
    if why:
        device.state.unreadable.append({"what": "running_config", "reason": why})
        device.state.firewall_known = False
        return device.finish()
    _Panos(device, root).read()
    return device.finish()


# What security rules name.
_NAMED = (
    "address", "address-group", "service", "service-group", "application", "application-group", "application-filter",
    "schedule", "region", "external-list",
)  # fmt: skip
_IDLE = frozenset(("description", "tag", "disable-override"))


def _said(node: Node) -> Iterator[str]:
    """A line for each word at the end of what is said of an object, so that a lost member is one line less."""
    for word, inner in node.children.items():
        if word in _IDLE:
            continue
        if not inner.children:
            yield word
        for line in _said(inner):
            yield f"{word} {line}"


class _Panos:
    def __init__(self, device: Device, root: Node) -> None:
        self._device = device
        self._root = root
        self._name = next(iter(root.values("devices")), "localhost.localdomain")
        self._local = root.at("devices", self._name)
        if len(root.values("devices")) > 1:
            device.not_understood("configuration", "devices", "one of several devices in it was read")

    def read(self) -> None:
        self._device.state.hostname = " ".join(self._local.values("deviceconfig", "system", "hostname"))
        groups = self._local.at("device-group").children
        if groups:
            self._panorama(groups)
            return
        self._firewall()

    # ---- a firewall

    def _firewall(self) -> None:
        pushed = self._root.at("panorama")
        systems = self._local.at("vsys").children
        if not systems:
            systems = {"vsys1": Node(0)}
        objects = {name: self._objects(name, node) for name, node in systems.items()}
        self._define("shared ", self._root.at("shared"))
        for name, node in systems.items():
            self._define(f"{name}/" if len(systems) > 1 else "", node)
        panos_zones.interfaces(self._device, self._local.at("network"), next(iter(objects.values())))
        places = []
        for name, node in systems.items():
            of_vsys = pushed.at("vsys", name)
            shared = self._root.at("shared")
            bases = [
                ("shared pre-rulebase", shared.at("pre-rulebase")),
                ("pre-rulebase", pushed.at("pre-rulebase")),
                ("pre-rulebase", of_vsys.at("pre-rulebase")),
                ("rulebase", node.at("rulebase")),
                ("post-rulebase", of_vsys.at("post-rulebase")),
                ("post-rulebase", pushed.at("post-rulebase")),
                ("shared post-rulebase", shared.at("post-rulebase")),
            ]
            places.append(Place(name, node, _filled(bases), objects[name], Zones.of(node)))
        shared_gateways = panos_vsys.gateways(self._local.at("network"))
        panos_vsys.settle(self._device, places, shared_gateways)
        for place in places:
            self._protected(place)
            rules = self._rules(place)
            self._device.hook(f"{place.prefix}security", "forward", 0, rules, "deny")
            self._sources(place)
        panos_vsys.in_none(self._device, places, shared_gateways)

    def _define(self, title: str, scope: Node) -> None:
        for kind in _NAMED:
            for name, node in scope.at(kind).children.items():
                self._device.define(f"{title}{kind}", name, _said(node))

    def _objects(self, name: str, vsys: Node) -> Objects:
        pushed = self._root.at("panorama")
        return Objects([vsys, pushed.at("vsys", name), self._root.at("shared"), pushed, pushed.at("shared")])

    def _protected(self, place: Place) -> None:
        for name, node in place.own.at("zone").children.items():
            if node.at("network").has("zone-protection-profile"):
                where, why = (
                    f"{place.prefix}zone {name}",
                    "what a zone protection profile drops is not modelled",
                )
                self._device.not_understood(where, "zone-protection-profile", why)

    # ---- Panorama

    def _panorama(self, groups: Mapping[str, Node]) -> None:
        """Each device group is a policy of its own; it is the device's if there is one that devices are in."""
        places = {name: self._group(name, groups) for name in groups}
        parents = {self._parent(name, groups) for name in groups}
        used = [name for name, node in groups.items() if node.values("devices")]
        used = used or [name for name in groups if name not in parents]
        if len(used) == 1:
            self._templates(groups[used[0]], places[used[0]])
        for name, place in places.items():
            place.zones.add(place.mentioned())
            place.prefix = f"device-group {name}/"
            key = f"device-group {name}"
            if used == [name]:
                self._device.hook(key, "forward", 0, self._rules(place), "deny")
                self._sources(place)
            else:
                self._device.access_list(key, "inet", self._rules(place))
        if len(used) > 1:
            why = f"which of these device groups is the device's is not known: {', '.join(used[:5])}"
            rule = Rule(1, ALWAYS, Verdict("unknown", detail=why), why, not_understood=(why,))
            self._device.hook("device groups", "forward", 0, [rule], "deny")

    def _parent(self, name: str, groups: Mapping[str, Node]) -> str:
        said = groups[name].values("parent-dg")
        shown = ("readonly", "devices", self._name, "device-group", name, "parent-dg")
        return next(iter(said or self._root.values(*shown)), "")

    def _group(self, name: str, groups: Mapping[str, Node]) -> Place:
        line: list[str] = []
        at = name
        while at in groups and at not in line:
            line.append(at)
            at = self._parent(at, groups)
        if at in line:
            self._device.not_understood(f"device-group {name}", f"parent-dg {at}", "it is its own ancestor")
        shared = self._root.at("shared")
        bases = [("shared pre-rulebase", shared.at("pre-rulebase"))]
        bases += [(f"{one} pre-rulebase", groups[one].at("pre-rulebase")) for one in reversed(line)]
        bases += [(f"{one} post-rulebase", groups[one].at("post-rulebase")) for one in line]
        bases += [("shared post-rulebase", shared.at("post-rulebase"))]
        objects = Objects([*(groups[one] for one in line), shared])
        return Place(name, groups[name], _filled(bases), objects, Zones())

    def _templates(self, group: Node, place: Place) -> None:
        """Interfaces and zones: of the templates whose stack has one of the group's devices, or of the only one."""
        templates = self._local.at("template").children
        serials = set(group.values("devices"))
        chosen = [
            name
            for stack in self._local.at("template-stack").children.values()
            if serials & set(stack.values("devices"))
            for name in stack.values("templates")
        ] or (list(templates) if len(templates) == 1 else [])
        for name in dict.fromkeys(chosen):
            config = templates[name].at("config") if name in templates else Node(0)
            for inner in config.at("devices").children.values():
                panos_zones.interfaces(self._device, inner.at("network"), place.objects)
                for vsys in inner.at("vsys").children.values():
                    found = Zones.of(vsys)
                    place.zones.named.update(found.named)
                    place.zones.members.update(found.members)
        for zone, members in place.zones.members.items():
            for member in members:
                self._device.interface(member).zone = zone
        place.mine = list(self._device.state.interfaces)

    # ---- one policy

    def _rules(self, place: Place) -> list[Rule]:
        nat = Nat(place.objects, place.zones)
        plan = self._plan(place)
        overrides = place.rulebases("application-override")
        before = plan[1] if plan else NOTHING_TRANSLATED
        security = Security(place.objects, place.zones, before, overrides)
        rules = [Rule(0, _OPEN, ACCEPT, _SESSIONS), *place.border(self._device), *self._stopping(place)]
        key = f"{place.prefix}nat destinations"
        if plan:
            self._nat(key, "prerouting", -100, plan[0])
        elif translated := nat.destinations(place.rulebases("nat")):
            self._device.state.chains[key] = Chain(key, translated)
            rules.append(
                Rule(0, ALWAYS, Verdict("jump", chain=key), "nat rules are asked before security rules")
            )
        for rulebase in place.rulebases("security"):
            rules.extend(security.rules(rulebase))
        rules.extend(self._defaults(place))
        return [replace(rule, position=position) for position, rule in enumerate(rules, start=1)]

    def _stopping(self, place: Place) -> Iterator[Rule]:
        for kind, (key, stops) in _STOPPING.items():
            for rulebase in place.rulebases(kind):
                for name, node in rulebase.rules.children.items():
                    if node.values("disabled") == ["yes"] or not any(map(stops, node.values(key))):
                        continue
                    why = f"{kind} rules are not modelled"
                    asked: list[Match] = [Unknown(f"{place.prefix}{kind} {name}", why)]
                    for side, end in (("source", "src"), ("destination", "dst")):
                        given = node.values(side) or ["any"]
                        if node.values(f"negate-{side}") != ["yes"]:
                            asked.append(asks.either(place.objects.address(end, one) for one in given))
                    text = f"{rulebase.name} {kind} rules {name} {node.shown()}"
                    yield Rule(0, both(*asked), DROP, text, line=node.line, not_understood=(why,))

    def _defaults(self, place: Place) -> Iterator[Rule]:
        """The nearest override stands: of the device itself, then of the groups up to shared."""
        nearest = [base for base in place.bases if base[0] == "rulebase"]
        nearest += [base for base in place.bases if base[0].endswith("post-rulebase")]
        for name, action in _DEFAULTS.items():
            said, line, where = action, None, "predefined"
            for base, node in nearest:
                rule = node.at("default-security-rules", "rules", name)
                if rule.has("action"):
                    said, line, where = " ".join(rule.values("action")), rule.line, base
                    break
            verdict = _ACTIONS.get(said, Verdict("unknown", detail=f"action {said!r}"))
            asked = place.zones.inside() if name == "intrazone-default" else ALWAYS
            yield Rule(0, asked, verdict, f"{name} ({said}, {where})", line=line)

    def _sources(self, place: Place) -> None:
        planned = bool(self._plan(place))
        rules = Nat(place.objects, place.zones).sources(place.rulebases("nat"), planned)
        if rules and place.several:
            outside = Not(Named("in_zone", tuple(place.zones.named.values())))
            rules = [Rule(0, outside, ACCEPT, f"not from a zone of {place.name}"), *rules]
        self._nat(f"{place.prefix}nat sources", "postrouting", 100, rules)

    def _nat(self, name: str, hook: str, priority: int, rules: list[Rule]) -> None:
        if rules:
            numbered = [replace(rule, position=position) for position, rule in enumerate(rules, start=1)]
            self._device.state.rulesets[name] = Ruleset(
                name, "paloalto_panos", "inet", hook, priority, "permit", "nat", numbered
            )

    def _plan(self, place: Place) -> tuple[list[Rule], Translated] | None:
        if place.several:
            return None
        interfaces = list(self._device.state.interfaces.values())
        return Nat(place.objects, place.zones).plan(place.rulebases("nat"), interfaces)


def _filled(bases: list[tuple[str, Node]]) -> list[tuple[str, Node]]:
    return [(name, node) for name, node in bases if node.children]
