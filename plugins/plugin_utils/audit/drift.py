# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host does otherwise than in a baseline: flows gained and lost, rules that changed, and who did it and when, as
far as anybody knows."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ..analyse.bucket import MOST
from ..analyse.diff import Finding, Moved, differences
from ..analyse.diffdata import entry_of
from ..analyse.late import TooLateError
from ..analyse.pair import ChainChange
from ..analyse.rulechanges import settled
from ..analyse.rulediff import rule_diff
from ..analyse.scope import rules_by_chain
from ..errors import PathGuardError
from ..model.flowset import FlowSet
from ..model.state import State
from ..policy.remedy import differ

Entry = dict[str, Any]
SAME, CHANGED, NEW, GONE, UNKNOWN = "same", "changed", "new", "gone", "unknown"
# Of one host; its snapshots hold all.
MOST_RULES = 200
MOST_LINES = 50
# Counted anew each second, and no setting.
_COUNTERS = ("net.netfilter.nf_conntrack_count",)
# What is told as "elsewhere"; of a host that has not changed, none of it needs to be put into words.
_SENDING = ("routes", "route_rules", "interfaces", "forwarding", "settings")
_BUCKETS = ("gained", "lost", "rewritten")
_UNSETTLED = tuple(
    (name, verdict) for name in ("became_unknown", "became_known") for verdict in ("permit", "deny")
)


def without_comparison(host: str, status: str, reason: str = "") -> Entry:
    """Of a host that is on one side only, or could not be compared."""
    return _entry(host, status, reason)


def _entry(host: str, status: str, reason: str = "", **more: Any) -> Entry:
    found: Entry = {"host": host, "status": status, "reason": reason}
    found.update({name: [] for name in ("gained", "lost", "unsettled", "rewritten", "rules", "elsewhere")})
    found.update({"more_rules": 0, "when": None, "by": None, "evidence": []}, **more)
    return found


def is_same(before: State, now: State) -> bool:
    """Whether a host treats all packets as before, for all that was read of it."""
    return (
        before.firewall_known
        and now.firewall_known
        and not differ({now.host: before}, {now.host: now}, now.host, handles=False)
        and (
            all(getattr(before, name) == getattr(now, name) for name in _SENDING)
            or _sending(before) == _sending(now)
        )
    )


def drift(before: State, now: State, seconds: float, same: bool | None = None) -> Entry:
    """One host's entry of the audit's ``drift``. ``seconds``: for working out the flows; what was not worked out by
    then is said so in ``reason``. ``same``: what ``is_same`` says, where somebody has asked it."""
    for state, when in ((before, "in the baseline"), (now, "now")):
        if not state.firewall_known:
            return _entry(now.host, UNKNOWN, f"its rules could not be read {when}")
    same = is_same(before, now) if same is None else same
    rules = rule_diff(before, now) if not same or _written(before) != _written(now) else []
    if same:
        return _entry(now.host, SAME, rules=rules[:MOST_RULES], more_rules=max(len(rules) - MOST_RULES, 0))
    found = _entry(
        now.host,
        CHANGED,
        rules=rules[:MOST_RULES],
        more_rules=max(len(rules) - MOST_RULES, 0),
        elsewhere=list(_elsewhere(before, now)),
    )
    try:
        _flows(found, before, now, time.monotonic() + seconds)
    except TooLateError:
        found["reason"] = f"which flows fare otherwise was not worked out within {seconds:.0f} s"
    except PathGuardError as error:
        found["reason"] = f"which flows fare otherwise is not known: {error.what}"
    return found


def _written(state: State) -> dict[str, list[str]]:
    """The rules' words, without what traffic changes in them."""
    return {key: [settled(rule.text) for rule in rules] for key, rules in rules_by_chain(state).items()}


def _flows(found: Entry, before: State, now: State, until: float) -> None:
    listed: dict[str, list[Entry]] = {"gained": [], "lost": [], "unsettled": [], "rewritten": []}

    class Timed(Finding):
        def add(self, moved: Moved, parts: Sequence[FlowSet], changes: Sequence[ChainChange]) -> None:
            if time.monotonic() > until:
                raise TooLateError
            super().add(moved, parts, changes)

    for one in differences(before, now, most=MOST, noting=lambda _space, _hook: Timed):
        entry = entry_of(one, now.host, MOST)
        place = {"hook": one.hook, "ruleset": one.ruleset, "connection": entry["connection"]}
        for name in _BUCKETS:
            listed[name] += _some(place, entry[name])
        for name, verdict in _UNSETTLED:
            was_known = name == "became_unknown"
            turn = {"was": verdict if was_known else UNKNOWN, "is": UNKNOWN if was_known else verdict}
            listed["unsettled"] += _some({**place, **turn}, entry[name][verdict])
        listed["unsettled"] += _some({**place, "was": UNKNOWN, "is": UNKNOWN}, entry["still_unknown"])
    found.update(listed)


def _some(place: Mapping[str, str], parts: Entry) -> list[Entry]:
    return [{**place, **parts}] if parts["flows"] or parts["more"] else []


def _sending(state: State) -> tuple[object, ...]:
    """What besides rules decides about packets."""
    return tuple(sorted(lines) for _what, lines in _aspects(state))


def _elsewhere(before: State, now: State) -> Iterator[Entry]:
    for (what, old), (_what, new) in zip(_aspects(before), _aspects(now)):
        gone, come = (
            list((Counter(old) - Counter(new)).elements()),
            list((Counter(new) - Counter(old)).elements()),
        )
        if gone or come:
            yield {
                "what": what,
                "removed": gone[:MOST_LINES],
                "added": come[:MOST_LINES],
                "more": max(len(gone) - MOST_LINES, 0) + max(len(come) - MOST_LINES, 0),
            }


def _aspects(state: State) -> list[tuple[str, list[str]]]:
    """(what, a line each), for people and for comparing."""
    return [
        ("route", [_words(asdict(route)) for route in state.routes]),
        ("route rule", [_words(asdict(rule)) for rule in state.route_rules]),
        ("interface", [_words(asdict(one)) for one in state.interfaces.values()]),
        ("forwarding", [f"{family}: {_value(on)}" for family, on in state.forwarding.items()]),
        ("setting", [f"{key} = {value}" for key, value in state.settings.items() if key not in _COUNTERS]),
    ]


def _words(value: Mapping[str, Any]) -> str:
    """``destination 10.0.0.0/8, next_hops interface eth0 via 10.1.1.1``: what is not empty."""
    return ", ".join(f"{name} {_value(item)}" for name, item in value.items() if item not in ("", [], None))


def _value(item: Any) -> str:
    if isinstance(item, bool) or item is None:
        return {True: "yes", False: "no", None: "not known"}[item]
    if isinstance(item, Mapping):
        return " ".join(f"{name} {_value(one)}" for name, one in item.items() if one not in ("", [], None))
    if isinstance(item, list):
        return "; ".join(_value(one) for one in item)
    return str(item)


def managers_of(entry: Entry, *states: State) -> list[str]:
    """The programs that made rules which changed."""
    changed = {
        (change.get("ruleset") or change.get("chain") or "", side["text"])
        for change in entry["rules"]
        for side in (change.get("before"), change.get("after"))
        if isinstance(side, Mapping)
    }
    return sorted(
        {
            rule.managed_by
            for state in states
            for key, rules in rules_by_chain(state).items()
            for rule in rules
            if rule.managed_by and (key, rule.text) in changed
        }
    )
