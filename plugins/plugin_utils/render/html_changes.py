# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What changed since the baseline, as lines that went and lines that came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..analyse.rulechanges import settled
from . import change_words

Entry = Mapping[str, Any]
_WORDS = {
    "added": "rule added",
    "removed": "rule removed",
    "changed": "rule changed",
    "moved": "rule moved",
    "created": "created",
    "deleted": "deleted",
    "default_action": "default action changed",
    "hook": "hook changed",
    "priority": "priority changed",
    "members": "members changed",
}
# Of a host's flows: field of a drift entry -> what happened to them.
MOVED = {
    "lost": "no longer get through",
    "gained": "get through now",
    "rewritten": "are translated or marked otherwise",
}
# Why a host of drift was not compared.
NOT_COMPARED = {
    "same": "Its rules are written otherwise than in the baseline, such as with another comment, and do the same.",
    "new": "It is not in the baseline, so there is nothing to compare it with.",
    "gone": "It is in the baseline, and not among the hosts of this audit.",
    "unknown": "It could not be compared.",
}
_CONNECTIONS = {"new": "new connections", "established": "open connections", "other": "other packets"}
_MOST_FLOWS = 40


@dataclass(frozen=True)
class RuleChange:
    """``where``: the ruleset, chain or set, and the rule's place in it."""

    where: str
    what: str
    gone: list[str]
    come: list[str]
    more: int


def rule_change(entry: Entry) -> RuleChange:
    """One entry of rule_changes; ``before`` and ``after`` are rules, plain values, or none."""
    before, after = entry.get("before"), entry.get("after")
    key = entry.get("ruleset") or entry.get("chain") or entry.get("set") or ""
    at = _place(after) or _place(before)
    if entry["change"] == "moved":
        at = f"{_place(before)} to {_place(after)}"
    return RuleChange(
        f"{key} {at}".strip(),
        _WORDS[entry["change"]],
        [*_texts(before), *entry.get("removed", ())],
        [*_texts(after), *entry.get("added", ())],
        entry.get("more", 0),
    )


def _texts(side: Any) -> list[str]:
    if side is None:
        return []
    return [settled(str(side["text"])) if isinstance(side, Mapping) else str(side)]


def _place(side: Any) -> str:
    if not isinstance(side, Mapping) or not side.get("position"):
        return ""
    found = f"rule {side['position']}"
    if side.get("handle") is not None:
        return f"{found} handle {side['handle']}"
    return f"{found} line {side['line']}" if side.get("line") is not None else found


def flows(parts: Entry) -> list[str]:
    """The parts of a set of flows, a line each."""
    found = [change_words.flow_text(flow) for flow in parts["flows"][:_MOST_FLOWS]]
    more = parts["more"] + max(len(parts["flows"]) - _MOST_FLOWS, 0)
    return [*found, f"and {'' if parts['counted'] else 'at least '}{more} more parts"] if more else found


def at(parts: Entry) -> str:
    """``forward, new connections``: where a host has decided otherwise."""
    return f"{parts['ruleset'] or parts['hook']}, {_CONNECTIONS[parts['connection']]}"


def quiet(entry: Entry) -> bool:
    """Whether no packet notices what has changed on a host."""
    return entry["status"] == "changed" and not any(
        entry.get(name) for name in (*MOVED, "unsettled", "elsewhere", "reason")
    )
