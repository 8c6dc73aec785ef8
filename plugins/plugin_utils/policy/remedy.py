# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to put back: the rule that decided before, and what has become of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..analyse.journey import Event
from ..analyse.network import Network
from ..analyse.outcome import Part, RuleRef
from ..analyse.rulediff import rule_diff, settled
from ..model import text
from ..model.flowset import FlowSet
from ..model.state import State

Entry = dict[str, Any]
_OPPOSITE = {"deny": ("permit",), "unknown": ("permit",), "permit": ("deny", "unknown")}


class Remedies:
    """Compares decisions of now with those of a baseline network (of the same space)."""

    def __init__(self, now: Network, before: Network) -> None:
        self.now = now
        self.before = before
        self._diffs: dict[str, list[Entry]] = {}

    def changes(self, host: str) -> list[Entry]:
        """What changed in the rules of a host since the baseline; empty where either state is missing."""
        if host not in self._diffs:
            old, new = self.before.states.get(host), self.now.states.get(host)
            self._diffs[host] = rule_diff(old, new) if old is not None and new is not None else []
        return self._diffs[host]

    def of(self, event: Event) -> list[Entry]:
        """What to do on the event's host so that the event's flows fare as before; empty if they fared the same."""
        host = event.host
        if host not in self.before.states or event.asked is None:
            return []
        if event.hook == "route":
            return self._routes(event)
        if event.outcome is None or not self.changes(host):
            return []
        outcome = self.before.firewall(host).hooks((event.hook,), event.asked)
        found: list[Entry] = []
        for part in outcome.parts:
            if part.verdict in _OPPOSITE[event.verdict] and part.rules:
                for now in self._now(event, part):
                    entry = self._entry(host, part.rules[-1], now)
                    if entry not in found:
                        found.append(entry)
        return found

    def _now(self, event: Event, before: Part) -> list[RuleRef | None]:
        """Who decides now about what ``before`` decided then."""
        if event.outcome is None:
            raise AssertionError("only what rules decided is asked here")
        refs: list[RuleRef | None] = []
        for part in event.outcome.parts:
            if part.verdict == event.verdict and part.flows & before.flows:
                ref = part.rules[-1] if part.rules else None
                if ref not in refs:
                    refs.append(ref)
        return refs or [None]

    def _entry(self, host: str, then: RuleRef, now: RuleRef | None) -> Entry:
        entry: Entry = {
            "host": host,
            "ruleset": then.ruleset,
            "chain": then.chain,
            "action": "compare",
            "before": _place(then),
            "now": _place(now) if now is not None else None,
            "note": "the rule is as it was; what differs is before it",
        }
        for change in self.changes(host):
            kind = change["change"]
            at = change.get("ruleset") or change.get("chain") or ""
            old, new = change.get("before"), change.get("after")
            if at == then.chain and then.position == 0 and kind == "default_action":
                return {
                    **entry,
                    "action": "set_back",
                    "now": {"text": f"default action: {new}", "handle": None, "position": 0},
                    "note": "the default action was changed",
                }
            if (
                at == then.chain
                and isinstance(old, dict)
                and settled(old["text"]) == settled(then.text)
                and old["position"] == then.position
            ):
                if kind == "moved":
                    return {**entry, "action": "move_back", "now": new, "note": "the rule was moved"}
                return {**entry, "action": "put_back", "now": new, "note": f"the rule was {kind}"}
        if now is not None:
            for change in self.changes(host):
                new, at = change.get("after"), change.get("ruleset") or change.get("chain")
                if (
                    at == now.chain
                    and isinstance(new, dict)
                    and settled(new["text"]) == settled(now.text)
                    and new["position"] == now.position
                ):
                    action = {"added": "remove", "moved": "move_back"}.get(change["change"], "put_back")
                    shown = change["before"] if action == "put_back" else entry["before"]
                    return {
                        **entry,
                        "action": action,
                        "before": shown,
                        "now": new,
                        "note": f"a rule was {change['change']} before it",
                    }
        return self._members(host, then, now, entry)

    def _members(self, host: str, then: RuleRef, now: RuleRef | None, entry: Entry) -> Entry:
        for change in self.changes(host):
            name = str(change.get("set", "")).rpartition("/")[2]
            if name and any(
                re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", ref.text)
                for ref in (then, now)
                if ref is not None
            ):
                lost = ", ".join(change.get("removed", ())) or "none"
                come = ", ".join(change.get("added", ())) or "none"
                return {
                    **entry,
                    "action": "restore_members",
                    "note": f"set {change['set']}: members lost: {lost}; come: {come}",
                }
        changed = [
            change
            for change in self.changes(host)
            if (change.get("ruleset") or change.get("chain")) in (then.chain, then.ruleset)
        ]
        if changed:
            first = changed[0]
            old, new = first.get("before"), first.get("after")
            note = f"{len(changed)} rule{'s' if len(changed) > 1 else ''} of this chain changed"
            return {
                **entry,
                "action": "put_back",
                "before": old if isinstance(old, dict) else entry["before"],
                "now": new if isinstance(new, dict) else entry["now"],
                "note": note,
            }
        return entry

    def _routes(self, event: Event) -> list[Entry]:
        if event.asked is None:
            raise AssertionError("only what routes decided is asked here")
        host = event.host
        then, now = (_legs(network, host, event.asked) for network in (self.before, self.now))
        if then == now or not then:
            return []
        return [
            {
                "host": host,
                "ruleset": "",
                "chain": "",
                "action": "route",
                "before": {"text": "; ".join(then), "handle": None, "position": None},
                "now": {"text": "; ".join(now), "handle": None, "position": None} if now else None,
                "note": "the route was changed",
            }
        ]


def _place(ref: RuleRef) -> Entry:
    return {"text": ref.text, "handle": ref.handle, "line": ref.line, "position": ref.position}


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
