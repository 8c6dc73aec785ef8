# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VyOS: rule sets, where they are bound, zones, NAT; of 1.3 and before, and of 1.4 and later.

Sources: VyOS documentation, "Firewall" and "Zone Policy" of 1.3, "Firewall", "NAT44" of 1.4 and 1.5. Its packet filter
is Linux', so its hooks are: 1.3 binds sets at interfaces, ``in`` and ``out`` for what is forwarded, ``local`` for what
is for the router; 1.4 has the filters of the hooks forward, input and output, and zones after them. What an accept ends
is the stage that it is in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..model.raw import RawOutput
from ..model.state import State
from . import outputs as raw
from .config import platform_marks, vyos_doubts, vyos_interfaces, vyos_vrf
from .config.device import Device
from .config.vyos_firewall import Firewall
from .config.vyos_groups import Groups
from .config.vyos_nat import nat
from .config.vyos_tree import Node, read

_RELEASE = re.compile(r"Release version: (?:VyOS )?(\d+)\.(\d+)")
_ERRORS = ("Invalid command", "Configuration path: ", "Permission denied", "Unknown command")
# Words under "firewall" that only 1.4 and later have.
_NEW = ("ipv4", "ipv6", "global-options", "zone", "interface", "bridge", "flowtable")
# What else bears on packets, and is not modelled.
_OTHERS = (
    (("load-balancing", "wan"), "balancing over several ways out is not modelled"),
    (("load-balancing", "haproxy"), "a proxy in front of servers is not modelled"),
    (("high-availability", "virtual-server"), "virtual servers are not modelled"),
    (("firewall", "bridge"), "the firewall of bridges is not modelled"),
)


def parse(host: str, outputs: Mapping[str, RawOutput]) -> State:
    """Never fails for what a device printed: what can't be read is named in the state."""
    device = Device(host, "vyos")
    text = raw.text(outputs, "running_config")
    why = platform_marks.problem(outputs, "vyos")
    config = read(text)
    if not why and text.lstrip().startswith(_ERRORS):
        why = f"the device answered: {text.strip().splitlines()[0][:200]}"
    if why or config.broken:
        device.state.unreadable.append({"what": "running_config", "reason": why or config.broken})
        device.state.firewall_known = False
        return device.finish()
    root = config.root
    for path, reason in _OTHERS:
        if root.at(*path).children:
            device.not_understood(" ".join(path), " ".join(path), reason)
    vyos_interfaces.interfaces(device, root)
    vyos_interfaces.settings(device, root)
    groups = Groups(root.at("firewall", "group"))
    device.state.sets.update(groups.sets)
    for key, reason in groups.gaps.items():
        device.not_understood(f"firewall group {key}", key, reason)
    old = _is_old(text, root)
    Firewall(device, root, groups, old).build()
    nat(device.state, root, groups, old)
    inside = {
        name: next(iter(node.items("vrf")))
        for name, node in vyos_interfaces.all_of(root)
        if node.items("vrf")
    }
    vyos_vrf.unsure(device.state, inside)
    for number, line in config.strange:
        why = "neither configuration nor a command that sets some"
        device.not_understood(f"line {number}", line[:200], why)
        vyos_doubts.cast(device.state, f"line {number}", set(line.replace("'", "").split()))
    for ruleset in device.state.rulesets.values():
        for rule in ruleset.rules:
            for reason in rule.not_understood:
                device.not_understood(ruleset.key, rule.text[:200], reason)
    return device.finish(itself=True)


def _is_old(text: str, root: Node) -> bool | None:
    """Whether this is of 1.3 or before; None where nothing says so."""
    found = _RELEASE.search(text)
    if found is not None:
        return (int(found[1]), int(found[2])) < (1, 4)
    firewall = root.at("firewall")
    if any(firewall.has(word) for word in _NEW):
        return False
    return True if root.has("zone-policy") or firewall.has("name") or firewall.has("ipv6-name") else None
