# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to put back: the changes that made a path worse, each with the rule as it was and as it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from ..analyse import zones
from ..analyse.journey import plain
from ..analyse.network import Network
from ..analyse.rulechanges import ADDED, CHANGED, MOVED, REMOVED, maps_of, settled
from ..analyse.rulediff import as_dict, first_of, rule_diff, set_diff
from ..analyse.undo import (
    DEFAULT_ACTION,
    FORWARDING,
    MEMBERS,
    OF_ROUTING,
    PLACE,
    ROUTES,
    SETTINGS,
    Change,
)
from ..model.managers import advice
from ..model.match import All, Either, Match, Member, Not
from ..model.rules import Rule, Ruleset
from ..model.state import NamedSet, State
from . import routing
from .causes import Cause, Causes
from .commands import commands_of
from .device_bindings import BINDINGS, interface_of
from .ends import EndFinder, hosts_of
from .prove import Proof

Entry = dict[str, Any]
# More are told only where the search for the causes was given up.
_MOST_CAUSES = 20
_MOST_OF_A_NEIGHBOUR = 60
# A table that is dormant is listed, and its chains see no packet (nft(8), "flags dormant").
GONE = "the ruleset is gone, or its table was made dormant"
LINUX = "linux"
_NOT_PROVEN = "; of the changes named here, some are the cause: which was not narrowed down"


class Remedies:
    """Compares with a baseline network (of the same space). ``planned``: hosts that are not so yet: on them there is
    nothing to put back, what is planned is to be mended."""

    def __init__(
        self,
        now: Network,
        before: Network,
        finder: Callable[[Network], EndFinder],
        planned: Collection[str] = (),
    ) -> None:
        self.planned = planned
        self.now = now
        self.before = before
        self.causes = Causes(now, before, finder)
        self._diffs: dict[str, list[Entry]] = {}

    def changes(self, host: str) -> list[Entry]:
        """What changed in the rules of a host since the baseline; empty where either state is missing."""
        if host not in self._diffs:
            old, new = self.before.states.get(host), self.now.states.get(host)
            self._diffs[host] = rule_diff(old, new) if old is not None and new is not None else []
        return self._diffs[host]

    def of(self, proof: Proof, before: Proof) -> list[Entry]:
        """What to undo so that the path's flows fare as before; empty if they fared the same."""
        return [self._entry(proof, cause) for cause in self.causes.of(proof, before)[:_MOST_CAUSES]]

    def _entry(self, proof: Proof, cause: Cause) -> Entry:
        change = cause.change
        told = _TOLD[change.kind](self, cause)
        return {
            "host": change.host,
            "ruleset": change.key,
            "chain": change.key,
            "commands": list(
                commands_of(change, self.before.states[change.host], self.now.states[change.host])
            ),
            **told,
            **({"commands": []} if change.host in self.planned else {}),
            "note": told["note"] + self._advice(change) + ("" if cause.proven else _NOT_PROVEN),
            "change": change.kind,
            "pairs": cause.flows.pairs(),
            "hosts": hosts_of(proof.ends.sources, cause.flows, "src"),
        }

    def _advice(self, change: Change) -> str:
        return "; this is planned: mend the candidate" if change.host in self.planned else _owner(change)

    def rule(self, cause: Cause) -> Entry:
        change = cause.change
        more = self._move(change)
        before, now = self.before.states[change.host], self.now.states[change.host]
        if change.kind == ADDED and not _is_there(change.key, before):
            more = ", in a new chain" if now.platform == LINUX else ""
        if change.kind == REMOVED and not _is_there(change.key, now):
            more = f": {_gone(change.key, now)}"
        return {
            "action": {ADDED: "remove", MOVED: "move_back"}.get(change.kind, "put_back"),
            "before": first_of(change.before),
            "now": first_of(change.after),
            "note": f"{subject(change)} was {change.kind}{more}",
        }

    def _move(self, change: Change) -> str:
        """From where to where a rule was moved."""
        if change.kind != MOVED:
            return ""
        then, now = (
            _place_in(network.states[change.host], change.key, rules[0])
            for network, rules in ((self.before, change.before), (self.now, change.after))
        )
        return f": it was {then}, and is {now}"

    def default_action(self, cause: Cause) -> Entry:
        old, new = cause.change.before, cause.change.after
        if old is None:
            action, note = "remove", "the ruleset is new, and denies what none of its rules accepts"
        elif new is None:
            gone = _gone(cause.change.key, self.now.states[cause.change.host])
            action, note = "put_back", f"{gone}, which denied what none of its rules accepted"
        else:
            action, note = "set_back", "the default action was changed"
        return {"action": action, "before": _default(old), "now": _default(new), "note": note}

    def place(self, cause: Cause) -> Entry:
        return {
            "action": "set_back",
            "before": _words(_place(cause.change.before)),
            "now": _words(_place(cause.change.after)),
            "note": "the hook or priority of the ruleset was changed",
        }

    def members(self, cause: Cause) -> Entry:
        change = cause.change
        entry = next(set_diff(change.before, change.after), {})
        lost, come = (", ".join(entry.get(name, ())) or "none" for name in ("removed", "added"))
        more = f", and {entry['more']} more" if entry.get("more") else ""
        named = change.after
        what = f"map {change.key}: elements" if named.is_map else f"set {change.key}: members"
        used = self._user(cause)
        return {
            **({"ruleset": used[0], "chain": used[0]} if used else {}),
            "action": "restore_members",
            "before": used[1] if used else None,
            "now": used[1] if used else None,
            "note": f"{what} lost: {lost}; come: {come}{more}",
        }

    def _user(self, cause: Cause) -> tuple[str, Entry] | None:
        """A rule that asks the set: its chain, and itself; one that the flows may meet, if there is."""
        change = cause.change
        firewalls = self.before.firewall(change.host), self.now.firewall(change.host)
        state = firewalls[-1].state
        lists = {key: item.rules for key, item in state.rulesets.items()}
        lists |= {key: item.rules for key, item in state.chains.items()}
        users = [
            (key, rule)
            for key, rules in lists.items()
            for rule in rules
            if _asks(rule.match, change.key) or change.key in maps_of(key, rule.text)
        ]

        def beside(user: tuple[str, Rule]) -> bool:
            first = (firewall.matched(user[1].match).named("connection", ("new",)) for firewall in firewalls)
            return not any(plain(flows) & cause.flows for flows in first)

        return next(((key, as_dict(rule)) for key, rule in sorted(users, key=beside)), None)

    def routing(self, cause: Cause) -> Entry:
        change = cause.change
        told = routing.CHANGED[change.kind](change.before, change.after, cause.flows)
        before = told.before
        if change.kind == ROUTES and before is None:  # a new route came before another one
            before = "; ".join(routing.legs_of(self.before.routing[change.host].split(cause.flows)))
        return {
            "action": "set_back" if change.kind in (FORWARDING, SETTINGS) else "route",
            "before": _words(before) if before else None,
            "now": _words(told.now) if told.now else None,
            "note": told.note,
            "commands": list(told.commands),
        }


_TOLD: Mapping[str, Callable[[Remedies, Cause], Entry]] = {
    **dict.fromkeys((ADDED, REMOVED, CHANGED, MOVED), Remedies.rule),
    DEFAULT_ACTION: Remedies.default_action,
    PLACE: Remedies.place,
    MEMBERS: Remedies.members,
    **dict.fromkeys(OF_ROUTING, Remedies.routing),
}


def subject(change: Change) -> str:
    """``the rule``, or what binds a list to an interface of a device."""
    port = interface_of((change.after or change.before)[0]) if change.key.startswith(BINDINGS) else None
    return f"what is bound to {port}" if port else "the rule"


def _is_there(key: str, state: State) -> bool:
    return key in state.rulesets or key in state.chains


def _gone(key: str, state: State) -> str:
    """Why a ruleset is not among those in force; a device's bindings are told as a ruleset of their own."""
    if state.platform == LINUX:
        return GONE
    return "no list is bound like this any more" if key.startswith(BINDINGS) else "the list is gone"


def _owner(change: Change) -> str:
    """How to change what a program has made: behind its back, a remedy would not last."""
    for side in (change.after, change.before):
        for item in side if isinstance(side, tuple) else (side,):
            if isinstance(item, (Rule, Ruleset, NamedSet)) and item.managed_by:
                return f"; {advice(item.managed_by)}"
    return ""


def _words(words: str, position: int | None = None) -> Entry:
    return {"text": words, "handle": None, "line": None, "position": position}


def _default(ruleset: Ruleset | None) -> Entry | None:
    return None if ruleset is None else _words(f"default action: {ruleset.default_action}", 0)


def _place(ruleset: Ruleset) -> str:
    return f"type {ruleset.type} hook {ruleset.hook} priority {ruleset.priority}"


def _place_in(state: State, key: str, rule: Rule) -> str:
    """``rule 3, after "ip saddr 10.0.0.1 drop"``."""
    rules = state.rulesets[key].rules if key in state.rulesets else state.chains[key].rules
    earlier = [other for other in rules if other.position < rule.position]
    if not earlier:
        return "the first rule"
    words = settled(earlier[-1].text)
    shown = words if len(words) <= _MOST_OF_A_NEIGHBOUR else f"{words[: _MOST_OF_A_NEIGHBOUR - 3]}..."
    return f'rule {rule.position}, after "{shown}"'


def _asks(match: Match, name: str) -> bool:
    if isinstance(match, Member):
        return match.name == name
    if isinstance(match, Not):
        return _asks(match.match, name)
    return isinstance(match, (All, Either)) and any(_asks(part, name) for part in match.matches)


def differ(before: Mapping[str, State], now: Mapping[str, State], host: str, handles: bool = True) -> bool:
    """Whether the rules of a host differ between two sets of states, whatever their counters say. ``handles``: whether
    the numbers by which nft finds them count, which a reload may give anew."""
    old, new = before.get(host), now.get(host)
    return (
        old is None
        or new is None
        or _rules(old, handles) != _rules(new, handles)
        or not _same_sets(old.sets, new.sets)
        or zones.interfaces_in(old) != zones.interfaces_in(new)
    )


def _same_sets(old: Mapping[str, NamedSet], new: Mapping[str, NamedSet]) -> bool:
    """Whether all sets have the same members: their order says nothing, but where rules ask in it, and these differ
    then."""
    return old == new or (
        old.keys() == new.keys()
        and all(one == new[key] or _members(one) == _members(new[key]) for key, one in old.items())
    )


def _members(named: NamedSet) -> tuple[NamedSet, Counter[tuple[object, ...]]]:
    """What a set is without its members, and these in no order."""
    values = named.verdicts or named.data or [None] * len(named.elements)
    ending = set(named.expiring)
    members: Counter[tuple[object, ...]] = Counter(
        (element, repr(value), index in ending)
        for index, (element, value) in enumerate(zip(named.elements, values))
    )
    empty: list[str] | None = [] if named.is_map else None
    return replace(named, elements=[], expiring=[], verdicts=None, data=empty), members


def _rules(state: State, handles: bool) -> dict[str, Any]:
    bases = {
        key: (item.hook, item.priority, item.family, item.type, item.default_action)
        for key, item in state.rulesets.items()
    }
    listed = {key: item.rules for key, item in state.rulesets.items()} | {
        key: item.rules for key, item in state.chains.items()
    }
    return {
        key: (
            bases.get(key),
            [
                (rule.position, handles and rule.handle, rule.match, rule.verdict, rule.effects)
                for rule in rules
            ],
        )
        for key, rules in listed.items()
    }
