# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the hooks of hosts do with flows, kept for the next who asks.

Most packets of open connections are accepted by a ruleset's first rules. So what these accept for certain is worked
out once, for all packets; a question about some of them needs no more than to see that they are among these.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..model.flowset import FlowSet, Space
from ..model.rules import Rule, Ruleset, VerdictMap
from .evaluate import SIDES, HostFirewall, side_of
from .outcome import Outcome, Part, Passed

# Of a ruleset: so many rules at its head are looked at.
_HEAD = 8
_DEEPEST = 4
_MOST_KEPT = 50_000
# A wildcard may cover a name that has become known since: the last part counts the names.
_Key = tuple[HostFirewall, str, tuple[str, ...], int]


class Answers:
    """Of the firewalls of one network."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._outcomes: dict[tuple[_Key, int], Outcome] = space.cache()
        self._heads: dict[_Key, FlowSet] = space.cache()

    def ask(
        self, firewall: HostFirewall, hook: str, flows: FlowSet, sides: tuple[str, ...] = SIDES
    ) -> Outcome:
        """As ``firewall.hooks`` answers."""
        key = (firewall, hook, sides, self._space.names_known)
        found = self._outcomes.get((key, flows.node))
        if found is None:
            if len(self._outcomes) >= _MOST_KEPT:
                self._space.empty(self._outcomes)
            found = self._outcomes[key, flows.node] = self._answer(key, flows)
        return found

    def _answer(self, key: _Key, flows: FlowSet) -> Outcome:
        firewall, hook, sides, _names = key
        head = self._heads.get(key)
        if head is None:
            head = self._heads[key] = self._head(firewall, hook, sides)
        if not head or flows - head:
            return firewall.hooks((hook,), flows, sides)
        nothing = self._space.nothing

        def explained() -> tuple[Part, ...]:
            return firewall.hooks((hook,), flows, sides).parts

        return Outcome(flows, nothing, nothing, (Passed(flows, flows),), explained)

    def _head(self, firewall: HostFirewall, hook: str, sides: tuple[str, ...]) -> FlowSet:
        """The packets that the first rules of all rulesets of a hook accept, each for certain and unchanged."""
        nothing, found = self._space.nothing, self._space.everything
        if not firewall.plain or not firewall.state.firewall_known:
            return nothing
        for ruleset in firewall.rulesets_of(hook):
            if side_of(ruleset) in sides or len(sides) == len(SIDES):
                found = found & self._accepted(firewall, ruleset)
        return found

    def _accepted(self, firewall: HostFirewall, ruleset: Ruleset) -> FlowSet:
        found = self._by_rules(firewall, ruleset.rules, self._space.everything, ())
        if ruleset.type == "nat":  # it is asked about first packets only
            found = found | self._space.everything.named(
                "connection", ("established", "invalid", "untracked")
            )
        return found

    def _by_rules(
        self, firewall: HostFirewall, rules: Sequence[Rule], left: FlowSet, callers: tuple[str, ...]
    ) -> FlowSet:
        found, looked_at, chains = self._space.nothing, 0, firewall.state.chains
        for rule in rules:
            if (
                not left
                or looked_at >= _HEAD
                or not firewall.sure(rule)
                or isinstance(rule.verdict, VerdictMap)
            ):
                break
            verdict, mine = rule.verdict, left & firewall.matched(rule.match)
            if verdict.kind == "accept":
                found = found | mine
            elif verdict.kind in ("jump", "goto") and verdict.chain in chains and len(callers) < _DEEPEST:
                inner = chains[verdict.chain].rules
                found = found | self._by_rules(firewall, inner, mine, (*callers, verdict.chain))
            elif verdict.kind == "unknown":
                break
            if verdict.kind not in ("jump", "goto"):
                looked_at += 1
            if verdict.kind != "continue":
                left = left - mine
        return found
