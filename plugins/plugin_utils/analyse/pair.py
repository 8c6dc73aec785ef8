# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two states of a firewall side by side: which rules changed, and outside of which flows nothing can have.

A flow that no changed rule matches, before or after, meets the same rules in the same order (see ``align``).
So only the flows that changed rules match have to be asked about, and a comparison costs what was changed,
not what there is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ..model.diagrams import EMPTY
from ..model.flowset import FlowSet, Space
from ..model.match import Match, Member, Ranges
from ..model.rules import Rule
from ..model.state import NamedSet, State
from . import shadow
from .align import align, inert
from .evaluate import HOOKS, HostFirewall, Pieces
from .outcome import Passed
from .overlay import HIDDEN, before_tracking, rewrites
from .redefined import redefined
from .scope import chains_from, jumps, rules_by_chain, written
from .shadow import ROUTES, STALE, Input, Shadow, Slots
from .zones import ZONES, interfaces_in

# Rulesets with more rules than this are asked rule by changed rule.
_MOST_AT_ONCE = 2_000
_BASE_FACTS = ("hook", "priority", "type", "family", "default_action")


@dataclass(frozen=True)
class ChainChange:
    """Rules of one chain, as shadows, without a partner on the other side; ``affected``: with a partner that
    does the same by its words, but not by what it names (a set's members, a chain)."""

    chain: str
    removed: list[Rule]
    added: list[Rule]
    affected: list[tuple[Rule, Rule]]


class ShadowFirewall(HostFirewall):
    """A firewall over a shadow. ``forgot``: it gave up telling which conditions go together."""

    def __init__(self, side: Shadow, space: Space) -> None:
        super().__init__(side.state, space)
        self.side = side
        self.forgot = False
        self._left: list[tuple[Mapping[str, object], int]] = []

    def node(self, match: Match) -> int:
        """A match as a diagram."""
        return self._compiler.node(match)

    def set_spans(self, match: Member, field: str) -> Ranges | None:
        """The values of a field in a set, on the lines of the index."""
        return self._compiler.set_spans(match, field)

    @property
    def indexed(self) -> bool:
        """Whether a narrow question costs less than a wide one."""
        return not self._readdresses

    def let_through(self) -> list[tuple[Mapping[str, object], FlowSet]]:
        """What the last question let through: how rules rewrote it, and the flows with the conditions for it."""
        return [(how, FlowSet(self.space, node)) for how, node in self._left]

    def _passed(self, pieces: Pieces) -> Iterable[Passed]:
        self._left = [(rewrites(overlay), node) for overlay, node in pieces.items()]
        return super()._passed(pieces)

    def _widened(self, flows: int) -> int:
        found = super()._widened(flows)
        self.forgot = self.forgot or found != flows
        return found


@dataclass
class Pair:
    """``before`` and ``after`` with shared names. ``regions``: hook -> flows outside of which nothing changed."""

    space: Space
    before: ShadowFirewall
    after: ShadowFirewall
    changes: dict[str, ChainChange]
    sets: list[str]
    stale: set[Input]
    _loose: tuple[str, ...] | None = None
    _loose_at: dict[tuple[str, ...], set[str]] = field(default_factory=dict)

    @property
    def sides(self) -> tuple[ShadowFirewall, ShadowFirewall]:
        return self.before, self.after

    def hooks(self) -> list[str]:
        """The hooks at which either side has rules; all if either is not known."""
        used = {ruleset.hook for side in self.sides for ruleset in side.state.rulesets.values()}
        listed = dict.fromkeys((*HOOKS, *sorted(used)))
        return [hook for hook in listed if hook in used or not self.known]

    @property
    def known(self) -> bool:
        return all(side.state.firewall_known for side in self.sides)

    @property
    def sliceable(self) -> bool:
        """Whether a slice of the flows costs less than all of them."""
        return self.known and all(side.indexed for side in self.sides)

    def base(self, hook: str, ruleset: str = "") -> list[str]:
        """The keys of a hook's rulesets, of both sides, or the one that is asked for."""
        keys = dict.fromkeys(
            key
            for side in self.sides
            for key, item in side.state.rulesets.items()
            if (key == ruleset if ruleset else item.hook == hook)
        )
        return list(keys)

    def regions(self, hook: str, ruleset: str = "") -> list[FlowSet]:
        """The flows, as they come to the hook, that may fare otherwise than before: in one set, or in several
        that are narrow enough for the index of a long chain."""
        if not self.known:
            return [self.space.everything]
        bases = self.base(hook, ruleset)
        if self.changed_as_a_whole(hook, bases):
            return [self.space.everything]
        nodes = [node for change in self.changes_from(bases) for node in self.touched(change)]
        if self.rules_of(bases) <= _MOST_AT_ONCE:
            nodes = [self.space.diagrams.union_all(nodes)]
        return [self.as_it_came(self.space.certain(node), bases) for node in nodes if node]

    def changed_as_a_whole(self, hook: str, bases: Sequence[str]) -> bool:
        """Whether more than single rules changed."""
        return any(self._base_changed(key) for key in bases) or self._reordered(hook, bases)

    def doubtful(self, hook: str, ruleset: str = "") -> FlowSet:
        """Flows, as they come to the hook, that a changed rule may rewrite to a value that is not known: what
        depends on it is no longer the same condition."""
        bases = self.base(hook, ruleset)
        return self.as_it_came(self.space.diagrams.union_all(self._unsettled(bases)), bases)

    def _unsettled(self, bases: Sequence[str]) -> list[int]:
        return [
            self.space.certain(side.node(rule.match))
            for change in self.changes_from(bases)
            for side, rules in zip(self.sides, (change.removed, change.added))
            for rule in rules
            if any(shadow.unsettled(rule))
        ]

    def rules_of(self, bases: Iterable[str]) -> int:
        sides = (side.side.rules for side in self.sides)
        return max(sum(len(rules[chain]) for chain in chains_from(rules, bases)) for rules in sides)

    def changes_from(self, bases: Iterable[str]) -> list[ChainChange]:
        """The changes in these rulesets and in what they jump to, on either side."""
        bases = list(bases)
        chains = dict.fromkeys(chain for side in self.sides for chain in chains_from(side.side.rules, bases))
        return [self.changes[chain] for chain in chains if chain in self.changes]

    def as_it_came(self, node: int, bases: Sequence[str]) -> FlowSet:
        """Flows that may be in ``node`` by the time that rules have changed them."""
        return FlowSet(self.space, node).forget(*self.loose_from(bases))

    def loose_from(self, bases: Sequence[str]) -> set[str]:
        """The fields of packets that rules of these rulesets may have changed."""
        found = self._loose_at.get(tuple(bases))
        if found is None:
            found = self._loose_at[tuple(bases)] = self._written_from(bases)
        return found

    def _written_from(self, bases: Sequence[str]) -> set[str]:
        rules = (
            rule
            for side in self.sides
            for chain in chains_from(side.side.rules, bases)
            for rule in side.side.rules[chain]
        )
        loose = {*written(rules), *HIDDEN}
        early = (side.state.rulesets.get(key) for side in self.sides for key in bases)
        if any(item is not None and before_tracking(item) for item in early):
            loose.add("connection")
        return loose

    def loosened(self, node: int) -> FlowSet:
        """Flows that may be in ``node`` by the time that rules anywhere have changed them."""
        if self._loose is None:
            rules = (rule for side in self.sides for listed in side.side.rules.values() for rule in listed)
            self._loose = (*written(rules), *HIDDEN, "connection")
        return FlowSet(self.space, node).forget(*self._loose)

    def touched(self, change: ChainChange) -> list[int]:
        """The packets, as they come to the rules, that changed rules match: a node for each rule."""
        diagrams = self.space.diagrams
        nodes = [self.before.node(rule.match) for rule in change.removed if not inert(rule)]
        nodes += [self.after.node(rule.match) for rule in change.added if not inert(rule)]
        for old, new in change.affected:
            was, now = self.before.node(old.match), self.after.node(new.match)
            nodes += [diagrams.difference(was, now), diagrams.difference(now, was)]
            if old.verdict != new.verdict or self._targets_came_or_went(old):
                nodes += [was, now]
        return list(dict.fromkeys(nodes))

    def _targets_came_or_went(self, rule: Rule) -> bool:
        return any(
            (name in self.before.side.rules) != (name in self.after.side.rules) for name in jumps(rule)
        )

    def _base_changed(self, key: str) -> bool:
        """Whether a ruleset as a whole decides otherwise: more than its rules changed."""
        old, new = (side.state.rulesets.get(key) for side in self.sides)
        if old is None or new is None:
            only = old or new
            return only is not None and only.default_action == "deny"
        return any(getattr(old, name) != getattr(new, name) for name in _BASE_FACTS)

    def _reordered(self, hook: str, bases: Iterable[str]) -> bool:
        """Whether rulesets that both sides have are passed in another order, and this can matter."""
        kept = [
            [ruleset.key for ruleset in side.rulesets_of(hook) if ruleset.key in other.state.rulesets]
            for side, other in (self.sides, self.sides[::-1])
        ]
        if kept[0] == kept[1]:
            return False
        return bool(
            written(
                rule
                for side in self.sides
                for chain in chains_from(side.side.rules, bases)
                for rule in side.side.rules[chain]
            )
        )


def pair(before: State, after: State) -> Pair:
    """Both states ready for comparison. What feeds an undecidable condition is compared until that is settled:
    each round may find that more of it has changed."""
    after = redefined(before, after)
    open_sets = _open_sets(before, after)
    stale = _stale_at_once(before, after, open_sets)
    everywhere = any(_needs_names(state) for state in (before, after))
    while True:
        found = _paired(before, after, everywhere, open_sets, stale)
        more = {name for name in _fed(found) if name not in stale} if before is not after else set()
        if not more:
            return found
        stale |= more


def _paired(
    before: State, after: State, everywhere: bool, open_sets: Mapping[str, object], stale: set[Input]
) -> Pair:
    space, slots = Space(), Slots({})
    old = Shadow(before, slots, everywhere, open_sets, set())
    new = Shadow(after, slots, everywhere, open_sets, stale)
    firewalls = (ShadowFirewall(old, space), ShadowFirewall(new, space))
    sets = _changed_sets(before, after)
    return Pair(
        space,
        *firewalls,
        _changes(
            old,
            new,
            {*sets, *_renamed(open_sets)},
            ROUTES in stale,
            interfaces_in(before) != interfaces_in(after),
        ),
        sets,
        stale,
    )


def _renamed(open_sets: Mapping[str, object]) -> set[str]:
    return {*open_sets, *(name + STALE for name in open_sets)}


def _needs_names(state: State) -> bool:
    """Whether conditions may arise from what rules or the kernel have made of a packet."""
    return any(
        rule.effects or shadow.asks(rule.match, HIDDEN)
        for rules in rules_by_chain(state).values()
        for rule in rules
    )


def _open_sets(before: State, after: State) -> dict[str, object]:
    """Sets whose members packets or time change, or that were not read, on either side."""
    named = {
        condition.name
        for state in (before, after)
        for rules in rules_by_chain(state).values()
        for rule in rules
        for condition in shadow.conditions(rule)
        if isinstance(condition, Member)
    }
    sides = [state.sets.get(name) for name in named for state in (before, after)]
    listed = [name for name in named for _side in (before, after)]
    found = {name for name, item in zip(listed, sides) if item is None or not item.complete or item.dynamic}
    return dict.fromkeys(
        {*found, *(name for state in (before, after) for name, item in state.sets.items() if item.dynamic)}
    )


def _stale_at_once(before: State, after: State, open_sets: Iterable[str]) -> set[Input]:
    """What can be told without the rules: members that nobody has read, routes that changed."""
    if before is after:
        return set()
    found: set[Input] = set()
    for name in open_sets:
        old, new = before.sets.get(name), after.sets.get(name)
        if old is None or new is None or not (old.complete and new.complete) or old.fields != new.fields:
            found.add(("set", name))
    if (before.routes, before.route_rules, before.interfaces) != (
        after.routes,
        after.route_rules,
        after.interfaces,
    ):
        found.add(ROUTES)
    return found


def _fed(found: Pair) -> Iterator[Input]:
    """The inputs whose feeding rules changed, or may see other packets than before."""
    sides = [_feeders(side.side) for side in found.sides]
    region = EMPTY
    for name in sorted({*sides[0], *sides[1]}):
        old, new = sides[0].get(name, []), sides[1].get(name, [])
        if [words for words, _rule in old] != [words for words, _rule in new]:
            yield name
            continue
        region = region or found.space.certain(
            found.space.diagrams.union_all(
                node for change in found.changes.values() for node in found.touched(change)
            )
        )
        wide = found.loosened(region)
        if any(
            wide & FlowSet(found.space, found.space.certain(side.node(rule.match)))
            for side, rules in zip(found.sides, (old, new))
            for _words, rule in rules
        ):
            yield name


def _feeders(side: Shadow) -> dict[Input, list[tuple[tuple[str, str], Rule]]]:
    """Input -> the rules that feed it: (chain, words) and the shadow."""
    found: dict[Input, list[tuple[tuple[str, str], Rule]]] = {}
    for chain, rules in side.rules.items():
        for rule in rules:
            real = side.rule(chain, rule)
            for name in shadow.feeds(chain, real):
                found.setdefault(name, []).append(((chain, shadow.lasting(real)), rule))
    return found


def _feeding(side: Shadow, chain: str) -> Callable[[Rule], bool]:
    """Rules that write to what others ask about: which packets come to them is of matter."""
    return lambda rule: any(True for _input in shadow.feeds(chain, side.rule(chain, rule)))


def _changes(
    old: Shadow, new: Shadow, unsettled: set[str], other_routes: bool, other_zones: bool
) -> dict[str, ChainChange]:
    found = {}
    missing = old.rules.keys() ^ new.rules.keys()
    for chain in sorted({*old.rules, *new.rules}):
        was, now = old.rules.get(chain, []), new.rules.get(chain, [])
        aligned = align(was, now, (_feeding(old, chain), _feeding(new, chain)))
        affected = (
            [
                (was[first], now[second])
                for first, second in aligned.kept
                if any(
                    isinstance(one, Member) and one.name in unsettled for one in shadow.conditions(was[first])
                )
                or not missing.isdisjoint(jumps(was[first]))
                or (other_routes and shadow.asks_routes(was[first]))
                or (other_zones and shadow.asks(was[first].match, ZONES))
            ]
            if unsettled or missing or other_routes or other_zones
            else []
        )
        removed, added = [was[index] for index in aligned.removed], [now[index] for index in aligned.added]
        if removed or added or affected:
            found[chain] = ChainChange(chain, removed, added, affected)
    return found


def _changed_sets(before: State, after: State) -> list[str]:
    """The sets that are not the same on both sides, whatever the order of their elements."""
    return [
        name
        for name in sorted({*before.sets, *after.sets})
        if before.sets.get(name) != after.sets.get(name)
        and _content(before.sets.get(name)) != _content(after.sets.get(name))
    ]


def _content(named: NamedSet | None) -> object:
    if named is None:
        return None
    leaving = set(named.expiring)
    values: Sequence[object] = named.verdicts or named.data or []
    return (
        named.fields,
        named.dynamic,
        named.complete,
        {
            (element, index in leaving, values[index] if values else None)
            for index, element in enumerate(named.elements)
        },
    )
