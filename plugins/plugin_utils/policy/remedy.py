# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to put back: the rule that decided before, and what has become of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..analyse.evaluate import HostFirewall
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
        self._alone: dict[tuple[str, str], HostFirewall] = {}

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
            if part.verdict not in _OPPOSITE[event.verdict]:
                continue
            then = part.rules[-1] if part.rules else None
            for now, flows in self._now(event, part).items():
                if (
                    event.verdict != "permit"
                    and now is not None
                    and (not then or then.ruleset != now.ruleset)
                ):
                    entries = [self._entry_of(now, ref) for ref in self._then(event, now, flows)]
                else:
                    entries = [self._entry(host, then, now)] if then is not None else []
                found += [entry for entry in entries if entry not in found]
        return found

    def _now(self, event: Event, before: Part) -> dict[RuleRef | None, FlowSet]:
        """Who decides now about what ``before`` decided then, and about which part of it."""
        if event.outcome is None:
            raise AssertionError("only what rules decided is asked here")
        refs: dict[RuleRef | None, FlowSet] = {}
        for part in event.outcome.parts:
            flows = part.flows & before.flows
            if part.verdict == event.verdict and flows:
                ref = part.rules[-1] if part.rules else None
                refs[ref] = refs[ref] | flows if ref in refs else flows
        return refs or {None: before.flows}

    def _then(self, event: Event, now: RuleRef, flows: FlowSet) -> list[RuleRef | None]:
        """Who let ``flows`` go on in the ruleset that stops them now; None where that ruleset did not see them.

        A permit is put down to the last ruleset that was asked, so this one is asked alone."""
        key = (event.host, now.ruleset)
        if key not in self._alone:
            state = self.before.states[event.host]
            rulesets = {name: item for name, item in state.rulesets.items() if name == now.ruleset}
            self._alone[key] = HostFirewall(replace(state, rulesets=rulesets), self.now.space)
        refs = [
            part.rules[-1]
            for part in self._alone[key].hooks((event.hook,), flows).parts
            if part.verdict == "permit" and part.rules
        ]
        return list(dict.fromkeys(refs)) or [None]

    def _entry_of(self, now: RuleRef, then: RuleRef | None) -> Entry:
        """What to do about a rule in another ruleset than the one that decided before."""
        if then is not None:
            return self._entry(now.host, then, now)
        entry: Entry = {
            "host": now.host,
            "ruleset": now.ruleset,
            "chain": now.chain,
            "action": "compare",
            "before": None,
            "now": _place(now),
            "note": "this rule did not see these flows before",
        }
        for change in self.changes(now.host):
            if change.get("ruleset") == now.ruleset and change["change"] == "created":
                what = "the ruleset is new" if now.position == 0 else "the rule is in a new ruleset"
                return {**entry, "action": "remove", "note": what}
            if change.get("ruleset") == now.ruleset and change["change"] in ("hook", "priority"):
                entry["note"] = f"the {change['change']} of its ruleset was {change['before']} before"
        return self._changed_now(now, entry) or entry

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
        found = self._changed_now(now, entry) if now is not None else None
        return found or self._members(host, then, now, entry)

    def _changed_now(self, now: RuleRef, entry: Entry) -> Entry | None:
        """What to do if the rule that decides now is not as it was: at the place where it stands."""
        same = entry["chain"] == now.chain
        for change in self.changes(now.host):
            new, at = change.get("after"), change.get("ruleset") or change.get("chain")
            if (
                at == now.chain
                and isinstance(new, dict)
                and settled(new["text"]) == settled(now.text)
                and new["position"] == now.position
            ):
                action = {"added": "remove", "moved": "move_back"}.get(change["change"], "put_back")
                then = entry["before"] if same else None
                return {
                    **entry,
                    "ruleset": now.ruleset,
                    "chain": now.chain,
                    "action": action,
                    "before": change["before"] if action == "put_back" else then,
                    "now": new,
                    "note": f"a rule was {change['change']} before it"
                    if same
                    else f"the rule was {change['change']}",
                }
        return None

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
