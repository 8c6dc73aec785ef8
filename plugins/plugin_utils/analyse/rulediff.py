# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What changed between the rules of two states: added, removed, changed, moved, per ruleset, chain and set."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from ..model.rules import Chain, Rule, Ruleset
from ..model.state import NamedSet, State

# Sets may hold millions of members; a difference names this many and counts the rest.
MOST_MEMBERS = 50
_SIMILAR = 0.5
# What a host counts changes with the traffic, and is no part of a rule (nft(8) counter, quota, set timeouts).
_COUNTED = re.compile(
    r"(?<=counter) packets \d+ bytes \d+|(?<= )used \d+ [kmg]?bytes|\bexpires \w+|^\[\d+:\d+\] "
)
# difflib's effort grows with the product of both lengths; beyond this, rules are compared as a bag of texts.
_MOST_ALIGNED = 2_000


@lru_cache(maxsize=65536)
def settled(text: str) -> str:
    """A rule's text without what traffic changes in it."""
    return (
        _COUNTED.sub("", text)
        if "counter" in text or "used" in text or "expires" in text or text[:1] == "["
        else text
    )


def rule_diff(before: State, after: State) -> list[dict[str, Any]]:
    """Entries ``{ruleset | chain | set: key, change, before, after}`` in the order of the keys.

    ``change``: added, removed, changed, moved (the same rule at another place among those that stayed),
    default_action, or members (of a set: ``added`` and ``removed`` lists, ``more`` beyond them). A rule is
    ``{text, handle, line, position}``; None where there is none.
    """
    found: list[dict[str, Any]] = []
    for kind, old, new in (
        ("ruleset", before.rulesets, after.rulesets),
        ("chain", before.chains, after.chains),
    ):
        for key in sorted({*old, *new}):
            found += ({kind: key, **entry} for entry in _chain_diff(old.get(key), new.get(key)))
    for key in sorted({*before.sets, *after.sets}):
        found += ({"set": key, **entry} for entry in _set_diff(before.sets.get(key), after.sets.get(key)))
    return found


def _chain_diff(old: Ruleset | Chain | None, new: Ruleset | Chain | None) -> Iterator[dict[str, Any]]:
    if isinstance(old, Ruleset) and isinstance(new, Ruleset):
        for name in ("default_action", "hook", "priority"):
            was, now = getattr(old, name), getattr(new, name)
            if was != now:
                yield {"change": name, "before": was, "after": now}
    elif old is None and new is not None:
        yield {"change": "created", "before": None, "after": _default(new)}
    elif new is None and old is not None:
        yield {"change": "deleted", "before": _default(old), "after": None}
    yield from rules_diff(old.rules if old else [], new.rules if new else [])


def _default(chain: Ruleset | Chain) -> str:
    return chain.default_action if isinstance(chain, Ruleset) else "chain"


def rules_diff(old: Sequence[Rule], new: Sequence[Rule]) -> Iterator[dict[str, Any]]:
    """The difference of two lists of rules."""
    first, last = _ends(old, new)
    old, new = old[first : len(old) - last], new[first : len(new) - last]
    if not old and not new:
        return
    removed, added = _unmatched(old, new)
    moved = []
    for rule in list(removed):
        same = next((other for other in added if settled(other.text) == settled(rule.text)), None)
        if same is not None:
            moved.append({"change": "moved", "before": as_dict(rule), "after": as_dict(same)})
            removed.remove(rule)
            added.remove(same)
    for rule in removed:
        other = _successor(rule, added)
        if other is not None:
            added.remove(other)
        yield {
            "change": "changed" if other else "removed",
            "before": as_dict(rule),
            "after": as_dict(other) if other else None,
        }
    for rule in added:
        yield {"change": "added", "before": None, "after": as_dict(rule)}
    yield from moved


def _ends(old: Sequence[Rule], new: Sequence[Rule]) -> tuple[int, int]:
    """How many rules at the start and at the end are the same."""
    shorter = min(len(old), len(new))
    first = next(
        (index for index in range(shorter) if settled(old[index].text) != settled(new[index].text)), shorter
    )
    rest = shorter - first
    last = next(
        (index for index in range(rest) if settled(old[-1 - index].text) != settled(new[-1 - index].text)),
        rest,
    )
    return first, last


def _unmatched(old: Sequence[Rule], new: Sequence[Rule]) -> tuple[list[Rule], list[Rule]]:
    if max(len(old), len(new)) > _MOST_ALIGNED:
        kept = {settled(rule.text) for rule in old} & {settled(rule.text) for rule in new}
        return [rule for rule in old if settled(rule.text) not in kept], [
            rule for rule in new if settled(rule.text) not in kept
        ]
    removed: list[Rule] = []
    added: list[Rule] = []
    matcher = difflib.SequenceMatcher(
        None, [settled(rule.text) for rule in old], [settled(rule.text) for rule in new], autojunk=False
    )
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            removed += old[a:b]
            added += new[c:d]
    return removed, added


def _successor(rule: Rule, added: Sequence[Rule]) -> Rule | None:
    """What a rule became: the one with its handle (nft replace keeps it), else the most similar near its place."""
    for other in added:
        if rule.handle is not None and other.handle == rule.handle:
            return other
    ranked = [
        (
            difflib.SequenceMatcher(None, settled(rule.text), settled(other.text)).ratio(),
            -abs(other.position - rule.position),
            index,
        )
        for index, other in enumerate(added[:_MOST_ALIGNED])
    ]
    best = max(ranked, default=None)
    return added[best[2]] if best is not None and best[0] >= _SIMILAR else None


def as_dict(rule: Rule) -> dict[str, Any]:
    return {"text": rule.text, "handle": rule.handle, "line": rule.line, "position": rule.position}


def _set_diff(old: NamedSet | None, new: NamedSet | None) -> Iterator[dict[str, Any]]:
    if old is not None and new is not None and old.elements == new.elements and old.verdicts == new.verdicts:
        return
    was, now = _members(old), _members(new)
    gone, come = [name for name in was if name not in now], [name for name in now if name not in was]
    if old is None or new is None:
        change = "created" if old is None else "deleted"
    elif not gone and not come:
        return
    else:
        change = "members"
    yield {
        "change": change,
        "removed": gone[:MOST_MEMBERS],
        "added": come[:MOST_MEMBERS],
        "more": max(len(gone) - MOST_MEMBERS, 0) + max(len(come) - MOST_MEMBERS, 0),
    }


def _members(named: NamedSet | None) -> Mapping[str, None]:
    if named is None:
        return {}
    document = named.to_dict()
    verdicts = document.get("verdicts") or [None] * len(document["elements"])
    return {
        " . ".join(element)
        + (f" : {verdict['kind']} {verdict.get('chain', '')}".rstrip() if verdict else ""): None
        for element, verdict in zip(document["elements"], verdicts)
    }
