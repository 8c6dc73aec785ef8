# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nft's rules about the frames below an interface (nft(8), "Bridge address family", "Netdev address family").

What comes in by a bridge has passed the bridge's own hooks and the ingress of its port before, in forms that flows
don't tell (VLAN tags, the port). So a chain there that may drop something makes the packets unknown whose interface
stands above: of a bridge table at ``prerouting`` or ``postrouting``, of a netdev chain at its own hook. A chain that
drops nothing is nothing to them; nor is what a bridge forwards from port to port (its hook forward).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..model.match import BEYOND, Match, Named, Unknown, both
from ..model.rules import DROP, Rule, Ruleset
from .host_facts import HostFacts, negated
from .nft_arp import harmless

Json = Any
BRIDGE = "bridge"
# The family of a ruleset that tells what a bridge's frames undergo; it sees flows of both kinds of addresses.
BRIDGED = "bridged"
# Hook of the bridge -> hook and field of the host's packets, and a priority beyond that of other families.
_IN, _OUT = ("prerouting", "in_interface", -400), ("postrouting", "out_interface", 400)
_PASSED_AT = {
    "ingress": _IN,
    "prerouting": _IN,
    "input": _IN,
    "output": _OUT,
    "postrouting": _OUT,
    "egress": _OUT,
}
_OF_BRIDGES = "frames of bridges may be dropped by it, and flows don't tell their form"
_OF_PORTS = "frames of a device below the interface may be dropped by it, and flows don't tell their form"


def may_drop(chain: Json, rules: Sequence[Json]) -> bool:
    """Whether a base chain holds more than what lets packets go on."""
    return str(chain.get("policy", "accept")) != "accept" or not all(map(harmless, rules))


def bridged(
    key: str, chain: Json, rules: Sequence[Json], read: Sequence[Rule], facts: HostFacts
) -> Ruleset | None:
    """What a base chain of a bridge table does to the host's packets; None if nothing. ``read``: its rules as they
    ask of frames. Where links were not gathered, any interface but ``lo`` may be a bridge's."""
    place = _PASSED_AT.get(str(chain["hook"]))
    if place is None or facts.bridges == () or not may_drop(chain, rules):
        return None
    hook, field, priority = place
    by: Match = negated(Named(field, ("lo",))) if facts.bridges is None else Named(field, facts.bridges)
    first = {rule.position: rule for rule in reversed(read)}
    found = []
    for at, listed in enumerate(rules, 1):
        rule = replace(first[at], match=BEYOND, effects=(), follows=False)
        found.append(rule if harmless(listed) else _doubtful(key, rule, by))
    if chain.get("policy", "accept") != "accept":
        found.append(_doubtful(key, Rule(len(rules) + 1, BEYOND, DROP, f"policy {chain['policy']}"), by))
    return Ruleset(key, "nft", BRIDGED, hook, priority, "permit", "filter", found)


def _doubtful(key: str, rule: Rule, by: Match) -> Rule:
    match = both(by, Unknown(f"{key} {rule.text}", _OF_BRIDGES))
    return replace(rule, match=match, verdict=DROP, not_understood=(*rule.not_understood, _OF_BRIDGES))


def above(key: str, devices: Sequence[str], field: str, facts: HostFacts) -> Rule | None:
    """What a chain at ingress or egress of these devices, which may drop something, does to packets of the bridges,
    bonds and VLANs that stand on them; None if nothing does."""
    names = sorted({name for device in devices for name in facts.above.get(device, ())} - set(devices))
    if not names:
        return None
    words = f"attached to {', '.join(devices)}, below {', '.join(names)}"
    match = both(Named(field, tuple(names)), Unknown(f"{key} {words}", _OF_PORTS))
    return Rule(0, match, DROP, words, not_understood=(_OF_PORTS,))
