# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What resource modules lose of entries without a word in their facts, and where that makes a rule unknown.

Source: the collections' own code (``facts/*`` and ``rm_templates/*`` of cisco.ios 9, cisco.nxos 9, cisco.iosxr 10,
cisco.asa 6, arista.eos 10, junipernetworks.junos 9, vyos.vyos 5), run on entries of all kinds. What is lost often, and
shows in the form of the entry, makes its rule unknown; all that is lost is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from ...model.fields import PROTOCOLS
from ...model.match import All, Always, In, Match, Not, Unknown, both
from ...model.rules import Rule
from ...model.state import State

# Platform -> what its modules drop.
LOST = {
    "cisco_ios": "ports after the first of eq and neq, ICMP types given as numbers, match-any, match-all, reflect, "
    "evaluate and dynamic entries",
    "cisco_nxos": "time-range, ttl, packet-length, groups of ports, ICMP types given as numbers",
    "cisco_xr": "nothing that is known of: what it can't read it keeps as a line",
    "cisco_asa": "ICMP types given as numbers, ICMP codes, users and security groups, standard lists, where lists are "
    "bound",
    "arista_eos": "nothing that is known of: what it can't read it keeps as a line",
    "juniper_junos": "conditions of a term other than addresses, prefix lists, ports, protocols and some ICMP "
    "messages; except; the actions reject and next term",
    "vyos": "conditions without a key of the module's (ttl, dscp, marks), limits, ICMP types, disable",
}
_FURTHER_PORTS = "the module keeps the first port after eq and neq alone: there may be others"
_OF_ICMP = "the module drops ICMP types and codes given as numbers: there may be some"
_CONDITIONS = "the module drops conditions that it does not know: there may be some"
_PORTS = ("src_port", "dst_port")
_ICMP = ((PROTOCOLS["icmp"],) * 2, (PROTOCOLS["icmpv6"],) * 2)
_WITHOUT_CODES = ((0, 0), (8, 8))


def add(state: State) -> None:
    """Puts the doubts into the rules that came of facts."""
    doubted = _DOUBTS.get(state.platform)
    if doubted is None:
        return
    for ruleset in state.rulesets.values():
        ruleset.rules = [one for rule in ruleset.rules for one in doubted(rule, bool(ruleset.hook))]


def _parts(match: Match) -> tuple[Match, ...]:
    return match.matches if isinstance(match, All) else (match,)


def _unsure(rule: Rule, match: Match, reason: str) -> Rule:
    unknown = Unknown(f"{rule.text}: {reason}", reason)
    return replace(rule, match=both(match, unknown), not_understood=(*rule.not_understood, reason))


def _is_icmp(match: Match) -> bool:
    return any(
        isinstance(part, In) and part.field == "protocol" and part.ranges[0] in _ICMP
        for part in _parts(match)
    )


def _types(match: Match) -> list[In]:
    return [part for part in _parts(match) if isinstance(part, In) and part.field == "icmp_type"]


def _ios(rule: Rule, hooked: bool) -> Iterator[Rule]:
    if hooked:
        yield rule
        return
    parts = _parts(rule.match)
    if _is_icmp(rule.match) and not _types(rule.match):
        yield _unsure(rule, rule.match, _OF_ICMP)
    elif any(isinstance(part, Not) and _is_port(part.match) for part in parts):
        yield _unsure(rule, rule.match, _FURTHER_PORTS)
    else:
        yield rule
        if any(map(_is_port, parts)):
            yield _unsure(rule, both(*(part for part in parts if not _is_port(part))), _FURTHER_PORTS)


def _is_port(match: Match) -> bool:
    """One port, as after ``eq``."""
    return (
        isinstance(match, In)
        and match.field in _PORTS
        and len(match.ranges) == 1
        and len(set(match.ranges[0])) == 1
    )


def _nxos(rule: Rule, hooked: bool) -> Iterator[Rule]:
    icmp = not hooked and _is_icmp(rule.match) and not _types(rule.match)
    yield _unsure(rule, rule.match, _OF_ICMP) if icmp else rule


def _asa(rule: Rule, hooked: bool) -> Iterator[Rule]:
    plain = any(one.ranges[0] in _WITHOUT_CODES for one in _types(rule.match))
    icmp = not hooked and _is_icmp(rule.match) and not plain
    yield _unsure(rule, rule.match, _OF_ICMP) if icmp else rule


def _junos(rule: Rule, hooked: bool) -> Iterator[Rule]:
    yield rule if hooked else _unsure(rule, rule.match, _CONDITIONS)


def _vyos(rule: Rule, _hooked: bool) -> Iterator[Rule]:
    """A rule that asks for nothing, or for ICMP of any type, has likely asked for more."""
    bare = isinstance(rule.match, Always) or (_is_icmp(rule.match) and not _types(rule.match))
    yield _unsure(rule, rule.match, _CONDITIONS) if bare and rule.text.startswith("rule ") else rule


_DOUBTS: dict[str, Callable[[Rule, bool], Iterator[Rule]]] = {
    "cisco_ios": _ios,
    "cisco_nxos": _nxos,
    "cisco_asa": _asa,
    "juniper_junos": _junos,
    "vyos": _vyos,
}
