# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule sets of VyOS: their rules by number, what they do with a packet, and where they send it.

Source: VyOS documentation, "Firewall": rules are tried by their numbers; what none decides meets the default action,
``drop`` for a named set that has none and ``accept`` for the filters of hooks. A packet that returns from a set goes on
in the set that sent it there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from ...model.match import ALWAYS
from ...model.rules import ACCEPT, CONTINUE, DROP, REJECT, RETURN, Chain, Effect, Rule, Ruleset, Verdict
from ...model.state import State
from .device import unknown_rule
from .entries import is_number
from .vyos_groups import Groups
from .vyos_match import Reading, asked_by
from .vyos_tree import Node
from .words import NotUnderstoodError

ACTIONS: dict[str, Verdict] = {
    "accept": ACCEPT,
    "drop": DROP,
    "reject": REJECT,
    "return": RETURN,
    "continue": CONTINUE,
}
_UNKNOWN = {
    "queue": "a program decides",
    "inspect": "a program decides",
    "synproxy": "the answers of a proxy for TCP connections are not modelled",
}
# Asked alone, a set does not know what becomes of a packet that returns.
_RETURNS = "it returns to the rule set that sends packets here, which decides"
_PASSES = "what returns from it passes, wherever it is used"
_RETURNED = Verdict("unknown", detail=_RETURNS)
_FINAL = (ACCEPT, DROP, REJECT, _RETURNED)
# What a rule set has besides rules.
WORDS_OF_SET = frozenset(
    ("rule", "default-action", "default-jump-target", "description", "default-log", "enable-default-log")
)


@dataclass(frozen=True)
class Sets:
    """What rules of one family need to know. ``keys``: the chain by which a named set is reached, by its name.
    ``passing``: the sets from which all that returns passes, wherever they are used."""

    family: int
    groups: Groups
    old: bool | None
    keys: Mapping[str, str]
    passing: frozenset[str] = frozenset()

    def rules(self, node: Node, where: str) -> Iterator[Rule]:
        """The rules of a set by their numbers, and its default action where it says so."""
        position = 0
        for word in node.children:
            if word not in WORDS_OF_SET:
                position += 1
                yield unknown_rule(position, f"{where} {word}", f"{word} is not understood")
        for number in sorted(node.items("rule"), key=order):
            rule = node.at("rule", number)
            if rule.has("disable"):
                continue
            position += 1
            yield self._rule(rule, number, position, f"{where} {number}")
        last = self._default(node, where, position + 1)
        if last is not None:
            yield last

    def _rule(self, rule: Node, number: str, position: int, where: str) -> Rule:
        text = f"rule {number}: {'; '.join(rule.leaves())}"
        line = int(number) if is_number([number]) else None
        if line is None:
            return unknown_rule(position, text, f"{number!r} is no number of a rule")
        try:
            verdict = self._verdict(rule, "action", "jump-target")
        except NotUnderstoodError as error:
            return unknown_rule(position, text, str(error), line)
        asked, reasons = asked_by(Reading(self.family, self.groups, self.old, where, rule))
        if verdict.kind == "unknown":
            reasons.append(verdict.detail)
        effects = (Effect("notrack"),) if rule.has("action", "notrack") else ()
        return Rule(position, asked, verdict, text, effects, line=line, not_understood=tuple(reasons))

    def _verdict(self, node: Node, word: str, target: str) -> Verdict:
        said = node.value(word)
        if said in ACTIONS:
            return ACTIONS[said]
        if said in ("offload", "notrack"):
            return CONTINUE
        if said in _UNKNOWN:
            return Verdict("unknown", detail=f"{said}: {_UNKNOWN[said]}")
        if said != "jump":
            raise NotUnderstoodError(f"the {word} {said!r} is not understood")
        name = node.value(target)
        if name not in self.keys:
            return Verdict("unknown", detail=f"the rule set {name} is not defined")
        return Verdict("jump", self.keys[name])

    def _default(self, node: Node, where: str, position: int) -> Rule | None:
        if not node.has("default-action"):
            return None
        text = " ".join(node.at("default-action").leaves())
        text = f"default-action {text} of {where}"
        try:
            verdict = self._verdict(node, "default-action", "default-jump-target")
        except NotUnderstoodError as error:
            return unknown_rule(position, text, str(error))
        reasons = (verdict.detail,) if verdict.kind == "unknown" else ()
        return Rule(position, ALWAYS, verdict, text, not_understood=reasons)


def order(number: str) -> tuple[int, str]:
    """Rules stand by their numbers; what is none comes first, and makes what follows uncertain."""
    return (int(number), "") if is_number([number]) else (0, number)


def named(state: State, sets: Sets, listed: Mapping[str, Node], names: Mapping[str, str]) -> None:
    """Named sets, each as a ruleset that can be asked and a chain by which others come to it. ``names``: of the
    rulesets, by the sets' names. Asked alone, a set does not know what becomes of a packet that returns."""
    family = "ip" if sets.family == 4 else "ip6"
    for name, node in listed.items():
        rules = list(sets.rules(node, names[name]))
        if not node.has("default-action"):
            text = f"default-action drop of {names[name]}, which says none"
            rules.append(Rule(len(rules) + 1, ALWAYS, DROP, text))
        returned, why = (ACCEPT, _PASSES) if name in sets.passing else (_RETURNED, _RETURNS)
        alone = [replace(rule, verdict=returned) if rule.verdict == RETURN else rule for rule in rules]
        if alone[-1].verdict not in _FINAL:
            alone.append(Rule(len(alone) + 1, ALWAYS, returned, why))
        default = "permit" if rules[-1].verdict == ACCEPT else "deny"
        ruleset = Ruleset(names[name], state.platform, family, "", 0, default, rules=alone)
        state.rulesets[names[name]] = ruleset
        if sets.keys[name] != names[name]:
            state.chains[sets.keys[name]] = Chain(sets.keys[name], rules)


def returns(listed: Mapping[str, Node]) -> frozenset[str]:
    """The sets from which packets may come back to where they were sent from."""
    return frozenset(
        name
        for name, node in listed.items()
        if "return" in node.items("default-action")
        or "continue" in node.items("default-action")
        or "jump" in node.items("default-action")
        or any("return" in rule.items("action") for rule in node.items("rule").values())
    )


def base(state: State, key: str, family: str, hook: str, priority: int, rules: list[Rule]) -> None:
    """A chain at a hook, which lets pass what none of its rules decides."""
    numbered = [replace(rule, position=position) for position, rule in enumerate(rules, 1)]
    state.rulesets[key] = Ruleset(key, state.platform, family, hook, priority, "permit", rules=numbered)
