# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts of VyOS, as set commands.

Sources: the documentation of vyos.vyos.vyos_firewall_rules, vyos_firewall_interfaces and vyos_firewall_global. Rule
sets with a ``filter`` are of VyOS 1.4 and later.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .facts_cisco import NOT_IN_FACTS, afi_of, direction_of, named, nothing_left
from .facts_reader import Facts, listed, malformed

_SETS = {"ipv4": "name", "ipv6": "ipv6-name"}
_TYPES = {
    "eth": "ethernet",
    "bond": "bonding",
    "br": "bridge",
    "lo": "loopback",
    "wg": "wireguard",
    "vtun": "openvpn",
    "tun": "tunnel",
    "dum": "dummy",
    "pppoe": "pppoe",
    "vti": "vti",
    "vxlan": "vxlan",
    "wlan": "wireless",
    "peth": "pseudo-ethernet",
    "geneve": "geneve",
    "l2tpeth": "l2tpv3",
}
_GROUPS = (
    ("address_group", "address-group", "address"),
    ("network_group", "network-group", "network"),
    ("port_group", "port-group", "port"),
)
_PLAIN = ("action", "protocol", "jump_target")
_NO_MATTER = ("description", "log", "enable_default_log")
_GLOBAL = (
    *("config_trap", "log_martians", "ping", "route_redirects", "syn_cookies"),
    *("twa_hazards_protection", "log"),
)


def lines(facts: Mapping[str, Any]) -> Iterator[str]:
    families = list(listed(facts.get("acls"), "acls"))
    sets = [(afi_of(family), one) for family in families for one in family.each("rule_sets")]
    for family in families:
        nothing_left(family)
    new = any(one.has("filter") for _afi, one in sets)
    known: set[tuple[str, str]] = set()
    yield from _groups(facts.get("object_groups"), new)
    for afi, one in sets:
        yield from _rule_set(one, afi, new, known)
    for afi, name, line in _bindings(facts.get("acl_interfaces")):
        yield line
        if (afi, name) not in known:
            known.add((afi, name))
            begin = f"set firewall {_SETS[afi]} {name}"
            yield from (f"{begin} rule 1 action accept", f"{begin} rule 1 {NOT_IN_FACTS} {name}")


def _rule_set(one: Facts, afi: str, new: bool, known: set[tuple[str, str]]) -> Iterator[str]:
    hook = one.word("filter")
    if hook:
        begin = f"set firewall {afi} {hook} filter"
    else:
        name = named(one)
        known.add((afi, name))
        begin = f"set firewall {afi} name {name}" if new else f"set firewall {_SETS[afi]} {name}"
    action = one.word("default_action")
    if action:
        yield f"{begin} default-action {action}"
    one.ignore(*_NO_MATTER)
    jump = one.word("default_jump_target")
    if jump:
        yield f"{begin} default-jump-target {jump}"
    for rule in one.each("rules"):
        yield from _rule(rule, begin, new)
    for left in one.left():
        yield f"{begin} {NOT_IN_FACTS} {left}"


def _rule(rule: Facts, begin: str, new: bool) -> Iterator[str]:
    number = rule.word("number")
    if not number:
        raise malformed("a rule's number is missing", rule.where)
    begin = f"{begin} rule {number}"
    for key in _PLAIN:
        value = rule.word(key)
        if value:
            yield f"{begin} {key.replace('_', '-')} {value}"
    if any([rule.flag("disable"), rule.flag("disabled")]):
        yield f"{begin} disable"
    rule.ignore(*_NO_MATTER)
    fragment = rule.word("fragment")
    if fragment:
        yield f"{begin} fragment {fragment}"
    for side in ("source", "destination"):
        yield from (f"{begin} {side} {words}" for words in _end(rule, side))
    yield from (f"{begin} {words}" for words in _others(rule, new, " ipv6" in begin))
    for left in rule.left():
        yield f"{begin} {NOT_IN_FACTS} {left}"


def _others(rule: Facts, new: bool, ipv6: bool) -> Iterator[str]:
    states = rule.sub("state")
    for name in states.names():
        if states.flag(name):
            yield f"state {name}" + ("" if new else " enable")
    icmp = rule.sub("icmp")
    for key in ("type", "code", "type_name"):
        value = icmp.word(key)
        if value:
            yield f"{'icmpv6' if ipv6 else 'icmp'} {key.replace('_', '-')} {value}"
    for key in ("inbound_interface", "outbound_interface"):
        value = rule.sub(key).word("name")
        if value:
            yield f"{key.replace('_', '-')} name {value}"


def _end(rule: Facts, side: str) -> Iterator[str]:
    end = rule.sub(side)
    for key in ("address", "port", "mac_address"):
        value = end.word(key)
        if value:
            yield f"{key.replace('_', '-')} {value}"
    group = end.sub("group")
    for key, word, _member in _GROUPS:
        value = group.word(key)
        if value:
            yield f"group {word} {value}"


def _groups(value: Any, new: bool) -> Iterator[str]:
    if value is None:
        return
    facts = Facts(value, "object_groups")
    facts.ignore(*_GLOBAL)
    groups = facts.sub("group")
    for key, word, member in _GROUPS:
        for group in groups.each(key):
            version = "ipv6-" if group.word("afi") == "ipv6" and key != "port_group" else ""
            begin = f"set firewall group {version}{word} {named(group)}"
            group.ignore("description")
            yield begin
            for one in group.each("members"):
                # The module calls networks addresses, too.
                yield f"{begin} {member} {one.word(member) or one.word('address')}"
                nothing_left(one)
            yield from (f"{begin} {NOT_IN_FACTS} {left}" for left in group.left())
    place = "set firewall global-options" if new else "set firewall"
    for policy in facts.each("state_policy"):
        policy.ignore("log", "log_level")
        kind, action = policy.word("connection_type"), policy.word("action")
        if action:
            yield f"{place} state-policy {kind} action {action}"
        nothing_left(policy)
    validation = facts.word("validation")
    if validation:
        yield f"{place} source-validation {validation}"
    nothing_left(facts)


def _bindings(value: Any) -> Iterator[tuple[str, str, str]]:
    for interface in listed(value, "acl_interfaces"):
        place = _place(interface)
        for access in interface.each("access_rules"):
            afi = afi_of(access)
            for bound in access.each("rules"):
                name, way = named(bound), direction_of(bound, ("in", "out", "local"))
                nothing_left(bound)
                yield afi, name, f"set interfaces {place} firewall {way} {_SETS[afi]} {name}"
            nothing_left(access)
        nothing_left(interface)


def _place(interface: Facts) -> str:
    name, _dot, vlan = named(interface).partition(".")
    parts = re.fullmatch(r"([a-z0-9]*?[a-z])\d+", name) or re.fullmatch(r"(lo)", name)
    if parts is None or parts[1] not in _TYPES:
        raise malformed(f"no kind of interface is known for the name {name!r}", interface.where)
    return f"{_TYPES[parts[1]]} {name}" + (f" vif {vlan}" if vlan else "")
