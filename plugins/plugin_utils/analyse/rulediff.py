# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What changed between the rules of two states: added, removed, changed, moved, per ruleset, chain and set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..model.rules import Chain, Rule, Ruleset
from ..model.state import NamedSet, State
from .rulechanges import changes_between

# Sets may hold millions of members; a difference names this many and counts the rest.
MOST_MEMBERS = 50

Element = tuple[tuple[int, int] | str, ...]


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
        found += ({"set": key, **entry} for entry in set_diff(before.sets.get(key), after.sets.get(key)))
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
    for change in changes_between(old.rules if old else [], new.rules if new else []).changes:
        yield {
            "change": change.kind,
            "before": first_of(change.before),
            "after": first_of(change.after),
        }


def _default(chain: Ruleset | Chain) -> str:
    return chain.default_action if isinstance(chain, Ruleset) else "chain"


def as_dict(rule: Rule) -> dict[str, Any]:
    return {"text": rule.text, "handle": rule.handle, "line": rule.line, "position": rule.position}


def first_of(rules: Sequence[Rule]) -> dict[str, Any] | None:
    """The rule of the host that a group of the model's rules is; None for no rule."""
    return as_dict(rules[0]) if rules else None


def set_diff(old: NamedSet | None, new: NamedSet | None) -> Iterator[dict[str, Any]]:
    if old is not None and new is not None and old.elements == new.elements and old.verdicts == new.verdicts:
        return
    was, now = _members(old), _members(new)
    gone, come = _sorted(was, now), _sorted(now, was)
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


def _members(named: NamedSet | None) -> Mapping[str, Element]:
    """What is in a set: text -> element."""
    if named is None:
        return {}
    document = named.to_dict()
    verdicts = document.get("verdicts") or [None] * len(document["elements"])
    return {
        " . ".join(words)
        + (f" : {verdict['kind']} {verdict.get('chain', '')}".rstrip() if verdict else ""): element
        for words, verdict, element in zip(document["elements"], verdicts, named.elements)
    }


def _sorted(members: Mapping[str, Element], others: Mapping[str, Element]) -> list[str]:
    """Those that are not among the others, by their values: the kernel lists an ipset in no order."""
    found = [(element, words) for words, element in members.items() if words not in others]
    return [words for _element, words in sorted(found, key=lambda item: [_value(part) for part in item[0]])]


def _value(part: tuple[int, int] | str) -> tuple[int, int, str]:
    return (0, 0, part) if isinstance(part, str) else (*part, "")
