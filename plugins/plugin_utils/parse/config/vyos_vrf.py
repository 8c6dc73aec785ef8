# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of VyOS that name interfaces, where some of these are in a VRF.

Source: Linux, Documentation/networking/vrf.rst: a packet that came in by an interface of a VRF comes to the hooks as
one of the VRF's device too; which of both names a rule sees differs by hook, so both may hold, and neither surely.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ...model.match import All, Either, Match, Named, Not, Unknown, both
from ...model.rules import Chain, Rule, Ruleset
from ...model.state import State
from . import asks

_WHY = "what rules that name interfaces see of packets in a VRF is not modelled"
_FIELDS = {
    "in_interface": "in_interface",
    "in_zone": "in_interface",
    "out_interface": "out_interface",
    "out_zone": "out_interface",
}


def unsure(state: State, inside: Mapping[str, str]) -> None:
    """``inside``: the VRF of each interface that is in one. What rules ask of these becomes a condition that is not
    known."""
    if not inside:
        return
    chains: list[Ruleset | Chain] = [*state.rulesets.values(), *state.chains.values()]
    for chain in chains:
        chain.rules[:] = [_rule(rule, state, inside) for rule in chain.rules]


def _rule(rule: Rule, state: State, inside: Mapping[str, str]) -> Rule:
    asked = _match(rule.match, state, inside)
    if asked == rule.match:
        return rule
    return replace(rule, match=asked, not_understood=(*rule.not_understood, _WHY))


def _match(match: Match, state: State, inside: Mapping[str, str]) -> Match:
    if isinstance(match, Not):
        return Not(_match(match.match, state, inside))
    if isinstance(match, All):
        return All(tuple(_match(part, state, inside) for part in match.matches))
    if isinstance(match, Either):
        return Either(tuple(_match(part, state, inside) for part in match.matches))
    if not isinstance(match, Named) or match.field not in _FIELDS:
        return match
    named = {name for name in match.names if not name.endswith("*")}
    starts = tuple(name[:-1] for name in match.names if name.endswith("*"))
    if match.field.endswith("_zone"):
        named = {name for name, one in state.interfaces.items() if one.zone in named}
    vrfs = {
        vrf
        for name, vrf in inside.items()
        if not named.isdisjoint((name, vrf)) or name.startswith(starts) or vrf.startswith(starts)
    }
    doubtful = tuple(name for name, vrf in inside.items() if vrf in vrfs)
    if not doubtful:
        return match
    theirs = Named(_FIELDS[match.field], doubtful)
    key = f"{match.field} {' '.join(match.names)}"
    return asks.either([both(match, Not(theirs)), both(theirs, Unknown(key, _WHY))])
