# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cisco NX-OS: access lists, and where they are bound.

Sources: Cisco Nexus 7000 Series NX-OS Security Command Reference ("ip access-list", "ipv6 access-list", "ip
access-group", "ip port access-group", "ipv6 traffic-filter", "vlan access-map", "vlan filter"); Cisco Nexus 9000
Series NX-OS Security Configuration Guide, "Configuring IP ACLs": the implicit rules of lists, the order in which lists
are applied, and "When you apply an undefined ACL to an interface, the system treats the ACL as empty and permits all
traffic".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ..model.raw import RawOutput
from ..model.rules import ACCEPT, Rule
from ..model.state import State
from . import outputs as raw
from .config import asks, cisco_names, cisco_rule, modes, mqc, nxos_ports, nxos_rule, platform_marks
from .config.blocks import Line, tree
from .config.device import Device, ends_all, unknown_rule
from .config.entries import Entries, beneath, is_number
from .config.groups import Groups
from .config.nxos_bindings import Bindings
from .config.nxos_vlans import AccessMap
from .config.words import Words

_FAMILY = {"ip": "ip", "ipv6": "ip6", "IP": "ip", "IPv6": "ip6"}
_VERSION = {"ip": 4, "ip6": 6}
_IMPLICIT = ("nd-na", "nd-ns", "router-advertisement", "router-solicitation")
# Lines of a list that are no entries; fragments but the first open no connection.
_SETTINGS = (
    ("statistics", "per-entry"),
    ("statistics",),
    ("fragments", "permit-all"),
    ("fragments", "deny-all"),
)
# The header of the whole configuration, not of a part of it ("show running-config aclmgr").
_WHOLE = re.compile(r"^!Command: show (?:running|startup)-config(?: all)?\s*$", re.MULTILINE)
_ROUTABLE = ("ignore", "routable")
_GROUPS = ("ip address", "ipv6 address", "ip port")
_ENTRY = ("permit", "deny", "remark", "statistics", "fragments", "ignore")
_MEMBER = ("host", "eq", "neq", "lt", "gt", "range")
_PORT = (
    "ip",
    "ipv6",
    "switchport",
    "shutdown",
    "vrf",
    "description",
    "mtu",
    "channel-group",
    "mac",
    "encapsulation",
)
_NOT_OF_PORTS = ("route", "access-list", "prefix-list", "domain-name", "domain-lookup", "name-server", "host")
_NO_PLACES = "this is a list of access lists: where they are bound, it does not tell"
_CTS = "lists of security groups are not modelled"
_LOST = "entries of a list, or lists at an interface, stand where nothing tells what they belong to"


@dataclass(slots=True)
class _List:
    entries: Entries = field(default_factory=Entries)
    routable: bool = False

    def read(self, block: Line) -> None:
        for line in beneath(block):
            words = tuple(line.words)
            if words == _ROUTABLE:
                self.routable = True
            elif words not in _SETTINGS and words[1:] not in _SETTINGS:
                self.entries.add(line)


@dataclass(slots=True)
class _Config:
    """What the text says; ``found``: whether anything was found that a configuration has."""

    lists: dict[tuple[str, str], _List] = field(default_factory=dict)
    groups: Groups = field(default_factory=lambda: Groups(nxos_rule.member))
    blocks: list[tuple[str, Line]] = field(default_factory=list)
    maps: dict[str, AccessMap] = field(default_factory=dict)
    filters: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    profiles: dict[str, Line] = field(default_factory=dict)
    strange: list[Line] = field(default_factory=list)
    dropping: set[str] = field(default_factory=set)  # policies that drop classes of packets whole
    hostname: str = ""
    lists_only: bool = False
    found: bool = False


def parse(host: str, outputs: Mapping[str, RawOutput]) -> State:
    """Never fails for what a device printed: what can't be read is named in the state."""
    device = Device(host, "cisco_nxos")
    config = _Config()
    why = platform_marks.problem(outputs, "cisco_nxos")
    if not why:
        text = raw.text(outputs, "running_config")
        lines = modes.gathered(tree(text), mode, strays=True)
        why = modes.refusal(lines) or modes.paged(text) or _cut_off(text, lines)
        for line in lines:
            _top(config, line)
        config.dropping = mqc.dropping(lines)
        if not why and not config.found:
            why = "no configuration of NX-OS: it has neither interfaces nor access lists"
    if why:
        device.state.unreadable.append({"what": "running_config", "reason": why})
        device.state.firewall_known = False
        return device.finish()
    device.state.hostname = config.hostname
    device.define_groups(lines)
    keys = dict(_rulesets(device, config))
    routable = {asked for asked, found in config.lists.items() if found.routable}
    ports = _ports(config)
    partial = bool(config.strange) or modes.unread(device.state)
    Bindings(device, ports, keys, routable, partial).add(config.maps, config.filters)
    _unplaced(device, config)
    return device.finish()


def _cut_off(text: str, lines: list[Line]) -> str:
    """NX-OS prints no end, but after the interfaces at least the console's line and what it boots ("line console",
    "line vty", "boot nxos" in the sample output of "show running-config"): where nothing stands behind these, that is
    lost."""
    if not _WHOLE.search(text) or (lines and lines[-1].words[0] != "interface" and _has_interfaces(lines)):
        return ""
    return "the configuration ends with its interfaces or before them: it is cut off"


def _has_interfaces(lines: list[Line]) -> bool:
    return any(line.words[0] == "interface" for line in lines)


def mode(words: list[str]) -> modes.Belongs | None:
    """What belongs to a line that opens a mode, by the first word of it beyond ``no`` and its number."""
    if _list_of(words) or words[:2] == ["mac", "access-list"]:
        return lambda line: is_number(line) or modes.first(line) in _ENTRY
    if words[0] == "object-group":
        return lambda line: is_number(line) or _is_member(modes.first(line))
    if words[0] == "interface":
        return lambda line: (
            modes.first(line) in _PORT and not any(word in _NOT_OF_PORTS for word in line[1:3])
        )
    if words[:2] == ["vlan", "access-map"]:
        return lambda line: line[0] in ("match", "action", "statistics")
    return None


def _is_member(word: str) -> bool:
    return word in _MEMBER or word[:1].isdecimal() or ":" in word


def _list_of(words: list[str]) -> tuple[str, str] | None:
    """Family and name of the list that a line opens: in a configuration, or in what ``show access-lists`` prints."""
    if len(words) == 3 and words[0] in ("ip", "ipv6") and words[1] == "access-list":
        return None if words[2] == "match-local-traffic" else (_FAMILY[words[0]], words[2])
    if len(words) == 4 and words[0] in ("IP", "IPv6") and words[1:3] == ["access", "list"]:
        return _FAMILY[words[0]], words[3]
    return None


def _top(config: _Config, line: Line) -> None:
    words = line.words
    found = _list_of(words)
    config.found = config.found or words[0] in ("interface", "hostname", "version", "vlan", "object-group")
    kind = "list" if found is not None else _KINDS.get(words[0] if len(words) > 1 else "", "")
    if _SHAPE.misplaced(line, kind) or words[:3] == ["cts", "role-based", "enforcement"]:
        config.strange.append(line)
    if found is not None:
        config.found = True
        config.lists_only = config.lists_only or words[0].startswith("IP")
        config.lists.setdefault(found, _List()).read(line)
    elif words[0] in ("no", "default"):
        _removed(config, line, words[1:])
    elif words[0] == "object-group" and len(words) == 4 and " ".join(words[1:3]) in _GROUPS:
        config.groups.define(" ".join(words[1:3]), words[3]).read(line)
    elif words[0] == "interface" and len(words) > 1:
        names = list(nxos_ports.names(words[1:]))
        config.blocks += [(name, line) for name in names]
        if not all(modes.is_port(name) for name in names):
            config.strange.append(line)
    elif words[:2] == ["vlan", "access-map"] and len(words) > 2:
        config.maps.setdefault(words[2], AccessMap(words[2])).add(line)
    elif words[:2] == ["vlan", "filter"] and len(words) > 3:
        config.filters.setdefault(words[2], []).extend(nxos_ports.vlans(words[4:]) or [(1, 4094)])
    elif words[0] in ("hostname", "switchname") and len(words) == 2 and not line.children:
        config.hostname = words[1]
    elif words[0] == "port-profile" and len(words) > 1:
        config.profiles[words[-1]] = line


def _removed(config: _Config, line: Line, words: list[str]) -> None:
    found = _list_of(words)
    if found is not None:
        config.found = True
        config.lists.pop(found, None)
    elif words[:1] == ["object-group"] and len(words) == 4:
        config.groups.remove(" ".join(words[1:3]), words[3])
    elif words[:2] == ["vlan", "filter"] and len(words) > 2:
        config.filters.pop(words[2], None)
    elif words[:1] == ["interface"] and len(words) > 1:
        gone = set(nxos_ports.names(words[1:]))
        config.blocks = [(name, block) for name, block in config.blocks if name not in gone]
        # A port that is there has its defaults then.
        bare = Line(line.number, line.text, [], words)
        config.blocks += [(name, bare) for name in sorted(gone) if name.startswith("Ethernet")]


def _binds(words: list[str]) -> bool:
    return words[0] in ("ip", "ipv6") and any(
        word in ("access-group", "traffic-filter") for word in words[1:3]
    )


def _opens(words: list[str]) -> bool:
    return words[0] == "interface" or _list_of(words) is not None


_SHAPE = modes.Shape(_opens, _binds, frozenset(("interface", *_FAMILY)))
_KINDS = {"interface": "interface", "port-profile": "interface", "object-group": "group"}


def _rulesets(device: Device, config: _Config) -> Iterator[tuple[tuple[str, str], str]]:
    """The lists of the state: by family and name, the key of each. A list of another family may have the same name."""
    dialects = {family: nxos_rule.dialect(version, config.groups) for family, version in _VERSION.items()}
    for (family, name), found in config.lists.items():
        key = name if name not in device.state.rulesets else f"{'ipv6' if family == 'ip6' else 'ip'} {name}"
        rules = list(_rules(found.entries, dialects[family]))
        if not rules and list(found.entries):
            why = "whether a list with nothing but remarks denies all is not known"
            rules = [unknown_rule(1, f"access list {name}", why)]
        if rules and family == "ip6" and not ends_all(rules):
            rules += _neighbours(len(rules))
        device.access_list(key, family, rules, "deny" if rules else "permit")
        config.lists_only = config.lists_only or found.entries.counted
        yield (family, name), key


def _rules(entries: Entries, dialect: cisco_rule.Dialect) -> Iterator[Rule]:
    position = 0
    for entry in entries:
        if entry.words[:1] == ["remark"]:
            continue
        position += 1
        if entry.twice:
            yield unknown_rule(position, entry.text, "two entries have this sequence number", entry.number)
        else:
            yield cisco_rule.rule(dialect, Words(entry.words), position, entry.text, entry.number)


def _neighbours(position: int) -> list[Rule]:
    """The implicit rules at the end of an IPv6 list, before the one that denies the rest."""
    return [
        Rule(
            position + count,
            asks.icmp(cisco_names.ICMPV6[name][0], None, 6),
            ACCEPT,
            f"permit icmp any any {name}",
        )
        for count, name in enumerate(_IMPLICIT, start=1)
    ]


def _ports(config: _Config) -> dict[str, nxos_ports.Port]:
    found: dict[str, nxos_ports.Port] = {}
    lists = {name for _family, name in config.lists} | config.dropping
    for name, block in config.blocks:
        port = found.setdefault(name, nxos_ports.Port(name))
        for line, profile in _inherited(config, block):
            if profile is None:
                port.doubts.append(("in out", line, "the port profile is not defined"))
            else:
                nxos_ports.read(port, profile, lists)
        nxos_ports.read(port, block, lists)
    return found


def _inherited(config: _Config, block: Line) -> Iterator[tuple[Line, Line | None]]:
    """The lines that name port profiles of an interface, and these; the most general first (NX-OS Interfaces
    Configuration Guide, "Port Profiles"): what is said for the interface itself overrides them."""
    found: dict[str, tuple[Line, Line | None]] = {}
    wanted = [block]
    while wanted:
        for line in beneath(wanted.pop()):
            name = line.words[-1]
            if line.words[:2] != ["inherit", "port-profile"] or name in found:
                continue
            profile = config.profiles.get(name)
            found[name] = line, profile
            wanted += [profile] if profile is not None else []
    return reversed(found.values())


def _unplaced(device: Device, config: _Config) -> None:
    """What makes the whole device unknown."""
    reasons = [_CTS if line.words[0] == "cts" else _LOST for line in config.strange]
    why = _NO_PLACES if config.lists_only else next(iter(reasons), "")
    for line, reason in zip(config.strange, reasons):
        device.not_understood(f"line {line.number}", line.text, reason)
    if why:
        rule = unknown_rule(1, config.strange[0].text if config.strange else "access lists", why)
        device.hook("not placed", "prerouting", -200, [rule], "permit")
