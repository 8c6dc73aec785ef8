# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in bad order on one host: rules that nothing comes to, rules that let everything pass, lists that nothing
uses, and rules that a reboot would lose."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..analyse.late import TooLateError
from ..analyse.open_rules import WholeHook, open_rules
from ..analyse.scope import chains_from
from ..analyse.unreachable import NEVER_JUMPED_TO, Survey
from ..analyse.wording import Wording
from ..model.flow import flows_from
from ..model.managers import advice
from ..model.rules import Rule, Verdict
from ..model.state import State
from ..policy.persistence import DIFFERS, SAME
from ..render.audit_words import NO_RULES

Entry = dict[str, Any]
LOW, MEDIUM, HIGH = "low", "medium", "high"
SEVERITIES = (LOW, MEDIUM, HIGH)
UNREACHABLE, ANY_ANY, EXPIRED, UNSERVED, UNBOUND, NOT_SAVED = (
    "unreachable_rule",
    "any_any",
    "expired_waiver_rule",
    "unserved_rule",
    "unbound_list",
    "not_saved",
)
HYGIENE = "hygiene"
# Of one kind on one host; more is counted in the last one's message.
MOST_OF_A_KIND = 200
# Rules that are named in a message.
MOST_NAMED = 3
# Programs by which administrators write rules; what others make is theirs to tidy, and made anew if somebody does.
FRONT_ENDS = frozenset({"", "firewalld", "fw4", "proxmox", "shorewall", "ufw", "vyos"})
_PERMITS = {"accept": True, "drop": False, "reject": False}


def finding(kind: str, severity: str, host: str, message: str, **where: Any) -> Entry:
    """An entry of the audit's ``hygiene``; without ``where`` it is about the whole host."""
    found: Entry = {"kind": kind, "severity": severity, "host": host}
    found.update({"ruleset": "", "position": 0, "line": None, "handle": None, "text": "", **where})
    return {**found, "message": message}


def not_examined(host: str, what: str, reason: str) -> Entry:
    return {"host": host, "what": what, "reason": reason}


def hygiene(state: State, seconds: float, boot: bool = True) -> tuple[list[Entry], list[Entry]]:
    """(findings, what was not examined) of one host, within about so many seconds. ``boot``: whether it was asked what
    boot would load."""
    found: list[Entry] = []
    missed: list[Entry] = []
    if boot:
        _saved(state, found, missed)
    if not state.firewall_known:
        return found, [*missed, not_examined(state.host, HYGIENE, NO_RULES)]
    if not state.rulesets and not state.chains:
        return found, missed
    until = time.monotonic() + seconds
    late = f"not worked out within {seconds:.0f} s"

    def is_late() -> bool:
        return time.monotonic() > until

    unbound = list(_unbound(state))
    found += _most(UNBOUND, unbound)
    lists = {item["ruleset"] for item in unbound}
    try:
        survey = Survey(state, is_late)
    except TooLateError:
        return found, [*missed, *(not_examined(state.host, kind, late) for kind in (UNREACHABLE, ANY_ANY))]
    dead: list[Entry] = []
    try:
        dead = list(_unreachable(survey))
    except TooLateError:
        missed.append(not_examined(state.host, UNREACHABLE, late))
    found += _most(UNREACHABLE, dead)
    try:
        found += _most(ANY_ANY, _any_any(survey, dead, lists, is_late))
    except TooLateError:
        missed.append(not_examined(state.host, ANY_ANY, late))
    return found, missed


def _most(kind: str, found: Iterable[Entry]) -> list[Entry]:
    """At most so many, and how many more there are. Some of a kind may have come with another."""
    listed = list(found)
    more = len(listed) - MOST_OF_A_KIND
    if more > 0:
        host = listed[0]["host"]
        listed = [*listed[:MOST_OF_A_KIND], finding(kind, LOW, host, f"and {more} more of this kind")]
    return listed


# What a reboot would lose.


def _saved(state: State, found: list[Entry], missed: list[Entry]) -> None:
    matches, reason = str(state.boot["matches"]), str(state.boot["reason"])
    has_rules = bool(state.rulesets or state.chains or state.boot["sources"])
    if not has_rules or matches == SAME:
        return
    if matches == DIFFERS:
        message = f"what runs is not what boot would load: {reason or 'the saved rules are others'}"
        found.append(finding(NOT_SAVED, HIGH, state.host, message))
    else:
        missed.append(not_examined(state.host, NOT_SAVED, reason or "what boot would load is not known"))


# Lists and chains that nothing uses.


def _unbound(state: State) -> Iterator[Entry]:
    """Lists of a device that no hook passes packets to. Chains that no rule jumps to are the survey's to tell."""
    hooked = [item.key for item in state.rulesets.values() if item.hook]
    rules = {key: item.rules for key, item in state.rulesets.items()}
    rules.update((key, item.rules) for key, item in state.chains.items())
    passed = chains_from(rules, hooked)
    used = {(rule.line, rule.text) for key in passed for rule in rules[key]}
    for key, item in state.rulesets.items():
        own = {(rule.line, rule.text) for rule in item.rules if rule.line is not None}
        if item.hook or key in passed or (own and own <= used):
            continue
        message = (
            f"the list {key} ({_count(item.rules)}) is bound to no interface, zone or policy: no packet comes to it; "
            "it may serve something else (logins, routes, translations)"
        )
        yield finding(UNBOUND, LOW, state.host, message, ruleset=key)


def _count(rules: list[Rule]) -> str:
    number = len({(rule.position, rule.text) for rule in rules})
    return f"{number} rule{'' if number == 1 else 's'}"


# Rules that nothing comes to.


def _unreachable(survey: Survey) -> Iterator[Entry]:
    host = survey.state.host
    deciders = _Deciders(survey)
    for chain in survey.rules:
        for item in survey.chain(chain):
            if item["kind"] == "chain":
                if not survey.state.chains[chain].managed_by:
                    yield _unused_chain(host, item)
                continue
            if deciders.rule(item).managed_by not in FRONT_ENDS:
                continue
            by = deciders.first(item)
            opposite = deciders.opposite(item, by)
            message = item["reason"] + (f": {', '.join(map(_place, by[:MOST_NAMED]))}" if by else "")
            if opposite:
                message += ", and what is done there is the opposite"
            yield finding(
                UNREACHABLE,
                MEDIUM if opposite else LOW,
                host,
                message,
                ruleset=chain,
                position=item["position"],
                line=item["line"],
                handle=item["handle"],
                text=item["text"],
            )


def _unused_chain(host: str, item: Mapping[str, Any]) -> Entry:
    rules = f"{item['rules']} rule{'' if item['rules'] == 1 else 's'}"
    kind = UNBOUND if item["reason"] == NEVER_JUMPED_TO else UNREACHABLE
    message = f"the chain {item['ruleset']} ({rules}): {item['reason']}"
    return finding(kind, LOW, host, message, ruleset=item["ruleset"])


def _place(rule: Mapping[str, Any]) -> str:
    return f"{rule['ruleset']} rule {rule['position']}"


class _Deciders:
    """The rules that take the packets of others before them."""

    def __init__(self, survey: Survey) -> None:
        self._survey = survey
        self._new = flows_from(survey.space, {})
        self._at = {
            (chain, rule.position, rule.text): (chain, index)
            for chain, rules in survey.rules.items()
            for index, rule in reversed(list(enumerate(rules)))
        }

    def first(self, item: Mapping[str, Any]) -> list[Entry]:
        """Those that are named, the ones that take connections which begin before those that take open ones."""
        by: list[Entry] = list(item["by"])
        return sorted(by, key=lambda one: not self._takes_new(item, one))

    def opposite(self, item: Mapping[str, Any], by: Sequence[Mapping[str, Any]]) -> bool:
        """Whether a rule that nothing comes to would do the opposite of one that takes its new connections: somebody
        meant something that does not happen."""
        mine = self._permits(item)
        return mine is not None and any(
            self._permits(one) is (not mine) and self._takes_new(item, one) for one in by
        )

    def rule(self, item: Mapping[str, Any]) -> Rule:
        chain, index = self._place(item)
        return self._survey.rules[chain][index]

    def _permits(self, item: Mapping[str, Any]) -> bool | None:
        verdict = self.rule(item).verdict
        return _PERMITS.get(verdict.kind) if isinstance(verdict, Verdict) else None

    def _takes_new(self, item: Mapping[str, Any], one: Mapping[str, Any]) -> bool:
        firewall = self._survey.firewall
        return bool(firewall.possible(*self._place(item)) & firewall.leaving(*self._place(one)) & self._new)

    def _place(self, item: Mapping[str, Any]) -> tuple[str, int]:
        return self._at[item["ruleset"], item["position"], item["text"]]


# Rules that let everything pass.


def _any_any(
    survey: Survey, dead: list[Entry], unbound: Collection[str], is_late: Callable[[], bool]
) -> Iterator[Entry]:
    state, wording = survey.state, Wording(survey.state)
    gone = {(item["ruleset"], item["position"], item["text"]) for item in dead}
    told: set[object] = set()
    for one in open_rules(survey, unbound, is_late):
        if isinstance(one, WholeHook):
            message = f"nothing is denied at {one.hook}: all of its rulesets let through what no rule decides"
            yield finding(ANY_ANY, MEDIUM, state.host, message, ruleset=one.ruleset)
            continue
        words = wording.of(one.chain, one.rule)
        if words is None or words in told or (one.chain, one.rule.position, one.rule.text) in gone:
            continue
        told.add(words)
        where = f" ({', '.join(one.interfaces)})" if one.interfaces else ""
        owner = advice(one.rule.managed_by)
        yield finding(
            ANY_ANY,
            LOW if one.rule.managed_by not in FRONT_ENDS else MEDIUM if one.limited else HIGH,
            state.host,
            f"it permits {one.what} from any address to any address{where}{'; ' + owner if owner else ''}",
            ruleset=one.chain,
            position=one.rule.position,
            line=one.rule.line,
            handle=one.rule.handle,
            text=one.rule.text,
        )
