# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where Arista EOS applies its lists and policies: interfaces, the control plane, services."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ...model.match import ALWAYS, Match, Named, Not, both
from ...model.rules import DROP, Rule, Verdict
from . import asks, eos_nat
from .blocks import Line
from .device import Device
from .entries import beneath, is_number
from .eos_policies import TrafficPolicies
from .modes import Belongs, is_port
from .perhaps import perhaps

# (family, name) -> the name of its ruleset.
Names = dict[tuple[str, str], str]

_GROUPS = {
    ("ip", "access-group"): "ip",
    ("ipv6", "access-group"): "ip6",
    ("ipv6", "traffic-filter"): "ip6",
}
_SEVERAL = re.compile(
    r"^(?P<kind>[A-Za-z-]+?)(?P<slot>(?:\d+/)*)(?P<numbers>\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*)$"
)
_MOST_INTERFACES = 4096
# Policies stand beside the lists of an interface: what passes must be let through by both.
_POLICIES = {"input": ("prerouting", -149, "in"), "output": ("postrouting", 151, "out")}
_BODY = {
    "list": re.compile(r"(?:\d+ |no \d|(?:no )?(?:permit|deny|remark|counters|statistics) )"),
    "interface": re.compile(
        r"(?:no |default )?(?:(?:ip|mac) access-group|ipv6 (?:access-group|traffic-filter|address)|ip address"
        r"|traffic-policy (?:input|output)|vrf \S+$|shutdown$|description |switchport|mtu )"
    ),
}
# What decides about packets, and is not modelled: the words that begin it, under interfaces and at the top.
_AT_INTERFACE = {
    ("mac", "access-group"): "lists of MAC addresses are not modelled",
    ("ip", "verify"): "the check of source addresses by routes is not modelled",
    ("ipv6", "verify"): "the check of source addresses by routes is not modelled",
    ("dot1x", "port-control", "auto"): "what hosts that log in may send is not modelled",
    ("address", "locking"): "which addresses hosts may use is not modelled",
    ("flow-spec",): "rules that BGP brings (flowspec) are not modelled",
    ("service-policy", "type", "pbr"): "policy based routing, which may drop packets, is not modelled",
}
_AT_TOP = {
    ("router", "segment-security"): "segment security is not modelled",
    ("cpu",): "traffic policies of the CPU are not modelled",
}
_SERVICES = "lists that services of the device have for themselves are not modelled"


@dataclass
class _Interface:
    """``lists``: (family, direction) -> (name, line); ``policies``: input or output -> (name, line)."""

    name: str
    vrf: str = ""
    up: bool = True
    mtu: int | None = None
    addresses: list[str] = field(default_factory=list)
    lists: dict[tuple[str, str], tuple[str, Line]] = field(default_factory=dict)
    policies: dict[str, tuple[str, Line]] = field(default_factory=dict)
    strange: list[tuple[Line, str]] = field(default_factory=list)
    nat: list[Line] = field(default_factory=list)


def mode(words: list[str]) -> Belongs | None:
    """Of a line that begins a list or an interface: what belongs to it where it is not indented."""
    if words[0] == "interface" or words[:2] == ["system", "control-plane"]:
        return lambda below: bool(_BODY["interface"].match(" ".join(below)))
    if words[1:2] == ["access-list"] and words[0] in ("ip", "ipv6"):
        return lambda below: bool(_BODY["list"].match(" ".join(below)))
    return None


def bind(device: Device, config: list[Line], names: Names, policies: TrafficPolicies) -> bool:
    """Make interfaces, and the rules of the hooks. Whether what the device lets in to itself is among them."""
    interfaces: dict[str, _Interface] = {}
    control: dict[tuple[str, str], tuple[str, Line]] = {}
    control_plane = False
    services: list[Line] = []
    for line in config:
        words = line.words
        _slipped(device, line)
        if words[0] == "interface" or words[:2] in (["default", "interface"], ["no", "interface"]):
            _read_interfaces(device, interfaces, line)
        elif words in (["no", "ip", "routing"], ["no", "ipv6", "unicast-routing"]):
            # Between ports of one VLAN packets pass all the same, and those of VRFs may be routed.
            device.state.forwarding["ipv4" if words[1] == "ip" else "ipv6"] = None
        elif words == ["system", "control-plane"]:
            control_plane = _control_plane(device, control, line) or control_plane
        else:
            services += _services(device, line)
    for one in interfaces.values():
        _interface(device, one, names)
    for line in policies.strange:
        if "traffic-policy" in line.words:
            _anywhere(device, line, "where this policy is bound is not understood")
    _policies(device, interfaces, names, policies.everywhere)
    translated = [(one.name, line) for one in interfaces.values() for line in one.nat]
    for name, line in translated:
        device.not_understood(f"line {line.number}, interface {name}", line.text, eos_nat.WHY)
    eos_nat.translations(device.state, translated)
    if control_plane:
        _to_itself(device, control, interfaces, names)
        if services:
            rule = Rule(
                1, asks.TCP, Verdict("unknown", detail=_SERVICES), _SERVICES, not_understood=(_SERVICES,)
            )
            device.hook("services of the device", "input", 10, [rule], "permit")
    return control_plane


def _anywhere(device: Device, line: Line, why: str) -> None:
    """A line that may bear on packets by any interface."""
    device.not_understood(f"line {line.number}", line.text, why)
    for direction in ("in", "out"):
        device.bound(direction, ALWAYS, Verdict("unknown", detail=why), line.text, line.number, (why,))


def _slipped(device: Device, line: Line) -> None:
    """What begins a list or an interface, and stands below the beginning of another one."""
    if mode(line.words) is None and line.words != ["traffic-policies"]:
        return
    for one in beneath(line):
        if mode(one.words) is not None or one.words == ["traffic-policies"]:
            _anywhere(device, one, f"it stands below {line.text!r}")


def _services(device: Device, line: Line) -> Iterator[Line]:
    """What else bears on packets; the lines that do for those to the device itself."""
    for begin, why in _AT_TOP.items():
        if tuple(line.words[: len(begin)]) == begin:
            device.not_understood(f"line {line.number}", line.text, why)
            if begin == ("cpu",):
                yield line
            else:
                rule = Rule(
                    1,
                    ALWAYS,
                    Verdict("unknown", detail=why),
                    line.text,
                    line=line.number,
                    not_understood=(why,),
                )
                device.hook(line.text, "forward", 0, [rule], "permit")
    for one in (line, *beneath(line)):
        if one.words[0] == "traffic-policy" and one.words[1:2] and one.words[1] in _POLICIES:
            if line.words != ["traffic-policies"]:
                _anywhere(device, one, f"to what the policy is bound is not understood: {line.text}")
            continue
        if tuple(one.words[:2]) not in _GROUPS or one.words[-1] not in ("in", "out"):
            continue
        if line.words[0] == "management":
            device.not_understood(f"line {one.number}, {line.text}", one.text, _SERVICES)
            yield one
        else:
            _anywhere(device, one, f"to what the list is bound is not understood: {line.text}")


def _read_interfaces(device: Device, interfaces: dict[str, _Interface], line: Line) -> None:
    resets = line.words[0] != "interface"
    named = line.words[2:] if resets else line.words[1:]
    typed = len(named) == 1 or (len(named) == 2 and named[1][0].isdigit())  # Ethernet1, or Ethernet 1
    names = _expanded("".join(named)) if typed else []
    if not names:
        _anywhere(device, line, "which interfaces these are is not understood")
        return
    for name in names:
        if resets:
            interfaces.pop(name, None)
            continue
        one = interfaces.setdefault(name, _Interface(name))
        for child in beneath(line):  # however they are indented
            _read_line(one, child)


def _expanded(said: str) -> list[str]:
    """``Ethernet1-3,5`` -> its interfaces; nothing for a range that is not understood."""
    if "," not in said and not re.search(r"\d-\d", said):
        return [said] if is_port(said) else []
    found = _SEVERAL.match(said)
    if found is None:
        return []
    names = []
    for part in found["numbers"].split(","):
        low, _dash, high = part.partition("-")
        if int(high or low) - int(low) > _MOST_INTERFACES:
            return []
        names += [
            f"{found['kind']}{found['slot']}{number}" for number in range(int(low), int(high or low) + 1)
        ]
    return names


def _read_line(one: _Interface, line: Line) -> None:
    gone = line.words[0] in ("no", "default")
    words = line.words[1:] if gone else line.words
    if tuple(words[:2]) in _GROUPS:
        _bound_list(one, words, line, gone)
    elif words[:1] == ["traffic-policy"]:
        _bound_policy(one, words, line, gone)
    elif words[:1] == ["shutdown"]:
        one.up = gone
    elif words[:1] == ["vrf"] and len(words) in (1, 2, 3):
        one.vrf = "" if gone or words[-1] == "default" else words[-1]
    elif words[:1] == ["mtu"] and len(words) == 2 and is_number(words[1:]):
        one.mtu = None if gone else int(words[1])
    elif words[1:2] == ["address"] and words[0] in ("ip", "ipv6"):
        _address(one, words, gone)
    elif words[:2] == ["ip", "nat"]:
        one.nat = [known for known in one.nat if known.words != words] + ([] if gone else [line])
    elif not gone:
        one.strange += [
            (line, why) for begin, why in _AT_INTERFACE.items() if tuple(words[: len(begin)]) == begin
        ]
        if _may_bind(words):
            one.strange.append((line, "it looks as if it bound a list, and is not understood"))


def _may_bind(words: list[str]) -> bool:
    """Whether a line that nothing else reads may be one that binds a list or a policy, with a word that is not."""
    if words[:1] == ["description"] or words[:2] in (["mac", "access-group"], ["service-policy", "type"]):
        return False
    ends = words[-1:] in (["in"], ["out"]) or (words[1:2] in (["input"], ["output"]) and len(words) == 3)
    return ends or not {"access-group", "traffic-filter", "traffic-policy"}.isdisjoint(words)


def _bound_list(one: _Interface, words: list[str], line: Line, gone: bool) -> None:
    if len(words) == 4 and words[3] in ("in", "out"):
        key = (_GROUPS[words[0], words[1]], words[3])
        one.lists.pop(key, None)
        if not gone:
            one.lists[key] = (words[2], line)
    else:
        one.strange.append((line, "how this list is bound is not understood"))


def _bound_policy(one: _Interface, words: list[str], line: Line, gone: bool) -> None:
    if words[1:2] and words[1] in _POLICIES and len(words) == 3 - (gone and len(words) == 2):
        one.policies.pop(words[1], None)
        if not gone:
            one.policies[words[1]] = (words[2], line)
    else:
        one.strange.append((line, "how this policy is bound is not understood"))


def _address(one: _Interface, words: list[str], gone: bool) -> None:
    """``ip address 10.0.0.1/24 [secondary]``, ``ip address virtual 10.0.0.1/24``, ``ipv6 address …``."""
    said = next((word for word in words[2:] if "/" in word), "")
    try:
        asks.network("src", said)
    except ValueError:
        said = ""
    if gone:
        one.addresses = [address for address in one.addresses if said and address != said]
    elif said and said not in one.addresses:
        one.addresses.append(said)


def _interface(device: Device, one: _Interface, names: Names) -> None:
    found = device.interface(one.name)
    found.up, found.master, found.mtu, found.addresses = one.up, one.vrf, one.mtu, one.addresses
    for line, why in one.strange:
        device.not_understood(f"line {line.number}, interface {one.name}", line.text, why)
        for direction in line.words[-1:] if line.words[-1] in ("in", "out") else ("in", "out"):
            device.bind_unknown(one.name, direction, "inet", line.text, why)
    for (family, direction), (name, line) in one.lists.items():
        ruleset = names.get((family, name))
        if ruleset is None:
            why = f"the list {name} is bound and not defined here"
            device.not_understood(f"line {line.number}, interface {one.name}", line.text, why)
            device.bind_unknown(one.name, direction, family, line.text, why)
        else:
            device.bind(one.name, direction, ruleset, line.text, line.number)


def _of_vrf(
    device: Device,
    interfaces: dict[str, _Interface],
    names: Names,
    bound: tuple[str, Line],
    side: str,
) -> Rule:
    """``traffic-policy input NAME physical``, for the ports of a VRF: which interfaces pass it is not known for sure,
    so what it permits goes on, and the rest is unknown."""
    vrf, line = bound
    why = f"whether the packet passes {line.text!r} is not known"
    inside = tuple(one.name for one in interfaces.values() if (one.vrf or "default") == vrf)
    where: Match = Named(side, inside) if inside else ALWAYS
    ruleset = names.get(("inet", line.words[2]))
    verdict = Verdict("unknown", detail=why) if ruleset is None else perhaps(device, ruleset, "port", why)
    device.not_understood(f"line {line.number}, vrf {vrf}", line.text, why)
    return Rule(1, where, verdict, line.text, line=line.number, not_understood=(why,))


def _policies(
    device: Device, interfaces: dict[str, _Interface], names: Names, everywhere: list[tuple[str, Line]]
) -> None:
    for way, (hook, priority, direction) in _POLICIES.items():
        side = "in_interface" if direction == "in" else "out_interface"
        ways = [bound for bound in everywhere if bound[1].words[1] == way]
        found = [_of_vrf(device, interfaces, names, bound, side) for bound in ways]
        rules = [replace(rule, position=position) for position, rule in enumerate(found, 1)]
        origin = (Named("origin", ("network",)),) if direction == "out" else ()
        for one in interfaces.values():
            if way not in one.policies:
                continue
            name, line = one.policies[way]
            ruleset = names.get(("inet", name))
            why = f"the policy {name} is bound and not defined here"
            verdict = Verdict("jump", ruleset) if ruleset else Verdict("unknown", detail=why)
            asked = both(Named(side, (one.name,)), *origin)
            reasons = () if ruleset else (why,)
            rules.append(
                Rule(len(rules) + 1, asked, verdict, line.text, line=line.number, not_understood=reasons)
            )
            if not ruleset:
                device.not_understood(f"line {line.number}, interface {one.name}", line.text, why)
        if rules:
            device.hook(f"traffic-policies/{direction}", hook, priority, rules, "permit")


def _control_plane(device: Device, control: dict[tuple[str, str], tuple[str, Line]], block: Line) -> bool:
    """``ip access-group NAME [vrf VRF] in``: by family and VRF."""
    given = False
    for line in beneath(block):
        gone = line.words[0] in ("no", "default")
        words = line.words[1:] if gone else line.words
        family = _GROUPS.get((words[0], words[1])) if len(words) > 1 else None
        if family is None:
            continue
        vrf = words[4] if words[3:4] == ["vrf"] and len(words) == 6 else ""
        if words[-1] != "in" or len(words) not in (4, 6) or (len(words) == 6 and not vrf):
            device.not_understood(f"line {line.number}, {block.text}", line.text, "not understood")
        elif gone:
            control.pop((family, "" if vrf == "default" else vrf), None)
        else:
            control[family, "" if vrf == "default" else vrf] = (words[2], line)
        given = True
    return given and bool(control)


def _to_itself(
    device: Device,
    control: dict[tuple[str, str], tuple[str, Line]],
    interfaces: dict[str, _Interface],
    names: Names,
) -> None:
    """What the device lets in to itself, by the lists of its control plane. Where it was given none, it has one of its
    own (``default-control-plane-acl``), which the configuration does not show."""
    rules: list[Rule] = []
    apart = tuple(one.name for one in interfaces.values() if one.vrf)
    for (family, vrf), (name, line) in control.items():
        inside = tuple(one.name for one in interfaces.values() if one.vrf == vrf)
        where: Match = Named("in_interface", inside) if vrf else ALWAYS
        if not vrf and apart:
            where = Not(Named("in_interface", apart))
        asked = both(where, asks.IPV4 if family == "ip" else asks.IPV6)
        ruleset = names.get((family, name))
        if ruleset is None:
            why = f"the list {name} is bound and not defined here"
            device.not_understood(f"line {line.number}, system control-plane", line.text, why)
            unknown = Verdict("unknown", detail=why)
            rules.append(Rule(0, asked, unknown, line.text, line=line.number, not_understood=(why,)))
            continue
        ending = f"deny at the end of {name}, for what none of its rules decides"
        rules.append(Rule(0, asked, Verdict("jump", ruleset), line.text, line=line.number))
        rules.append(Rule(0, asked, DROP, ending))
    why = "the control plane's own list, default-control-plane-acl, is not modelled"
    rules.append(Rule(0, ALWAYS, Verdict("unknown", detail=why), why, not_understood=(why,)))
    numbered = [replace(rule, position=position) for position, rule in enumerate(rules, 1)]
    device.hook("system control-plane", "input", 0, numbered, "permit")
