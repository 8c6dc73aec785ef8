# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small random states, and mutations of them: few values, so that rules meet often."""

from __future__ import annotations

import copy
from dataclasses import replace
from random import Random

from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import (
    In,
    Match,
    Member,
    Named,
    Not,
    Unknown,
    both,
    protocol,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import (
    ACCEPT,
    CONTINUE,
    DROP,
    REJECT,
    RETURN,
    Chain,
    Effect,
    Outcome,
    Rule,
    Ruleset,
    Verdict,
    VerdictMap,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import NamedSet, State
from tests.support.states import match

TABLE = "inet/t"
CHAINS = (f"{TABLE}/c1", f"{TABLE}/c2")
PREFIXES = ("10.0.0.0/8", "10.0.1.0/24", "10.0.1.128/25", "10.0.2.0/24", "10.0.1.7")


class RandomState:
    """``state``: two base chains at one hook and two that they jump to, with marks, sets, unknowns."""

    def __init__(self, draw: Random, effects: bool = True) -> None:
        self.draw = draw
        self.effects = effects
        self._made = 0
        state = State("fw1")
        for name, priority in (("a", -5), ("b", 5)):
            key = f"{TABLE}/{name}"
            state.rulesets[key] = Ruleset(
                key, "nft", "inet", "forward", priority, draw.choice(("permit", "deny"))
            )
            state.rulesets[key].rules = self._rules(key, draw.randrange(1, 6), CHAINS)
        for index, key in enumerate(CHAINS):
            state.chains[key] = Chain(key, self._rules(key, draw.randrange(0, 4), CHAINS[index + 1 :]))
        state.sets["ports"] = NamedSet("ports", ("port",), [((22, 22),), ((80, 90),)])
        state.sets["seen"] = NamedSet("seen", ("address4",), dynamic=True)
        self.state = state

    def _rules(self, chain: str, count: int, below: tuple[str, ...]) -> list[Rule]:
        return [self.rule(chain, position, below) for position in range(1, count + 1)]

    def rule(self, chain: str, position: int, below: tuple[str, ...]) -> Rule:
        self._made += 1
        verdict = self._verdict(below)
        effects: tuple[Effect, ...] = ()
        if self.effects and self.draw.random() < 0.15:
            value = self.draw.choice((1, 2, None))
            effects = (Effect("set", "mark", value),)
            verdict = CONTINUE
        return Rule(
            position, self._match(chain), verdict, f"rule {self._made}", effects, handle=100 + self._made
        )

    def _match(self, chain: str) -> Match:
        draw = self.draw
        parts: list[Match] = []
        for _n in range(draw.choice((0, 1, 1, 2))):
            part = draw.choice(
                (
                    lambda: match(src=draw.choice(PREFIXES)),
                    lambda: match(dst=draw.choice(PREFIXES)),
                    lambda: both(protocol(6), In("dst_port", ((draw.choice((22, 80, 443)), 443),))),
                    lambda: Named("connection", (draw.choice(("new", "established", "invalid")),)),
                    lambda: both(protocol(6), Member("ports", ("dst_port",))),
                    lambda: Member("seen", ("src",)),
                    lambda: In("mark", ((1, 1),)),
                    lambda: Unknown("owner root", "-m owner is not modelled"),
                    lambda: Unknown(f"{chain}: limit rate 5/second", "limit rate 5/second: rate"),
                )
            )()
            parts.append(Not(part) if draw.random() < 0.25 else part)
        return both(*parts)

    def _verdict(self, below: tuple[str, ...]) -> Outcome:
        draw = self.draw
        choices: list[Outcome] = [ACCEPT, ACCEPT, DROP, DROP, REJECT, RETURN, CONTINUE]
        choices += [Verdict("unknown", "", "queue")] if draw.random() < 0.3 else []
        for chain in below:
            choices += [Verdict("jump", chain), Verdict("goto", chain)]
            cases = ((Named("connection", ("new",)), Verdict("jump", chain)), (match(ct="invalid"), DROP))
            choices.append(VerdictMap(cases))
        return draw.choice(choices)

    def mutated(self) -> State:
        """Another state with one or two rules added, removed, changed or moved, or a set or default changed."""
        draw = self.draw
        state = copy.deepcopy(self.state)
        for _n in range(draw.choice((1, 1, 2))):
            kind = draw.choice(("add", "remove", "change", "move", "set", "default"))
            chains = [*state.rulesets.values(), *state.chains.values()]
            chain = draw.choice(chains)
            below = CHAINS[CHAINS.index(chain.key) + 1 :] if chain.key in CHAINS else CHAINS
            at = draw.randrange(len(chain.rules) + 1)
            if kind == "add":
                chain.rules.insert(at, self.rule(chain.key, 0, below))
            elif kind == "default":
                base = draw.choice(list(state.rulesets.values()))
                base.default_action = draw.choice(("permit", "deny"))
            elif kind == "set":
                state.sets["ports"].elements = [((draw.choice((22, 23)),) * 2,), ((80, 90),)]
            elif chain.rules:
                rule = chain.rules.pop(at % len(chain.rules))
                if kind == "change":
                    other = self.rule(chain.key, 0, below)
                    chain.rules.insert(at, replace(other, handle=rule.handle))
                elif kind == "move":
                    chain.rules.insert(draw.randrange(len(chain.rules) + 1), rule)
        for chain in (*state.rulesets.values(), *state.chains.values()):
            chain.rules = [replace(rule, position=at) for at, rule in enumerate(chain.rules, 1)]
        return state
