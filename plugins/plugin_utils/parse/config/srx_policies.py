# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security policies of SRX between zones, as the ruleset that all forwarded packets meet.

Sources: Juniper, "Security Policies User Guide": "Security Policies Overview" (policies of the pair of zones in order,
then the global ones, then the default policy, which denies unless ``permit-all``; also between interfaces of one zone
nothing passes without a policy), "Global Security Policies"; "Security Zones User Guide": an interface without a zone
passes nothing ("the null zone"), and one of the functional zone management does not forward; "Flow-Based and
Packet-Based Processing User Guide": packets of known sessions are not asked about again; in packet mode there are no
policies. Packets are asked about that open a connection; what "TCP Session Checks" drop of others is not modelled.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...model.match import ALWAYS, Match, Named, Not, both
from ...model.rules import ACCEPT, DROP, Rule, Verdict
from . import asks
from .braces import Node
from .device import Device, unknown_rule
from .junos_interfaces import with_unit
from .srx_addresses import AddressBooks
from .srx_applications import Applications
from .srx_policy import Book, policy, zones_of

HOOK = "security policies"
_GLOBAL = "global"
_HOST = "junos-host"
# What stands under ``security policies``; all but the first three decide about no packet by themselves.
_OF_POLICIES = frozenset(
    (
        "from-zone",
        "global",
        "default-policy",
        "policy-rematch",
        "policy-stats",
        "pre-id-default-policy",
        "traceoptions",
        "unified-policy",
    )
)
_DEFAULTS = ("", "deny-all", "permit-all")
_MOST = 50_000  # global policies that are told again for each pair of zones
_OPEN = Named("connection", ("established", "related"))
_OPEN_TEXT = "packets of open connections pass (session table)"
_OUT_OF_BAND = ("fxp0", "em0", "me0")
_OF_ZONES = frozenset(
    (
        "address-book",
        "application-tracking",
        "description",
        "enable-reverse-reroute",
        "host-inbound-traffic",
        "interfaces",
        "screen",
        "source-identity-log",
        "tcp-rst",
        "unidirectional-session-refreshing",
    )
)
_MODES: dict[str, Match] = {"inet": asks.IPV4, "inet6": asks.IPV6, "mpls": ALWAYS}


def pair_name(zones: tuple[str, str]) -> str:
    return f"from-zone {zones[0]} to-zone {zones[1]}"


class Policies:
    """Makes the rulesets of policies. ``zones``: all that the configuration names."""

    def __init__(self, device: Device, root: Node) -> None:
        self._device = device
        self._security = root.find("security") or Node("")
        self._root = root
        self._book = Book(AddressBooks(root), Applications(root), self._note)
        self._noted: set[tuple[str, str]] = set()
        default = self._security.value("policies", "default-policy")
        self._default = "permit" if default == "permit-all" else "deny"
        self._astray = self._strange_policies()
        self._pairs = dict(self._all_pairs())
        asked = [name for zones in self._pairs for name in zones if name != _HOST]
        self.zones = tuple(dict.fromkeys((*_zones(device, root), *asked)))
        self._global = self._security.each("policies", "global", "policy")
        self._limits = [zones_of(node) for node in self._global]
        if self._global:
            rules = [policy(node, at, ("", ""), self._book, True) for at, node in enumerate(self._global, 1)]
            device.access_list(_GLOBAL, "inet", rules, self._default)
        for zones, nodes in self._pairs.items():
            device.access_list(pair_name(zones), "inet", self._of_pair(zones, nodes), self._default)
        device.hook(HOOK, "forward", 0, self._rules(), self._default)
        self._host()
        self._aside()
        for what in (self._book.addresses.not_understood, self._book.applications.not_understood):
            for name, why in what.items():
                device.not_understood("security policies", name, why)

    @property
    def book(self) -> Book:
        return self._book

    def _note(self, text: str, why: str) -> None:
        if (text, why) not in self._noted:
            self._noted.add((text, why))
            self._device.not_understood("security policies", text, why)

    def _all_pairs(self) -> Iterator[tuple[tuple[str, str], list[Node]]]:
        for came in self._security.each("policies", "from-zone"):
            for to in came.each("to-zone"):
                yield (came.word, to.word), to.each("policy")

    def _strange_policies(self) -> str:
        """What stands among the policies and is none, nor a pair of zones: it may be for any packet. Empty if
        nothing is there."""
        policies = self._security.find("policies")
        odd = [name for name in (policies.names() if policies else ()) if name not in _OF_POLICIES]
        for came in self._security.each("policies", "from-zone"):
            odd += [f"from-zone {came.word} {name}" for name in came.names() if name != "to-zone"]
            for to in came.each("to-zone"):
                odd += [f"from-zone {came.word} to-zone {to.word} {one}" for one in _strange(to)]
        odd += [f"global {name}" for name in self._security.names("policies", "global") if name != "policy"]
        if not odd:
            return ""
        why = f"{odd[0]!r} among the policies is not understood"
        self._note("security policies", why)
        return why

    def _of_pair(self, zones: tuple[str, str], nodes: list[Node]) -> list[Rule]:
        """The policies of a pair, and then the global ones that are for it."""
        first = [unknown_rule(1, pair_name(zones), self._astray)] if self._astray else []
        start = len(first) + 1
        rules = first + [policy(node, at, zones, self._book, False) for at, node in enumerate(nodes, start)]
        if _HOST in zones or not self._global:
            return rules
        limited = any(came or to for came, to in self._limits)
        if not limited or len(self._pairs) * len(self._global) > _MOST:
            return [*rules, Rule(len(rules) + 1, ALWAYS, Verdict("jump", _GLOBAL), "global policies")]
        asked = [
            one
            for one, limits in zip(self._global, self._limits)
            if all(not names or zone in names for names, zone in zip(limits, zones))
        ]
        own = [policy(one, at, ("", ""), self._book, False) for at, one in enumerate(asked, len(rules) + 1)]
        return [*rules, *own]

    def _rules(self) -> list[Rule]:
        found: list[tuple[Match, Verdict, str]] = [(_OPEN, ACCEPT, _OPEN_TEXT)]
        if self._astray:
            found.append((ALWAYS, Verdict("unknown", detail=self._astray), self._astray))
        found += self._modes()
        if any(one.zone for one in self._device.state.interfaces.values()):
            outside = asks.either(Not(Named(field, self.zones)) for field in ("in_zone", "out_zone"))
            found.append((outside, DROP, "interfaces that are in no zone pass nothing"))
        for zones in self._pairs:
            if "any" in zones:
                why = "policies of any zone stand among the global ones"
                found.append((ALWAYS, Verdict("unknown", detail=why), f"{pair_name(zones)}: {why}"))
            elif _HOST not in zones:
                asked = both(Named("in_zone", zones[:1]), Named("out_zone", zones[1:]))
                found.append((asked, Verdict("jump", pair_name(zones)), pair_name(zones)))
        if self._global:
            found.append((ALWAYS, Verdict("jump", _GLOBAL), "global policies"))
        default = self._security.value("policies", "default-policy")
        if default not in _DEFAULTS:
            why = f"default-policy {default!r} is not understood"
            self._note("default-policy", why)
            found.append((ALWAYS, Verdict("unknown", detail=why), why))
        return [Rule(at, asked, verdict, text) for at, (asked, verdict, text) in enumerate(found, 1)]

    def _session_words(self) -> list[str]:
        return self._security.names("flow", "tcp-session")

    def _modes(self) -> Iterator[tuple[Match, Verdict, str]]:
        """Families that are dropped, or pass without policies."""
        for family, asked in _MODES.items():
            mode = self._security.value("forwarding-options", "family", family, "mode")
            text = f"forwarding-options family {family} mode {mode}"
            if mode == "drop" and family == "inet6":
                yield asked, DROP, text
            elif mode and mode != "flow-based":
                why = f"{text}: packets pass without policies"
                self._device.not_understood("security", text, why)
                yield asked, Verdict("unknown", detail=why), text

    def _host(self) -> None:
        """Policies to and from the device itself; where none decides, the documents do not say what happens."""
        for hook, at, field in (("input", 1, "in_zone"), ("output", 0, "out_zone")):
            rules: list[Rule] = []
            for zones in self._pairs:
                if zones[at] != _HOST:
                    continue
                asked = both(Not(_OPEN), Named(field, (zones[1 - at],)))
                name = pair_name(zones)
                rules.append(Rule(len(rules) + 1, asked, Verdict("jump", name), name))
                why = f"what {name} does with packets that none of its policies decides is not known"
                unknown = Verdict("unknown", detail=why)
                rules.append(Rule(len(rules) + 1, asked, unknown, why, not_understood=(why,)))
            if rules:
                self._device.hook(f"{HOOK} {hook}", hook, 20, rules, "permit")

    def _aside(self) -> None:
        """What is configured and not modelled."""
        say = self._device.not_understood
        for zone in self._security.each("zones", "security-zone"):
            odd = [name for name in zone.names() if name not in _OF_ZONES]
            if odd:
                say(f"zone {zone.word}", odd[0], "not understood")
            screen = zone.value("screen")
            if screen:
                say(f"zone {zone.word}", f"screen {screen}", "what screens drop is not modelled")
        for word in self._session_words():
            if word.startswith("no-syn-check"):
                why = "packets in the midst of a connection may open a session"
                say("security flow", f"tcp-session {word}", why)


def _strange(pair: Node) -> Iterator[str]:
    """What is no policy of a pair, and policies without conditions or without an action: no device takes them, so
    another policy may lack what stands there."""
    yield from (name for name in pair.names() if name != "policy")
    for one in pair.each("policy"):
        if one.find("match") is None or one.find("then") is None:
            yield f"policy {one.word} without match or then"


def _zones(device: Device, root: Node) -> tuple[str, ...]:
    """The zones, whose interfaces get to know them."""
    names = []
    everything = ""
    for zone in root.each("security", "zones", "security-zone"):
        names.append(zone.word)
        for interface in zone.names("interfaces"):
            if interface == "all":
                everything = zone.word
            else:
                device.interface(with_unit(interface)).zone = zone.word
    if everything:
        for found in device.state.interfaces.values():
            if not found.zone and found.name.partition(".")[0] not in _OUT_OF_BAND:
                found.zone = everything
    return tuple(names)
