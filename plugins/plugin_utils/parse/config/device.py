# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of a device, put together from what its configuration says.

A list that decides about packets at interfaces is a ruleset without a hook, so that it can be asked by its name;
``bind`` makes the rules of the hooks by which packets come to it. Packets of the device itself pass no outgoing list
of Cisco's and Arista's ("IP Access List Features", "outbound access lists that are applied to router interfaces do
not filter traffic that originates from the router").
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...model.match import ALWAYS, Match, Named, Unknown, both
from ...model.rules import ACCEPT, DROP, Rule, Ruleset, Verdict
from ...model.state import Interface, NamedSet, State
from .. import fingerprint
from . import asks
from .blocks import Line

# Where lists at interfaces stand among the hooks of a device: before it translates destinations, and after sources;
# after destinations, and before sources, where the platform's lists see the real addresses.
OUTSIDE_NAT = {"in": ("prerouting", -150), "out": ("postrouting", 150)}
INSIDE_NAT = {"in": ("prerouting", -50), "out": ("postrouting", 50)}
_SIDE = {"in": "in_interface", "out": "out_interface"}
_FROM_NETWORK = Named("origin", ("network",))
_NO_INTERFACES = "no interface is in the text, so where the lists are bound is not known"
_TO_ITSELF = "what the device lets in to itself is not modelled"


def unknown_rule(position: int, text: str, reason: str, line: int | None = None) -> Rule:
    """A rule that may match anything, and do anything: its text was not understood."""
    return Rule(
        position,
        Unknown(text, reason),
        Verdict("unknown", detail=reason),
        text,
        line=line,
        not_understood=(reason,),
    )


def ends_all(rules: Sequence[Rule]) -> bool:
    """Whether the last rule decides about all that comes to it, so that nothing comes behind it."""
    kind = rules[-1].verdict.kind if rules and isinstance(rules[-1].verdict, Verdict) else ""
    return kind in ("accept", "drop", "reject") and rules[-1].match is ALWAYS


class Device:
    """Collects, and makes the state by ``finish``."""

    def __init__(self, host: str, platform: str, places: dict[str, tuple[str, int]] | None = None) -> None:
        """``places``: hook and priority of incoming and outgoing lists."""
        self.state = State(host, platform)
        self.state.forwarding = {"ipv4": True, "ipv6": True}
        self._places = places or OUTSIDE_NAT
        self._bound: dict[str, list[Rule]] = {"in": [], "out": []}

    def not_understood(self, where: str, text: str, reason: str) -> None:
        self.state.not_understood.append({"where": where, "text": text, "reason": reason})

    def interface(self, name: str) -> Interface:
        """The interface of this name, made if there is none yet."""
        return self.state.interfaces.setdefault(name, Interface(name))

    def define(self, kind: str, name: str, said: Iterable[str]) -> None:
        """An object that rules name: what it holds, as it is written. A change of it is one of the firewall."""
        key = f"{kind} {name}"
        named = self.state.sets.setdefault(key, NamedSet(key, ("other",), called=name))
        named.elements += [(line,) for line in said]

    def define_groups(self, lines: Iterable[Line]) -> None:
        """The object groups and time ranges of Cisco's configurations."""
        for line in lines:
            if line.words[0] in ("object-group", "time-range"):
                kind, _space, name = line.text.rpartition(" ")
                self.define(kind, name, (inner.text for inner in line.children))

    def access_list(self, name: str, family: str, rules: Iterable[Rule], default: str = "deny") -> None:
        """``family``: ip, ip6 or inet. What no rule decides has the action ``default``."""
        self.state.rulesets[name] = Ruleset(
            name, self.state.platform, family, "", 0, default, rules=list(rules)
        )

    def hook(self, name: str, hook: str, priority: int, rules: Iterable[Rule], default: str) -> None:
        """A ruleset that packets of the device meet by themselves, such as the policies between zones."""
        self.state.rulesets[name] = Ruleset(
            name, self.state.platform, "inet", hook, priority, default, rules=list(rules)
        )

    def bind(self, interface: str, direction: str, name: str, text: str, line: int | None = None) -> None:
        """Packets that come ``in`` or go ``out`` by an interface pass the list ``name``, which there must be. What
        it does not decide has its default action. ``text``, ``line``: of the line that says so."""
        ruleset = self.state.rulesets[name]
        end = DROP if ruleset.default_action == "deny" else ACCEPT
        came = self.packets(interface, direction, ruleset.family)
        self.bound(direction, came, Verdict("jump", name), text, line)
        if ends_all(ruleset.rules):
            return
        ending = f"{ruleset.default_action} at the end of {name}, for what none of its rules decides"
        self.bound(direction, came, end, ending, None)

    def bind_unknown(self, interface: str, direction: str, family: str, text: str, reason: str) -> None:
        """Packets by an interface of which it is not known what the device does with them."""
        asked = self.packets(interface, direction, family)
        self.bound(direction, asked, Verdict("unknown", detail=reason), text, None, (reason,))

    def bound(
        self,
        direction: str,
        asked: Match,
        verdict: Verdict,
        text: str,
        line: int | None,
        not_understood: tuple[str, ...] = (),
    ) -> None:
        """One more rule for packets that come in, or go out, after those so far."""
        rules = self._bound[direction]
        rules.append(Rule(len(rules) + 1, asked, verdict, text, line=line, not_understood=not_understood))

    @staticmethod
    def packets(interface: str | tuple[str, ...], direction: str, family: str) -> Match:
        """Those that come ``in`` or go ``out`` by an interface or one of several, of one family or (inet) all."""
        names = (interface,) if isinstance(interface, str) else interface
        versions = {"ip": asks.IPV4, "ip6": asks.IPV6}
        origin = (_FROM_NETWORK,) if direction == "out" else ()
        of_family = (versions[family],) if family in versions else ()
        return both(Named(_SIDE[direction], names), *of_family, *origin)

    def finish(self, *, itself: bool = False) -> State:
        """``itself``: whether what the device accepts for itself was given, as a ruleset of the hook input."""
        for direction, rules in self._bound.items():
            if rules:
                self.hook(f"interfaces/{direction}", *self._places[direction], rules, "permit")
        if not itself:
            why = _TO_ITSELF
            rule = Rule(1, ALWAYS, Verdict("unknown", detail=why), why, not_understood=(why,))
            self.hook("to the device itself", "input", 0, [rule], "permit")
        if not self.state.interfaces and self.state.firewall_known:
            self._without_interfaces()
        self.state.fingerprint = fingerprint.of(self.state)
        return self.state

    def _without_interfaces(self) -> None:
        """A part of a configuration: its lists can be asked, and nothing else is known of the device."""
        hooks = {ruleset.hook for ruleset in self.state.rulesets.values()}
        if hooks & {"prerouting", "forward", "postrouting"}:
            return
        if "" not in hooks:
            why = "neither interfaces nor lists nor policies of this platform are in the text"
            self.state.unreadable.append({"what": "running_config", "reason": why})
            self.state.firewall_known = False
            return
        why = _NO_INTERFACES
        self.not_understood("the configuration as a whole", "", why)
        rule = Rule(1, ALWAYS, Verdict("unknown", detail=why), why, not_understood=(why,))
        self.hook("interfaces", "prerouting", -150, [rule], "permit")
