# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each rule matches at most, and which packets it surely keeps from the rules after it."""

from __future__ import annotations

from ..model.diagrams import EMPTY, FULL
from ..model.fields import FIELDS, FIRST_UNKNOWN_LEVEL
from ..model.flowset import FlowSet, Space
from ..model.match import ALWAYS, Match, asks_beyond
from ..model.rules import DROP, Rule, Ruleset, Verdict, VerdictMap
from ..model.state import State
from .evaluate import HostFirewall
from .index import ADDRESSES, Index, hulls
from .outcome import RuleRef
from .overlay import HIDDEN
from .scope import asked_by, chains_from, rules_by_chain, written

_FINAL = ("accept", "drop", "reject")
# What longer chains decide is not worked out: packets may come back from them.
_MOST_DECIDED = 1_500
_ADDRESSING = ("src", "dst", "dst_port")


class EndingFirewall(HostFirewall):
    """Rules by chain and index, over diagrams without free variables."""

    def __init__(self, state: State, space: Space) -> None:
        super().__init__(state, space)
        self.rules = rules_by_chain(state)
        self._loose: dict[str, tuple[str, ...]] = {}
        self._decided: dict[str, FlowSet] = space.cache()
        self._leaving: dict[tuple[str, int], FlowSet] = space.cache()

    def loose(self, chain: str) -> tuple[str, ...]:
        """The fields that rules of this chain, or of those it jumps to, may write."""
        found = self._loose.get(chain)
        if found is None:
            rules = (rule for one in chains_from(self.rules, (chain,)) for rule in self.rules[one])
            changed = written(rules)
            found = self._loose[chain] = tuple(sorted({*changed, *HIDDEN})) if changed else ()
        return found

    def lookup(self, chain: str) -> Index | None:
        """The index of a long chain, where it tells what rules have to do with packets as they are there."""
        return None if set(self.loose(chain)).intersection(_ADDRESSING) else self._indexes.get(chain)

    def first_source(self, chain: str, index: int) -> int:
        """The lowest source address of a rule, on the line of the index."""
        return hulls(self.rules[chain][index].match, self._compiler.set_spans).get("src", ADDRESSES)[0]

    def at(self, ref: RuleRef) -> tuple[str, Rule]:
        """The rule that a decision names; a default action as a rule of its own."""
        for rule in self.rules[ref.chain]:
            if rule.position == ref.position and rule.text == ref.text:
                return ref.chain, rule
        return ref.chain, Rule(ref.position, ALWAYS, DROP, ref.text)

    def stopped(self, ruleset: Ruleset, flows: FlowSet) -> FlowSet:
        """Those of the flows that a ruleset surely denies."""
        if not flows or any(self._tells_apart(one) for one in chains_from(self.rules, (ruleset.key,))):
            return self.space.nothing
        return self.ruleset(ruleset.key, flows).deny

    def _tells_apart(self, chain: str) -> bool:
        """Whether rules of a chain may let packets go that are no flows, and deny all that are."""
        return any(asks_beyond(match) for rule in self.rules[chain] for match in asked_by(rule))

    def possible(self, chain: str, index: int) -> FlowSet:
        """What a rule matches for some outcome of what can't be decided."""
        rule = self.rules[chain][index]
        found = self.maybe(rule.match)
        if rule.follows and index:
            found = found & self.possible(chain, index - 1).forget(*self.loose(chain))
        return found

    def maybe(self, match: Match) -> FlowSet:
        return FlowSet(self.space, self.space.certain(self._compiler.node(match)))

    def _surely(self, match: Match, chain: str) -> FlowSet:
        """What a match holds for whatever the undecided and the fields that rules write may be."""
        if asks_beyond(match):
            return self.space.nothing  # packets that are no flows may go on
        spans = [(FIELDS[name].first, FIELDS[name].last) for name in self.loose(chain)]
        diagrams, node = self.space.diagrams, self._compiler.node(match)
        if not spans and not self._compiler.reasons(match):
            return FlowSet(self.space, node)
        doubtful = diagrams.forget(
            diagrams.complement(node),
            lambda level: level >= FIRST_UNKNOWN_LEVEL or any(low <= level <= high for low, high in spans),
        )
        return FlowSet(self.space, diagrams.complement(doubtful))

    def _matched(self, chain: str, index: int) -> FlowSet:
        """What a rule surely matches."""
        rule = self.rules[chain][index]
        found = self._surely(rule.match, chain)
        return found & self._matched(chain, index - 1) if rule.follows and index else found

    def leaving(self, chain: str, index: int) -> FlowSet:
        """What surely sees no later rule of this chain once it has come to this one."""
        found = self._leaving.get((chain, index))
        if found is None:
            found = self._leaving[chain, index] = self._ended(chain, index, final=False)
        return found

    def _ended(self, chain: str, index: int, final: bool) -> FlowSet:
        """What surely leaves the chain here; ``final``: and is decided, too, not handed back."""
        found = self.space.nothing
        for verdict, flows in self._outcomes(chain, index):
            if verdict.kind in _FINAL or (not final and verdict.kind in ("return", "goto")):
                found = found | flows
            elif verdict.kind in ("jump", "goto"):
                found = found | (flows & self._decided_in(verdict.chain))
        return found

    def _outcomes(self, chain: str, index: int) -> list[tuple[Verdict, FlowSet]]:
        rule, flows = self.rules[chain][index], self._matched(chain, index)
        if not isinstance(rule.verdict, VerdictMap):
            return [(rule.verdict, flows)]
        return [(verdict, flows & self._surely(case, chain)) for case, verdict in rule.verdict.cases]

    def _decided_in(self, chain: str) -> FlowSet:
        """What surely does not come back from a chain."""
        found = self._decided.get(chain)
        if found is not None:
            return found
        self._decided[chain] = FlowSet(self.space, EMPTY)  # for a loop: nothing is sure
        rules = self.rules.get(chain, [])
        parts, left = [], FlowSet(self.space, FULL)
        for index, rule in enumerate(rules if len(rules) <= _MOST_DECIDED else ()):
            parts.append(left & self._ended(chain, index, final=True))
            kinds = {verdict.kind for verdict, _flows in self._outcomes(chain, index)}
            if kinds & {"return", "goto", "unknown"} or (kinds & {"jump"} and rule.effects):
                left = left - self.possible(chain, index).forget(*self.loose(chain))
        # The last rule of many decides about all that is left, and so about what those before it decide, too.
        last = parts[-1] if parts else self.space.nothing
        others = self.space.diagrams.union_all(part.node for part in parts if not part <= last)
        found = self._decided[chain] = last | FlowSet(self.space, others)
        return found
