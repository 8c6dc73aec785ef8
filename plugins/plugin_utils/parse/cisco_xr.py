# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cisco IOS XR: access lists, and where they are bound.

Sources: Cisco ASR 9000 Series IP Addresses and Services Command Reference: "ipv4 access-list" and "ipv6 access-list"
(the implicit rules at the end, which take effect if a list has an entry at all), "ipv4 access-group" (a list that does
not exist passes all packets); Configuration Guide for Cisco NCS 5500, "Chained ACLs": a common list is asked before
that of the interface.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ..model.raw import RawOutput
from ..model.rules import ACCEPT, Rule
from ..model.state import State
from . import outputs as raw
from .config import asks, cisco_names, cisco_rule, modes, mqc, platform_marks, xr_bindings, xr_ports, xr_rule
from .config.blocks import Line, tree
from .config.device import Device, ends_all, unknown_rule
from .config.entries import Entries, beneath, is_number
from .config.groups import Groups

_FAMILY = {"ipv4": "ip", "ipv6": "ip6"}
_VERSION = {"ip": 4, "ip6": 6}
_IMPLICIT = ("nd-na", "nd-ns")
_SETTINGS = ("log-update", "maximum", "icmp-off")
_KINDS = {"network": 4, "port": 3}  # how many words the definition of an object group has
_ENTRY = ("permit", "deny", "remark")
_MEMBER = ("host", "range", "object-group", "description", "eq", "neq", "lt", "gt")
_PORT = ("ipv4", "ipv6", "vrf", "shutdown", "description", "mtu", "bundle", "encapsulation", "l2transport")
_HEADER = "!! IOS XR Configuration"
_COUNTED = "this is a list of access lists with counters: where they are bound, it does not tell"
_LOST = "entries of a list, or lists at an interface, stand where nothing tells what they belong to"
_GROUPS = "what configuration groups bring (apply-group) is not followed"
_FLOWSPEC = "rules that BGP brings (flowspec) are not in the configuration"


@dataclass(slots=True)
class _Config:
    """What the text says; ``found``: whether anything was found that a configuration has."""

    groups: Groups
    lists: dict[tuple[str, str], Entries] = field(default_factory=dict)
    blocks: list[tuple[str, Line]] = field(default_factory=list)
    strange: list[tuple[Line, str]] = field(default_factory=list)
    dropping: set[str] = field(default_factory=set)  # policies that drop classes of packets whole
    hostname: str = ""
    found: bool = False


def parse(host: str, outputs: Mapping[str, RawOutput]) -> State:
    """Never fails for what a device printed: what can't be read is named in the state."""
    device = Device(host, "cisco_xr")
    config = _Config(Groups(xr_rule.member))
    why = platform_marks.problem(outputs, "cisco_xr")
    if not why:
        shown = raw.text(outputs, "running_config")
        lines = modes.gathered(tree(shown), mode, strays=True)
        for line in lines:
            _top(config, line)
        config.dropping = mqc.dropping(lines)
        why = modes.refusal(lines) or modes.paged(shown) or _cut_off(shown, lines)
        if not why and not config.found:
            why = "no configuration of IOS XR: it has neither interfaces nor access lists"
    if why:
        device.state.unreadable.append({"what": "running_config", "reason": why})
        device.state.firewall_known = False
        return device.finish()
    device.state.hostname = config.hostname
    device.define_groups(lines)
    keys = dict(_rulesets(device, config))
    xr_bindings.add(device, _ports(config), keys, bool(config.strange) or modes.unread(device.state))
    _unplaced(device, config)
    return device.finish()


def _cut_off(shown: str, lines: list[Line]) -> str:
    whole = not any(line.lstrip().startswith(_HEADER) for line in shown.splitlines()[:20])
    return (
        ""
        if whole or any(line.words == ["end"] for line in lines)
        else "the configuration has no end: it is cut off"
    )


def mode(words: list[str]) -> modes.Belongs | None:
    """What belongs to a line that opens a mode."""
    if _list_of(words) and len(words) == 3:
        return lambda line: is_number(line) or modes.first(line) in _ENTRY
    if words[0] == "object-group":
        return lambda line: (
            (modes.first(line) in _MEMBER and line[1:2] not in (["network"], ["port"])) or _is_address(line)
        )
    if words[0] == "interface":
        return lambda line: modes.first(line) in _PORT and "access-list" not in line[:3]
    return None


def _is_address(words: list[str]) -> bool:
    return words[0][:1].isdecimal() or ":" in words[0]


def _list_of(words: list[str]) -> tuple[str, str] | None:
    """Family and name of the list that a line speaks of."""
    if len(words) < 3 or words[0] not in _FAMILY or words[1] != "access-list":
        return None
    if words[2] in _SETTINGS and (len(words) > 3 or words[2] == "icmp-off"):
        return None
    return _FAMILY[words[0]], words[2]


def _top(config: _Config, line: Line) -> None:
    words = line.words
    found = _list_of(words)
    config.found = config.found or words[0] in ("interface", "hostname", "object-group") or found is not None
    kind = "list" if found is not None else _MODES.get(words[0] if len(words) > 1 else "", "")
    if _SHAPE.misplaced(line, kind):
        config.strange.append((line, _LOST))
    if words[0] == "apply-group" or (kind and any(one.words[0] == "apply-group" for one in beneath(line))):
        config.strange.append((line, _GROUPS))
    if found is not None:
        _list(config, found, line)
        return
    if words[0] == "no" and len(words) > 1:
        _removed(config, words[1:], line)
    elif words[0] == "object-group" and len(words) > 1:
        _group(config, line)
    elif words[0] == "interface" and len(words) > 1:
        name, rest = xr_ports.opened(words)
        config.blocks.append((name, line))
        if not modes.is_port(name) or (rest and not rest[0][0].islower()):
            config.strange.append((line, _LOST))
    elif words[0] == "hostname" and len(words) == 2 and not line.children:
        config.hostname = words[1]
    elif words[0] == "flowspec" and any("local-install" in child.words for child in line.children):
        config.strange.append((line, _FLOWSPEC))


def _opens(words: list[str]) -> bool:
    return words[0] == "interface" or (_list_of(words) is not None and len(words) == 3)


_SHAPE = modes.Shape(_opens, xr_ports.binds, frozenset(("interface", *_FAMILY)))
_MODES = {"interface": "interface", "object-group": "group"}


def _list(config: _Config, asked: tuple[str, str], line: Line) -> None:
    """The line that opens a list, with what is under it; or one that has an entry itself."""
    words = line.words
    if len(words) > 3 and modes.first(words[3:]) not in _ENTRY:
        config.strange.append((line, _LOST))
        return
    entries = config.lists.setdefault(asked, Entries())
    if len(words) > 3:
        entries.add(Line(line.number, line.text, [], words[3:]))
    entries.read(line)


def _group(config: _Config, line: Line) -> None:
    """The line that opens an object group, with what is under it; or one that has a member itself."""
    words = line.words
    count = _KINDS.get(words[1], len(words) + 1)
    if len(words) < count:
        return
    members = config.groups.define(" ".join(words[1 : count - 1]), words[count - 1])
    if len(words) > count:
        members.add(Line(line.number, line.text, [], words[count:]))
    members.read(line)


def _removed(config: _Config, words: list[str], line: Line) -> None:
    found = _list_of(words)
    if found is not None:
        config.found = True
        if len(words) == 3:
            config.lists.pop(found, None)
        elif found in config.lists:
            config.lists[found].add(Line(line.number, line.text, [], ["no", *words[3:]]))
    elif words[0] == "object-group" and len(words) > 1 and len(words) == _KINDS.get(words[1], 0):
        config.groups.remove(" ".join(words[1:-1]), words[-1])
    elif words[0] == "interface":
        name = xr_ports.opened(words)[0]
        config.blocks = [one for one in config.blocks if one[0] != name]


def _rulesets(device: Device, config: _Config) -> Iterator[tuple[tuple[str, str], str]]:
    """The lists of the state: by family and name, the key of each. A list of another family may have the same name."""
    dialects = {family: xr_rule.dialect(version, config.groups) for family, version in _VERSION.items()}
    for (family, name), entries in config.lists.items():
        rules = list(_rules(entries, dialects[family]))
        if not rules and list(entries):
            why = "whether a list with nothing but remarks denies all is not known"
            rules = [unknown_rule(1, f"access list {name}", why)]
        if rules and family == "ip6" and not ends_all(rules):
            rules += _neighbours(len(rules))
        key = xr_bindings.free_key(device, family, name)
        device.access_list(key, family, rules, "deny" if rules else "permit")
        yield (family, name), key


def _rules(entries: Entries, grammar: cisco_rule.Dialect) -> Iterator[Rule]:
    position = 0
    for entry in entries:
        if entry.words[:1] == ["remark"]:
            continue
        position += 1
        yield xr_rule.rule(grammar, entry, position)


def _neighbours(position: int) -> list[Rule]:
    """The implicit rules at the end of an IPv6 list, before the one that denies the rest."""
    types = ((name, cisco_names.ICMPV6[name][0]) for name in _IMPLICIT)
    return [
        Rule(position + count, asks.icmp(number, None, 6), ACCEPT, f"permit icmp any any {name}")
        for count, (name, number) in enumerate(types, start=1)
    ]


def _ports(config: _Config) -> dict[str, xr_ports.Port]:
    found: dict[str, xr_ports.Port] = {}
    lists = {name for _family, name in config.lists} | config.dropping
    for name, block in config.blocks:
        xr_ports.read(found.setdefault(name, xr_ports.Port(name)), block, lists)
    return found


def _unplaced(device: Device, config: _Config) -> None:
    """What makes the whole device unknown."""
    for line, reason in config.strange:
        device.not_understood(f"line {line.number}", line.text, reason)
    why, text = (config.strange[0][1], config.strange[0][0].text) if config.strange else ("", "")
    if any(entries.counted for entries in config.lists.values()):
        why, text = _COUNTED, "access lists"
    if why:
        device.hook("not placed", "prerouting", -200, [unknown_rule(1, text, why)], "permit")
