# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which rules the paths of the policies rest on: those that let a wanted path pass, those that keep a forbidden one
out, and those that do neither."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ..analyse.journey import DENY, plain
from ..analyse.network import Network
from ..analyse.outcome import RuleRef
from ..analyse.reach import union
from ..analyse.replies import answers
from ..audit.served import candidates, passing
from ..model.flowset import Space
from ..model.rules import Rule
from ..model.state import State
from ..policy.prove import Proof

# ICMP and ICMPv6.
_MESSAGES = ((1, 1), (58, 58))
_EDGES = ("prerouting", "postrouting")
# Host, chain, position, text: as the audit has it.
Place = tuple[str, str, int, str]
OPENS, STOPS = "opens", "stops a part of"  # a required path
KEEPS, LEAKS = "keeps out", "lets through"  # a forbidden one


@dataclass
class Serving:
    """``uses``: rule -> what it does for which paths, by their names. ``idle``: rules that let connections begin and
    serve no path; None where that is not known, because no policy was judged or a host of a path was not read.
    ``rests``: path -> its rules."""

    uses: dict[Place, dict[str, list[str]]] = field(default_factory=dict)
    idle: dict[Place, Rule] | None = None
    rests: dict[str, list[tuple[str, RuleRef]]] = field(default_factory=dict)

    def add(self, path: str, what: str, ref: RuleRef) -> None:
        place = (ref.host, ref.chain, ref.position, ref.text)
        names = self.uses.setdefault(place, {}).setdefault(what, [])
        if path not in names:
            names.append(path)
            self.rests.setdefault(path, []).append((what, ref))


def begin(states: Mapping[str, State], policies: int) -> Serving:
    """``policies``: how many are judged; without one, no rule is said to serve none."""
    if not policies:
        return Serving()
    networks = {host: Network({host: state}, Space()) for host, state in states.items()}
    return Serving(
        idle={
            place: rule
            for place, rule in candidates(states).items()
            if not rule.not_understood and not _messages_only(rule, networks[place[0]], place[0])
        }
    )


def _messages_only(rule: Rule, network: Network, host: str) -> bool:
    """Whether it lets nothing but ICMP pass: errors about a path's packets serve it, and neighbours are found by it."""
    matched = network.firewall(host).matched(rule.match)
    return not matched - matched.only("protocol", _MESSAGES)


def look(serving: Serving, label: str, proof: Proof, network: Network) -> None:
    """Add what one path rests on. ``label``: what the path is called."""
    path = proof.path
    for rules in passing(proof, network, float("inf")):
        for ref in rules:
            if ref.position or not _at_an_edge(ref, network):
                serving.add(label, OPENS if path.required else LEAKS, ref)
    for ref in _stopping(proof):
        serving.add(label, STOPS if path.required else KEEPS, ref)
    if proof.missing:
        serving.idle = None


def settle(serving: Serving, proofs: Sequence[Proof], network: Network) -> None:
    """After the paths of one policy: rules that serve some are not idle, nor those that may let replies pass, nor those
    that may be what a path's unknown part rests on."""
    if serving.idle is None:
        return
    for place in [place for place in serving.idle if place in serving.uses]:
        del serving.idle[place]
    nothing = network.space.nothing
    back = union(nothing, (plain(answers(proof.permitted)) for proof in proofs if proof.path.required))
    spared = back | union(nothing, (plain(proof.unknown) for proof in proofs))
    for place, rule in list(serving.idle.items()) if spared else ():
        if network.firewall(place[0]).matched(rule.match) & spared:
            del serving.idle[place]


def _at_an_edge(ref: RuleRef, network: Network) -> bool:
    """Whether it is where packets only pass on their way to the rules that decide."""
    ruleset = network.states[ref.host].rulesets.get(ref.chain)
    return ruleset is not None and ruleset.hook in _EDGES


def _stopping(proof: Proof) -> Iterator[RuleRef]:
    """The rules, or default actions, at which flows of a path end."""
    for event in proof.events:
        flows = event.flows & proof.denied
        if event.verdict == DENY and flows:
            for part in event.parts(flows):
                yield from part.rules[-1:]
