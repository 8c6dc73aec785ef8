# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the changes since a baseline made a path worse: those without which it would not be.

Changes are undone, each alone or with others, and the path is proven anew on what would be then. So a rule is
found that does not decide itself: one that translates, marks, or takes packets out of connection tracking, or
one that is not there any more. The search is QuickXplain (Junker, AAAI 2004): it finds a set of changes of
which none can be left out, with about two proofs for each halving of the changes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ..analyse.errors_back import errors_about
from ..analyse.journey import plain
from ..analyse.network import Network
from ..analyse.replies import answers
from ..analyse.undo import OF_ROUTING, Change, changes_of
from ..errors import PolicyError
from ..model.flowset import FlowSet
from .ends import EndFinder
from .prove import Proof, deciding_events, prove, prove_between

# Bounds of one report: proofs, and rules read anew for them. What is left then is told as not narrowed down.
MOST_PROOFS = 100
MOST_RULES = 2_000_000
MOST_LOOKED_AT = 5_000
_KEPT_NETWORKS = 4


@dataclass(frozen=True, slots=True)
class Cause:
    """``flows``: what it cost, as the flows began: those that would fare as before if it alone were undone.
    ``proven``: False where the search was given up, and this is one of several changes of which some did it."""

    change: Change
    flows: FlowSet
    proven: bool = True


class _GivenUpError(Exception):
    """The bounds are reached."""


class Causes:
    """``finder``: makes the finder of a path's ends on another network of the same space."""

    def __init__(
        self,
        now: Network,
        before: Network,
        finder: Callable[[Network], EndFinder],
        most_proofs: int = MOST_PROOFS,
    ) -> None:
        self.now = now
        self.before = before
        self.finder = finder
        self.undo = changes_of(before.states, now.states)
        self._networks: dict[frozenset[Change], Network] = {}
        self._proofs_left, self._rules_left = most_proofs, MOST_RULES
        self._known: list[tuple[Change, ...]] = []

    def of(self, proof: Proof, before: Proof) -> list[Cause]:
        """The causes of what got worse, the one that cost most first; none where nothing did."""
        bad, doubtful = _bad, _doubtful
        worse = bad(proof) - bad(before) | doubtful(proof) - doubtful(before) - bad(before)
        if not worse:  # as open as before; what is too big may vanish now
            bad, doubtful = _hanging, _neither
            worse = bad(proof) - bad(before) - _bad(before)
        changes = self._ranked(proof) if worse else []
        if not changes:
            return []
        search = _Search(self, proof, before, worse, bad, doubtful)
        near = self._near(changes, worse)
        try:
            if not search.enough(near):
                search.worse = worse & search.cured(frozenset(changes))
                near = near if search.enough(near) else changes
            if not search.worse:
                return []
            found = self._found(search, near)
        except _GivenUpError:
            return [Cause(change, worse, False) for change in near]
        self._known.append(tuple(found))
        causes = [Cause(change, self._share(search, change, found)) for change in found]
        return sorted(causes, key=lambda cause: -cause.flows.pairs())

    def _found(self, search: _Search, changes: Sequence[Change]) -> list[Change]:
        """First what was the cause of another path: one change mostly breaks several."""
        for known in self._known:
            if search.enough(known):
                return search.needed(known)
        return search.needed(changes)

    @staticmethod
    def _share(search: _Search, change: Change, found: Sequence[Change]) -> FlowSet:
        if len(found) == 1:
            return search.worse
        try:
            return search.worse - search.cured(frozenset(found) - {change})
        except _GivenUpError:
            return search.worse

    def _ranked(self, proof: Proof) -> list[Change]:
        """Where one of two changes would do, the first is named: rules that decide now, then other rules, then
        what is of a whole chain or host."""
        deciding = {
            (ref.host, ref.chain, ref.position)
            for event, flows in deciding_events(proof)
            for part in event.parts(flows)
            for ref in part.rules
        }

        def rank(change: Change) -> int:
            if not isinstance(change.before, tuple):
                return 3 if change.kind in OF_ROUTING else 2
            return (
                0 if any((change.host, change.key, rule.position) in deciding for rule in change.after) else 1
            )

        return sorted((change for undo in self.undo.values() for change in undo.changes), key=rank)

    def _near(self, changes: list[Change], worse: FlowSet) -> list[Change]:
        """Without rules that match nothing of ``worse`` or its answers: mostly, what is left will do."""
        if len(changes) > MOST_LOOKED_AT:
            return changes
        there = worse | answers(worse) | errors_about(worse)

        def touches(change: Change) -> bool:
            return not isinstance(change.before, tuple) or any(
                plain(network.firewall(change.host).matched(rule.match)) & there
                for network, rules in ((self.before, change.before), (self.now, change.after))
                for rule in rules
            )

        return [change for change in changes if touches(change)]

    def proof(self, undone: frozenset[Change], proof: Proof) -> Proof | None:
        """The path without these changes; None if its ends are nowhere then."""
        if not self._proofs_left:
            raise _GivenUpError
        self._proofs_left -= 1
        network = self._network(undone)
        finder = self.finder(network)
        if not any(change.kind in OF_ROUTING for change in undone):
            return prove_between(network, proof.ends, finder.boundaries, proof.path)
        try:
            return prove(network, finder, proof.path)
        except PolicyError:
            return None

    def _network(self, undone: frozenset[Change]) -> Network:
        if undone not in self._networks:
            while len(self._networks) >= _KEPT_NETWORKS:
                del self._networks[next(iter(self._networks))]
            hosts = {change.host for change in undone}
            states = dict(self.now.states)
            firewalls = {host: item for host, item in self.now.firewalls.items() if host not in hosts}
            for host in hosts:
                mine = [change for change in undone if change.host == host]
                firewalls[host] = self.undo[host].firewall(
                    mine, self.now.firewall(host), self.before.firewall(host)
                )
                states[host] = firewalls[host].state
                self._rules_left -= sum(len(ruleset.rules) for ruleset in states[host].rulesets.values())
                self._rules_left -= sum(len(chain.rules) for chain in states[host].chains.values())
            if self._rules_left < 0:
                raise _GivenUpError
            self._networks[undone] = Network(states, self.now.space, firewalls)
        return self._networks[undone]


@dataclass(eq=False)
class _Search:
    """For one path: which changes must be undone so that ``worse``, as ``bad`` and ``doubtful`` found it, fares as
    before."""

    causes: Causes
    proof: Proof
    before: Proof
    worse: FlowSet
    bad: Callable[[Proof], FlowSet]
    doubtful: Callable[[Proof], FlowSet]
    _cured: dict[frozenset[Change], FlowSet] = field(default_factory=dict)

    def cured(self, undone: frozenset[Change]) -> FlowSet:
        """Of what got worse: the part that would fare as before."""
        if undone not in self._cured:
            then = self.causes.proof(undone, self.proof) if undone else self.proof
            if then is None:
                self._cured[undone] = self.worse.space.nothing
            else:
                unknown = self.doubtful(then) - self.doubtful(self.before)
                self._cured[undone] = self.worse - self.bad(then) - unknown
        return self._cured[undone]

    def enough(self, changes: Sequence[Change]) -> bool:
        return self.worse <= self.cured(frozenset(changes))

    def needed(self, changes: Sequence[Change]) -> list[Change]:
        """Of changes that are enough: some that are, and of which none can be left out."""
        found = list(changes) if len(changes) == 1 else self._needed((), False, changes)
        return found if self.enough(found) else list(changes)

    def _needed(self, given: tuple[Change, ...], more: bool, changes: Sequence[Change]) -> list[Change]:
        if more and self.enough(given):
            return []
        if len(changes) == 1:
            return list(changes)
        half = len(changes) // 2
        first, second = changes[:half], changes[half:]
        of_second = self._needed((*given, *first), True, second)
        of_first = self._needed((*given, *of_second), bool(of_second), first)
        return of_first + of_second


def _bad(proof: Proof) -> FlowSet:
    return proof.denied | proof.missed if proof.path.required else proof.permitted


def _doubtful(proof: Proof) -> FlowSet:
    return proof.unknown


def _hanging(proof: Proof) -> FlowSet:
    """The flows of which packets that are too big vanish, or that are cut off."""
    return _bad(proof) | (proof.errors.blocked if proof.errors is not None else proof.asked.space.nothing)


def _neither(proof: Proof) -> FlowSet:
    return proof.asked.space.nothing
