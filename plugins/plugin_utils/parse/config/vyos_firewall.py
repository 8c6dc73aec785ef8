# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The firewall of VyOS: its rule sets, and the stages of hooks that send packets to them.

Sources: as in ``vyos``. A stage begins with the state policy, where there is one ("State policy": what belongs to an
open connection, or to none, is decided before any rule). Families are apart, as the rule sets are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ...model.match import ALWAYS, In, Match, Named, both
from ...model.rules import CONTINUE, DROP, Effect, Rule, Verdict
from . import asks
from . import vyos_doubts as doubts
from .device import Device
from .vyos_groups import Groups
from .vyos_interfaces import all_of
from .vyos_match import Reading, asked_by
from .vyos_rules import ACTIONS, WORDS_OF_SET, Sets, base, named, returns
from .vyos_tree import Node
from .vyos_zones import Between, Zone, zones
from .words import NotUnderstoodError

_FAMILIES = {4: ("ip", "ipv4", "name"), 6: ("ip6", "ipv6", "ipv6-name")}
_STATES = ("established", "related", "invalid")
# Stages of 1.3 -> hook, priority, and by which interface packets come to them.
_BOUND = {
    "in": ("forward", -2, "in_interface"),
    "out": ("forward", -1, "out_interface"),
    "local": ("input", -2, "in_interface"),
}
# (hook, table) of 1.4 -> priority
_FILTERS = {
    ("forward", "filter"): 0,
    ("input", "filter"): 0,
    ("output", "filter"): 0,
    ("output", "raw"): -300,
    ("prerouting", "raw"): -300,
}
_POLICY_ROUTE = {4: "route", 6: "route6"}
# Settings that decide about no packet that is asked about, or are read elsewhere.
_SETTINGS = frozenset(
    (
        "all-ping",
        "broadcast-ping",
        "config-trap",
        "directed-broadcast",
        "ip-src-route",
        "ipv6-receive-redirects",
        "ipv6-source-validation",
        "ipv6-src-route",
        "log-martians",
        "options",
        "receive-redirects",
        "resolver-cache",
        "resolver-interval",
        "resolver-internal",
        "send-redirects",
        "source-validation",
        "state-policy",
        "syn-cookies",
        "timeout",
        "twa-hazards-protection",
        "apply-to-bridged-traffic",
    )
)
_WORDS = frozenset(
    (
        "group",
        "name",
        "ipv6-name",
        "ipv4",
        "ipv6",
        "zone",
        "global-options",
        "interface",
        "bridge",
        "flowtable",
    )
)
# What there is beside "firewall", of all releases.
_TOP = frozenset(
    (
        "firewall",
        "cluster",
        "container",
        "content-inspection",
        "custom",
        "high-availability",
        "interfaces",
        "load-balancing",
        "nat",
        "nat64",
        "nat66",
        "pki",
        "policy",
        "protocols",
        "qos",
        "service",
        "system",
        "task-scheduler",
        "traffic-policy",
        "vpn",
        "vpp",
        "vrf",
        "zone-policy",
    )
)
_OF_NAT = frozenset(("source", "destination", "static", "cgnat", "nptv6", "pptp_conntrack"))

# eth0, eth1.100, lo, wg01, pppoe0: what VyOS takes as the name of an interface ends with a number.
_NAME = re.compile(r"^(?:lo|[a-z][a-z0-9]*\d(?:\.\d+){0,2})$", re.ASCII)


class Firewall:
    def __init__(self, device: Device, root: Node, groups: Groups, old: bool | None) -> None:
        self._device = device
        self._state = device.state
        self._root = root
        self._node = root.at("firewall")
        self._groups = groups
        self._old = old
        listed = {family: self._named(family) for family in _FAMILIES}
        self._listed = listed
        self._names = {
            family: {name: f"ipv6 {name}" if family == 6 and name in listed[4] else name for name in names}
            for family, names in listed.items()
        }

    def _named(self, family: int) -> Mapping[str, Node]:
        _of, version, word = _FAMILIES[family]
        return {**self._node.items(word), **self._node.items(version, "name")}

    def build(self) -> None:
        listed = {**self._root.items("zone-policy", "zone"), **self._node.items("zone")}
        found, reasons = zones(listed)
        for reason in reasons:
            self._device.not_understood("zones", "", reason)
        for zone in found:
            for member in zone.members:
                if not member.endswith(("*", "+")):
                    self._device.interface(member).zone = zone.name
        for family in _FAMILIES:
            self._family(family, found)
        self._pings()
        self._untracked()
        self._strangers()

    def _strangers(self) -> None:
        """What nobody reads."""
        self._strange(self._root, _TOP, "the top")
        self._strange(self._root.at("zone-policy"), {"zone"}, "zone-policy")
        for table in ("nat", "nat66"):
            self._strange(self._root.at(table), _OF_NAT, table)
        self._unread_bindings()
        self._strange(self._node, {*_WORDS, *_SETTINGS}, "firewall")
        self._strange(self._node.at("global-options"), _SETTINGS, "firewall global-options")
        for sets in self._listed.values():
            for name, node in sets.items():
                self._strange(node, WORDS_OF_SET, f"rule set {name}")
                for number, rule in node.items("rule").items():
                    if not rule.has("action"):  # VyOS takes no such rule: words of another are here
                        self._doubt(f"rule set {name} rule", number, rule)
        for _of, version, word in _FAMILIES.values():
            for name in self._node.items(word).keys() & self._node.items(version, "name").keys():
                self._doubt(f"firewall {word} and firewall {version} name", name, self._node.at(word, name))

    def _strange(self, node: Node, known: set[str] | frozenset[str], where: str) -> None:
        for word, below in node.children.items():
            if word not in known:
                self._doubt(where, word, below)

    def _doubt(self, where: str, word: str, node: Node) -> None:
        """What nobody reads; where it looks like rules, they may be of any rule set that they name, or of a hook."""
        leaves = list(node.leaves())
        self._device.not_understood(where, " ".join([word, *leaves[:1]])[:200], f"{word} is not understood")
        doubts.cast(
            self._state, f"{where} {word}", {word, *(part for leaf in leaves for part in leaf.split())}
        )

    def _family(self, family: int, found: list[Zone]) -> None:
        of, version, _word = _FAMILIES[family]
        listed, names = self._listed[family], self._names[family]
        back = returns(listed)
        keys = {name: f"{version}/name/{name}/rules" if name in back else names[name] for name in listed}
        sets = Sets(family, self._groups, self._old, keys, self._passing(found))
        named(self._state, sets, listed, names)
        for direction, (hook, priority, side) in _BOUND.items():
            rules = list(self._bound(family, direction, side, keys))
            if rules:
                policy = self._state_policy()
                base(self._state, f"{version}/interfaces/{direction}", of, hook, priority, [*policy, *rules])
        self._filters(sets, version, of)
        if found:
            between = Between(found, family, keys)
            for hook, rules in (
                ("forward", list(between.forward())),
                ("input", list(between.to_itself())),
                ("output", list(between.from_itself())),
            ):
                if rules:
                    key = f"{version}/zones/{hook}"
                    base(self._state, key, of, hook, 1, [*self._state_policy(), *rules])
        self._policy_routes(family, version, of)

    def _passing(self, found: list[Zone]) -> frozenset[str]:
        """The sets that only zones send packets to: what returns to a zone passes."""
        leaves = [leaf.split() for leaf in self._node.leaves()]
        jumped = {words[-1] for words in leaves if words[-2:-1] and words[-2].endswith("jump-target")}
        between = [source.at("firewall") for zone in found for source in zone.node.items("from").values()]
        used = {name for node in between for word in ("name", "ipv6-name") for name in node.items(word)}
        return frozenset(used - jumped)

    def _filters(self, sets: Sets, version: str, of: str) -> None:
        for hook, tables in self._node.items(version).items():
            if hook == "name":
                continue
            for table, node in tables.children.items():
                key = f"{version}/{hook}/{table}"
                if (hook, table) not in _FILTERS:
                    self._doubt(f"firewall {version} {hook}", table, node)
                    continue
                policy = self._state_policy() if table == "filter" else []
                rules = [*policy, *sets.rules(node, key)]
                base(self._state, key, of, hook, _FILTERS[hook, table], rules)

    def _state_policy(self) -> list[Rule]:
        found = []
        for node in (self._node.at("state-policy"), self._node.at("global-options", "state-policy")):
            for state, below in node.children.items():
                text = f"state-policy {state} {' '.join(below.leaves())}"
                try:
                    if not below.has("action") and state in _STATES:
                        continue
                    verdict = ACTIONS[below.value("action")]
                    asked: Match = Named("connection", (state,)) if state in _STATES else ALWAYS
                    if state not in _STATES:
                        raise NotUnderstoodError(f"the state {state} is not understood")
                    found.append(Rule(0, asked, verdict, text))
                except (KeyError, NotUnderstoodError):
                    why = f"{text} is not understood"
                    found.append(Rule(0, ALWAYS, Verdict("unknown", detail=why), text, not_understood=(why,)))
        return found

    def _bound(self, family: int, direction: str, side: str, keys: Mapping[str, str]) -> Iterator[Rule]:
        """1.3's sets at interfaces; 1.4's, while it was made, are listed under ``firewall interface``."""
        word = _FAMILIES[family][2]
        places = [(name, node.at("firewall")) for name, node in all_of(self._root)]
        places += list(self._node.items("interface").items())
        for interface, node in places:
            below = node.at(direction)
            if not below.has(word):
                continue
            text = f"{interface} firewall {direction} {word} {' '.join(below.items(word))}"
            asked = Named(side, (f"{interface[:-1]}*" if interface.endswith("+") else interface,))
            try:
                yield Rule(0, asked, Verdict("jump", keys[below.value(word)]), text)
            except (KeyError, NotUnderstoodError):
                why = f"{text}: the rule set is not defined"
                yield Rule(0, asked, Verdict("unknown", detail=why), text, not_understood=(why,))

    def _unread_bindings(self) -> None:
        """Lines under interfaces that look as if they bound a set, and have words that nobody reads."""
        sets = {name for listed in self._listed.values() for name in listed}
        read = sum(
            len(node.items("firewall", direction, word))
            for _name, node in all_of(self._root)
            for direction in _BOUND
            for _of, _version, word in _FAMILIES.values()
        )
        found = [
            f"{name} firewall"
            for name, node in all_of(self._root)
            if node.has("firewall") and not _NAME.match(name)
        ]
        read -= len(found)
        for leaf in self._root.at("interfaces").leaves():
            words = leaf.split()
            by_name = words[-2:-1] in (["name"], ["ipv6-name"]) and words[-1] in sets
            empty = words[-1] == "firewall" or (words[-2:-1] == ["firewall"] and words[-1] in _BOUND)
            if "description" not in words and not empty and ("firewall" in words or by_name):
                found.append(leaf)
        if len(found) > read:
            why = "one of these binds a rule set, and is not understood"
            self._device.not_understood("interfaces", "; ".join(found)[:200], why)
            doubts.cast(self._state, "interfaces", {"firewall"})

    def _policy_routes(self, family: int, version: str, of: str) -> None:
        """Policies that route by rules may drop too; the rest of what they do is where packets go."""
        word = _POLICY_ROUTE[family]
        bound: dict[str, list[str]] = {}
        for interface, node in all_of(self._root):
            for name in node.items("policy", word):
                bound.setdefault(name, []).append(interface)
        for name, node in self._root.items("policy", word).items():
            bound.setdefault(name, []).extend(node.items("interface"))
        rules = []
        for name, interfaces in bound.items():
            if not interfaces:
                continue
            node = self._root.at("policy", word, name)
            why = f"policy {word} {name} is not modelled"
            text = f"policy {word} {name} at {', '.join(interfaces)}"
            rules_of = [*node.items("rule").values(), node]
            drops = any(
                "drop" in one.items(word) for one in rules_of for word in ("action", "default-action")
            )
            verdict = Verdict("unknown", detail=why) if drops or not node.children else CONTINUE
            rules.append(
                Rule(0, Named("in_interface", tuple(interfaces)), verdict, text, not_understood=(why,))
            )
        if rules:
            base(self._state, f"{version}/policy/{word}", of, "prerouting", -150, rules)

    def _untracked(self) -> None:
        """``system conntrack ignore``: connections that are not tracked; 1.3 has no families there."""
        node = self._root.at("system", "conntrack", "ignore")
        for family, below in ((4, node), (4, node.at("ipv4")), (6, node.at("ipv6"))):
            rules = list(self._not_tracked(below, family))
            for hook in ("prerouting", "output") if rules else ():
                of, version, _word = _FAMILIES[family]
                base(self._state, f"{version}/conntrack ignore/{hook}", of, hook, -300, rules)

    def _not_tracked(self, node: Node, family: int) -> Iterator[Rule]:
        for number, rule in node.items("rule").items():
            where = f"system conntrack ignore rule {number}"
            asked, reasons = asked_by(Reading(family, self._groups, self._old, where, rule))
            text = f"{where}: {'; '.join(rule.leaves())}"
            if not rule.has("disable"):
                yield Rule(0, asked, CONTINUE, text, (Effect("notrack"),), not_understood=tuple(reasons))

    def _pings(self) -> None:
        """``all-ping disable``: the router answers no echo request over IPv4 (net.ipv4.icmp_echo_ignore_all)."""
        for node in (self._node, self._node.at("global-options")):
            if node.has("all-ping", "disable"):
                asked = both(asks.ICMP, In("icmp_type", ((8, 8),)))
                base(self._state, "all-ping", "ip", "input", -3, [Rule(0, asked, DROP, "all-ping disable")])
