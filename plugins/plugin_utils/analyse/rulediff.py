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
