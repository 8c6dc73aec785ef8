# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interfaces of two hosts that do the same for the network under other names: in the same networks, in the same zone.

HA siblings of two models, or with cards in other slots, have a leg in each network as the other has; what one does with
packets from a network is compared with what the other does with those. What has the same networks as just one interface
of the other host is taken for it; all else is told apart by its name.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import replace

from ..model.match import All, Either, Match, Named, Not
from ..model.rules import Rule, VerdictMap
from ..model.state import Interface, State
from .scope import rules_by_chain

_FIELDS = ("in_interface", "out_interface")
_WILD = "*"


def by_their_networks(first: State, other: State) -> State:
    """``other``, with its interfaces called as those of ``first`` that are in the same networks."""
    names = _names(first, other)
    if not names or not (_is_plain(first) and _is_plain(other)):
        return other
    rulesets = {
        key: replace(item, rules=[_rule(rule, names) for rule in item.rules])
        for key, item in other.rulesets.items()
    }
    chains = {
        key: replace(item, rules=[_rule(rule, names) for rule in item.rules])
        for key, item in other.chains.items()
    }
    interfaces = {
        names.get(name, name): replace(item, name=names.get(name, name))
        for name, item in other.interfaces.items()
    }
    return replace(other, rulesets=rulesets, chains=chains, interfaces=interfaces)


def _names(first: State, other: State) -> dict[str, str]:
    """Of ``other`` -> of ``first``, of those that differ; none where two would get one name."""
    theirs, ours = _by_networks(first), _by_networks(other)
    found = {
        names[0]: theirs[networks][0]
        for networks, names in ours.items()
        if len(names) == 1 and len(theirs.get(networks, ())) == 1
    }
    kept = {name for name in other.interfaces if name not in found}
    called = [*found.values(), *kept]
    if len(set(called)) < len(called):
        return {}
    return {name: new for name, new in found.items() if name != new}


def _by_networks(state: State) -> dict[tuple[str, ...], list[str]]:
    """Networks and zone -> the interfaces; those without a network of their own are left out."""
    found: dict[tuple[str, ...], list[str]] = {}
    for name, item in state.interfaces.items():
        networks = _networks(item)
        if networks:
            found.setdefault((item.zone, *networks), []).append(name)
    return found


def _networks(item: Interface) -> list[str]:
    if item.kind == "loopback":
        return []
    found = set()
    for address in item.addresses:
        one = ipaddress.ip_interface(address)
        if one.network.num_addresses > 1 and not one.is_link_local:
            found.add(str(one.network))
    return sorted(found)


def _is_plain(state: State) -> bool:
    """Whether rules name interfaces one by one: not by a pattern, a set of names or a map."""
    rules = [rule for some in rules_by_chain(state).values() for rule in some]
    return not (
        any("name" in item.fields for item in state.sets.values())
        or any(isinstance(rule.verdict, VerdictMap) or _wild(rule.match) for rule in rules)
    )


def _wild(match: Match) -> bool:
    if isinstance(match, Named):
        return match.field in _FIELDS and any(_WILD in name for name in match.names)
    if isinstance(match, Not):
        return _wild(match.match)
    return isinstance(match, (All, Either)) and any(map(_wild, match.matches))


def _rule(rule: Rule, names: Mapping[str, str]) -> Rule:
    match = _called(rule.match, names)
    return rule if match is rule.match else replace(rule, match=match)


def _called(match: Match, names: Mapping[str, str]) -> Match:
    if isinstance(match, Named) and match.field in _FIELDS:
        return Named(match.field, tuple(names.get(name, name) for name in match.names))
    if isinstance(match, Not):
        return Not(_called(match.match, names))
    if isinstance(match, (All, Either)):
        return replace(match, matches=tuple(_called(part, names) for part in match.matches))
    return match
