# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which chains a hook comes to, and which fields of a packet their rules may change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..model.fields import FIELDS
from ..model.match import Match
from ..model.rules import Effect, Rule, Verdict, VerdictMap
from ..model.state import State

# (nft(8), "nat statements"): which fields a translation writes.
_WRITES: dict[str, tuple[str, ...]] = {
    "dnat": ("dst", "dst_port", "ct_status"),
    "redirect": ("dst", "dst_port", "ct_status"),
    "snat": ("src", "src_port", "ct_status"),
    "masquerade": ("src", "src_port", "ct_status"),
    "notrack": ("connection",),
    "zone": (),
}
_ANY_FIELD = ("src", "dst", "src_port", "dst_port", "mark", "ct_mark", "connection", "ct_status")


def verdicts(rule: Rule) -> list[Verdict]:
    """The verdicts that a rule may come to."""
    if isinstance(rule.verdict, VerdictMap):
        return [verdict for _case, verdict in rule.verdict.cases]
    return [rule.verdict]


def asked_by(rule: Rule) -> list[Match]:
    """What a rule asks of packets, by itself and in each case of its map."""
    cases = [case for case, _verdict in rule.verdict.cases] if isinstance(rule.verdict, VerdictMap) else []
    return [rule.match, *cases]


def jumps(rule: Rule) -> Iterator[str]:
    """The chains that a rule sends packets to."""
    return (verdict.chain for verdict in verdicts(rule) if verdict.kind in ("jump", "goto"))


def rules_by_chain(state: State) -> dict[str, list[Rule]]:
    """All rules: of base chains, and of chains that are jumped to."""
    found = {key: ruleset.rules for key, ruleset in state.rulesets.items()}
    found.update((key, chain.rules) for key, chain in state.chains.items())
    return found


def chains_from(rules: Mapping[str, Sequence[Rule]], starts: Iterable[str]) -> list[str]:
    """The chains that packets which begin in ``starts`` may come to, these included."""
    found = dict.fromkeys(start for start in starts if start in rules)
    todo = list(found)
    while todo:
        for rule in rules[todo.pop()]:
            for chain in jumps(rule):
                if chain in rules and chain not in found:
                    found[chain] = None
                    todo.append(chain)
    return list(found)


def written(rules: Iterable[Rule]) -> frozenset[str]:
    """The fields that these rules may write."""
    return frozenset(name for rule in rules for effect in rule.effects for name in _fields(effect))


def _fields(effect: Effect) -> Iterator[str]:
    if effect.kind == "set":
        names: Sequence[str] = (effect.field,)
    elif effect.kind in _WRITES:
        names = _WRITES[effect.kind]
    else:
        names = effect.field.split(",") if effect.field else _ANY_FIELD
    return (name for name in names if name in FIELDS)
