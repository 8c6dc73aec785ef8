# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What devices show beside their configuration, and what resource modules make of it, damaged.

Targets as in fuzz_targets.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.pathguard.network.plugins.filter.from_resource_facts import from_resource_facts
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import MAX_LINES
from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import Interface, State
from ansible_collections.pathguard.network.plugins.plugin_utils.parse.config import facts

from . import route_texts
from .fuzz import Mutator

# Platforms whose tables list no route that is not used: a line with a prefix is a route.
_ALL_USED = ("cisco_ios", "cisco_xr", "cisco_asa", "fortinet")
_LINKS = "GigabitEthernet0/0 is up, line protocol is up\n  Internet address is 192.0.2.5/24\n"
_ACE: dict[str, Any] = {
    "sequence": 10,
    "grant": "permit",
    "protocol": "tcp",
    "source": {"address": "10.10.1.0", "wildcard_bits": "0.0.0.127"},
    "destination": {"host": "10.20.1.10", "port_protocol": {"eq": "5432"}},
}
_BOUND = [
    {"name": "Ethernet1", "access_groups": [{"afi": "ipv4", "acls": [{"name": "A", "direction": "in"}]}]}
]
_LISTS: dict[str, Any] = {
    "acls": [{"afi": "ipv4", "acls": [{"name": "A", "aces": [_ACE]}]}],
    "acl_interfaces": _BOUND,
}
_SETS: dict[str, Any] = {
    "firewall_rules": [
        {
            "afi": "ipv4",
            "rule_sets": [
                {
                    "name": "A",
                    "default_action": "drop",
                    "rules": [
                        {
                            "number": 10,
                            "action": "accept",
                            "protocol": "tcp",
                            "source": {"address": "10.10.1.0/25"},
                        }
                    ],
                }
            ],
        }
    ],
    "firewall_interfaces": [
        {"name": "eth0", "access_rules": [{"afi": "ipv4", "rules": [{"name": "A", "direction": "in"}]}]}
    ],
}
FACTS: dict[str, dict[str, Any]] = {
    **dict.fromkeys(
        ("cisco_ios", "cisco_nxos", "cisco_xr", "arista_eos", "cisco_asa", "juniper_junos"), _LISTS
    ),
    "vyos": _SETS,
}


def outputs(mutator: Mutator) -> None:
    """A damaged table is read whole, or not at all; it is never an error."""
    platform = mutator.draw.choice(sorted(route_texts.BY_PLATFORM))
    text = mutator.text(route_texts.BY_PLATFORM[platform])
    state = State("r1", platform)
    state.interfaces = {"GigabitEthernet0/0": Interface("GigabitEthernet0/0")}
    texts = {"routes4": text, "interfaces": mutator.text(_LINKS)}
    facts.add(state, {name: RawOutput(name, name, None, shown) for name, shown in texts.items()})
    shown = json.loads(json.dumps(state.to_dict()))
    assert State.from_dict(shown).to_dict() == shown
    if platform not in _ALL_USED or any(item["what"] == "routes4" for item in state.unreadable):
        return
    read = {route.destination for route in state.routes}
    there = {word for word in text.split() if word in _destinations(platform)}
    assert there <= read, there - read


def _destinations(platform: str) -> set[str]:
    """The IPv4 networks of the sound text that are written as a prefix."""
    words = route_texts.BY_PLATFORM[platform].split()
    return {word for word in words if word.count(".") == 3 and "/" in word and word != "10.0.0.0/8"}


def resource_facts(mutator: Mutator) -> None:
    """One clear error, or a state."""
    platform = mutator.draw.choice(sorted(FACTS))
    document: Any = FACTS[platform]
    for _n in range(mutator.draw.choice((1, 1, 2, 3))):
        document = mutator.document(document)
    try:
        found = from_resource_facts(document, platform, "r1")
    except AnsibleFilterError as error:
        assert len(str(error).splitlines()) <= MAX_LINES
        return
    assert State.from_dict(found).to_dict() == found


DEVICE_OUTPUTS: dict[str, Callable[[Mutator], None]] = {
    "device outputs": outputs,
    "from_resource_facts": resource_facts,
}
