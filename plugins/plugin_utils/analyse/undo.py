# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's state with some of what changed on it undone: what would be, had only the rest been changed.

A base chain that is not there lets everything pass, so one that was made or deleted is as one that has been
empty: its rules were added or removed, and its default action was changed if it denies.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..model.rules import Chain, Rule, Ruleset
from ..model.state import NamedSet, State
from .evaluate import HostFirewall
from .index import Index, MergedIndex
from .rulechanges import Changes, RuleChange, changes_between, maps_of

# Kinds of changes beside those of rules. ``place``: a base chain's hook, priority, type or family.
DEFAULT_ACTION, PLACE, MEMBERS = "default_action", "place", "members"
ROUTES, ROUTE_RULES, INTERFACES, FORWARDING = "routes", "route_rules", "interfaces", "forwarding"
SETTINGS = "settings"
# Of routing, each a part of a state by its name there.
OF_ROUTING = (INTERFACES, ROUTES, ROUTE_RULES, FORWARDING, SETTINGS)
_PERMIT = "permit"


@dataclass(frozen=True, eq=False, slots=True)
class Change:
    """``key``: the ruleset, chain or set; empty for what is of the whole host. ``before``, ``after``: a tuple of
    rules; the ruleset (None: not there) for its default action and place; the set; the state for routing."""

    host: str
    kind: str
    key: str
    before: Any
    after: Any


class Undo:
    """``changes``: all that can be undone, each alone or together with others."""

    def __init__(self, before: State, after: State) -> None:
        self.before = before
        self.after = after
        self.changes: list[Change] = []
        self._rules: dict[Change, RuleChange] = {}
        self._aligned: dict[str, Changes] = {}
        self._looking_up: dict[str, list[RuleChange]] = {}
        if before.firewall_known and after.firewall_known:
            self._of_rules()
        for kind in OF_ROUTING:
            if getattr(before, kind) != getattr(after, kind):
                self.changes.append(Change(after.host, kind, "", before, after))

    def _of_rules(self) -> None:
        before, after = self.before, self.after
        for key in sorted({*before.rulesets, *after.rulesets}):
            self._of_list(key, before.rulesets.get(key), after.rulesets.get(key))
            self._of_base(key, before.rulesets.get(key), after.rulesets.get(key))
        for key in sorted({*before.chains, *after.chains}):
            self._of_list(key, before.chains.get(key), after.chains.get(key))
        for key in sorted({*before.sets} & {*after.sets}):
            if before.sets[key] != after.sets[key] and _value(before.sets[key]) != _value(after.sets[key]):
                change = Change(after.host, MEMBERS, key, before.sets[key], after.sets[key])
                self.changes.append(change)

    def _of_list(self, key: str, old: Ruleset | Chain | None, new: Ruleset | Chain | None) -> None:
        aligned = self._aligned[key] = changes_between(old.rules if old else [], new.rules if new else [])
        for one in aligned.changes:
            change = Change(self.after.host, one.kind, key, one.before, one.after)
            self._rules[change] = one
            self.changes.append(change)
        for one in aligned.looking_up:
            for name in maps_of(key, one.after[0].text):
                self._looking_up.setdefault(name, []).append(one)

    def _of_base(self, key: str, old: Ruleset | None, new: Ruleset | None) -> None:
        was, now = (item.default_action if item else _PERMIT for item in (old, new))
        if was != now:
            self.changes.append(Change(self.after.host, DEFAULT_ACTION, key, old, new))
        if old is not None and new is not None and _place(old) != _place(new):
            self.changes.append(Change(self.after.host, PLACE, key, old, new))

    def state(self, undone: Collection[Change]) -> State:
        """The later state with these changes undone."""
        mine = {(change.kind, change.key) for change in undone if change in self.changes}
        rules = {self._rules[change] for change in undone if change in self._rules}
        rules |= {one for kind, key in mine if kind == MEMBERS for one in self._looking_up.get(key, ())}
        older, newer = self.before, self.after
        found = replace(newer)
        if any(change.kind not in OF_ROUTING for change in undone):
            found.rulesets = {
                key: self._base(key, older.rulesets.get(key), newer.rulesets.get(key), mine, rules)
                for key in {**newer.rulesets, **older.rulesets}
            }
            found.chains = {
                key: replace(chain, rules=self._list(key, newer.chains.get(key), rules))
                for key, chain in {**older.chains, **newer.chains}.items()
            }
            found.sets = {**older.sets, **newer.sets}
            found.sets.update((key, older.sets[key]) for kind, key in mine if kind == MEMBERS)
        for kind in OF_ROUTING:
            if (kind, "") in mine:
                setattr(found, kind, getattr(older, kind))
        return found

    def firewall(self, undone: Collection[Change], now: HostFirewall, before: HostFirewall) -> HostFirewall:
        """The firewall of ``state(undone)``. ``now``, ``before``: of the two states, whose indexes serve it too,
        unless the members of a set differ, on which they rest."""
        state = self.state(undone)
        indexes: dict[str, Index] = {}
        if not any(change.kind == MEMBERS for change in self.changes):
            for key, rules in _lists(state).items():
                places = {id(rule): place for place, rule in enumerate(rules)}
                indexes[key] = MergedIndex(
                    [
                        (firewall.index_of(key), [places.get(id(rule), -1) for rule in listed[key]])
                        for firewall in (now, before)
                        for listed in (_lists(firewall.state),)
                        if key in listed
                    ]
                )
        return HostFirewall(state, now.space, indexes)

    def _base(
        self,
        key: str,
        old: Ruleset | None,
        new: Ruleset | None,
        mine: Collection[tuple[str, str]],
        rules: Collection[RuleChange],
    ) -> Ruleset:
        frame = old if new is None or (old is not None and (PLACE, key) in mine) else new
        if frame is None:
            raise AssertionError("a ruleset is in one state at least")
        chosen = old if (DEFAULT_ACTION, key) in mine else new
        action = chosen.default_action if chosen is not None else _PERMIT
        return replace(frame, default_action=action, rules=self._list(key, new, rules))

    def _list(self, key: str, new: Ruleset | Chain | None, rules: Collection[RuleChange]) -> list[Rule]:
        aligned = self._aligned[key]
        if not aligned.changes and not aligned.looking_up:
            return new.rules if new is not None else []
        return aligned.rules(rules)


def _lists(state: State) -> dict[str, list[Rule]]:
    found = {key: item.rules for key, item in state.rulesets.items()}
    return found | {key: item.rules for key, item in state.chains.items()}


def _place(item: Ruleset) -> tuple[Any, ...]:
    return item.hook, item.priority, item.type, item.family


def _value(item: NamedSet) -> tuple[Any, ...]:
    values = item.verdicts or item.data or [None] * len(item.elements)
    return item.complete, item.dynamic, dict(zip(item.elements, values))


def changes_of(before: Mapping[str, State], after: Mapping[str, State]) -> dict[str, Undo]:
    """Host -> what changed on it, for the hosts that both have."""
    found = {host: Undo(before[host], after[host]) for host in after if host in before}
    return {host: undo for host, undo in found.items() if undo.changes}
