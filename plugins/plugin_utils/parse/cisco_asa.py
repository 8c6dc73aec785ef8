# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cisco ASA: access lists, objects, security levels, translations.

Sources: Cisco ASA Series Command Reference; Cisco ASA Series Firewall CLI Configuration Guide, "Access Rules", "Access
Control Lists", "Objects for Access Control", "Network Address Translation"; more in the modules of ``config/asa_*``.

Lists at interfaces decide about packets that pass through the device, and see real addresses since 8.3: behind the
translation of destinations, and before that of sources. What is for the device itself meets other rules.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..model.raw import RawOutput
from ..model.rules import DROP, Rule, Verdict
from ..model.state import State
from . import outputs as raw
from .config import asa_nat, asa_others, asa_sessions, modes, platform_marks
from .config.asa_interfaces import Binding, NamedInterface, Passing, named
from .config.asa_lists import Lists, rules
from .config.asa_objects import Objects
from .config.blocks import Line, starting, tree
from .config.device import INSIDE_NAT, Device
from .config.entries import beneath

# Behind the translation of destinations; packets of the device itself never come to where outgoing lists stand.
_PLACES = {"in": INSIDE_NAT["in"], "out": ("forward", 50)}
_VERSION = re.compile(r"^\s*:?\s*(?:ASA|PIX|FWSM) Version (\d{1,3})\.(\d{1,3})", re.MULTILINE)
_BEGINS = re.compile(r"\A(?:[^\n]*\n){0,5}: Saved\s*$", re.MULTILINE)
_ENDS = re.compile(r"^(?:: end|Cryptochecksum:[0-9a-f]{32})\s*$", re.MULTILINE)
_CUT_SHORT = "the configuration begins with ': Saved' and has no ': end': it was cut short"
# Commands of the top that lists depend on, and the commands of modes, by what begins one.
_TOP = frozenset(("access-list", "access-group", "interface", "object", "object-group"))
_ACTIONS = frozenset(("class", "inspect", "set", "police", "sfr", "ips", "cxsc", "csc", "parameters"))
_MODES = {
    "object network": frozenset(("host", "subnet", "range", "fqdn", "description")),
    "object service": frozenset(("service", "description")),
    "object-group": frozenset(
        f"{kind}-object" for kind in ("network", "service", "port", "protocol", "icmp", "group")
    )
    | {"description", "user", "user-group", "security-group"},
    "interface": frozenset(
        (
            "nameif",
            "security-level",
            "ip address",
            "ipv6 address",
            "shutdown",
            "management-only",
            "bridge-group",
        )
    )
    | {"description", "vlan"},
    "class-map": frozenset(("match", "description")),
    "policy-map": _ACTIONS | {"description"},
}
_REFUSED = re.compile(r"^(?:ERROR: |% ?[A-Z]|Command authorization failed)", re.MULTILINE)
_REAL_ADDRESSES = (8, 3)
_BOTH_FAMILIES = (9, 0)
_COMMENT = re.compile(r"\s{2,}! ")


def parse(host: str, outputs: Mapping[str, RawOutput]) -> State:
    """Never fails for what a device printed: what can't be read is named in the state."""
    device = Device(host, "cisco_asa", _PLACES)
    text = raw.text(outputs, "running_config")
    why = platform_marks.problem(outputs, "cisco_asa")
    if not why and _BEGINS.search(text) and not _ENDS.search(text):
        why = _CUT_SHORT
    refused = _REFUSED.search(text)
    if not why and refused:
        why = text[refused.start() :].splitlines()[0][:300]
    if why:
        device.state.unreadable.append({"what": "running_config", "reason": why})
        device.state.firewall_known = False
        return device.finish()
    _Reading(device, text, routed="routes4" in outputs).read()
    return device.finish()


class _Reading:
    """One text of commands on its way into ``device``."""

    def __init__(self, device: Device, text: str, *, routed: bool) -> None:
        """``routed``: the device's routes are given beside the text."""
        self._device = device
        self._routed = routed
        self._config = commands(text)
        said = _VERSION.search(text)
        version = (int(said[1]), int(said[2])) if said else None
        self._whole = said is not None and bool(_ENDS.search(text))
        self._mapped = version is not None and version < _REAL_ADDRESSES
        self._objects = Objects(device.state.sets)
        self._lists = Lists(4 if version is not None and version < _BOTH_FAMILIES else None)
        self._bindings: dict[tuple[str, ...], Binding] = {}
        self._interfaces: dict[str, NamedInterface] = {}
        self._same: set[str] = set()
        self._times: dict[str, list[str]] = {}

    def read(self) -> None:
        device, config = self._device, self._config
        for line in starting(config, "name"):
            self._objects.alias(line.words)
        for line in config:
            self._command(line)
        self._collected()
        interfaces = list(self._interfaces.values())
        old = asa_nat.before_8_3(config, mapped=self._mapped)
        others = asa_others.Others(
            device, config, interfaces, self._objects, self._lists.found, old=old, routed=self._routed
        )
        before = [*asa_sessions.rules(asa_sessions.policies(config, whole=self._whole)), *others.rules()]
        if not old:
            asa_nat.rules(device, config, interfaces, self._objects)
        for where, why in self._objects.problems.items():
            device.not_understood(where, where, why)
        for rule in before:
            self._before("in", rule)
        # What was dropped when it came in does not come so far.
        passed = [rule for rule in before if rule.verdict is not DROP]
        if any(binding.direction == "out" for binding in self._bindings.values()):
            for rule in passed:
                self._before("out", rule)
        passing = Passing(
            device, interfaces, inter="inter-interface" in self._same, intra="intra-interface" in self._same
        )
        for binding in self._bindings.values():
            if binding.direction == "control-plane":
                why = "what lets packets in to the device itself is not modelled"
                device.not_understood(f"line {binding.line}", binding.text, why)
            else:
                passing.bind(binding)
        passing.lists()
        passing.levels(passed)
        others.policy_routes()

    def _collected(self) -> None:
        """Interfaces, objects and lists become the state's."""
        for one in self._interfaces.values():
            interface = self._device.interface(one.name)
            interface.addresses, interface.up = one.addresses, one.up
            if not one.told:
                why = "an address of this interface is not in the configuration"
                self._device.not_understood(f"interface {one.name}", f"line {one.line}", why)
        for definition in self._objects.definitions():
            self._device.state.sets[definition.key] = definition
        for name, said in self._times.items():
            self._device.define("time-range", name, said)
        for name, found in self._lists.found.items():
            if found.kind in ("extended", "standard"):
                family = {4: "ip", 6: "ip6"}.get(found.family or 0, "inet")
                self._device.access_list(name, family, rules(found, self._objects))

    def _before(self, direction: str, rule: Rule) -> None:
        if isinstance(rule.verdict, Verdict):
            self._device.bound(direction, rule.match, rule.verdict, rule.text, rule.line, rule.not_understood)

    def _command(self, line: Line) -> None:
        words = line.words
        if words[:2] == ["clear", "configure"] and len(words) > 2:
            self._undo(words[2:])
        elif words[0] == "no" and len(words) > 1:
            self._undo(words[1:])
        elif words[0] == "access-list" or words[:2] == ["ipv6", "access-list"]:
            self._lists.read(line)
        elif words[0] in ("object", "object-group"):
            self._objects.define(line)
        elif words[0] == "time-range" and len(words) == 2:
            self._times[words[1]] = [child.text for child in line.children]
        elif words[0] == "interface":
            self._interface(line)
        elif words[0] == "access-group":
            self._bind(line)
        elif words[:2] == ["same-security-traffic", "permit"] and len(words) == 3:
            self._same.add(words[2])
        elif words[2:3] == ["extended"] and words[3:4] in (["permit"], ["deny"]):
            self._lists.strange(line)

    def _undo(self, words: list[str]) -> None:
        """``no …``, or ``clear configure …`` of all of a kind."""
        if words[0] == "access-list" or words[:2] == ["ipv6", "access-list"]:
            self._lists.remove(words)
        elif words[0] in ("object", "object-group"):
            self._objects.forget(words)
        elif words[0] == "access-group":
            for key in [key for key, one in self._bindings.items() if _begins(one.text.split(), words)]:
                del self._bindings[key]
        elif words[0] == "same-security-traffic":
            self._same.difference_update(words[2:] or list(self._same))

    def _interface(self, block: Line) -> None:
        found = named(block, self._objects.names)
        if found is None:
            return
        self._interfaces[found.name] = found
        known = [one.partition("/")[0] for one in found.addresses]
        self._objects.interfaces[found.name] = known if found.told else None

    def _bind(self, line: Line) -> None:
        """``access-group NAME in|out interface IF [per-user-override|control-plane]``, ``access-group NAME global``.

        ``per-user-override`` lets lists that a server gives to a user who logs in stand before this one: such flows
        are unknown for the log-in that they need (``aaa authentication match``)."""
        words = line.words
        found: Binding | None = None
        if words[2:] == ["global"]:
            found = Binding(words[1], "global", "", line.text, line.number)
        elif len(words) > 4 and words[2] in ("in", "out") and words[3] == "interface":
            options = set(words[5:])
            if options <= {"per-user-override", "control-plane"}:
                direction = "control-plane" if "control-plane" in options else words[2]
                found = Binding(words[1], direction, words[4], line.text, line.number)
        if found is None:
            where = f"line {line.number}"
            self._device.not_understood(where, line.text, "how the list is bound is not understood")
            found = Binding("", "global", "", line.text, line.number)
        self._bindings[(found.interface, found.direction, found.name)] = found


def _begins(words: list[str], start: list[str]) -> bool:
    return words[: len(start)] == start


def commands(text: str) -> list[Line]:
    """The commands at the top, each with those of the mode that it begins. Indentation is for people: the device takes
    a command of the top in any mode, and one of a mode also where it is not indented."""
    flat: list[Line] = []
    for line in tree(text, banners=False):
        flat += _lifted(line)
    return modes.gathered(flat, mode)


def _lifted(line: Line) -> list[Line]:
    """A line with all that stand below it, however deep, but for commands of the top: these follow it."""
    below = list(beneath(line))
    found = [line]
    for one in (line, *below):
        one.children = []
        _uncomment(one)
    for one in below:
        if one.words[0] in _TOP:
            found.append(one)
        else:
            found[-1].children.append(one)
    return found


def mode(words: list[str]) -> modes.Belongs | None:
    """What belongs to the mode that a line begins."""
    inside = _MODES.get(words[0]) or _MODES.get(" ".join(words[:2]))
    if inside is None:
        return None

    def belongs(asked: list[str]) -> bool:
        rest = asked[1:] if asked[0] == "no" and len(asked) > 1 else asked
        if rest[0] == "nat":  # the one of an object has no source
            return words[:2] == ["object", "network"] and "source" not in rest[:4]
        return rest[0] in inside or " ".join(rest[:2]) in inside

    return belongs


def _uncomment(line: Line) -> None:
    if "! " in line.text:
        line.text = _COMMENT.split(line.text, maxsplit=1)[0]
        line.words = line.text.split() or ["!"]
