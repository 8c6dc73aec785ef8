# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What VyOS translates: destinations before routing, sources after it.

Source: VyOS documentation, "NAT44", "NAT66(NPTv6)": destination rules are tried when a packet comes in, source rules
when it goes out, each by number; ``exclude`` leaves a packet as it is.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...model.match import In, Match, Named, both
from ...model.rules import ACCEPT, Effect, Rule, Ruleset
from ...model.state import State
from .device import unknown_rule
from .entries import is_number
from .vyos_groups import Groups, address_range, port_range
from .vyos_match import Reading, asked_by
from .vyos_rules import order
from .vyos_tree import Node
from .words import NotUnderstoodError

# kind -> its hook, the priority there, and which interface its rules may name
_WAYS = {
    "destination": ("prerouting", -100, "inbound-interface", "dnat"),
    "source": ("postrouting", 100, "outbound-interface", "snat"),
}
_FIELDS = {"dnat": "dst,dst_port", "snat": "src,src_port"}
# (name in the configuration, number of the family, family of the ruleset)
_TABLES = (("nat", 4, "ip"), ("nat66", 6, "ip6"))
_OTHERS = ("cgnat", "nptv6", "nat64")
_STATIC_WORDS = ("destination", "inbound-interface", "translation", "description", "log", "disable")


def nat(state: State, root: Node, groups: Groups, old: bool | None) -> None:
    for name, family, of in _TABLES:
        table = root.at(name)
        for kind, (hook, priority, _side, effect) in _WAYS.items():
            rules = [
                *_static(table, family, kind),
                *_rules(table.at(kind), Reading(family, groups, old, f"{name} {kind}", Node()), effect),
            ]
            if rules:
                _table(state, f"{name}/{kind}", of, hook, priority, rules)
    for name in _OTHERS:
        if root.has(name) or root.has("nat", name):
            why = f"{name} is not modelled"
            state.not_understood.append({"where": name, "text": name, "reason": why})
            for kind, (hook, priority, _side, effect) in _WAYS.items():
                text = f"{name}, {kind}"
                changed = Effect("unknown", field=_FIELDS[effect], detail=why)
                rule = Rule(1, both(), ACCEPT, text, (changed,), not_understood=(why,))
                _table(state, f"{name}/{kind}", "inet", hook, priority, [rule])


def _table(state: State, key: str, family: str, hook: str, priority: int, rules: list[Rule]) -> None:
    state.rulesets[key] = Ruleset(
        key, state.platform, family, hook, priority, "permit", "nat", _numbered(rules)
    )


def _numbered(rules: list[Rule]) -> list[Rule]:
    return [
        Rule(
            position,
            rule.match,
            rule.verdict,
            rule.text,
            rule.effects,
            line=rule.line,
            not_understood=rule.not_understood,
        )
        for position, rule in enumerate(rules, 1)
    ]


def _rules(table: Node, reading: Reading, kind: str) -> Iterator[Rule]:
    for word in table.children:
        if word != "rule":
            yield unknown_rule(1, f"{reading.where} {word}", f"{word} is not understood")
    for number in sorted(table.items("rule"), key=order):
        node = table.at("rule", number)
        if not node.has("disable"):
            where = f"{reading.where} {number}"
            yield _rule(number, Reading(reading.family, reading.groups, reading.old, where, node), kind)


def _rule(number: str, reading: Reading, kind: str) -> Rule:
    text = f"{reading.where}: {'; '.join(reading.rule.leaves())}"
    line = int(number) if is_number([number]) else None
    asked, reasons = asked_by(reading)
    if reading.rule.has("exclude"):
        return Rule(1, asked, ACCEPT, text, line=line, not_understood=tuple(reasons))
    try:
        effect = _effect(reading.rule.at("translation"), reading.family, kind)
    except NotUnderstoodError as error:
        reasons.append(str(error))
        effect = Effect("unknown", field=_FIELDS[kind], detail=str(error))
    return Rule(1, asked, ACCEPT, text, (effect,), line=line, not_understood=tuple(reasons))


def _effect(translation: Node, family: int, kind: str) -> Effect:
    strange = [
        word for word in translation.children if word not in ("address", "port", "redirect", "options")
    ]
    if strange or not translation.children:
        raise NotUnderstoodError(f"translation {' '.join(strange) or 'says nothing'}")
    port = port_range(translation.value("port")) if translation.has("port") else None
    if translation.has("redirect"):
        return Effect("redirect", port=port_range(translation.at("redirect").value("port")))
    if not translation.has("address"):
        return Effect(kind, port=port)
    said = translation.value("address")
    if said == "masquerade" and kind == "snat":
        return Effect("masquerade", port=port)
    return Effect(kind, family=family, address=address_range(said, family), port=port)


def _static(table: Node, family: int, kind: str) -> Iterator[Rule]:
    """``nat static rule``: one address stands for another, both ways, at one interface."""
    for number, node in table.items("static", "rule").items():
        if node.has("disable"):
            continue
        text = f"nat static {number}: {'; '.join(node.leaves())}"
        line = int(number) if is_number([number]) else None
        try:
            yield _one_to_one(node, family, kind, text, line)
        except NotUnderstoodError as error:
            effect = Effect("unknown", field=_FIELDS[_WAYS[kind][3]], detail=str(error))
            yield Rule(1, both(), ACCEPT, text, (effect,), line=line, not_understood=(str(error),))


def _one_to_one(node: Node, family: int, kind: str, text: str, line: int | None) -> Rule:
    strange = [word for word in node.children if word not in _STATIC_WORDS]
    if strange:
        raise NotUnderstoodError(f"{strange[0]} is not understood")
    interface = node.value("inbound-interface")
    outside = address_range(node.at("destination").value("address"), family)
    inside = address_range(node.at("translation").value("address"), family)
    side = "in_interface" if kind == "destination" else "out_interface"
    where: tuple[Match, ...] = () if interface == "any" else (Named(side, (interface,)),)
    field, came, gets, effect = (
        ("dst", outside, inside, "dnat") if kind == "destination" else ("src", inside, outside, "snat")
    )
    changed = Effect(effect, family=family, address=gets)
    return Rule(1, both(*where, In(field, (came,), family)), ACCEPT, text, (changed,), line=line)
