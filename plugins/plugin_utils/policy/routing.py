# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was changed about a host's routing, in the words of iproute2, and the commands that put it back.

A checkpoint holds rules, so nothing else puts these back. Commands are given for Linux alone, and where they say all
that was there (ip-rule(8), ip-route(8), ip-address(8), ip-link(8); sysctl(8) with the kernel's
Documentation/networking/ip-sysctl.rst).
"""

from __future__ import annotations

import ipaddress
import shlex
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, TypeVar

from ..analyse.journey import addresses_at
from ..model import text
from ..model.flowset import FlowSet
from ..model.match import Ranges, merge_ranges
from ..model.state import Interface, Route, RouteRule, State

# Routes that the kernel makes from addresses: they come and go with these.
_FROM_ADDRESSES = frozenset(("local", "broadcast", "multicast", "anycast"))
_SYSCTL = {"ipv4": "net.ipv4.ip_forward", "ipv6": "net.ipv6.conf.all.forwarding"}
# The kind of routes for the packets of some sources alone.
_FROM = "from "
_MOST_TOLD = 3
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Told:
    """``now``, ``before``: what was changed, as it is and as it was; None: not there."""

    note: str
    now: str | None
    before: str | None
    commands: tuple[str, ...]


def rules_changed(before: State, now: State) -> Told:
    """Policy routing rules. They have no name but their priority, so one is never 'changed'."""
    gone, come = _without(before.route_rules, now.route_rules), _without(now.route_rules, before.route_rules)
    commands = [_rule_command("del", rule) for rule in come]
    commands += [_rule_command("add", rule) for rule in gone]
    if any(rule.not_understood for rule in (*come, *gone)):
        commands = []  # a half of it might break more
    words = [
        f"rule {rule_line(rule)} was {what}"
        for rules, what in ((come, "added"), (gone, "removed"))
        for rule in rules
    ]
    return _told(_few(words, "; "), map(rule_line, come), map(rule_line, gone), now, commands)


def rule_line(rule: RouteRule) -> str:
    """``32765: from 10.0.0.0/8 lookup 100``, as ip-rule(8) lists it."""
    return f"{rule.priority}{' (IPv6)' if rule.family == 6 else ''}: {_rule_words(rule)}"


def _rule_words(rule: RouteRule) -> str:
    parts = [
        "not" if rule.negated else "",
        f"from {rule.src or 'all'}",
        f"to {rule.dst}" if rule.dst else "",
        f"iif {rule.in_interface}" if rule.in_interface else "",
        f"fwmark {rule.mark}" if rule.mark else "",
        f"oif {rule.out_interface}" if rule.out_interface else "",
        f"uidrange {rule.users}" if rule.users else "",
        f"ipproto {rule.protocol}" if rule.protocol else "",
        f"sport {rule.src_port}" if rule.src_port else "",
        f"dport {rule.dst_port}" if rule.dst_port else "",
        *rule.not_understood,
        f"lookup {rule.table}" if rule.action == "lookup" else rule.action,
        f"suppress_prefixlength {rule.suppress_length}" if rule.suppress_length is not None else "",
    ]
    return " ".join(part for part in parts if part)


def _rule_command(verb: str, rule: RouteRule) -> str:
    return f"{_ip(rule.family)} rule {verb} pref {rule.priority} {_quoted(_rule_words(rule))}"


def _quoted(words: str) -> str:
    """Fit for a shell: a name of an interface may hold anything but blanks and slashes."""
    return shlex.join(words.split())


def routes_changed(before: State, now: State, flows: FlowSet) -> Told:
    """Of the routes that differ: those to where the flows or their answers go, if there are any."""
    keys: dict[tuple[Any, ...], tuple[Route | None, Route | None]] = {}
    for route in _without(before.routes, now.routes):
        keys[_key(route)] = (route, None)
    for route in _without(now.routes, before.routes):
        keys[_key(route)] = (keys.get(_key(route), (None, None))[0], route)
    pairs = list(keys.values())
    ends = {
        family: merge_ranges(one for end in ("dst", "src") for one in addresses_at(flows, end, family))
        for family in flows.families()
    }
    near = [pair for pair in pairs if any(_touches(route, ends) for route in pair if route is not None)]
    chosen = [
        pair for pair in near or pairs if any(_set_by_hand(route, now) for route in pair if route is not None)
    ]
    chosen = chosen or near or pairs
    words = [_what(old, new, now) for old, new in chosen]
    commands = [
        command
        for old, new in chosen
        if all(_set_by_hand(route, now) and _told_whole(route) for route in (old, new) if route is not None)
        for command in _route_command(old, new)
    ]
    come = [route_line(new) for _old, new in chosen if new is not None]
    gone = [route_line(old) for old, _new in chosen if old is not None]
    return _told(_few(words, "; "), come, gone, now, commands)


def _key(route: Route) -> tuple[Any, ...]:
    source = route.kind if route.kind.startswith(_FROM) else ""
    return route.family, route.destination, route.table, route.metric, route.tos, source


def _what(old: Route | None, new: Route | None, now: State) -> str:
    what = "added" if old is None else "removed" if new is None else "changed"
    either = old or new
    along = " with its address" if old and not new and not _set_by_hand(old, now) else ""
    return f"route {either.destination if either else ''} was {what}{along}"


def _touches(route: Route, ends: Mapping[int, Ranges]) -> bool:
    """``ends``: addresses by family, sorted and apart."""
    family, first, last = text.address_range(route.destination)
    ranges = ends.get(family, ())
    at = bisect_right(ranges, last, key=itemgetter(0)) - 1
    return at >= 0 and first <= ranges[at][1]


def _told_whole(route: Route) -> bool:
    """Not one of which the state holds less than ip-route(8) needs: what it encapsulates, what is behind a number."""
    return " " not in route.kind or route.kind.startswith(_FROM)


def _set_by_hand(route: Route, now: State) -> bool:
    """Not one that comes and goes with an address of the host."""
    if route.kind in _FROM_ADDRESSES:
        return False
    if not route.source or any(hop.via for hop in route.next_hops):
        return True
    addresses = [item.partition("/")[0] for one in now.interfaces.values() for item in one.addresses]
    return route.source in addresses


def route_line(route: Route) -> str:
    """A route as ip-route(8) would be given it."""
    hops = [
        " ".join(
            part
            for part in (f"via {hop.via}" if hop.via else "", f"dev {hop.interface}" if hop.interface else "")
            if part
        )
        for hop in route.next_hops
    ]
    if len(hops) > 1:
        hops = [f"nexthop {words} weight {hop.weight}" for words, hop in zip(hops, route.next_hops)]
    parts = [
        route.kind if route.kind != "unicast" else "",
        route.destination,
        f"tos {route.tos}" if route.tos else "",
        *hops,
        f"table {route.table}" if route.table not in ("", "main") else "",
        f"metric {route.metric}" if route.metric else "",
        f"src {route.source}" if route.source else "",
    ]
    return " ".join(part for part in parts if part)


def _route_command(old: Route | None, new: Route | None) -> list[str]:
    if old is not None:
        verb = "add" if new is None else "replace"
        return [f"{_ip(old.family)} route {verb} {_quoted(route_line(old))}"]
    return [f"{_ip(new.family)} route del {_quoted(route_line(new))}"] if new is not None else []


def interfaces_changed(before: State, now: State) -> Told:
    names = [
        name
        for name in {**before.interfaces, **now.interfaces}
        if before.interfaces.get(name) != now.interfaces.get(name)
    ]
    commands = [
        command
        for name in names
        if name in before.interfaces and name in now.interfaces
        for command in _interface_commands(before.interfaces[name], now.interfaces[name])
    ]
    come, gone = (
        [_interface(state.interfaces[name]) for name in names if name in state.interfaces]
        for state in (now, before)
    )
    return _told(f"interface {', '.join(names)} was changed", come, gone, now, commands)


def _interface(item: Interface) -> str:
    state = "down" if not item.up else "up" if item.carrier else "up without carrier"
    addresses = (" ".join([one, *item.address_flags.get(one, ())]) for one in item.addresses)
    return " ".join([item.name, state, *addresses])


def _interface_commands(old: Interface, new: Interface) -> list[str]:
    name = shlex.quote(old.name)
    found = [f"ip link set {name} {'up' if old.up else 'down'}"] if old.up != new.up else []
    gone, come = _without(old.addresses, new.addresses), _without(new.addresses, old.addresses)
    if any(_carries_others(address, [*new.addresses, *gone]) for address in come):
        return []
    for verb, addresses in (("add", gone), ("del", come)):
        found += [
            f"{_ip(6 if ':' in address else 4)} address {verb} {address} dev {name}" for address in addresses
        ]
    return found


def _carries_others(address: str, addresses: Sequence[str]) -> bool:
    """Whether the kernel may take later addresses of the same network away with this one: they are secondary to it, and
    promote_secondaries (ip-sysctl.rst) is off by default."""
    network = ipaddress.ip_interface(address).network
    behind = addresses[addresses.index(address) + 1 :]
    return network.version == 4 and any(ipaddress.ip_interface(other).network == network for other in behind)


def forwarding_changed(before: State, now: State) -> Told:
    commands = [
        f"sysctl -w {_SYSCTL[family]}={int(does)}"
        for family, does in before.forwarding.items()
        if does is not None and does != now.forwarding.get(family)
    ]
    words = [_forwarding(state) for state in (now, before)]
    return _told("forwarding was changed", words[:1], words[1:], now, commands)


def _forwarding(state: State) -> str:
    words: Mapping[bool | None, str] = {True: "on", False: "off", None: "not known"}
    return ", ".join(f"forwarding of {family}: {words[does]}" for family, does in state.forwarding.items())


def settings_changed(before: State, now: State) -> Told:
    """Those that only one side has were not read on the other, or came and went with their interface."""
    names = [
        name
        for name, value in before.settings.items()
        if name in now.settings and now.settings[name] != value
    ]
    come, gone = ([f"{name} = {state.settings[name]}" for name in names] for state in (now, before))
    commands = [f"sysctl -w {shlex.quote(f'{name}={before.settings[name]}')}" for name in names]
    note = f"{_few(names, ', ')} was changed" if names else "settings of the kernel were not read before"
    return _told(note, come, gone, now, commands)


def legs_of(split: Iterable[tuple[FlowSet, Sequence[Any], int]]) -> list[str]:
    """Where a host sends packets, for people. ``split``: as HostRouting.split gives it."""
    found: dict[str, None] = {}
    for part, legs, family in split:
        to = ", ".join(text.ranges_to_text("dst", addresses_at(part, "dst", family), family)[:_MOST_TOLD])
        for leg in legs:
            if leg.kind == "forward":
                gateway = f"via {text.address_text(family, leg.gateway)} " if leg.gateway is not None else ""
                found[f"{to} {gateway}dev {leg.interface}"] = None
            elif leg.kind == "deny":
                found[f"{to}: {leg.reason}"] = None
    return list(found)


def _told(note: str, come: Iterable[str], gone: Iterable[str], now: State, commands: Sequence[str]) -> Told:
    given = tuple(commands[:_MOST_TOLD]) if now.platform == "linux" and len(commands) <= _MOST_TOLD else ()
    return Told(note, _few(list(come), "; ") or None, _few(list(gone), "; ") or None, given)


def _ip(family: int) -> str:
    return "ip -6" if family == 6 else "ip"


def _few(words: Sequence[str], between: str) -> str:
    more = len(words) - _MOST_TOLD
    return between.join([*words[:_MOST_TOLD], *([f"and {more} more"] if more > 0 else [])])


def _without(items: Iterable[_Item], others: Sequence[_Item]) -> list[_Item]:
    known = {repr(item) for item in others}
    return [item for item in items if repr(item) not in known]


CHANGED: Mapping[str, Callable[[State, State, FlowSet], Told]] = {
    "routes": routes_changed,
    "route_rules": lambda before, now, _flows: rules_changed(before, now),
    "interfaces": lambda before, now, _flows: interfaces_changed(before, now),
    "forwarding": lambda before, now, _flows: forwarding_changed(before, now),
    "settings": lambda before, now, _flows: settings_changed(before, now),
}
