# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nft's arp tables (nft(8), "ARP address family"): rules about ARP, without which no neighbour is found over IPv4.

ARP packets are no flows. What they do to flows is told by a ruleset at ``prerouting`` that sees the host's IPv4
packets from other hosts: a chain that may drop ARP makes them unknown, because neighbours may be known for a
while, or for good (``ip neigh``, PERMANENT). A chain that drops nothing is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..model.match import Named, Unknown, both
from ..model.rules import DROP, Rule, Ruleset
from .host_facts import negated
from .nft_text import rule_text

Json = Any
FAMILY = "arp"
# Statements after which a packet goes on.
_HARMLESS = frozenset(("match", "counter", "log", "limit", "accept", "continue", "return"))
_FIRST = -400  # before what other families have at the hook
_REASON = "ARP may be dropped, and without it no neighbour on the network is found over IPv4"


def rulesets(
    place: str,
    chains: Mapping[str, Json],
    rules: Mapping[str, Sequence[Json]],
    lines: Mapping[int, str | None],
) -> list[Ruleset]:
    """The base chains of an arp table that may drop something. ``lines``: the rules' own words by handle."""
    found = []
    for name, chain in chains.items():
        if "hook" not in chain:
            continue
        key = f"{place}/{name}"
        doubtful = [
            _rule(key, position, lines.get(rule.get("handle")) or rule_text(rule.get("expr") or []), rule)
            for position, rule in enumerate(rules.get(name, ()), 1)
            if not harmless(rule)
        ]
        if chain.get("policy", "accept") != "accept":
            position = len(rules.get(name, ())) + 1
            doubtful.append(_rule(key, position, f"policy {chain['policy']}", {}))
        if doubtful:
            found.append(Ruleset(key, "nft", FAMILY, "prerouting", _FIRST, "permit", "filter", doubtful))
    return found


def harmless(rule: Json) -> bool:
    """Whether a packet goes on after a rule, and as it was."""
    return all(_HARMLESS.issuperset(statement) for statement in rule.get("expr") or [])


def _rule(key: str, position: int, words: str, rule: Json) -> Rule:
    from_others = negated(Named("in_interface", ("lo",)))
    match = both(from_others, Unknown(f"{key} {words}", _REASON))
    return Rule(position, match, DROP, words, handle=rule.get("handle"), not_understood=(_REASON,))
