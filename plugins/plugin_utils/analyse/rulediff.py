# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What changed between the rules of two states: added, removed, changed, moved, per ruleset, chain and set."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..model.match import Range
from ..model.rules import Chain, Rule, Ruleset
from ..model.state import NamedSet, State, part_text
from .rulechanges import changes_between

# Sets may hold millions of members; a difference names this many and counts the rest.
MOST_MEMBERS = 50

Element = tuple[Range | str, ...]


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
    """Of sets whose elements are ranges: what is in one and not in the other, however each is cut into elements."""
    if old is not None and new is not None and _content(old) == _content(new):
        return
    gone, come = _without(old, new), _without(new, old)
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


def _content(named: NamedSet) -> tuple[object, ...]:
    return named.elements, named.verdicts, named.data


def _without(one: NamedSet | None, other: NamedSet | None) -> list[str]:
    """What is in one set and not in the other, by value: the kernel lists an ipset in no order."""
    if one is None or other is None or one.is_map or other.is_map or not (_ranged(one) and _ranged(other)):
        return _sorted(_members(one), _members(other))
    taken = _merged(other)
    starts = [low for low, _high in taken]
    found: dict[Range, None] = {}
    for part in sorted(_ranges(one)):
        found.update(dict.fromkeys(_left(part, taken, starts)))
    return [part_text(one.fields[0], part) for part in found]


def _ranged(named: NamedSet) -> bool:
    """Whether each element is one range."""
    return len(named.fields) == 1 and not any(isinstance(part, str) for (part,) in named.elements)


def _ranges(named: NamedSet) -> list[Range]:
    return [part for (part,) in named.elements if not isinstance(part, str)]


def _merged(named: NamedSet) -> list[Range]:
    found: list[Range] = []
    for low, high in sorted(_ranges(named)):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], high))
        else:
            found.append((low, high))
    return found


def _left(part: Range, taken: Sequence[Range], starts: Sequence[int]) -> Iterator[Range]:
    """Of a range: what none of the others (in order, apart; ``starts``: where each begins) has."""
    low, high = part
    for place in range(max(bisect_right(starts, low) - 1, 0), len(taken)):
        first, last = taken[place]
        if first > high:
            break
        if low < first:
            yield low, first - 1
        low = max(low, last + 1)
    if low <= high:
        yield low, high


def _members(named: NamedSet | None) -> Mapping[str, Element]:
    """What is in a set: text -> element."""
    if named is None:
        return {}
    document = named.to_dict()
    values = [_value_text(value) for value in document.get("verdicts") or document.get("data") or ()]
    return {
        " . ".join(words) + value: element
        for words, value, element in zip(
            document["elements"], values or [""] * len(named.elements), named.elements
        )
    }


def _value_text(value: Any) -> str:
    """What a map gives for an element."""
    words = f"{value['kind']} {value.get('chain', '')}" if isinstance(value, Mapping) else str(value)
    return f" : {words}".rstrip()


def _sorted(members: Mapping[str, Element], others: Mapping[str, Element]) -> list[str]:
    """Those that are not among the others."""
    found = [(element, words) for words, element in members.items() if words not in others]
    return [words for _element, words in sorted(found, key=lambda item: [_value(part) for part in item[0]])]


def _value(part: Range | str) -> tuple[int, int, str]:
    return (0, 0, part) if isinstance(part, str) else (*part, "")
