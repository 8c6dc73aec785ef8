# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arista EOS: access lists, traffic policies, and where they are bound.

Sources: Arista EOS User Manual, "ACLs and Route Maps" ("ip access-group", "ipv6 access-group", "mac access-group",
"Control-plane ACLs": ``system control-plane``), "Traffic policies"; what each part of a list or policy means is in
``config/eos_lists`` and ``config/eos_policies``. What a list does that is bound and not defined the manual does not
say, so it is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..model.raw import RawOutput
from ..model.state import State
from . import outputs as raw
from .config import eos_binding, platform_marks
from .config.blocks import Line, tree
from .config.device import OUTSIDE_NAT, Device
from .config.eos_lists import access_lists
from .config.eos_policies import TrafficPolicies
from .config.modes import gathered, paged, refusal

_WHOLE = re.compile(r"^! Command: show (?:running-config(?: all)?|startup-config)\s*$", re.MULTILINE)
# One of these begins a line of every configuration, and of every candidate that bears on packets.
_BEGINS = frozenset(
    (
        "access-list",
        "default",
        "hostname",
        "interface",
        "ip",
        "IP",
        "ipv6",
        "IPV6",
        "IPv6",
        "no",
        "router",
        "Standard",
        "system",
        "traffic-policies",
        "vlan",
        "vrf",
    )
)


def parse(host: str, outputs: Mapping[str, RawOutput]) -> State:
    """Never fails for what a device printed: what can't be read is named in the state."""
    device = Device(host, "arista_eos", OUTSIDE_NAT)
    text = raw.text(outputs, "running_config")
    config = gathered(tree(text), eos_binding.mode, strays=True)
    why = platform_marks.problem(outputs, "arista_eos") or _broken(text, config)
    if why:
        device.state.unreadable.append({"what": "running_config", "reason": why})
        device.state.firewall_known = False
        return device.finish()
    policies = TrafficPolicies()
    for line in config:
        if line.words == ["traffic-policies"]:
            policies.read(line)
    names = _rulesets(device, config, policies)
    return device.finish(itself=eos_binding.bind(device, config, names, policies))


def _broken(text: str, config: list[Line]) -> str:
    """Why this is not the whole configuration that was asked for; empty if nothing says so."""
    refused = refusal(config)
    if refused:
        return f"the device answered: {refused[:200]}"
    if was_paged := paged(text):
        return was_paged
    if not any(line.words[0] in _BEGINS for line in config):
        return "there is no configuration in it"
    last = [line.strip() for line in text.splitlines() if line.strip()][-3:]
    if _WHOLE.search(text) and "end" not in last:
        return "the output is cut short: its last line is not 'end'"
    return ""


def _rulesets(device: Device, config: list[Line], policies: TrafficPolicies) -> eos_binding.Names:
    """The lists and policies, each by its own name; where an IPv4 list has it, or another one before, with the family
    or kind before it."""
    lists = access_lists(config)
    for line in policies.strange:
        device.not_understood(f"line {line.number}", line.text, "not understood under traffic-policies")
    device.state.sets.update(policies.sets.finish())
    names: eos_binding.Names = {}
    for family, word in (("ip", ""), ("ip6", "ipv6 "), ("inet", "traffic-policy ")):
        own = policies.policies if family == "inet" else [name for of, name in lists if of == family]
        taken = set(names.values())
        names.update(((family, name), f"{word}{name}" if name in taken else name) for name in own)
    for (family, name), one in lists.items():
        device.access_list(names[family, name], family, one.rules())
    for name, policy in policies.policies.items():
        rules = policy.rules(policies.sets)
        device.access_list(names["inet", name], "inet", rules, "permit")
    return names
