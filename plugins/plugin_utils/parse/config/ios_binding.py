# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where Cisco IOS asks its access lists, and what else stands before or beside them at an interface.

Sources: Cisco IOS Security Configuration Guide: Access Control Lists, "IP Access List Overview" (a list that is bound
and does not exist, or is empty, lets all packets pass; outbound lists are for packets on their way through), "IPv4 ACL
Chaining Support"; IPv6 Command Reference, "ipv6 access-list" (without an entry, what is implicit at the end takes no
effect); Security Command Reference, "ip inspect" (answers are let in by entries before those of the lists), "ip verify
unicast source reachable-via", "access-class".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ...model.fields import PROTOCOLS
from ...model.match import ALWAYS, Match, Named, Unknown, both, protocol
from ...model.rules import ACCEPT, DROP, Rule, Verdict
from . import asks, ios_sets
from .blocks import Line
from .device import Device
from .ios_interfaces import Bound, Settings

_OPEN = Named("connection", ("established", "related"))
_INSPECTED = protocol(*(PROTOCOLS[name] for name in ("tcp", "udp", "icmp", "icmpv6")))
_UNREAD = {"in": ("prerouting", -145), "out": ("postrouting", 145)}
_ABSENT = "is not defined: all packets pass"
Keys = dict[tuple[str, str], str]


def bind(
    device: Device, interfaces: Iterable[Settings], keys: Keys, undecided: Iterable[tuple[str, Rule]] = ()
) -> None:
    """``keys``: of the rulesets, by family and name of a list. ``undecided``: rules for packets in a direction of which
    something decides that is not modelled."""
    found = list(interfaces)
    unread: dict[str, list[Rule]] = {"in": [], "out": []}
    for direction, rule in undecided:
        unread[direction].append(rule)
    inspects = {family for settings in found for family, _line in settings.inspects}
    for settings in found:
        for family, line in settings.sources:
            why = "whether the source is reachable by this interface is not modelled"
            asked = both(
                device.packets(settings.name, "in", family), Unknown(f"{settings.name} {line.text}", why)
            )
            device.bound("in", asked, DROP, line.text, line.number, (why,))
        for direction, line in settings.unread:
            why = f"line {line.number} is not understood, and may decide about packets"
            packets = device.packets(settings.name, direction, "inet")
            rule = Rule(
                1, packets, Verdict("unknown", detail=why), line.text, line=line.number, not_understood=(why,)
            )
            unread[direction].append(rule)
        for (family, direction), bound in settings.lists.items():
            if family in inspects:
                _answers(device, settings.name, direction, family)
            _lists(device, settings.name, direction, family, bound, keys)
    for direction, (hook, priority) in _UNREAD.items():
        if unread[direction]:  # beside the lists, whose denials stay what they are
            device.hook(
                f"undecided at interfaces/{direction}", hook, priority, placed(unread[direction]), "permit"
            )


def _answers(device: Device, interface: str, direction: str, family: str) -> None:
    why = "whether what ip inspect has let through awaits this packet is not known"
    packets = device.packets(interface, direction, family)
    asked = both(packets, _OPEN, _INSPECTED, Unknown(f"ip inspect {interface} {direction}", why))
    device.bound(direction, asked, ACCEPT, f"ip inspect: answers, at {interface}", None, (why,))


def _lists(device: Device, interface: str, direction: str, family: str, bound: Bound, keys: Keys) -> None:
    text, line = bound.line.text, bound.line.number
    chained = [name for name in (bound.common, bound.name) if name]
    if len(chained) == 1:
        key = keys.get((family, chained[0]))
        if key is not None:
            device.bind(interface, direction, key, text, line)
        else:
            device.bound(
                direction,
                device.packets(interface, direction, family),
                ACCEPT,
                f"{text} ({chained[0]} {_ABSENT})",
                line,
            )
        return
    packets = device.packets(interface, direction, family)
    known = [keys.get((family, name)) for name in chained]
    if None in known:
        why = "what a chain of lists does of which one is not defined, no document says"
        device.bind_unknown(interface, direction, family, text, why)
        return
    for key in known:
        device.bound(direction, packets, Verdict("jump", key or ""), text, line)
    device.bound(
        direction, packets, DROP, f"deny at the end of {chained[-1]}, for what no list decides", None
    )


_TERMINAL = both(protocol(PROTOCOLS["tcp"]), asks.ports("dst_port", (22, 22), (23, 23)))
_NOT_MODELLED = "what the device lets in to itself is not modelled"


def terminals(device: Device, classes: dict[str, list[str | None]], keys: Keys) -> list[Rule]:
    """What surely does not reach the device's own terminals: what the list of none of its ``line vty`` permits.
    ``classes``: by family the lists of all lines; None for one without."""
    rules: list[Rule] = []
    for family, version in (("ip", asks.IPV4), ("ip6", asks.IPV6)):
        names = classes.get(family, [])
        lists = [keys.get((family, name)) if name else None for name in names]
        if not names or None in lists:
            continue
        rulesets = [device.state.rulesets[key or ""] for key in dict.fromkeys(lists)]
        if any(ruleset.default_action == "permit" for ruleset in rulesets):
            continue
        let_in: Match = asks.either(ios_sets.permitted(one.rules, one.key) for one in rulesets)
        asked = both(version, _TERMINAL)
        rules.append(_unknown(both(asked, let_in), _NOT_MODELLED))
        text = f"access-class {', '.join(sorted({name or '' for name in names}))} in"
        rules.append(Rule(0, asked, DROP, text))
    return rules


def _unknown(asked: Match, why: str) -> Rule:
    return Rule(0, asked, Verdict("unknown", detail=why), why, not_understood=(why,))


def everything_else(policed: bool) -> list[Rule]:
    """``policed``: whether the control plane has a policy, which may drop anything. Else a router answers to echo
    requests (RFC 1812, 4.3.3.6; RFC 4443, 4.2)."""
    echo = asks.either((asks.icmp(8), asks.icmp(128, None, 6)))
    answered = [] if policed else [Rule(0, echo, ACCEPT, "a router answers to echo requests")]
    return [*answered, _unknown(ALWAYS, _NOT_MODELLED)]


def policy_routed(device: Device, interface: str, family: str, line: Line) -> Rule:
    """Packets that come in by an interface with policy routing: a route map may send them elsewhere, or away."""
    why = "where a route map sends the packets is not modelled"
    device.not_understood(f"interface {interface}, line {line.number}", line.text, why)
    return replace(_unknown(device.packets(interface, "in", family), why), text=line.text, line=line.number)


def placed(rules: Iterable[Rule]) -> list[Rule]:
    """With their positions."""
    return [replace(rule, position=position) for position, rule in enumerate(rules, start=1)]
