# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to put back: the changes that made a path worse, each with the rule as it was and as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..analyse.journey import plain
from ..analyse.network import Network
from ..analyse.rulechanges import ADDED, CHANGED, MOVED, REMOVED, maps_of
from ..analyse.rulediff import as_dict, first_of, rule_diff, set_diff
from ..analyse.undo import DEFAULT_ACTION, FORWARDING, INTERFACES, MEMBERS, PLACE, ROUTES, Change
from ..model import text
from ..model.flowset import FlowSet
from ..model.managers import advice
from ..model.match import All, Either, Match, Member, Not
from ..model.rules import Rule, Ruleset
from ..model.state import NamedSet, State
from .causes import Cause, Causes
from .ends import EndFinder, hosts_of
from .prove import Proof

Entry = dict[str, Any]
# More are told only where the search for the causes was given up.
_MOST_CAUSES = 20
_NOT_PROVEN = "; of the changes named here, some are the cause: which was not narrowed down"


class Remedies:
    """Compares with a baseline network (of the same space)."""

    def __init__(self, now: Network, before: Network, finder: Callable[[Network], EndFinder]) -> None:
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
            **told,
            "note": told["note"] + _owner(change) + ("" if cause.proven else _NOT_PROVEN),
            "change": change.kind,
            "pairs": cause.flows.pairs(),
            "hosts": hosts_of(proof.ends.sources, cause.flows, "src"),
        }

    def rule(self, cause: Cause) -> Entry:
        change = cause.change
        new = change.kind == ADDED and not self._was_there(change)
        return {
            "action": {ADDED: "remove", MOVED: "move_back"}.get(change.kind, "put_back"),
            "before": first_of(change.before),
            "now": first_of(change.after),
            "note": f"the rule was {change.kind}" + (", in a new chain" if new else ""),
        }

    def _was_there(self, change: Change) -> bool:
        state = self.before.states[change.host]
        return change.key in state.rulesets or change.key in state.chains

    def default_action(self, cause: Cause) -> Entry:
        old, new = cause.change.before, cause.change.after
        if old is None:
            action, note = "remove", "the ruleset is new, and denies what none of its rules accepts"
        elif new is None:
            action, note = "put_back", "the ruleset is gone, which denied what none of its rules accepted"
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

    def routes(self, cause: Cause) -> Entry:
        host = cause.change.host
        then, now = (_legs(network, host, cause.flows) for network in (self.before, self.now))
        return {
            "action": "route",
            "before": _words("; ".join(then)) if then else None,
            "now": _words("; ".join(now)) if now else None,
            "note": "the route was changed",
        }

    def interfaces(self, cause: Cause) -> Entry:
        old, new = (_interfaces(state) for state in (cause.change.before, cause.change.after))
        names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
        then, now = ("; ".join(side[name] for name in names if name in side) for side in (old, new))
        return {
            "action": "route",
            "before": _words(then) if then else None,
            "now": _words(now) if now else None,
            "note": f"interface {', '.join(names)} was changed",
        }

    def forwarding(self, cause: Cause) -> Entry:
        old, new = (_forwarding(state) for state in (cause.change.before, cause.change.after))
        return {
            "action": "set_back",
            "before": _words(old),
            "now": _words(new),
            "note": "forwarding was changed",
        }


_TOLD: Mapping[str, Callable[[Remedies, Cause], Entry]] = {
    **dict.fromkeys((ADDED, REMOVED, CHANGED, MOVED), Remedies.rule),
    DEFAULT_ACTION: Remedies.default_action,
    PLACE: Remedies.place,
    MEMBERS: Remedies.members,
    ROUTES: Remedies.routes,
    INTERFACES: Remedies.interfaces,
    FORWARDING: Remedies.forwarding,
}


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


def _interfaces(state: State) -> dict[str, str]:
    return {
        item.name: " ".join([item.name, "up" if item.up else "down", *item.addresses])
        for item in state.interfaces.values()
    }


def _forwarding(state: State) -> str:
    words = {True: "on", False: "off", None: "not known"}
    return ", ".join(f"forwarding of {family}: {words[does]}" for family, does in state.forwarding.items())


def _asks(match: Match, name: str) -> bool:
    if isinstance(match, Member):
        return match.name == name
    if isinstance(match, Not):
        return _asks(match.match, name)
    return isinstance(match, (All, Either)) and any(_asks(part, name) for part in match.matches)


def _legs(network: Network, host: str, packets: FlowSet) -> list[str]:
    """Where a host sends packets, for people."""
    found: dict[str, None] = {}
    for part, legs, family in network.routing[host].split(packets):
        to = ", ".join(text.ranges_to_text("dst", part.ranges("dst", family), family)[:3])
        for leg in legs:
            if leg.kind == "forward":
                gateway = f"via {text.address_text(family, leg.gateway)} " if leg.gateway is not None else ""
                found[f"{to} {gateway}dev {leg.interface}"] = None
            elif leg.kind == "deny":
                found[f"{to}: {leg.reason}"] = None
    return list(found)


def differ(before: Mapping[str, State], now: Mapping[str, State], host: str) -> bool:
    """Whether the rules of a host differ between two sets of states, whatever their counters say."""
    old, new = before.get(host), now.get(host)
    return old is None or new is None or _rules(old) != _rules(new) or old.sets != new.sets


def _rules(state: State) -> dict[str, Any]:
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
            [(rule.position, rule.handle, rule.match, rule.verdict, rule.effects) for rule in rules],
        )
        for key, rules in listed.items()
    }
