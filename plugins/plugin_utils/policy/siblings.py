# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Firewalls that must decide alike, such as the two of an HA pair: the exact difference of what passes through them.

What is compared are all hooks that packets on their way through come to, on interfaces in the same networks
(analyse/alike.py), or of the same names. What a host
accepts for itself, or sends, is its own: siblings have addresses of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..analyse.alike import by_their_networks
from ..analyse.diffdata import firewall_difference
from ..model.state import State
from .inventory import Groups
from .paths import Siblings
from .prove import NO, NOT_KNOWN, YES

Entry = dict[str, Any]
_OWN = frozenset(("input", "output", ""))
_KINDS = {"new": "new connections", "established": "open connections and replies", "other": "other packets"}
# What one does for certain and the other does not: key of a difference -> how the second differs from the first.
_CERTAIN = {
    "gained": "permits, and {0} denies,",
    "lost": "denies, and {0} permits,",
    "rewritten": "translates otherwise than {0}",
}
# Parts and rules of one difference in a report; firewall_diff tells all.
_MOST = 10
_TOLD = 2
_LONGEST = 200


def siblings_entry(siblings: Siblings, states: Mapping[str, State], groups: Groups) -> Entry:
    """``{name, hosts, where, satisfied, messages, differences}``. Each of ``differences`` is an entry of firewall_diff
    from ``first`` to ``host``. What the two do not know in the same way is unknown."""
    hosts = siblings.members(groups)
    missing = [name for name in hosts if name not in states]
    unread = [name for name in hosts if name in states and not states[name].firewall_known]
    messages = [f"{name} was not gathered" for name in missing]
    messages += [f"the firewall of {name} could not be read" for name in unread]
    known = [name for name in hosts if name not in (*missing, *unread)]
    differences: list[Entry] = []
    for host in known[1:]:
        for entry in _between(states[known[0]], states[host]):
            differences.append({"first": known[0], **entry})
            messages.append(_message(known[0], entry))
    certain = any(_certain(entry) for entry in differences)
    return {
        "name": siblings.label(),
        "hosts": hosts,
        "where": siblings.where,
        "satisfied": NO if certain else NOT_KNOWN if messages else YES,
        "messages": messages,
        "differences": differences,
    }


def _between(first: State, other: State) -> list[Entry]:
    # One name for both: what neither knows is then the same, where the words are.
    renamed = replace(by_their_networks(first, other), host=first.host)
    hooks = {item.hook for state in (first, other) for item in state.rulesets.values()} - _OWN
    found = [entry for hook in sorted(hooks) for entry in firewall_difference(first, renamed, hook, _MOST)]
    return [
        {**entry, "host": other.host, "rules": [_placed(rule, first, other) for rule in entry["rules"]]}
        for entry in found
    ]


def _placed(rule: Entry, first: State, other: State) -> Entry:
    return {**rule, "host": other.host if rule.get("after") or "set" in rule else first.host}


def _certain(entry: Mapping[str, Any]) -> bool:
    return any(entry[key]["flows"] for key in _CERTAIN)


def _message(first: str, entry: Mapping[str, Any]) -> str:
    place = f"{entry['hook']}, {_KINDS[entry['connection']]}"
    told = [key for key in _CERTAIN if entry[key]["flows"]]
    # What the one that permits has for it says more than what the other lacks.
    side = {"gained": "after", "lost": "before"}.get(told[0] if told else "", "")
    rules = [
        _rule(rule) for rule in sorted(entry["rules"], key=lambda rule: bool(side) and not rule.get(side))
    ]
    by = f" (by {'; '.join(rules[:_TOLD])})" if rules else ""
    if told:
        flow = " ".join(
            f"{name} {','.join(values[:_TOLD])}" for name, values in entry[told[0]]["flows"][0].items()
        )
        more = "".join(f"; it {_CERTAIN[key].format(first)} others" for key in told[1:])
        return (
            f"{entry['host']} {_CERTAIN[told[0]].format(first)} at {place}: {flow or 'everything'}{by}{more}"
        )
    both = dict.fromkeys((*entry["reasons"]["before"], *entry["reasons"]["after"]))
    reasons = "; ".join(list(both)[:_TOLD])
    return f"whether {entry['host']} decides as {first} does is not known at {place}: {reasons}{by}"


def _rule(rule: Mapping[str, Any]) -> str:
    if "set" in rule:
        return f"members of set {rule['set']}"
    place = rule.get("ruleset") or rule.get("chain") or ""
    sides = [rule.get(side) for side in ("before", "after")]
    texts = [str(side["text"]) if isinstance(side, Mapping) else str(side) for side in sides if side]
    return f"{place}: {' / '.join(texts)}"[:_LONGEST]
