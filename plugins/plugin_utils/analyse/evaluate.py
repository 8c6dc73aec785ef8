# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""First-match evaluation of sets of flows: chains, jumps, hooks, with three values.

A hook's chains are passed in the order of their priority (nft(8), "Base chain priority"; iptables-
extensions(8) for the built-in tables). An accept ends its own chain only, a drop is final. Flows carry
what earlier rules changed about them (a mark, an address) as an overlay of constants.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby, takewhile

from ..errors import FlowError
from ..model.diagrams import EMPTY
from ..model.fields import FIRST_UNKNOWN_LEVEL
from ..model.flowset import FlowSet, Space
from ..model.match import Fib, Match, assumptions_of
from ..model.rules import CONTINUE, Rule, Ruleset, Verdict, VerdictMap
from ..model.state import State
from .asked import learn_asked, learn_names
from .bindings import Bindings, Kind
from .compile import Compiler
from .evidence import Decision, Evidence, Tally
from .index import ChainSpans, Index, RuleIndex, spans, wanted
from .marks import MARKS
from .outcome import Outcome, Part, Passed
from .overlay import (
    Overlay,
    Overlays,
    before_tracking,
    of_interface,
    rewrites,
    told,
    translation_of,
    untold,
)
from .routes import own_addresses
from .shadow import outcome_matches

HOOKS = ("ingress", "prerouting", "input", "forward", "output", "postrouting")
# The hooks that packets have passed before they come to one, by whichever way.
_EARLIER = {
    "prerouting": ("ingress",),
    "input": ("ingress", "prerouting"),
    "forward": ("ingress", "prerouting"),
    "postrouting": ("ingress", "prerouting", "output", "forward"),
    "egress": ("ingress", "prerouting", "output", "forward", "postrouting"),
}
# Where the packets of a connection are translated (NF_IP_PRI_NAT_DST, NF_IP_PRI_NAT_SRC in netfilter_ipv4.h).
_NAT_AT = {"prerouting": -100, "output": -100, "input": 100, "postrouting": 100}
# A hook's rulesets by their place beside that: those before it, the nat chains themselves, and those after it.
BEFORE_NAT, NAT, AFTER_NAT = "before nat", "nat", "after nat"
SIDES = (BEFORE_NAT, NAT, AFTER_NAT)
_INDEX_FROM = 48  # shorter chains are quicker to walk than to look up
# Beyond this many undecidable conditions on one set, which of them go together is given up: what may be
# left then counts as left whatever they are. More becomes unknown, and nothing wrongly certain.
_MOST_UNKNOWNS = 48
_PLAIN = {"accept": "accept", "drop": "deny", "reject": "deny"}
_NOT_ICMP = ((0, 0), (2, 57), (59, 255))
_DEEPEST_JUMP = 64  # the kernel's own limit is 16 for nft; iptables has none but memory

Pieces = dict[Overlay, int]


_ANY_KIND = Kind()


@dataclass(slots=True)
class _Walk:
    """One way through one ruleset. ``asked``: what packets with the overlay ``begun`` want of an index."""

    ruleset: Ruleset
    tally: Tally
    accepted: Pieces = field(default_factory=dict)
    asked: dict[str, tuple[tuple[int, int], ...]] | None = None
    begun: Overlay = ()
    kind: Kind = _ANY_KIND


class HostFirewall:
    """The rulesets of one state, ready for questions. Building it indexes the long chains."""

    def __init__(self, state: State, space: Space, indexes: Mapping[str, Index] | None = None) -> None:
        """``indexes``: those of chains for which there is one already."""
        self.state = state
        self.space = space
        self._compiler = Compiler(state, space)
        self._overlays = Overlays(space, state.host, own_addresses(state.interfaces.values()))
        self._chains: dict[str, list[Rule]] = {key: chain.rules for key, chain in state.chains.items()}
        self._chains.update((key, ruleset.rules) for key, ruleset in state.rulesets.items())
        # An index knows packets as they came to their chain, and must not be asked where rules change them there.
        self._readdresses = any(
            effect.kind in ("set", "unknown") and effect.field not in MARKS
            for rules in self._chains.values()
            for rule in rules
            for effect in rule.effects
        )
        self._bindings = Bindings(self._chains)
        space.learn("in_interface", state.interfaces)
        space.learn("in_interface", {hop.interface for route in state.routes for hop in route.next_hops})
        # The fields that any rule asks for, and what would cost much to work out again and again: sets with many
        # members, routes.
        self.asked: set[str] = set()
        self._by_match: dict[str, Index] = {}
        self._costly: dict[Match, None] = {}
        for rules in self._chains.values():
            for rule in rules:
                learn_names(rule.match, space, self._overlays.asked)
                for match in (rule.match, *outcome_matches(rule.verdict)):
                    learn_asked(match, self.asked, self._costly)
        # Whether rules ask for nothing that flows don't say of themselves.
        self.plain = not self._overlays.asked
        ready = indexes or {}
        around = ChainSpans(self._chains, self._compiler.set_spans)
        self._indexes: dict[str, Index] = {
            key: ready.get(key) or RuleIndex(around.of_rules(rules))
            for key, rules in self._chains.items()
            if len(rules) >= _INDEX_FROM and not self._readdresses
        }

        # The assumptions that would settle something, and this firewall where some of them hold.
        self._settling = frozenset(name for match in self._costly for name in assumptions_of(match))
        self._under: dict[frozenset[str], HostFirewall] = {}

    def under(self, assumed: frozenset[str]) -> HostFirewall:
        """The same firewall where these assumptions hold (``model.assumptions``)."""
        mine = assumed & self._settling
        if not mine:
            return self
        if mine not in self._under:
            found = self._under[mine] = copy(self)
            found._compiler = Compiler(self.state, self.space, mine)
        return self._under[mine]

    @property
    def asks_routes(self) -> bool:
        """Whether what its rules match depends on more than rules: routes, addresses, settings."""
        return "ct_status" in self._overlays.asked or any(isinstance(match, Fib) for match in self._costly)

    def prepare(self) -> None:
        """Work out once, before a scratch, what each scratch would have to work out again at great cost."""
        for match in self._costly:
            self._compiler.node(match)

    def index_of(self, key: str) -> Index:
        """An index of a chain, also of a short one, that goes by its rules' matches alone: it serves states whose
        other chains are not these."""
        found = self._by_match.get(key)
        if found is None:
            listed = [spans(rule.match, self._compiler.set_spans) for rule in self._chains[key]]
            found = self._by_match[key] = RuleIndex(listed)
        return found

    def matched(self, match: Match) -> FlowSet:
        """The flows that a rule with this match may be about, whatever is not known."""
        return FlowSet(self.space, self.space.certain(self._compiler.node(match)))

    def rulesets_of(self, hook: str) -> list[Ruleset]:
        """The rulesets of a hook in the order in which the kernel passes them."""
        found = [ruleset for ruleset in self.state.rulesets.values() if ruleset.hook == hook]
        return sorted(found, key=_place)

    def before(self, name: str) -> list[Ruleset]:
        """The rulesets that packets pass before they come to a ruleset or a hook, in order; those of all ways, where
        there are several."""
        ruleset = self.state.rulesets.get(name)
        hook = name if ruleset is None else ruleset.hook
        if not hook:  # a device's list, by itself
            return []
        found = [one for earlier in _EARLIER.get(hook, ()) for one in self.rulesets_of(earlier)]
        if ruleset is not None:
            found += takewhile(lambda one: one is not ruleset, self.rulesets_of(hook))
        return found

    def ruleset(self, name: str, flows: FlowSet) -> Outcome:
        """One ruleset by its key, or all of a hook by the hook's name. FlowError for an unknown name.

        A ruleset that was read is answered for, even if others on the host could not be read; a hook is not.
        """
        if name in HOOKS:
            return self.hooks((name,), flows)
        found = self.state.rulesets.get(name)
        if found is None and not self.state.firewall_known:
            return self._not_readable(flows)
        if found is None:
            known = ", ".join(sorted(self.state.rulesets)) or "none"
            raise FlowError(
                f"there is no ruleset {name!r}",
                f"host {self.state.host}",
                f"use a hook's name or one of: {known}",
            )
        return self.passing([found], flows, found.hook, alone=True)

    def hooks(self, hooks: Sequence[str], flows: FlowSet, sides: Sequence[str] = SIDES) -> Outcome:
        """All rulesets of these hooks on these sides of the translations, one hook after the other."""
        if not self.state.firewall_known:
            return self._not_readable(flows)
        listed = [
            ruleset
            for hook in hooks
            for ruleset in self.rulesets_of(hook)
            if len(sides) == len(SIDES) or side_of(ruleset) in sides
        ]
        return self.passing(listed, flows, hooks[0] if hooks else "")

    def apart(self, hook: str, flows: FlowSet) -> list[FlowSet]:
        """``flows`` by what rules ask for that neither they nor the hook tell: each part is answered for certain."""
        return self._overlays.apart(hook, flows)

    def passing(self, rulesets: Sequence[Ruleset], flows: FlowSet, hook: str, alone: bool = False) -> Outcome:
        """These rulesets, in this order. ``hook``: the first one that the flows come to here."""
        diagrams = self.space.diagrams
        diagrams.trim()
        tallies: list[Tally] = []
        pieces: Pieces = self._overlays.at_first(hook, flows) if flows else {}
        kind = self._bindings.kind(flows)
        for ruleset in rulesets:
            seen, beside = self._seen_by(ruleset, pieces)
            if alone and beside:
                tallies.append(self._never_seen(ruleset, beside))
            if not seen:
                continue
            walk = _Walk(ruleset, Tally(), kind=kind)
            tallies.append(walk.tally)
            early = before_tracking(ruleset)
            self._ruleset(walk, {untold(overlay): node for overlay, node in seen.items()} if early else seen)
            pieces = dict(beside)
            for overlay, node in walk.accepted.items():
                _add(self.space, pieces, told(overlay) if early else overlay, node)
            if not pieces:
                break
        return self._outcome(flows, tallies, pieces)

    def _never_seen(self, ruleset: Ruleset, pieces: Pieces) -> Tally:
        """Asked alone, a ruleset gives no answer about flows that it never sees."""
        reason = f"{ruleset.key} never sees flows of this family or state"
        maybe = self.space.unknown(f"{self.state.host}: {ruleset.key} sees", reason)
        tally = Tally()
        for node in pieces.values():
            tally.undecided.append(Decision(node, ruleset, ruleset.key, (), reason))
            denied = self.space.diagrams.difference(node, maybe)
            tally.denied.append(Decision(denied, ruleset, ruleset.key))
        return tally

    def _seen_by(self, ruleset: Ruleset, pieces: Pieces) -> tuple[Pieces, Pieces]:
        """Split by whether a ruleset of this family and type sees the flows."""
        diagrams = self.space.diagrams
        scope = {"ip": ("ipv4",), "ip6": ("ipv6",), "bridge": (), "arp": ("ipv4",)}.get(
            ruleset.family, ("ipv4", "ipv6")
        )
        node = self.space.named("family", scope) if scope else EMPTY
        if ruleset.type == "nat":  # only a connection's first packet is asked (nft(8), "nat")
            node = diagrams.intersection(node, self._first_packets())
        seen, beside = {}, {}
        for overlay, flows in pieces.items():
            if ruleset.type == "nat" and any(item[0] == translation_of(ruleset) for item in overlay):
                beside[overlay] = flows
                continue
            inside = diagrams.intersection(
                flows, self._overlays.under(node, overlay, f"family of {ruleset.key}")
            )
            outside = diagrams.difference(flows, inside)
            if inside:
                seen[overlay] = inside
            if outside:
                beside[overlay] = outside
        return seen, beside

    def _first_packets(self) -> int:
        """Those that nat chains are asked about; ICMP errors, related as they are, are not (nf_nat_proto.c)."""
        related = self.space.everything.named("connection", ("related",)).only("protocol", _NOT_ICMP)
        return self.space.diagrams.union(self.space.named("connection", ("new",)), related.node)

    def _ruleset(self, walk: _Walk, pieces: Pieces) -> None:
        if not self._indexes or walk.kind.icmp:
            self._through(walk, pieces)
            return
        for overlay, node in pieces.items():  # each asks the indexes for itself, as it is by now
            flows = self._overlays.after(FlowSet(self.space, self.space.certain(node)), overlay)
            walk.asked, walk.begun = wanted(flows), overlay
            self._through(walk, {overlay: node})

    def _through(self, walk: _Walk, pieces: Pieces) -> None:
        left = self._chain(walk, walk.ruleset.key, pieces, ())
        for overlay, node in left.items():
            decision = Decision(node, walk.ruleset, walk.ruleset.key)
            if walk.ruleset.default_action == "permit":
                self._accept(walk, decision, overlay, node)
            else:
                walk.tally.denied.append(decision)

    def _accept(self, walk: _Walk, decision: Decision, overlay: Overlay, flows: int) -> None:
        if flows == EMPTY:
            return
        walk.tally.accepted.append(decision)
        _add(self.space, walk.accepted, overlay, flows)
        if walk.tally.undecided:
            walk.accepted[overlay] = self._widened(walk.accepted[overlay])

    def _widened(self, flows: int) -> int:
        unknowns = sum(level >= FIRST_UNKNOWN_LEVEL for level in self.space.diagrams.levels(flows))
        return flows if unknowns <= _MOST_UNKNOWNS else self.space.certain(flows)

    def _chain(self, walk: _Walk, key: str, pieces: Pieces, callers: tuple[str, ...]) -> Pieces:
        """Walk a chain; the pieces that it hands back to its caller."""
        rules = self._chains[key]
        index = self._indexes.get(key)
        if index is not None and walk.asked is not None and pieces.keys() == {walk.begun}:
            order: Iterable[int] = index.candidates(walk.asked)
        else:
            order = self._bindings.order(key, len(rules), walk.kind)
        left = dict(pieces)
        handed_back: Pieces = {}
        sent_on: Pieces = {}  # to the rule that follows the last one
        listed = (rules[number] for number in order)
        for plain, run in groupby(listed, self._plain_verdict):
            if plain:
                self._join(left, sent_on)
            if plain and len(left) == 1 and () in left:
                left = self._run(walk, key, plain, list(run), left[()])
            else:
                for rule in run:
                    if not rule.follows:
                        self._join(left, sent_on)
                        asked, left = left, {}
                    else:
                        asked, sent_on = sent_on, {}
                    if asked:
                        self._rule(walk, key, rule, asked, left, sent_on, handed_back, callers)
            if not left and not sent_on:
                break
        self._join(left, sent_on)
        for overlay, node in left.items():
            _add(self.space, handed_back, overlay, node)
        return handed_back

    def _join(self, left: Pieces, sent_on: Pieces) -> None:
        """What no rule followed goes on with the rest."""
        for overlay, node in sent_on.items():
            _add(self.space, left, overlay, node)
        sent_on.clear()

    def sure(self, rule: Rule) -> bool:
        """Whether it is certain which packets a rule matches, and it has one verdict for them and changes nothing."""
        strange = rule.effects or rule.follows or isinstance(rule.verdict, VerdictMap)
        return not strange and not self._compiler.reasons(rule.match)

    def _plain_verdict(self, rule: Rule) -> str:
        """``accept`` or ``deny`` for a rule that does just that, for certain; else nothing."""
        kind = rule.verdict.kind if isinstance(rule.verdict, Verdict) else ""
        return _PLAIN[kind] if kind in _PLAIN and self.sure(rule) else ""

    def _run(self, walk: _Walk, key: str, verdict: str, rules: list[Rule], flows: int) -> Pieces:
        """Rules in a row with the same verdict, at once: their order among themselves plays no part."""
        diagrams = self.space.diagrams
        # Most of what the index names does not touch a narrow question, so this comes before the union.
        hit = diagrams.union_all(
            diagrams.intersection(flows, self._compiler.node(rule.match)) for rule in rules
        )
        if not hit:
            return {(): flows}
        decision = Decision(flows if len(rules) > 1 else hit, walk.ruleset, key, rules)
        if verdict == "accept":
            self._accept(walk, decision, (), hit)
        else:
            walk.tally.denied.append(decision)
        left = diagrams.difference(flows, hit)
        return {(): left} if left else {}

    def _rule(
        self,
        walk: _Walk,
        key: str,
        rule: Rule,
        pieces: Pieces,
        left: Pieces,
        sent_on: Pieces,
        handed_back: Pieces,
        callers: tuple[str, ...],
    ) -> None:
        """Ask one rule: what it does not match is ``left``, what goes on after it is ``sent_on``."""
        diagrams = self.space.diagrams
        match = self._compiler.node(rule.match)
        for overlay, flows in pieces.items():
            under = self._overlays.under(match, overlay, f"{key} {rule.position}") if overlay else match
            hit = diagrams.intersection(flows, under)
            if not hit:
                _add(self.space, left, overlay, flows)
                continue
            rest = diagrams.difference(flows, hit)
            reasons = self.space.reasons(under) if overlay else self._compiler.reasons(rule.match)
            if reasons:
                walk.tally.undecided.append(Decision(hit, walk.ruleset, key, (rule,), "; ".join(reasons)))
                rest = self._widened(rest)
            _add(self.space, left, overlay, rest)
            for case, verdict, flows_of_case in self._cases(walk, key, rule, overlay, hit):
                where = f"{key} {rule.position} to"
                after = (
                    self._overlays.applied(overlay, rule.effects, walk.ruleset, flows_of_case, where)
                    if rule.effects
                    else {overlay: flows_of_case}
                )
                for now, inside in after.items():
                    if case:
                        self._decide(walk, key, rule, verdict, now, inside, sent_on, handed_back, callers)
                    else:
                        _add(self.space, sent_on, now, inside)

    def _cases(
        self, walk: _Walk, key: str, rule: Rule, overlay: Overlay, hit: int
    ) -> Iterator[tuple[bool, Verdict, int]]:
        """The flows of each case of a rule with its verdict; first False: those that fit none."""
        if not isinstance(rule.verdict, VerdictMap):
            yield True, rule.verdict, hit
            return
        for case, verdict in rule.verdict.cases:
            node = self._overlays.under(self._compiler.node(case), overlay, f"{key} {rule.position} map")
            inside = self.space.diagrams.intersection(hit, node)
            reasons = self.space.reasons(node)
            if reasons:
                walk.tally.undecided.append(Decision(hit, walk.ruleset, key, (rule,), "; ".join(reasons)))
            hit = self.space.diagrams.difference(hit, inside)
            if inside:
                yield True, verdict, inside
        if hit:
            yield False, CONTINUE, hit

    def _decide(
        self,
        walk: _Walk,
        key: str,
        rule: Rule,
        verdict: Verdict,
        overlay: Overlay,
        flows: int,
        left: Pieces,
        handed_back: Pieces,
        callers: tuple[str, ...],
    ) -> None:
        """Give ``flows`` to where the verdict sends them."""
        if verdict.kind == "continue":
            _add(self.space, left, overlay, flows)
        elif verdict.kind == "accept":
            self._accept(walk, Decision(flows, walk.ruleset, key, (rule,)), overlay, flows)
        elif verdict.kind in ("drop", "reject"):
            walk.tally.denied.append(Decision(flows, walk.ruleset, key, (rule,)))
        elif verdict.kind == "return":
            _add(self.space, handed_back, overlay, flows)
        elif verdict.kind in ("jump", "goto"):
            problem = self._jump_problem(verdict.chain, (*callers, key))
            if problem:
                self._undecidable(walk, key, rule, overlay, flows, left, problem)
                return
            back = self._chain(walk, verdict.chain, {overlay: flows}, (*callers, key))
            target = left if verdict.kind == "jump" else handed_back
            for other, node in back.items():
                _add(self.space, target, other, node)
        else:
            self._undecidable(
                walk, key, rule, overlay, flows, left, verdict.detail or "its verdict is not understood"
            )

    def _jump_problem(self, chain: str, callers: tuple[str, ...]) -> str:
        if chain not in self._chains:
            return f"chain {chain} was not gathered"
        if chain in callers:
            return f"chain {chain} is reached from itself"
        return f"jumps are nested deeper than {_DEEPEST_JUMP}" if len(callers) > _DEEPEST_JUMP else ""

    def _undecidable(
        self, walk: _Walk, key: str, rule: Rule, overlay: Overlay, flows: int, left: Pieces, reason: str
    ) -> None:
        """An unknown verdict: accepted, denied or passed on, each for some value of two free variables."""
        diagrams = self.space.diagrams
        where = f"{self.state.host}: {key} {rule.position} verdict {rule.text}"
        ends = self.space.unknown(f"{where} ends", reason)
        accepts = self.space.unknown(f"{where} accepts", reason)
        walk.tally.undecided.append(Decision(flows, walk.ruleset, key, (rule,), reason))
        ended = diagrams.intersection(flows, ends)
        accepted = diagrams.intersection(ended, accepts)
        self._accept(walk, Decision(accepted, walk.ruleset, key, (rule,)), overlay, accepted)
        denied = diagrams.difference(ended, accepts)
        walk.tally.denied.append(Decision(denied, walk.ruleset, key, (rule,)))
        _add(self.space, left, overlay, self._widened(diagrams.difference(flows, ends)))

    def _not_readable(self, flows: FlowSet) -> Outcome:
        why = "; ".join(f"{item['what']}: {item['reason']}" for item in self.state.unreadable)
        reason = f"the firewall of {self.state.host} could not be read: {why or 'no reason was recorded'}"
        nothing = self.space.nothing
        parts = (Part("unknown", flows, (), reason),) if flows else ()
        return Outcome(nothing, nothing, flows, (Passed(flows, flows),) if flows else (), lambda: parts)

    def _outcome(self, flows: FlowSet, tallies: list[Tally], pieces: Pieces) -> Outcome:
        space, diagrams = self.space, self.space.diagrams
        through = FlowSet(space, diagrams.union_all(space.certain(node) for node in pieces.values()))
        evidence = Evidence(space, self.state.host, self._compiler.node, tallies)
        stopped = evidence.stopped() if evidence.undecided() else flows - through
        permit, deny, unknown = through - stopped, stopped - through, through & stopped
        explain = partial(evidence.explain, permit, deny, unknown)
        return Outcome(permit, deny, unknown, tuple(self._passed(pieces)), explain)

    def _passed(self, pieces: Pieces) -> Iterable[Passed]:
        for overlay, node in pieces.items():
            flows = FlowSet(self.space, self.space.certain(node))
            if flows:
                after = self._overlays.after(flows, overlay)
                yield Passed(flows, after, rewrites(overlay), of_interface(overlay))


def side_of(ruleset: Ruleset) -> str:
    """On which side of its hook's translations a ruleset is passed; hooks without translations have one side."""
    if ruleset.type == "nat":
        return NAT
    return AFTER_NAT if ruleset.priority >= _NAT_AT.get(ruleset.hook, ruleset.priority + 1) else BEFORE_NAT


def _place(ruleset: Ruleset) -> tuple[int, int]:
    """All nat chains of a hook run at one place, by their own priorities among themselves
    (``nf_nat_register_fn``: NF_IP_PRI_NAT_DST, NF_IP_PRI_NAT_SRC)."""
    if ruleset.type != "nat":
        return ruleset.priority, 0
    return _NAT_AT.get(ruleset.hook, 100), ruleset.priority


def _add(space: Space, pieces: Pieces, overlay: Overlay, node: int) -> None:
    if node:
        pieces[overlay] = space.diagrams.union(pieces.get(overlay, EMPTY), node)
